"""Who asked the cluster for an object that was made only then, gave up on it, and never asked again.

It serves others as ever; whoever waits for what it would have of that object waits in vain, new pods too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log, Obj
from tuheg_ir.diagnosis.rules._helping import HOURS, names
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import OFTEN, Complaint, complaints
from tuheg_ir.diagnosis.view.reading import created, name, text
from tuheg_ir.diagnosis.view.workloads import Workload

SETTLED = timedelta(minutes=10)
"""Who asks again at all has asked by then."""
_MISSED = late(r"\b([a-z][a-z0-9]{2,60})(?:\.[a-z0-9.-]{1,120})? \\?\"([a-z0-9][a-z0-9.-]{0,252})\\?\" not found")
"""How the API server says so: `secrets "shop" not found`, `widgets.example.com "small" not found`."""
_WAITS = ("connection_timeout", "connection_reset", "upstream_failure")


class TooEarly(NamedTuple):
    """An object that was asked for and not there, since when it is, and what shows who waits for it in vain."""

    at: datetime
    evidence: tuple[Evidence, ...]


def asked_too_early(view: View, workload: Workload) -> tuple[TooEarly, ...]:
    """Return the one object that all pods of a workload gave up on, that is there since, and for which a caller waits.

    The caller's own settings name it, and it complains of nobody but of this workload for it.
    """
    logs = [log for log in view.logs_of(workload.live, previous=False) if log.lines]
    found = [each for log in logs if (each := next(_given_up(view, log), None)) is not None]
    if not found or len(found) < len(workload.live) or workload.ready < workload.wanted:
        return ()
    line, at, obj, there = found[0]
    waits = [each for each in _waiting(view, workload, name(obj)) if each.hit.last and each.hit.last > there]
    if sum(each.hit.count for each in waits) < OFTEN:
        return ()
    ref = f"{text(obj, 'kind')}/{name(obj)}"
    told = f"it was made after {workload.ref} had asked for it, which never did again"
    made = Evidence("objects", ref, told, there)
    said = Evidence("logs", f"Pod/{logs[0].pod}", f"log: {line[:240]}", at)
    return (TooEarly(at, (said, made, *(view.hit_evidence(each.hit) for each in waits[:2]))),)


def _given_up(view: View, log: Log) -> Iterator[tuple[str, datetime, Obj, datetime]]:
    """Yield the lines of objects that were made after them, and of which a log tells no more, though it goes on."""
    for number, line in enumerate(log.lines):
        at, missed = stamp(line), _MISSED.search(line)
        if at is None or missed is None or not view.recent(at, HOURS):
            continue
        for obj in _objects(view, missed[1], missed[2]):
            made = created(obj)
            if made is None or made <= at or view.recent(made, SETTLED):
                continue
            after = [(stamp(each), each) for each in log.lines[number + 1 :]]
            goes_on = any(then is not None and then > made for then, _ in after)
            if goes_on and not any(names(each, name(obj)) for then, each in after if then is None or then > made):
                yield line.strip(), at, obj, made


def _objects(view: View, plural: str, label: str) -> Iterator[Obj]:
    """Yield the objects of a name whose kind the API server calls so."""
    for kind, found in view.snapshot.objects.items():
        if plural in _plurals(kind.lower()):
            yield from (obj for obj in found if name(obj) == label)


def _plurals(kind: str) -> tuple[str, ...]:
    return kind, f"{kind}s", f"{kind}es", re.sub(r"y$", "ies", kind)


def _waiting(view: View, workload: Workload, label: str) -> Iterator[Complaint]:
    """Yield the complaints of a workload by callers whose settings name an object."""
    for each in complaints(view, *_WAITS):
        caller = view.workloads.get(each.caller)
        if each.about != workload.ref or caller is None:
            continue
        if any(names(value, label) for _, value in view.graph.settings(caller)):
            yield each
