"""`make bench`: measure on the lab, against kubectl, side by side. Starts the lab when none runs.

`python -m benchmarks sim` measures the embedded cluster, `large` a large namespace; neither needs a lab.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import large, reads, restart, sim
from benchmarks.measure import Contender, compare, figures, measure, table
from benchmarks.place import CommandFailed, Place
from benchmarks.session import running_lab
from lab.errors import LabError


def show(title: str, contenders: list[Contender], goals: dict[str, float], rounds: int, rng: random.Random) -> None:
    """Measure and print one comparison; the first contender is the baseline. A first round warms up, uncounted."""
    for contender in contenders:
        contender.run(-1)
    rows = compare(measure(contenders, rounds, rng), contenders[0].name)
    print(f"\n{table(f'{title} ({rounds} rounds)', rows, goals)}", flush=True)


def on_lab(options: argparse.Namespace, rng: random.Random) -> None:
    """Measure (a) and (b)."""
    with running_lab() as lab, tempfile.TemporaryDirectory(prefix="tuheg-ir-bench-") as folder:
        place = Place.of(lab, Path(folder) / "journal")
        if options.reads:
            show(reads.TITLE, reads.contenders(place), reads.GOALS, options.reads, rng)
        if options.reads and options.away:
            with place.away(options.away, Path(folder)) as there:
                title = reads.AWAY.format(options.away)
                show(title, reads.contenders(there), reads.GOALS, options.reads, rng)
        if options.restarts:
            with restart.slow_rollouts(place):
                ways = restart.contenders(place, Path(folder))
                show(restart.TITLE, ways, restart.GOALS, options.restarts, rng)


def on_sim(options: argparse.Namespace, rng: random.Random) -> None:
    """Measure (c): the long round of all drills once, the rest in rounds."""
    sim.start(-1)
    used: dict[str, list[float]] = {}
    seconds = measure([sim.counting(each, used) for each in sim.contenders()], options.drills, rng)
    seconds[sim.HELP] = [sim.seconds_for_help() for _ in range(options.drills)]
    seconds[sim.REQUEST] = [sim.seconds_a_request() for _ in range(options.drills)]
    if options.all:
        seconds |= measure([sim.counting(Contender(sim.ALL, sim.drill("--all")), used)], 1, rng)
    print(f"\n{figures(f'{sim.TITLE} ({options.drills} rounds)', seconds, sim.GOALS)}")
    print("  of CPU: " + ", ".join(f"{name} {median(values):.2f} s" for name, values in used.items()))
    print(sim.busy(), flush=True)


def on_large(options: argparse.Namespace, _rng: random.Random) -> None:
    """Measure (d)."""
    print(f"\n{large.measure(options.large)}", flush=True)


PLACES = {"lab": on_lab, "sim": on_sim, "large": on_large}


def parse() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=list(PLACES), default="lab", help="on the lab unless said")
    parser.add_argument("--reads", type=int, default=9, metavar="ROUNDS", help="rounds of (a), 0 leaves it out")
    parser.add_argument("--away", type=int, default=20, metavar="MS", help="(a) again over such a line, 0: not")
    parser.add_argument("--restarts", type=int, default=3, metavar="ROUNDS", help="rounds of (b), 0 leaves it out")
    parser.add_argument("--drills", type=int, default=3, metavar="ROUNDS", help="rounds of (c)")
    parser.add_argument("--large", type=int, default=3, metavar="ROUNDS", help="rounds of (d)")
    parser.add_argument("--all", action="store_true", help="in (c) every scenario once, too: minutes")
    parser.add_argument("--seed", type=int, default=1, help="of the order within a round")
    options = parser.parse_args()
    if min(options.drills, options.large) < 1:
        parser.error("--drills and --large are 1 or more")
    return options


def main() -> int:
    """Run the benchmarks; 1 when a contender did not work, 4 when there is no lab."""
    options = parse()
    # Every contender has its bytecode, as pip writes it where users install.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    rng = random.Random(options.seed)
    try:
        PLACES[options.what](options, rng)
    except CommandFailed as error:
        print(error, file=sys.stderr)
        return 1
    except LabError as error:
        print(error, file=sys.stderr)
        return 4
    except subprocess.CalledProcessError:
        print("The benchmarks need the lab, and it did not start (see above).", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
