"""A Service sends requests to pods that are not ready: its callers are refused for as long as one of them starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._published import publishes
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, Complaint, complaints, told
from tuheg_ir.diagnosis.view.logs import heard_since, tells
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple

OFTEN = 5
"""So many refusals are no hiccup."""
NEARLY_ALL = 0.9
"""Of the refusals so many come while a pod is not ready, or they come of something else."""
MOST = 0.6
"""Where a pod is not ready for more of the time than this, it says nothing that refusals fall into that."""
SLACK = timedelta(seconds=30)
"""By so much clocks differ, and so long a node may take to learn of an address."""


class _Away(NamedTuple):
    """A pod, and from when to when it was not ready."""

    pod: Pod
    begin: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        return self.begin - SLACK <= moment <= self.end + SLACK


def when(view: View) -> Iterator[Match]:
    """A Service publishes pods that are not ready, and its callers are refused while there is one, and only then.

    Not one without an address of its own: peers find each other by such a one before they are ready, on purpose.
    """
    for service in view.services.values():
        if not publishes(service) or len(service.backends) != 1:
            continue
        workload = view.workloads[service.backends[0]]
        if not any(pod.ready for pod in workload.live):
            continue  # nobody would answer whatever it publishes
        said = [c for c in complaints(view, *UNANSWERED) if c.about == workload.ref and c.caller != workload.ref]
        refused = sorted(moment for each in said for moment in _times(view, service, workload, each))
        heard = heard_since(log for log in view.snapshot.logs if log.pod in {each.hit.pod for each in said})
        since = newest((edited(service.obj), heard))
        away = _not_ready(view, workload, since)
        if away and since is not None and _fall_into(view, refused, away, since):
            yield _match(view, service, workload, refused, away, said)


def _times(view: View, service: Service, workload: Workload, each: Complaint) -> Iterator[datetime]:
    """Yield when a caller told, in one log, of the refusals that one complaint counts."""
    hosts = [host for host in each.hit.hosts if view.graph.resolve(host) == workload.ref] or [service.name]
    for log in view.snapshot.logs:
        if (log.pod, log.container, log.previous) != (each.hit.pod, each.hit.container, each.hit.previous):
            continue
        for line in log.lines:
            lowered = line.lower()
            if any(host.lower() in lowered for host in hosts) and tells(each.hit.trouble, line) and (on := stamp(line)):
                yield on


def _not_ready(view: View, workload: Workload, since: datetime | None) -> list[_Away]:
    """Return when which live pods were not ready, as their conditions tell, since a time."""
    found = []
    for pod in workload.live:
        begin = pod.created if pod.ready else (pod.unready_since or pod.created)
        end = pod.ready_since if pod.ready else view.now
        if begin is not None and end is not None and since is not None and end > since:
            found.append(_Away(pod, max(begin, since), end))
    return sorted(found, key=lambda each: each.begin)


def _fall_into(view: View, refused: Sequence[datetime], away: Sequence[_Away], since: datetime) -> bool:
    """Tell whether nearly all refusals came while a pod was not ready, which is so for a part of the time only."""
    within = sum(any(each.holds(moment) for each in away) for moment in refused)
    begin, covered = since, timedelta()
    for each in away:
        covered += max(each.end - max(each.begin, begin), timedelta())
        begin = max(begin, each.end)
    partly = covered <= MOST * (view.now - since)
    return len(refused) >= OFTEN and within >= NEARLY_ALL * len(refused) and partly


def _match(
    view: View,
    service: Service,
    workload: Workload,
    refused: Sequence[datetime],
    away: Sequence[_Away],
    said: Sequence[Complaint],
) -> Match:
    met = [each for each in away if any(each.holds(moment) for moment in refused)]
    names = ", ".join(each.pod.name for each in met[:4])
    fact = f"nearly all of {len(refused)} refusals came while one of its pods was not ready: {names}"
    callers = behind(view, workload.ref, but=workload.ref)
    why = f"{service.ref} sends requests to pods of {workload.ref} that are not ready"
    return Match(
        component=workload.ref,
        evidence=(
            Evidence(
                "objects", service.ref, "publishNotReadyAddresses: it has pods that are not ready", edited(service.obj)
            ),
            Evidence("objects", workload.ref, fact, met[0].begin),
            *told(view, said, 3),
        ),
        certainty=0.8,
        since=refused[0],
        explains=callers,
        excludes=(
            *not_for(callers, why),
            *excluding(
                workload.ref, f"{why}: a new one is refused as well", *RESTARTS, "rollback_workload", "scale_workload"
            ),
        ),
    )


RULE = Rule(
    name="unready_pods_published",
    title="A Service sends requests to pods that are not ready",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no Service that publishes pods before they are ready has callers that are refused by them",
)
