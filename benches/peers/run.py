"""Runs the peers on the stand-ins and prints one table; see README.md for the commands."""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import time
import traceback
import warnings
from pathlib import Path

import benchmark

ARMS = ("random", "tpe", "nsga2", "gp", "ax", "authors")
# One search is a run on every scale: the arm does not use the scale.
WITHOUT_SCALE = ("random", "authors")
# A run competes with `--jobs` others, so one thread each.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}


def main():
    options = parse()
    if options.starts:
        drawn = {str(seed): benchmark.starts(seed) for seed in range(options.seeds)}
        options.starts.write_text(json.dumps(drawn) + "\n")
        return
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)
    runs = read(options.out)
    kept = {key(run) for run in runs}
    todo = [task for task in tasks(options) if any(key(run) not in kept for run in planned(task))]
    # A fresh process for each search, so that its CPU time is its own.
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.jobs, maxtasksperchild=1) as pool:
        for done in pool.imap_unordered(perform, todo, chunksize=1):
            new = [run for run in done if key(run) not in kept]
            runs += new
            write(options.out, new)
    wanted = {key(run) for task in tasks(options) for run in planned(task)}
    print_table([run for run in runs if key(run) in wanted], read(options.ours), options)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--seeds", type=int, default=3, metavar="N", help="seeds 0 .. N-1")
    add("--evaluations", type=int, default=100, metavar="N", help="of each search, the shared start included")
    add("--variants", nargs="+", default=["a", "b"], choices=["a", "b"])
    add("--scales", nargs="+", default=list(benchmark.SCALES), choices=list(benchmark.SCALES))
    add("--arms", nargs="*", default=list(ARMS), choices=ARMS)
    add("--jobs", type=int, default=1, metavar="N", help="searches at the same time")
    add("--out", type=Path, metavar="FILE", help="append a JSON line per run; runs that are there are not repeated")
    add("--ours", type=Path, metavar="FILE", help="runs of this project's engine; ratios are to the first arm in it")
    add("--ask", type=int, metavar="N", help="no search: time one ask after N random observations")
    add("--starts", type=Path, metavar="FILE", help="no search: write the shared starts of all seeds")
    return parser.parse_args()


def tasks(options):
    """What to run: (arm, variant, scales, seed, evaluations, whether only one ask is timed)."""
    size = (options.ask, True) if options.ask else (options.evaluations, False)
    for arm in options.arms:
        groups = [options.scales] if arm in WITHOUT_SCALE else [[scale] for scale in options.scales]
        for variant in options.variants:
            for scales in groups:
                for seed in range(options.seeds):
                    yield (arm, variant, scales, seed, *size)


def planned(task):
    """The runs of a task, without their results."""
    arm, variant, scales, seed, evaluations, only_ask = task
    marks = [] if only_ask else marks_up_to(evaluations)
    timed = [str(evaluations)] if only_ask else [str(mark) for mark in marks]
    for scale in scales:
        yield {
            "arm": arm,
            "variant": variant,
            "scale": scale,
            "seed": seed,
            "marks": marks,
            "hypervolume": [],
            "ask_cpu_seconds": dict.fromkeys(timed),
        }


def key(run):
    """What makes two runs the same."""
    names = ("arm", "variant", "scale", "seed")
    return (*(run[name] for name in names), tuple(run["marks"]), tuple(run["ask_cpu_seconds"]))


def marks_up_to(evaluations):
    return sorted({mark for mark in benchmark.MARKS if mark <= evaluations} | {evaluations})


def perform(task):
    """The runs of a task; none, and a message, where it fails."""
    arm, variant, scales, seed, evaluations, only_ask = task
    try:
        warnings.simplefilter("ignore")
        constants = benchmark.load(variant)
        start = benchmark.starts(seed, evaluations if only_ask else benchmark.STARTS)
        tried, seconds, proposals = search(new_arm(arm, scales[0], seed), constants, seed, start, evaluations)
        runs = list(planned(task))
        for run in runs:
            run["hypervolume"] = [
                benchmark.hypervolume(constants, tried[:mark], run["scale"]) for mark in run["marks"]
            ]
            run["ask_cpu_seconds"] = {mark: seconds[int(mark)] for mark in run["ask_cpu_seconds"]}
            run["proposals"] = proposals
        return runs
    except Exception:
        print(f"{task}:\n{traceback.format_exc()}", file=sys.stderr)
        return []


