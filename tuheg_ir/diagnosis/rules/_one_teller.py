"""The one workload of some whose log tells of something, such as who sent a message or wrote a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def one_teller(
    view: View, among: Iterable[tuple[Workload, Iterable[Pod]]], tells: Callable[[str], bool], fact: str
) -> tuple[Workload, Evidence] | None:
    """Return the one workload whose pods' logs hold such a line, and the first line; None if there is none, or several.

    ``among``: who is asked, and by which of his pods. ``fact``: what such a line shows.
    """
    found: dict[str, tuple[Workload, Evidence]] = {}
    for workload, pods in among:
        for log in view.logs_of(pods):
            if (number := next((n for n, line in enumerate(log.lines) if tells(line)), None)) is not None:
                said, at = f"{fact}: {log.lines[number].strip()}", times_near(log.lines)[number]
                found[workload.ref] = workload, Evidence("logs", f"Pod/{log.pod}", said, at)
    return next(iter(found.values())) if len(found) == 1 else None
