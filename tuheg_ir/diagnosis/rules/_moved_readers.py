"""A queue grew while the pods that read it were moved to another node, and is as short as before: that is over.

Whoever upgrades nodes sends their pods away, and until the new ones have pulled their image and begun nobody reads. An
alert that takes the most of an hour tells of that for an hour, when there is nothing left to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log, Series
from tuheg_ir.diagnosis.rules._after_outage import GIVEN_UP, NEAR, height
from tuheg_ir.diagnosis.rules._drained import sent_away
from tuheg_ir.diagnosis.rules._hills import Hill, hill_of
from tuheg_ir.diagnosis.rules._looks_back import looks_back
from tuheg_ir.diagnosis.rules._readers import LEAST, grown, name_of, queues, reader
from tuheg_ir.diagnosis.rules._thrown_away import throws_away
from tuheg_ir.diagnosis.rules._worked_off import OF_QUEUES, meant
from tuheg_ir.diagnosis.stamps import after_time, stamp
from tuheg_ir.diagnosis.view.marked import complains, is_marked
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.silent import ENOUGH, LONG
from tuheg_ir.diagnosis.view.trouble import MINUTE, labels_of
from tuheg_ir.diagnosis.view.undone import left_undone, of_unended
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

ITS_OWN = 3
"""In so many lines of a log a piece of work is named at most: what comes oftener is a thread, or who beats."""
AS_BEFORE = 0.5
"""Where less than this share of the former work is done, the queue may be short for want of work."""
_NUMBERED = late(r"(?<![\w.-])(?=[A-Za-z_-]{0,40}\d)(?!\d{1,20}[A-Za-z]{1,3}(?![\w-]))[\w-]{5,64}(?![\w-])")
"""The number or the name of one piece of work; a number with its unit is how long or how large something is."""


class Moved(NamedTuple):
    """Who reads a queue and was moved, when it began to wait and was worked off, and how one sees it."""

    reader: Workload
    began: datetime
    ended: datetime
    evidence: tuple[Evidence, ...]


def moved_readers(view: View) -> Moved | None:
    """Return the one such move that all alerts look back on; None: there is none, or something of it is left."""
    found = [_moved(view, series) for series in _meant_by_all(view)]
    first = found[0] if found else None
    if first is None or any(each is None or each.reader is not first.reader for each in found):
        return None
    known = [each for each in found if each is not None]
    if any(not view.recent(max(each.ended for each in known), looks_back(alert)) for alert in view.alerts):
        return None
    if any(grown(view, each) for each in queues(view)) or any(hit.trouble == "message_rejected" for hit in view.hits):
        return None  # what is handed on, given up or thrown away is not worked off
    return first._replace(began=min(each.began for each in known), ended=max(each.ended for each in known))


def _meant_by_all(view: View) -> list[Series]:
    """Return the queues that the alerts mean; [] if one means none, or what became of messages."""
    found: list[Series] = []
    for alert in view.alerts:
        if not OF_QUEUES.search(alert.said) or GIVEN_UP.search(alert.said) or of_unended(alert.said):
            return []
        named = [each for each in meant(view, alert, view.about_alert(alert)) if height(each) >= LEAST]
        if not named:
            return []
        found += (each for each in named if each not in found)
    return found


def _moved(view: View, series: Series) -> Moved | None:
    workload, hill = reader(view, series), hill_of(view, series)
    if workload is None or hill is None or view.now - hill.ended < LONG:
        return None
    came = workload.released_at
    if came is not None and hill.began - NEAR <= came:
        return None
    new = _new(workload, hill)
    sent = [each for each in sent_away(view, workload) if abs(each.at - hill.began) <= NEAR]
    if not sent or len(new) < len({each.pod for each in sent}) or not _reads(view, series):
        return None
    if left_undone(view, workload.ref) or not _works(view, workload, hill.ended):
        return None
    if _lost(view, workload, {each.pod for each in sent}, min(hill.began, sent[0].at) - MINUTE):
        return None
    ready = newest(pod.ready_since for pod in new)
    went = sent[0]
    gone = f"{went.pod} and {len(sent) - 1} more of its pods" if len(sent) > 1 else went.pod
    where = f"its node {went.node}" if went.node else "a node"
    left = f"{gone} had to leave {where}, which was drained; those in their place are ready since {ready:%H:%M} UTC"
    waited = f"up to {hill.most:.0f} waited in {name_of(series)}, and as few as before since {hill.ended:%H:%M} UTC"
    shown = (Evidence("events", workload.ref, left, went.at), Evidence("metrics", workload.ref, waited, hill.ended))
    return Moved(workload, hill.began, hill.ended, shown)


def _new(workload: Workload, hill: Hill) -> Sequence[Pod]:
    """Return the pods that came as a queue began to grow, and were ready as it turned; none if one was so later."""
    came = [pod for pod in workload.live if pod.created and hill.began - NEAR <= pod.created <= hill.turned + MINUTE]
    soon = (pod.ready_since is not None and pod.ready_since <= hill.turned + NEAR for pod in came)
    return came if all(soon) else ()


def _reads(view: View, series: Series) -> bool:
    """Tell whether a queue has as many readers as it had at first, and as few messages in hand, if somebody counts."""
    label = {"component": series.labels.get("component", "") or series.labels.get("queue", "")}
    was, now = (ask("queue_consumers", **label) for ask in (view.figures.first, view.figures.now))
    if was is not None and (now is None or now < was):
        return False
    held, holds = (ask("queue_unacked", **label) for ask in (view.figures.first, view.figures.now))
    return held is None or (holds is not None and holds <= max(LEAST, held))


def _works(view: View, workload: Workload, since: datetime) -> bool:
    """Tell whether a reader does work since a time, as much as before where it is counted.

    A queue to which nobody sends any more is empty as well.
    """
    told = _since(view.logs_of(workload.live, previous=False), since)
    for label in labels_of(view, workload.ref, "job_rate"):
        was, now = (ask("job_rate", component=label) for ask in (view.figures.first, view.figures.now))
        if was:
            return now is not None and now >= AS_BEFORE * was
    names = [(at, set(_NUMBERED.findall(after_time(line)))) for at, line in told]
    count = Counter(name for _, each in names for name in each)
    works = [at for at, each in names if any(count[name] <= ITS_OWN for name in each)]
    return len(works) >= ENOUGH and view.recent(max(works), LONG)


def _lost(view: View, workload: Workload, sent: Collection[str], since: datetime) -> bool:
    """Tell whether a reader complains of anything since its queue began to grow, or work was thrown away.

    What was thrown away makes a queue short as well. A former pod and the broker warn of each connection that ends.
    """
    if any(complains(line) for _, line in _since(view.logs_of(workload.live, previous=False), since)):
        return True
    sets = tuple(f"{each.name}-" for each in workload.revisions)
    mine = {log.pod for log in view.logs if log.pod.startswith(sets) or view.owner_of(log.pod) == workload.ref}
    own = [log for log in view.logs if log.pod in mine or log.pod in sent]
    brokers = [log for broker in of_role(view.workloads, "broker") for log in view.logs_of(broker.live)]
    if any(throws_away(line) for _, line in _since((*own, *brokers), since)):
        return True
    return any(is_marked(line) for _, line in _since(own, since))


def _since(logs: Iterable[Log], since: datetime) -> list[tuple[datetime, str]]:
    told = ((stamp(line), line) for log in logs for line in log.lines)
    return [(at, line) for at, line in told if at is not None and at >= since]
