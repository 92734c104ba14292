"""A host outside was away and is back, and what waited for it meanwhile is worked off: what told of it is over.

It is told by who reads the queue. Others may have told of what waited, after a release of theirs too, and an alert may
look back over that time; to do anything now would only disturb what is well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._after_outage import NEAR, height, was_away
from tuheg_ir.diagnosis.rules._behind_a_queue import HAS_ITSELF
from tuheg_ir.diagnosis.rules._fed_by import OLD
from tuheg_ir.diagnosis.rules._hills import Hill, hill_of
from tuheg_ir.diagnosis.rules._looks_back import looks_back
from tuheg_ir.diagnosis.rules._one_party import told_of_party
from tuheg_ir.diagnosis.rules._readers import LEAST, queues, reader
from tuheg_ir.diagnosis.rules._waited_before import tells_of_a_wait
from tuheg_ir.diagnosis.view.batch import complete, started, verdict
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.once import once, once_a_view
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import name, newest, oldest
from tuheg_ir.diagnosis.view.silent import LONG, quiet
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_ITS_OWN = ("pool_exhausted", "lock_wait")
"""Troubles of who waits for what he has himself."""
_FAILED = late(r"fail", re.IGNORECASE)
LATE = late(r"(?i:\blate[rn]?\b|wait|delay|queue|backlog|pending|overdue|deadline)|Late(?:r|ness|ncy)?(?![a-z])")
"""How an alert tells that something waits, or came late for that."""


class Over(NamedTuple):
    """Who reads what waited, for which hosts, when it began to wait and was worked off, and how one sees it."""

    reader: Workload
    hosts: frozenset[str]
    began: datetime
    ended: datetime
    evidence: tuple[Evidence, ...]


@once_a_view
def outage_over(view: View) -> Over | None:
    """Return the one such outage that is over; None: there is none, or somebody misses the host still."""
    found = [over for workload in view.serving if (over := _over(view, workload)) is not None]
    return found[0] if len(found) == 1 else None


def told_meanwhile(view: View, workload: Workload | None, line: str, since: datetime | None) -> bool:
    """Tell whether a workload complained of such an outage only from then on, and works since without a complaint.

    Or of a party outside that did not serve one, as its own name tells there, and does again.
    """
    if told_of_party(view, workload, line, since):
        return True
    over = outage_over(view)
    if over is None or workload is None or since is None or not over.began <= since <= over.ended:
        return False
    return _of_it(view, workload, over, line) and _quiet(view, workload)


def looks_back_on(view: View, alert: Alert, over: Over) -> bool:
    """Tell whether an alert looks back into an outage that is over, or counts a run that failed in it.

    A later run of the same schedule was well. What the failed one left undone a critical alert may well mean. Of
    another than the reader such an alert has to tell that something waits or is old: what it got wrong stays wrong.
    """
    told = LATE.search(alert.said) or OLD.search(alert.said) or any(host in alert.said for host in over.hosts)
    if alert.critical and view.about_alert(alert) != over.reader.ref and not told:
        return False
    if view.recent(over.ended, looks_back(alert)):
        return True
    job = next((each for each in view.snapshot.of("Job") if name(each) and name(each) in alert.labels.values()), None)
    if job is None or alert.critical or not _FAILED.search(alert.said):
        return False
    at, above = verdict(job)[1], controller(job)
    if at is None or not over.began <= at <= over.ended or not above.startswith("CronJob/"):
        return False
    later = [r for r in view.snapshot.of("Job") if controller(r) == above and (began := started(r)) and began > at]
    return any(map(complete, later)) and not any(verdict(run)[0] for run in later)


def _of_it(view: View, workload: Workload, over: Over, line: str) -> bool:
    """Tell whether a line can be of such an outage: that something waits, or the host, or the reader, did not answer.

    What a program gets wrong by itself at that time it gets wrong again. Who reads the queue tried all the time.
    """
    if workload is over.reader:
        return True
    if any(tells(trouble, line) for trouble in UNANSWERED):
        named = [*hosts_named([line])]
        return any(_leads_to(view, over, host) for host in named) if named else _asks(view, workload, over)
    return tells_of_a_wait(line) and not (HAS_ITSELF.search(line) or any(tells(each, line) for each in _ITS_OWN))


def _leads_to(view: View, over: Over, host: str) -> bool:
    ref = view.graph.resolve(host)
    return host in over.hosts or over.reader.ref in (ref, *view.graph.needs(ref))


def _asks(view: View, workload: Workload, over: Over) -> bool:
    """Tell whether a workload is known to ask the host that was away, or the reader."""
    set_to = {host for key, value in view.graph.settings(workload) for host in hosts_in(key, value)}
    asked = set_to | view.graph.outside.get(workload.ref, set())
    return bool(over.hosts & asked) or over.reader.ref in view.graph.needs(workload.ref)


def _over(view: View, workload: Workload) -> Over | None:
    told = was_away(view, workload)
    first, last = oldest(hit.first for hit in told), newest(hit.last for hit in told)
    if first is None or last is None or workload.ready < workload.wanted or _missed_still(view, told):
        return None
    if any(hit.trouble == "message_rejected" for hit in view.hits):
        return None  # what is thrown away is not worked off
    grew = [each for each in queues(view) if reader(view, each) is workload and height(each) >= LEAST]
    hills = [hill for each in grew if (hill := hill_of(view, each)) is not None]
    if not hills or len(hills) < len(grew) or not all(_fits(hill, first, last) for hill in hills):
        return None
    began, ended = min(hill.began for hill in hills), max(hill.ended for hill in hills)
    most = sum(hill.most for hill in hills)
    away = f"{told[0].hosts[0]} did not answer until {last:%H:%M} UTC, and does since: {told[0].line.strip()}"
    waited = f"up to {most:.0f} waited for that, and as few as before since {ended:%H:%M} UTC"
    evidence = (Evidence("logs", workload.ref, away, last), Evidence("metrics", workload.ref, waited, ended))
    return Over(workload, frozenset(host for hit in told for host in hit.hosts), began, ended, evidence)


def _fits(hill: Hill, first: datetime, last: datetime) -> bool:
    """Tell whether a queue grew until a host was back, and no sooner than it went; new logs may begin later."""
    return hill.began - NEAR <= first <= hill.turned and abs(hill.turned - last) <= NEAR


def _missed_still(view: View, told: Sequence[Hit]) -> bool:
    """Tell whether anybody has told lately that a host does not answer."""
    hosts = {host for hit in told for host in hit.hosts}
    hits = (hit for hit in view.hits if hit.trouble in UNANSWERED and hosts & set(hit.hosts))
    return any(hit.last is None or view.recent(hit.last, LONG) for hit in hits)


@once
def _quiet(view: View, workload: Workload) -> bool:
    logs = [log.lines for log in view.logs_of(workload.live, previous=False) if log.lines]
    return bool(logs) and all(quiet(view, lines) for lines in logs)
