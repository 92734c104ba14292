"""How much a confidence is worth: `python -m tests.diagnosis.calibration [--mutations]`.

Every case of the corpus is answered with all its evidence, then without metrics, then without logs as
well, then without events as well, and, if asked for, under every mutation. Of the first findings that
say that they are 80 % sure, four out of five should be right. Only sums are told, of no case by its
name: nobody shall tune rules on the validation half.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.diagnosis.corpus import HALVES, Case, cases, read
from tests.diagnosis.files import Skipped
from tests.diagnosis.loaded import findings
from tests.diagnosis.mutations import MUTATIONS, write
from tests.diagnosis.mutations import read as read_files
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Finding
from tuheg_ir.diagnosis.snapshot import load

STEPS: tuple[tuple[str, ...], ...] = ((), ("metrics",), ("metrics", "logs"), ("metrics", "logs", "events"))
"""What is taken away, one after the other."""
EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: how sure it said to be, whether it was right, of which half its case is."""

    confidence: float
    right: bool
    half: str


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers that are surer than ``low`` and not surer than ``high``."""

    low: float
    high: float
    said: tuple[Said, ...]

    @property
    def confidence(self) -> float:
        """Return the mean of what was said; 0 of nothing."""
        return sum(each.confidence for each in self.said) / max(1, len(self.said))


def bins(said: Iterable[Said]) -> tuple[Bin, ...]:
    """Sort answers by how sure they said to be; bins without any are left out."""
    known = tuple(said)
    found = (
        Bin(low, high, tuple(each for each in known if low < each.confidence <= high)) for low, high in pairwise(EDGES)
    )
    return tuple(each for each in found if each.said)


def share_right(said: Iterable[Said]) -> float:
    """Return the share of right answers; 1 of nothing."""
    known = [each.right for each in said]
    return sum(known) / len(known) if known else 1.0


def brier(said: Sequence[Said]) -> float:
    """Return the mean square of what was said minus what came: 0 is perfect, always saying 0.5 gives 0.25."""
    return sum((each.confidence - each.right) ** 2 for each in said) / len(said)


def calibration_error(said: Sequence[Said]) -> float:
    """Return the expected calibration error: how far what is said is from what comes, over all bins."""
    return sum(len(each.said) * abs(each.confidence - share_right(each.said)) for each in bins(said)) / len(said)


def is_right(case: Case, finding: Finding) -> bool:
    """Tell whether a finding names component, cause and remedy of one of the case's faults."""
    return any(answer.fits(finding) for answers in case.faults for answer in answers)


def answered(found: Iterable[Case]) -> Iterator[Said]:
    """Yield the answers to cases and to what is left of them when evidence is taken away."""
    for case in found:
        for gone in STEPS:
            first = findings(case.folder, *gone)[0]
            yield Said(first.confidence, is_right(case, first), case.half)


def mutated(found: Iterable[Case]) -> Iterator[Said]:
    """Yield the answers to cases that were changed in ways that must not matter."""
    for case in found:
        for mutation in MUTATIONS.values():
            made = mutation(read_files(case.folder))
            if isinstance(made, Skipped):
                continue
            with tempfile.TemporaryDirectory() as place:
                folder = write(made, Path(place) / case.half / "mutated")
                first = decide(load(folder)).findings[0]
                yield Said(first.confidence, is_right(read(folder), first), case.half)


def _line(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def report(said: Sequence[Said]) -> str:
    """Return two tables for a document: how often answers of which confidence are right, and the sums."""
    lines = [
        _line("confidence", "answers", "said", "right", *(f"right, {half}" for half in HALVES)),
        _line(*["---"] * (4 + len(HALVES))),
    ]
    for each in bins(said):
        of_halves = [[one for one in each.said if one.half == half] for half in HALVES]
        right = [f"{share_right(some):.0%}" if some else "" for some in (each.said, *of_halves)]
        lines.append(_line(f"{each.low:.1f} to {each.high:.1f}", len(each.said), f"{each.confidence:.2f}", *right))
    lines += ["", _line("cases", "answers", "right", "Brier score", "calibration error"), _line(*["---"] * 5)]
    for name, some in (*((half, [one for one in said if one.half == half]) for half in HALVES), ("all", said)):
        if some:
            figures = f"{share_right(some):.0%}", f"{brier(some):.3f}", f"{calibration_error(some):.3f}"
            lines.append(_line(name, len(some), *figures))
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Write the tables."""
    said = list(answered(cases()))
    if "--mutations" in arguments:
        said += mutated(cases())
    sys.stdout.write(report(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
