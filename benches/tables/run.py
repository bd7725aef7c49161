"""Runs the peers on the tables; see README.md for the commands.

One search after another on one thread. A line is what `cargo bench --bench tables -- --out` writes, too.
"""

import argparse
import json
import os
import random
import sys
import time
import traceback
import warnings
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

from tables import HALVES, STARTS, Table  # noqa: E402: libraries read the variables while they are loaded

ARMS = ("random", "tpe", "nsga2", "gp", "botorch", "smac")
LAST = 10


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("folder", type=Path, help="of the tables")
    add(
        "--out",
        type=Path,
        required=True,
        help="append a JSON line per search and budget; what is there is not repeated",
    )
    add("--arms", nargs="+", default=list(ARMS), choices=ARMS)
    add("--tables", nargs="+", default=HALVES["developed"], choices=[*HALVES["developed"], *HALVES["kept-back"]])
    add("--seeds", type=int, default=10, metavar="N", help="seeds 0 .. N-1")
    add("--budgets", type=int, nargs="+", default=[25, 50, 100], help="evaluations, the shared starts included")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    kept = set()
    if options.out.exists():
        kept = {key(json.loads(line)) for line in options.out.read_text().splitlines()}
    tables = {name: Table(options.folder, name) for name in options.tables}
    failed = False
    for arm in options.arms:
        for seed in range(options.seeds):
            for table in tables.values():
                lines = [line for line in planned(arm, table.name, seed, options.budgets) if key(line) not in kept]
                try:
                    write(options.out, judged(lines, table) if lines else [])
                except Exception:
                    failed = True
                    print(f"{arm}, {table.name}, {seed}:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
    sys.exit(failed)


def planned(arm, table, seed, budgets):
    return [{"arm": arm, "table": table, "seed": seed, "budget": budget} for budget in budgets]


def key(line):
    """What makes two lines the same."""
    return tuple(line[name] for name in ("arm", "table", "seed", "budget"))


def judged(lines, table):
    """The lines of one search, with what it reached at each budget."""
    arm, seed = lines[0]["arm"], lines[0]["seed"]
    evaluated, seconds = search(new_arm(arm, table, seed), table, seed, max(line["budget"] for line in lines))
    for line in lines:
        tried, spent = evaluated[: line["budget"]], seconds[: line["budget"] - STARTS]
        last = spent[-LAST:]
        line["figures"] = table.figures(seed, tried)
        line["seconds"], line["last_seconds"] = sum(spent) / len(spent), sum(last) / len(last)
        line["evaluated"] = tried
    return lines


def new_arm(name, table, seed):
    # Imported here: each takes seconds and memory.
    if name == "random":
        return Random(name, table, seed)
    if name == "botorch":
        import botorch_arm as module
    elif name == "smac":
        import smac_arm as module
    else:
        import optuna_arms as module
    return module.Arm(name, table, seed)


class Random:
    """Uniform over what was not tried."""

    def __init__(self, name, table, seed):
        self.levels, self.random, self.tried = table.levels, random.Random(seed), []

    def ask(self):
        while True:
            point = [self.random.randrange(levels) for levels in self.levels]
            if point not in self.tried:
                return point

    def tell(self, point, log_cost, score):
        self.tried.append(point)


def search(arm, table, seed, budget):
    """The points that were evaluated, the shared starts first, and the CPU seconds of each proposal.

    What an arm computes while it is told counts for the next proposal.
    """
    evaluated, times, seconds = [], {}, []
    point = None
    starts = table.starts(seed)
    while True:
        point = starts[len(evaluated)] if len(evaluated) < STARTS else point
        index = table.index(point)
        score = table.measured(seed, index, times.get(index, 0))
        times[index] = times.get(index, 0) + 1
        evaluated.append(point)
        if len(evaluated) == budget:
            return evaluated, seconds
        begun = time.process_time()
        arm.tell(point, table.log_cost(index), score)
        if len(evaluated) >= STARTS:
            point = arm.ask()
            seconds.append(time.process_time() - begun)


def write(path, lines):
    with path.open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


if __name__ == "__main__":
    main()
