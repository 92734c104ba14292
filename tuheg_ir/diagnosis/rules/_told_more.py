"""Who hands work to the readers of a queue tells in its own log that it hands over many times as much as it did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._hands_work import HANDS, shares_its_queue
from tuheg_ir.diagnosis.rules._readers import KEEPS
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import items, moment, text
from tuheg_ir.diagnosis.view.scaling import autoscaler
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LEAST = 10
"""So many lines have to be told before a time to say how often such a line came."""
LONG = timedelta(minutes=20)
"""Who tells of less time than that before may have had a quiet hour."""
_AGAIN = late(r"\bre-?(?:queu|publish|deliver|tri|try)|\battempt\b|\bagain\b|\bin the queue\b", re.IGNORECASE)
"""What is handed over a second time comes of those that fail."""
_ELSE = late(
    r"\baudit|\brequests? (?:\S{1,60} )?(?:was |were )?queued\b"
    r"|\bfor an? (?:free |\w{1,30} )?(?:thread|connection|slot|worker)\b",
    re.IGNORECASE,
)
"""What is no work for somebody else: a request waits within a program, and what is kept for an audit nobody does."""
_DOWN = late(r"^Scaled down replica set (\S{1,253})|below target")
_UP = late(r"^Scaled up|above target")
"""How a Deployment tells that it has fewer pods, or more, and its autoscaler why."""
_WITHIN = timedelta(minutes=5)
"""Where no pod was made, and none told of, so soon after it was written how many there are to be, there are fewer."""
_SPACES = late(r"[,;\s]+")


def told_more(
    view: View, reader: Workload, queue: str, began: datetime, start: datetime, least: float
) -> Iterator[Evidence]:
    """Yield those who tell again and again that they hand on work, and since a time do it many times as often.

    ``least``: so many times as much comes now as those who read can do. Where what came before was so much less, they
    would have kept up with it, as they are now. Each pod is compared with itself, so that no pod which is gone is
    missed; who has fewer of them now than then is not told of, since each of these does the work of several. Nor is who
    keeps no queue where the reader's is, and does not name it either: what it tells of is other work.
    """
    for each in view.serving:
        if each is reader or role(each) or each.ready < each.wanted or _renewed(each, began):
            continue
        found = _times(view, each, began, start)
        if found is None or found[0] < least or _had_more(view, each, found[2]):
            continue
        if shares_its_queue(view, each, reader) or _names(view, each, queue):
            fact = f"it tells {found[0]:.1f} times as often as before that it hands on work: {found[1].strip()[:160]}"
            yield Evidence("logs", each.ref, fact, start)


def _renewed(sender: Workload, began: datetime) -> bool:
    """Tell whether a sender was released since: it may tell the same in other words, or send more than it should."""
    return bool(sender.changes) and sender.released_at is not None and sender.released_at >= began


def _names(view: View, sender: Workload, queue: str) -> bool:
    """Tell whether a setting of a sender names a queue, under the name of one."""
    told = (value for key, value in view.graph.settings(sender) if KEEPS.search(key))
    return bool(queue) and any(queue in _SPACES.split(value) for value in told)


def _had_more(view: View, sender: Workload, since: datetime) -> bool:
    """Tell whether a sender has fewer pods than at some time since then, by figures, events, or who wrote how many."""
    for signal in ("replicas_wanted", "replicas_available"):
        most = (view.figures.peak(signal, component=label) for label in labels_of(view, sender.ref, signal))
        if any(each is not None and each > sender.wanted for each in most):
            return True
    scaler, current = autoscaler(view, sender.ref), sender.current.name if sender.current else ""
    events = [*view.events_of(sender.ref, "ScalingReplicaSet", within=view.now - since)]
    events += view.events_of(scaler.ref, "SuccessfulRescale", within=view.now - since) if scaler else ()
    if any(found and found[1] in (None, "", current) for each in events for found in [_DOWN.search(each.message)]):
        return True
    writes = items(sender.obj, "metadata", "managedFields")
    times = [moment(each, "time") for each in writes if text(each, "subresource") == "scale"]
    times += [moment(scaler.obj, "status", "lastScaleTime")] if scaler else []
    more = [pod.created for pod in sender.pods if pod.created]
    more += [each.last for each in events if each.last and _UP.search(each.message)]
    return any(at >= since and not any(abs(each - at) <= _WITHIN for each in more) for at in times if at)


def _times(view: View, sender: Workload, began: datetime, start: datetime) -> tuple[float, str, datetime] | None:
    """Return how many times as often a sender's pods tell of what they hand on, one such line, and since when."""
    made = {pod.name: pod.created for pod in sender.live}
    before = after = past = 0.0
    told, since = "", began
    for log in view.logs_of(sender.live, previous=False):
        created = made.get(log.pod)
        lines = [(at, line) for line in log.lines if (at := stamp(line)) is not None]
        if created is None or created >= began or not lines or began - lines[0][0] < LONG:
            continue
        earlier, later, line = _counted(log, began, start)
        past += earlier
        before += earlier / (began - lines[0][0]).total_seconds()
        after += later / max((view.now - start).total_seconds(), 1.0)
        told, since = told or line, min(since, lines[0][0])
    return (after / before, told, since) if past >= LEAST and before else None


def _counted(log: Log, began: datetime, start: datetime) -> tuple[int, int, str]:
    """Return how often a pod told that it hands on work before one time and after another, and one such line."""
    earlier = later = 0
    told = ""
    for line in log.lines:
        if not HANDS.search(line) or _AGAIN.search(line) or _ELSE.search(line) or complains(line):
            continue
        at = stamp(line)
        if at is not None and at < began:
            earlier += 1
        elif at is not None and at >= start:
            later += 1
            told = line
    return earlier, later, told
