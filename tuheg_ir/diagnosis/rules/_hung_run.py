"""A run that hangs amid its work, with the sessions and the open transactions that it had at that moment.

It uses no processor any more and asks its database nothing, while others have waited since then for what it has locked,
or while more of its runs come beside it, each of which stays silent many times as long as one took before.
It differs so from a run that works on: whose statements the database works at, who waits for a lock himself, or who
computes amid a transaction. Such a run has lost nothing by the end of its sessions but what it would never write.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._holders import Holder, held_by
from tuheg_ir.diagnosis.rules._idle_ages import CLOCKS, idle_of
from tuheg_ir.diagnosis.rules._sessions import Full, full, label_of
from tuheg_ir.diagnosis.rules._sleeping import NEARLY, asleep_lately, asleep_since
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import began, complaints
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

LONG = timedelta(minutes=20)
"""A run that does nothing for so long does not pause: no answer that it may wait for comes later."""
LATELY = timedelta(days=1)
"""A run with a template so young may hang each time: then it is to be looked at what was changed."""
_WORKS = 0.05
"""So many processors a run uses that does something itself."""
_STOPPED = 0.1
"""At most this share of what it used is left: threads that only tell that they are there."""
_SMEARED = timedelta(minutes=5)
"""Use is measured over some minutes, so that an end of it is seen that much later."""
_SOON = timedelta(minutes=15)
"""Who needs what a run has locked comes within this time, or it may be somebody else's lock."""
SEVERAL, OUTLASTED = 2, 3
"""So many runs, each silent for so many times what one takes, have no end before them."""
_TAIL = 20
_CPU, _LOCKS = "cpu_usage", "db_locks_waiting"


class _Outlasted(NamedTuple):
    """How many runs stand still, how long one takes, and when the first and the last of them told something last."""

    runs: int
    usual: timedelta
    since: datetime
    stopped: datetime

    def told(self, ref: str, sessions: int) -> Evidence:
        minutes = self.usual.total_seconds() / 60
        fact = (
            f"{self.runs} runs of it go on at once and tell nothing more, where one took {minutes:.0f} min; "
            f"the {sessions} sessions that they have do nothing"
        )
        return Evidence("logs", ref, fact, self.since)


@once
def hangs(view: View, run: Workload) -> tuple[Evidence, ...]:
    """Return that a run which holds sessions of a full database does nothing for long, and nor do these.

    Others wait for locks since then, or several runs have come to stand still.
    """
    if run.kind not in BATCH or (run.changes and view.recent(run.released_at, LATELY)):
        return ()
    stopped, outlasted = _stopped(view, run), _outlasted(view, run)
    for each in full(view) if stopped or outlasted else ():
        for holder in (found for found in held_by(view, each) if found.ref == run.ref):
            shown = _in(view, each, holder, stopped) if stopped else ()
            if outlasted and not shown and _unused(view, each, holder, outlasted.stopped):
                shown = (outlasted.told(run.ref, holder.count),)
            if shown:
                return shown
    return ()


def _in(view: View, each: Full, holder: Holder, stopped: datetime) -> tuple[Evidence, ...]:
    waits = _waits(view, each.ref)
    if waits is None or not stopped - _SMEARED <= waits <= stopped + _SOON:
        return ()
    if not _left_alone(view, each, holder, stopped):
        return ()
    alone = f"it uses no processor any more, and the {holder.count} sessions that it has do nothing"
    return (
        Evidence("metrics", holder.ref, alone, stopped),
        Evidence("metrics", each.ref, "others wait for locks since then", waits),
    )


@once
def _outlasted(view: View, run: Workload) -> _Outlasted | None:
    """Return that several runs go on at once and are silent, each for many times what one took that came to its end.

    None if one of them may be at work: it tells something, or uses a processor.
    """
    running = [pod for pod in run.live if pod.phase == "Running"]
    usual = max((took for pod in run.pods if (took := _took(pod)) is not None), default=None)
    if len(running) < SEVERAL or usual is None:
        return None
    said = [_last_said(view, pod) for pod in running]
    last = [at for at in said if at is not None and view.now - at >= max(LONG, OUTLASTED * usual)]
    if len(last) < len(running) or any((view.figures.now(_CPU, pod=pod.name) or 0.0) >= _WORKS for pod in running):
        return None
    return _Outlasted(len(running), usual, min(last), max(last))


def _took(pod: Pod) -> timedelta | None:
    """Return how long a run took that came to its end."""
    ended = newest(each.ended.at for each in pod.containers if each.ended)
    return ended - pod.started if pod.phase == "Succeeded" and ended and pod.started else None


def _last_said(view: View, pod: Pod) -> datetime | None:
    return newest(stamp(line) for log in view.logs_of([pod], previous=False) for line in log.lines[-_TAIL:])


@once
def _stopped(view: View, run: Workload) -> datetime | None:
    """Return since when the only pod of a run does nothing, for long, that had worked before; None if it does."""
    live = run.live
    if len(live) != 1 or live[0].phase != "Running":
        return None
    most = view.figures.peak(_CPU, pod=live[0].name)
    if most is None or most < _WORKS:
        return None
    since = view.figures.crossed(_CPU, _STOPPED * most, below=True, pod=live[0].name)
    worked = view.figures.before(_CPU, since, pod=live[0].name) if since else None
    return since if since and worked is not None and view.now - since >= LONG else None


def _waits(view: View, ref: str) -> datetime | None:
    """Return since when others wait for locks in a database without a break, as figures or they tell."""
    label = label_of(view, _LOCKS, ref)
    counted = view.figures.crossed(_LOCKS, 0, component=label) if label else None
    return counted or began([each for each in complaints(view, "lock_wait") if each.about == ref])


def _unused(view: View, each: Full, holder: Holder, since: datetime) -> bool:
    """Tell whether nearly all sessions of runs that stand still do nothing, perhaps for longer than is measured."""
    return _left_alone(view, each, holder, since) or (
        (asleep_lately(view, each.ref, since) or 0.0) >= NEARLY * holder.count
    )


def _left_alone(view: View, each: Full, holder: Holder, since: datetime) -> bool:
    """Tell whether nearly all sessions of a client do nothing since a time: in transactions, if states are told."""
    least = NEARLY * holder.count
    if each.database is not None:
        oldest = timedelta(seconds=holder.oldest_s)
        return holder.forgotten >= least and view.now - oldest <= since + CLOCKS
    begins = (since + _SMEARED).timestamp()
    idle = [count for at, count in idle_of(view, each.ref, holder.ref) if at >= begins]
    if idle:
        return min(idle) >= least
    asleep = asleep_since(view, each.ref, since)
    return asleep is not None and asleep >= least
