"""`make bench`: measure on the lab, against kubectl, side by side. Starts the lab when none runs."""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import large, reads, restart
from benchmarks.measure import Contender, compare, measure, table
from benchmarks.place import CommandFailed, Place
from benchmarks.session import running_lab


def show(title: str, contenders: list[Contender], goals: dict[str, float], rounds: int, rng: random.Random) -> None:
    """Measure and print one comparison; the first contender is the baseline. A first round warms up, uncounted."""
    for contender in contenders:
        contender.run(-1)
    rows = compare(measure(contenders, rounds, rng), contenders[0].name)
    print(f"\n{table(f'{title} ({rounds} rounds)', rows, goals)}", flush=True)


def main() -> int:
    """Run the benchmarks; 1 when a contender did not work, 4 when there is no lab."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=9, metavar="ROUNDS", help="rounds of (a), 0 leaves it out")
    parser.add_argument("--restarts", type=int, default=3, metavar="ROUNDS", help="rounds of (b), 0 leaves it out")
    parser.add_argument("--large", type=int, default=3, metavar="ROUNDS", help="rounds of (d), 0 leaves it out; no lab")
    parser.add_argument("--seed", type=int, default=1, help="of the order within a round")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    if options.large:
        print(f"\n{large.measure(options.large)}", flush=True)
    if not (options.reads or options.restarts):
        return 0
    try:
        with running_lab() as lab, tempfile.TemporaryDirectory(prefix="tuheg-ir-bench-") as folder:
            place = Place(lab, Path(folder) / "journal")
            if options.reads:
                show(reads.TITLE, reads.contenders(place), reads.GOALS, options.reads, rng)
            if options.restarts:
                with restart.slow_rollouts(place):
                    ways = restart.contenders(place, Path(folder))
                    show(restart.TITLE, ways, restart.GOALS, options.restarts, rng)
    except CommandFailed as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError:
        print("The benchmarks need the lab, and it did not start (see above).", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
