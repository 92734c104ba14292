"""Who asked the cluster for an object that was made only then, gave up on it, and never asked again.

It serves others as ever; whoever waits for what it would have of that object waits in vain, new pods too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log, Obj
from tuheg_ir.diagnosis.rules._helping import HOURS, names
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import OFTEN, Complaint, began, complaints
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.reading import created, name, text
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SETTLED = timedelta(minutes=10)
"""Who asks again at all has asked by then."""
_MISSED = late(r"\b([a-z][a-z0-9]{2,60})(?:\.[a-z0-9.-]{1,120})? \\?\"([a-z0-9][a-z0-9.-]{0,252})\\?\" not found")
"""How the API server says so: `secrets "shop" not found`, `widgets.example.com "small" not found`."""
_WAITS = ("connection_timeout", "connection_reset", "upstream_failure")


class TooEarly(NamedTuple):
    """An object that was asked for and not there, since when it is, and what shows who waits for it in vain."""

    at: datetime
    evidence: tuple[Evidence, ...]


class _GivenUp(NamedTuple):
    """The pod that gave up, its last words of the object and their time, the object and when it was made."""

    pod: str
    line: str
    at: datetime
    obj: Obj
    made: datetime


def asked_too_early(view: View, workload: Workload) -> tuple[TooEarly, ...]:
    """Return the one object that all pods of a workload gave up on, that is there since, and for which a caller waits.

    The caller's own settings name it, and it waits since the object was asked for. Nobody else waits for the
    workload, and no figure tells that it fails: what is too much for it, all wait for.
    """
    if workload.ready < workload.wanted:
        return ()
    logs = (log for log in view.logs_of(workload.live, previous=False) if speaks_of(log, ('" not found',)))
    found = [each for log in logs for each in _given_up(view, log)]
    pods = {each.pod for each in found}
    one = {(text(each.obj, "kind"), name(each.obj)) for each in found}
    if not found or len(pods) < len(workload.live) or len(one) != 1 or any(troubles(view, workload.ref)):
        return ()
    first = min(found, key=lambda each: each.at)
    waits = _waiting(view, workload, name(first.obj))
    still = any(each.hit.last is not None and each.hit.last > first.made for each in waits)
    if not still or sum(each.hit.count for each in waits) < OFTEN or not soon_after(began(waits), first.at):
        return ()
    ref = f"{text(first.obj, 'kind')}/{name(first.obj)}"
    told = f"it was made after {workload.ref} had asked for it, which never did again"
    made = Evidence("objects", ref, told, first.made)
    said = Evidence("logs", f"Pod/{first.pod}", f"log: {first.line}", first.at)
    return (TooEarly(first.at, (said, made, *(view.hit_evidence(each.hit) for each in waits[:2]))),)


def _given_up(view: View, log: Log) -> Iterator[_GivenUp]:
    """Yield the objects that were made after a log had missed them, and of which it tells no more, though it goes on.

    Of an object that is called like a workload or Service of ours nobody can tell whether it is it that is named.
    """
    missed = {(each[1], each[2]): number for number, line in enumerate(log.lines) if (each := _MISSED.search(line))}
    times = [stamp(line) for line in log.lines] if missed else []
    for (plural, label), number in missed.items():
        at = times[number]
        if at is None or not view.recent(at, HOURS) or view.graph.resolve(label):
            continue
        for obj in _objects(view, plural, label):
            made = created(obj)
            if made is None or made <= at or view.recent(made, SETTLED):
                continue
            since = [n for n in range(number + 1, len(times)) if (then := times[n]) is None or then > made]
            told = any(label in log.lines[n] and names(log.lines[n], label) for n in since)
            if not told and any(times[n] for n in since):
                yield _GivenUp(log.pod, log.lines[number].strip(), at, obj, made)


def _objects(view: View, plural: str, label: str) -> Iterator[Obj]:
    """Yield the objects of a name whose kind the API server calls so."""
    for kind, found in view.snapshot.objects.items():
        if plural in _plurals(kind.lower()):
            yield from (obj for obj in found if name(obj) == label)


def _plurals(kind: str) -> tuple[str, ...]:
    return kind, f"{kind}s", f"{kind}es", re.sub(r"y$", "ies", kind)


def _waiting(view: View, workload: Workload, label: str) -> tuple[Complaint, ...]:
    """Return the complaints of a workload by callers whose settings name an object; () if others complain of it."""
    found = tuple(each for each in complaints(view, *_WAITS) if each.about == workload.ref)
    callers = [view.workloads.get(ref) for ref in {each.caller for each in found}]
    told = [w is not None and any(names(value, label) for _, value in view.graph.settings(w)) for w in callers]
    return found if all(told) else ()
