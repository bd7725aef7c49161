"""Compares the arms whose lines are given: average ranks, regrets, seconds, and who is worse than random anywhere.

    python judge.py ours.jsonl peers.jsonl --half developed

Ranks are among the arms, 1 the best, equal ones sharing theirs, in each (table, seed); averaged over all. Intervals are
the middle 95 % of `RESAMPLES` bootstrap samples of seeds, the same seeds for every table and arm; the difference is that
of the second's average rank to the first's, paired. An arm takes part in a budget where it has every table and seed that
is judged there, and what is left out is said.
"""

import argparse
import json
import random
import statistics
from pathlib import Path

from tables import HALVES

FIGURES = {"evaluated": "all evaluated", "handed_over": "what is handed over"}
RESAMPLES = 2000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("lines", type=Path, nargs="+")
    add("--half", choices=HALVES, required=True)
    add("--seeds", type=int, default=10, metavar="N", help="seeds 0 .. N-1")
    add("--budgets", type=int, nargs="+", default=[25, 50, 100])
    add("--arms", nargs="+", help="these alone")
    options = parser.parse_args()
    tables = HALVES[options.half]
    lines = {}
    for path in options.lines:
        for line in map(json.loads, path.read_text().splitlines()):
            if line["table"] in tables and line["seed"] < options.seeds:
                lines.setdefault((line["arm"], line["budget"]), {})[line["table"], line["seed"]] = line
    for budget in options.budgets:
        arms = complete(lines, budget, options.arms, len(tables) * options.seeds)
        if not arms:
            continue
        for figure, title in FIGURES.items():
            print(f"\n{title}, {budget} evaluations, {len(tables)} tables, {options.seeds} seeds")
            judge(arms, figure, tables, options.seeds)


def complete(lines, budget, chosen, runs):
    """The lines of every arm that has all of them, by table and seed."""
    arms = {arm: of_arm for (arm, of_budget), of_arm in lines.items() if of_budget == budget}
    arms = {arm: of_arm for arm, of_arm in arms.items() if chosen is None or arm in chosen}
    for arm, of_arm in arms.items():
        if len(of_arm) < runs:
            print(f"{arm} is left out at {budget} evaluations: {len(of_arm)} of {runs} searches are there")
    return {arm: of_arm for arm, of_arm in arms.items() if len(of_arm) == runs}


def judge(arms, figure, tables, seeds):
    regret = {
        arm: {key: 100 * (1 - line["figures"][figure]) for key, line in of_arm.items()} for arm, of_arm in arms.items()
    }
    # Of each seed, an arm's rank averaged over the tables.
    ranks = {arm: [0.0] * seeds for arm in arms}
    for seed in range(seeds):
        for table in tables:
            for arm, rank in ranked({arm: regret[arm][table, seed] for arm in arms}).items():
                ranks[arm][seed] += rank / len(tables)
    stream = random.Random(0)
    samples = [[stream.randrange(seeds) for _ in range(seeds)] for _ in range(RESAMPLES)]
    order = sorted(arms, key=lambda arm: statistics.fmean(ranks[arm]))
    print(
        f"{'arm':24}{'rank':>5} {'95 %':>12}{'regret, %':>12}{'optimism, %':>13}{'s, last':>10}  worse than random on"
    )
    for arm in order:
        low, high = interval(ranks[arm], samples)
        worse = "–"
        if "random" in arms and arm != "random":
            worse = (
                ", ".join(table for table in tables if of(regret[arm], table) > of(regret["random"], table)) or "none"
            )
        optimism = 100 * statistics.fmean(line["figures"]["optimism"] for line in arms[arm].values())
        seconds = statistics.fmean(line["last_seconds"] for line in arms[arm].values())
        print(
            f"{arm:24}{statistics.fmean(ranks[arm]):5.2f} {f'{low:.2f}–{high:.2f}':>12}"
            f"{statistics.fmean(regret[arm].values()):12.2f}{optimism:13.2f}{seconds:10.3f}  {worse}"
        )
    if len(order) > 1:
        first, second = order[:2]
        difference = [after - before for before, after in zip(ranks[first], ranks[second])]
        low, high = interval(difference, samples)
        print(f"{second} is {statistics.fmean(difference):.2f} ({low:.2f} to {high:.2f}) ranks behind {first}")
    print(f"\n{'regret, %':24}" + "".join(f"{table[:18]:>19}" for table in tables))
    for arm in order:
        cells = [spread([regret[arm][table, seed] for seed in range(seeds)]) for table in tables]
        print(f"{arm:24}" + "".join(f"{cell:>19}" for cell in cells))


def ranked(values):
    """Rank of each arm, the lowest value first, equal ones sharing the mean of theirs."""
    ranks = {}
    for arm, value in values.items():
        below = sum(other < value for other in values.values())
        equal = sum(other == value for other in values.values())
        ranks[arm] = below + (equal + 1) / 2
    return ranks


def interval(by_seed, samples):
    means = sorted(statistics.fmean(by_seed[seed] for seed in sample) for sample in samples)
    return means[len(means) // 40], means[-1 - len(means) // 40]


def of(regret, table):
    return statistics.fmean(value for (name, _), value in regret.items() if name == table)


def spread(values):
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return f"{statistics.fmean(values):.2f} ± {error:.2f}"


if __name__ == "__main__":
    main()