def new_arm(name, scale, seed):
    # Imported here: each takes seconds and memory, and a run needs one of them.
    if name in ("ax", "authors"):
        import botorch_arms

        return botorch_arms.Arm(name, scale, seed)
    import optuna_arms

    return optuna_arms.Arm(name, scale, seed)


def search(arm, constants, seed, start, evaluations):
    """The configurations that were tried, the CPU seconds of the first ask at or after each mark, and how many
    configurations an ask is for. The arm sees the noisy accuracy."""
    tried, seconds = [], {}
    marks = marks_up_to(evaluations)
    proposed = start
    while True:
        for x in proposed:
            tried.append(x)
            arm.tell(x, float(benchmark.percent(x)), benchmark.accuracy(constants, x, seed))
        begun = time.process_time()
        proposed = arm.ask()
        spent = time.process_time() - begun
        for mark in marks:
            if mark <= len(tried):
                seconds.setdefault(mark, spent)
        if len(tried) >= evaluations:
            return tried, seconds, arm.proposals


def read(path):
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def write(path, runs):
    if path is not None and runs:
        with path.open("a") as file:
            file.writelines(json.dumps(run) + "\n" for run in runs)


def print_table(runs, ours, options):
    """One row per variant, scale, mark and arm."""
    runs = ours + runs
    arms = list(dict.fromkeys(run["arm"] for run in runs))
    reference = ours[0]["arm"] if ours else None
    marks = sorted({mark for run in runs for mark in [*run["marks"], *map(int, run["ask_cpu_seconds"])]})
    if reference:
        print(f"'ratio' is to {reference!r}; that of the ask is per proposed configuration")
    print(
        f"{'variant':8}{'scale':8}{'trials':>6}  {'arm':24}{'seeds':>5}  {'hypervolume':>15}  {'regret':>7}"
        f"{'ratio':>8}  {'ask CPU s':>10}{'for':>4}{'ratio':>8}"
    )
    for variant in options.variants:
        constants = benchmark.load(variant)
        for scale in options.scales:
            of_scale = [run for run in runs if (run["variant"], run["scale"]) == (variant, scale)]
            searched = any(run["marks"] for run in of_scale)
            optimum = benchmark.optimum(constants, scale) if searched else None
            for mark in marks:
                rows = {arm: row([run for run in of_scale if run["arm"] == arm], mark, optimum) for arm in arms}
                for arm, entries in rows.items():
                    if entries["seeds"]:
                        print_row(f"{variant:8}{scale:8}{mark:6}  {arm:24}", entries, rows.get(reference))


def row(runs, mark, optimum):
    """The means over the seeds; None for what was not measured."""
    reached = [run["hypervolume"][run["marks"].index(mark)] for run in runs if mark in run["marks"]]
    timed = [run for run in runs if str(mark) in run["ask_cpu_seconds"]]
    proposals = timed[0].get("proposals", 4) if timed else None
    mean = statistics.fmean(reached) if reached else None
    ask = statistics.fmean(run["ask_cpu_seconds"][str(mark)] for run in timed) if timed else None
    return {
        "seeds": len({run["seed"] for run in runs if mark in run["marks"] or run in timed}),
        "hypervolume": mean,
        "error": statistics.stdev(reached) / len(reached) ** 0.5 if len(reached) > 1 else None,
        "regret": optimum - mean if reached else None,
        "ask": ask,
        "proposals": proposals,
        "ask_each": ask / proposals if timed else None,
    }


def print_row(begin, entries, reference):
    def cell(name, form):
        return "–" if entries[name] is None else format(entries[name], form)

    def ratio(name):
        if reference is None or entries[name] is None or not reference[name]:
            return "–"
        return format(entries[name] / reference[name], ".2f")

    print(
        f"{begin}{entries['seeds']:5}  {cell('hypervolume', '.4f'):>6} ± {cell('error', '.4f'):>6}"
        f"  {cell('regret', '.4f'):>7}{ratio('regret'):>8}"
        f"  {cell('ask', '.3f'):>10}{cell('proposals', 'd'):>4}{ratio('ask_each'):>8}"
    )


if __name__ == "__main__":
    main()
