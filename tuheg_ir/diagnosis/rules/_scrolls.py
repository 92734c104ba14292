"""For how long clients have a search server keep their scrolls, and whose release has it keep them far longer.

A scroll that nobody closes is kept for the time that its client asked for. So a client holds at most what it opens in
that time: one that asks for a few minutes cannot fill a server with what another keeps for an hour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._helping import HOURS
from tuheg_ir.diagnosis.view.batch import ended, started
from tuheg_ir.diagnosis.view.changes import Change, words_of
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import ref
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LONGER = 4.0
"""Scrolls that are kept less than so many times as long make nobody hold much more."""
LATER = timedelta(minutes=10)
"""A roll-out and clocks: what is kept for an hour is held in full an hour after the last pod is new."""
_SET = late(
    r"(?<![\w.-])(?P<what>[\w.-]{0,60}(?:scroll|point[_.-]?in[_.-]?time|(?<![a-z])pit(?![a-z]))[\w.-]{0,60})"
    r"[\s=:\"',]{1,8}(?P<many>\d{1,9})(?P<unit>ms|s|m|h|d)?(?![\w.])",
    re.IGNORECASE,
)
"""A setting of scrolls with a number, which is a time if it has a unit, or its name tells one."""
_NAMED = (
    (late(r"(?:_|\b)(?:ms|millis(?:econds)?)$", re.IGNORECASE), 0.001),
    (late(r"(?:_|\b)(?:s|secs?|seconds)$", re.IGNORECASE), 1.0),
    (late(r"(?:_|\b)(?:m|mins?|minutes)$", re.IGNORECASE), 60.0),
)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_KEPT = late(
    r"keep|alive|ttl|live|life|expir|hold|held|retain|retention|duration|period|context|time"
    r"|(?:scroll|pit)[_.-]?(?:ms|millis(?:econds)?|s|secs?|seconds|m|mins?|minutes)?$",
    re.IGNORECASE,
)
"""Settings that are about for how long scrolls are kept: a page that is scrolled has times of its own."""
_OTHER = late(r"time.?out|interval|delay|size|retr|max|limit|slice|batch", re.IGNORECASE)
"""Settings of scrolls that are not about that."""


def kept_longer(client: Workload, refused: datetime) -> tuple[Change, ...]:
    """Return how a client's release has its scrolls kept far longer, if that may be why they are refused since a time.

    All that it holds more it holds by when the first of them ends: what begins later is not of it.
    """
    came = client.released_at
    if came is None or not timedelta(0) <= refused - came <= HOURS:
        return ()
    waited = (refused - came - LATER).total_seconds()
    return tuple(each for each in client.changed("env", "command") if any(waited <= kept for kept in _raised(each)))


def kept_for(client: Workload) -> float | None:
    """Return for how many seconds a client's settings have its scrolls kept at most; None: they do not say."""
    return max((many for word in words_of(client.template) for many in _times(word).values()), default=None)


def may_hold_as_much(others: Iterable[Workload], holder: Workload, refused: datetime) -> bool:
    """Tell whether others were released amid the same time whose settings do not show that they keep far less long."""
    came = holder.released_at
    for other in others:
        at = other.released_at
        if not other.changes or at is None or came is None or not came - HOURS <= at <= refused:
            continue
        if not _far_less(other, holder):
            return True
    return False


def runs_may_hold(view: View, store: Workload, holder: Workload, refused: datetime) -> bool:
    """Tell whether a run asks a server amid the same time, as none did before, that is not known to keep far less long.

    A run of a kind that was over before the holder's release left nobody without scrolls.
    """
    came = holder.released_at
    proven, amid = set(), set()
    for run in view.snapshot.of("Job"):
        above, began, end = controller(run) or ref(run), started(run), ended(run)
        if came is None or began is None or store.ref not in view.graph.calls.get(above, ()):
            continue
        if end is not None and end <= came:
            proven.add(above)
        elif began <= refused and not _far_less(view.workloads[above], holder):
            amid.add(above)
    return bool(amid - proven)


def _far_less(other: Workload, holder: Workload) -> bool:
    """Tell whether a client's settings show that it has its scrolls kept for far less long than another."""
    kept, longest = kept_for(other), kept_for(holder)
    return kept is not None and longest is not None and kept * LONGER <= longest


def _raised(change: Change) -> Iterator[float]:
    """Yield the times that a change makes far longer, in seconds, as they are since."""
    before, after = (_times(_said(change, value)) for value in (change.before, change.after))
    yield from (many for what, many in after.items() if before.get(what) and many >= LONGER * before[what])


def _said(change: Change, value: str) -> str:
    return f"{change.field.removeprefix('env ')}={value}" if change.aspect == "env" else value


def _times(said: str) -> dict[str, float]:
    """Return for how long scrolls are kept, in seconds, by the names of the settings."""
    found: dict[str, float] = {}
    for each in _SET.finditer(said):
        what, unit = each["what"], each["unit"]
        per = _UNITS[unit.lower()] if unit else next((n for name, n in _NAMED if name.search(what)), None)
        if per is not None and _KEPT.search(what) and not _OTHER.search(what):
            found[what.lower()] = int(each["many"]) * per
    return found
