"""Somebody wrote by hand, minutes before an alert, one thing that programs read or are reached by: where to look first.

An alert about orders or logins fires where no program fails by its own account: settings that are read while it runs,
a Service, a route. It is a guess, made where nothing else was changed, and a person is asked either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules.changed_beside import around
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.reading import last_write, moment, name, ref, text, writers
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited, reached
from tuheg_ir.named import NamedTuple

SOON = timedelta(minutes=25)
"""So long before an alert, which waits until its figures have been bad for a while."""
NEARER = timedelta(minutes=2)
"""A release so long before an edit, or after it, is as likely what an alert tells of."""
_READ = ("ConfigMap", "Secret")
_HANDS = "kubectl"
"""How the writers begin by which people change one thing: kubectl-edit, kubectl-patch, kubectl-replace, ..."""


class EditedBefore(NamedTuple):
    """What was written by hand when, who reads it or is reached by it, and what tells that people were called."""

    ref: str
    at: datetime
    on: str
    called: Evidence

    def evidence(self) -> tuple[Evidence, ...]:
        """Return what was written, and the alert."""
        fact = f"it was written, nothing else by hand, and no program was released since: it is of {self.on}"
        return Evidence("objects", self.ref, fact, self.at), self.called


def edited_before(view: View) -> EditedBefore | None:
    """Return the one object of programs, or of the ways to them, that was written by hand minutes before an alert.

    None where two were, or a program was released between the edit and the alert.
    """
    written = [(obj, time) for obj in _objects(view) if (time := _by_hand(obj)) is not None]
    for alert in view.alerts:
        fired = alert.starts_at
        if fired is None:
            continue
        before = [(obj, time) for obj, time in written if timedelta() <= fired - time <= SOON]
        if len(before) != 1 or any(_released(each, before[0][1], fired) for each in view.workloads.values()):
            continue
        obj, time = before[0]
        on = next((each.ref for each in view.serving if _bears_on(view, each, obj, time)), None)
        if on is not None:
            return EditedBefore(ref(obj), time, on, alert.fires(view.about_alert(alert)))
    return None


def _by_hand(obj: Obj) -> datetime | None:
    """Return when somebody wrote an object by hand, after it was made and after anybody else did; None: nobody."""
    last = last_write(obj)
    hands = (text(each, "manager") for each in writers(obj) if moment(each, "time") == last)
    return last if last is not None and edited(obj) and any(each.startswith(_HANDS) for each in hands) else None


def _objects(view: View) -> Iterator[Obj]:
    """Yield what is no program and may change what programs do."""
    for kind in (*_READ, "Service", "Ingress", "NetworkPolicy", "HTTPRoute", "VirtualService", "DestinationRule"):
        yield from view.snapshot.of(kind)


def _released(workload: Workload, time: datetime, fired: datetime) -> bool:
    """Tell whether a program was released between an edit and an alert: that is nearer."""
    released = workload.released_at if workload.changes else None
    return released is not None and time - NEARER <= released <= fired


def _bears_on(view: View, workload: Workload, obj: Obj, time: datetime) -> bool:
    """Tell whether a program reads an object, and can have got the edit, or is reached by it."""
    kind = text(obj, "kind")
    if kind in _READ:
        return (kind, name(obj)) in reads(workload.template) and reached(workload, ref(obj), time)
    return any(each is obj for each in around(view, workload))
