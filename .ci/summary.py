"""Count the tests of several pytest runs, out of their JUnit reports, and say what matters at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from check import Result

MOST = 500
"""So many signs of why a test failed are told at the end: its whole output stands above, far up."""


@dataclass(frozen=True)
class Case:
    """One test of one pytest run, out of its JUnit report."""

    run: str
    name: str
    seconds: float
    outcome: str
    reason: str


def cases(reports: Iterable[Path]) -> list[Case]:
    """Return the tests of JUnit reports."""
    return [
        _case(path.stem, element)
        for path in reports
        if path.is_file()
        for element in ET.parse(path).getroot().iter("testcase")  # noqa: S314  pytest wrote it
    ]


def _case(run: str, element: ET.Element) -> Case:
    outcome, reason = "passed", ""
    for tag, word in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
        if (found := element.find(tag)) is not None:
            outcome, reason = word, found.get("message", "")
    name = f"{element.get('classname', '')}::{element.get('name', '')}"
    return Case(run, name, float(element.get("time", "0")), outcome, reason)


def why(message: str) -> str:
    """Return the line of a failure's message that compares, else its first; cut after MOST signs."""
    lines = [line.strip() for line in message.splitlines() if line.strip()] or ["no reason given"]
    compares = next((line for line in lines if line.startswith("assert ")), lines[0])
    return compares if len(compares) <= MOST else f"{compares[:MOST]} ..."


def summary(results: list[Result], found: list[Case], left_out: list[str], seconds: float) -> str:
    """Return the end of the output: slowest tests, what was left out, and the count.

    A run that ended badly without a failed test (nothing collected, say) counts as one failure.
    """
    runs = {result.gate.name for result in results if "pytest" in result.gate.name}
    counts = Counter(case.outcome for case in found)
    failed_runs = {case.run for case in found if case.outcome == "failed"}
    for result in results:
        if result.gate.name not in runs:
            counts["passed" if result.code == 0 else "failed"] += 1
        elif result.code and result.gate.name not in failed_runs:
            counts["failed"] += 1
    lines = ["", "ten slowest tests:"]
    slowest = sorted(found, key=lambda case: -case.seconds)[:10]
    lines += [f"  {case.seconds:7.2f} s  {case.name} ({case.run})" for case in slowest]
    skipped = Counter(f"{case.reason} ({case.run})" for case in found if case.outcome == "skipped")
    left_out = [*left_out, *(f"{count} skipped: {reason}" for reason, count in skipped.items())]
    lines += ["left out:", *(f"  {reason}" for reason in left_out or ["nothing"])]
    whys = [f"  {case.name} ({case.run}): {why(case.reason)}" for case in found if case.outcome == "failed"]
    lines += ["why:", *whys] if whys else []
    failed = [result.gate.name for result in results if result.code]
    lines += [f"failed: {', '.join(failed)}"] if failed else []
    counted = [f"{counts[word]} {word}" for word in ("failed", "passed", "skipped") if counts[word] or word == "failed"]
    return "\n".join([*lines, f"==== {', '.join(counted)} in {seconds:.2f}s ===="])
