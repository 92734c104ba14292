"""The network of the pods was told another size of its packets (MTU): an edit, a release or its agents' logs say so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.reading import created, moment, writers
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.writers import fields
from tuheg_ir.named import NamedTuple

LONG = timedelta(days=7)
"""Pods keep the size that they were born with: who is made anew a week later may be the first one to meet the new."""
_NAME = late(r"MTU$|(?:^|[._-])mtu$|[a-z]Mtu$")
"""How a setting is called by which a network is told the size."""
_LINES = (
    late(r"\bMTU\b.*\bnew[=: ]+(?P<new>\d{3,5})\b.*\bold[=: ]+(?P<old>\d{3,5})\b", re.IGNORECASE),
    late(
        r"\bMTU\b.*?(?:\bold\w*[=: ]+|\bfrom )(?P<old>\d{3,5})\b.*?(?:\bnew\w*[=: ]+|\bto )(?P<new>\d{3,5})\b",
        re.IGNORECASE,
    ),
)
"""How agents tell that they set another size than was there."""


class Told(NamedTuple):
    """When another size was set, what shows it, and whether it is larger; None: nobody knows."""

    at: datetime
    seen: Evidence
    grew: bool | None


class Resized(NamedTuple):
    """Where the size was written, since when pods are born with it, what shows it; whether it surely has grown."""

    component: str
    since: datetime
    seen: tuple[Evidence, ...]
    grown: bool


def packets_resized(view: View) -> Resized | None:
    """Return the last time that the packets of the pods' network were given another size; None if they shrank then.

    What the agents do tells when it held and whether it is more; an edit before it tells who wanted it.
    """
    agents = [daemon for daemon in view.serving if daemon.kind == "DaemonSet"]
    done = [each for daemon in agents for each in (*_logged(view, daemon), *_released(daemon))]
    done = sorted((each for each in done if view.recent(each.at, LONG)), key=_when)
    edits = [each for daemon in agents for each in _edits(view, daemon) if view.recent(each.at, LONG)]
    if done:
        edits = [each for each in edits if each.at <= done[0].at]
        if not done[-1].grew:
            return None
    elif not edits:
        return None
    last = max(edits, key=_when, default=None)
    first = done[0] if done else max(edits, key=_when)
    seen = (*((last.seen,) if last else ()), *(each.seen for each in done[:2]))
    return Resized((last or first).seen.object, first.at, seen, bool(done))


def _when(each: Told) -> datetime:
    return each.at


def _logged(view: View, daemon: Workload) -> Iterator[Told]:
    for log in view.logs_of(daemon.live):
        for line in log.lines:
            found = next((match for each in _LINES if (match := each.search(line))), None)
            at = stamp(line) if found else None
            if found and at:
                seen = Evidence("logs", daemon.ref, f"{log.pod}: {line.strip()}", at)
                yield Told(at, seen, int(found["new"]) > int(found["old"]))


def _released(daemon: Workload) -> Iterator[Told]:
    for change in daemon.changed("env"):
        sizes = change.before.isdigit() and change.after.isdigit() and _NAME.search(change.name)
        if sizes and daemon.released_at is not None:
            seen = Evidence("objects", daemon.ref, f"released: {change.told()}", daemon.released_at)
            yield Told(daemon.released_at, seen, int(change.after) > int(change.before))


def _edits(view: View, daemon: Workload) -> Iterator[Told]:
    """Yield when the size was written in a ConfigMap that an agent reads, after that was made."""
    for kind, label in sorted(reads(daemon.template)):
        obj = view.objects(kind).get(label)
        made = created(obj)
        for each in writers(obj) if kind == "ConfigMap" else ():
            at, wrote = moment(each, "time"), [path for path in fields(each) if _NAME.search(path)]
            if wrote and at is not None and made is not None and at - made > MINUTE:
                fact = f"{', '.join(wrote)} was written after it was made; {daemon.ref} reads it"
                yield Told(at, Evidence("objects", f"{kind}/{label}", fact, at), None)
