"""A Service of one pod of a set leads to another of its pods since its selector was edited.

Where each pod of a set keeps a part of the data, who asks has a name for each of them. All pods are ready and old, and
the one that is asked now is well: it has nothing of what it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._as_meant import ordinal
from tuheg_ir.diagnosis.rules._asked_amiss import asked_amiss
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._selected_anew import selected_anew
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.marked import is_marked
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import labels, oldest, selects
from tuheg_ir.diagnosis.view.releases import BEFORE, soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_OF_ONE = ("statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index")
"""Labels by which each pod of a set differs from the others."""
ENOUGH = 2
"""So many other Services of the set, each of one pod, show how a Service is called after its pod."""
LITTLE = 0.2
"""Share of its former requests that still come to a pod whose Service leads elsewhere: by its own address, say."""
_NUMBERS = late(r"\d+")


class _Led(NamedTuple):
    """A Service that leads to one pod of a set and is called after another, and when its selector was edited."""

    service: Service
    workload: Workload
    meant: Pod
    chosen: Pod
    when: datetime


def when(view: View) -> Iterator[Match]:
    """Callers suffer since a Service that is called after one ready pod of a set was led to another one by an edit."""
    of_one = {
        service.name: found for service in view.services.values() if (found := _of_one_pod(view, service)) is not None
    }
    for name, (workload, chosen) in of_one.items():
        service = view.services[name]
        others = {each: pod for each, (whose, pod) in of_one.items() if whose is workload and each != name}
        meant = _meant(name, workload, others)
        edited = selected_anew(service)
        if meant is None or meant.name == chosen.name or not meant.ready or edited is None:
            continue
        led = _Led(service, workload, meant, chosen, edited)
        moved = _moved(view, led)
        if moved is False:
            continue  # who asks does so by another name
        askers = _askers(view, led)
        told = tuple(_told(view, led, askers))
        amiss = asked_amiss(view, workload, edited, on_top=True)
        felt = (*_felt(view, led, askers), *told)
        if felt and (moved or told or amiss):
            fact = f"Pod/{meant.name} gets hardly a request since, and got them before"
            gone = (Evidence("metrics", workload.ref, fact, edited),) if moved else ()
            yield _match(view, led, askers, felt, *gone, *amiss)


def _of_one_pod(view: View, service: Service) -> tuple[Workload, Pod] | None:
    """Return the one pod that a Service selects by a label of that pod's own; None if it is no such Service."""
    if len(service.backends) != 1 or not any(key in service.selector for key in _OF_ONE):
        return None
    workload = view.workloads[service.backends[0]]
    chosen = [pod for pod in workload.live if selects(service.selector, labels(pod.obj))]
    return (workload, chosen[0]) if workload.kind == "StatefulSet" and len(chosen) == 1 and chosen[0].ready else None


def _meant(name: str, workload: Workload, others: Mapping[str, Pod]) -> Pod | None:
    """Return the pod after which a Service is called: by its name, or numbered as the other Services of the set are.

    Some count from one where the set counts from nought. A Service that bears no such number, as that of a primary, may
    lead to any of them.
    """
    pods = {pod.name: pod for pod in workload.live}
    if name in pods:
        return pods[name]
    alike = {each: pod for each, pod in others.items() if _NUMBERS.sub("#", each) == _NUMBERS.sub("#", name)}
    if len(alike) < ENOUGH or len({pod.name for pod in alike.values()}) < len(alike):
        return None
    for place, number in enumerate(_numbers(name)):
        apart = {_numbers(each)[place] - ordinal(pod) for each, pod in alike.items()}
        if len(apart) == 1:
            return next((pod for pod in workload.live if ordinal(pod) == number - min(apart)), None)
    return None


def _numbers(name: str) -> list[int]:
    return [int(each) for each in _NUMBERS.findall(name)]


def _moved(view: View, led: _Led) -> bool | None:
    """Tell whether the pod that a Service is called after gets hardly a request since the edit; None: nobody counts."""
    signal, pod = "request_rate_by_pod", led.meant.name
    was, now = view.figures.before(signal, led.when, pod=pod), view.figures.now(signal, pod=pod)
    return now <= LITTLE * was if was and now is not None else None


def _felt(view: View, led: _Led, askers: Sequence[str]) -> Iterator[tuple[Evidence, datetime]]:
    """Yield what those feel who ask the set, since the edit: not who suffered before it."""
    for ref in behind(view, led.workload.ref, *askers):
        found = list(troubles(view, ref))
        first = oldest(since for _, since in found)
        if first is not None and soon_after(first, led.when):
            yield found[0][0], first


def _askers(view: View, led: _Led) -> list[str]:
    """Return who asks a set: by settings, or as logs name a Service. A number is often put into a name at run time."""
    known = view.graph.callers(led.workload.ref)
    others = (each for each in view.serving if each is not led.workload and each.ref not in known)
    named = {each.ref for each in others if any(_names(view, led, line) for line in view.lines_of(each))}
    return sorted((known & view.workloads.keys()) | named)


def _told(view: View, led: _Led, askers: Sequence[str]) -> Iterator[tuple[Evidence, datetime]]:
    """Yield that callers' errors name a Service again and again since the edit, and never did before it."""
    for ref in askers:
        found: list[tuple[datetime, str]] = []
        for log in view.logs_of(view.workloads[ref].live, previous=False):
            lines = [at for at, line in enumerate(log.lines) if is_marked(line) and _names(view, led, line)]
            times: Sequence[datetime | None] = times_near(log.lines) if lines else ()
            found += [(time, log.lines[at].strip()) for at in lines if (time := times[at]) is not None]
        first = min(found, default=None)
        if first is not None and len(found) >= OFTEN and soon_after(first[0], led.when):
            yield Evidence("logs", ref, f"{len(found)} lines: {first[1]}"[:240], first[0]), first[0]


def _names(view: View, led: _Led, line: str) -> bool:
    """Tell whether a line names a Service as the other side, and not the pod of the same name by its set's Service."""
    hosts = [host.split(".") for host in hosts_named([line])] if led.service.name in line else []
    return any(each[0] == led.service.name and not _of_its_set(view, led, each[1:2]) for each in hosts)


def _of_its_set(view: View, led: _Led, names: Sequence[str]) -> bool:
    return any(each in view.services and led.workload.ref in view.services[each].backends for each in names)


def _match(
    view: View, led: _Led, askers: Sequence[str], felt: Sequence[tuple[Evidence, datetime]], *more: Evidence
) -> Match:
    service, workload = led.service, led.workload
    hit = behind(view, workload.ref, *askers)
    chosen = ", ".join(f"{key}={value}" for key, value in service.selector.items() if key in _OF_ONE)
    selected = f"its selector was edited: {chosen} leads to Pod/{led.chosen.name}, not to Pod/{led.meant.name}"
    reason = f"{service.ref} leads those who ask {led.meant.name} to {led.chosen.name}, which has nothing of it"
    return Match(
        component=service.ref,
        evidence=(Evidence("objects", service.ref, selected, led.when), *(seen for seen, _ in felt[:3]), *more),
        certainty=0.8,
        since=oldest(first for _, first in felt),
        explains=hit,
        excludes=(
            *not_for(hit, reason, (*RESTARTS, "scale_workload")),
            *not_for((ref for ref in hit if _older(view, ref, led.when)), reason, ("rollback_workload",)),
        ),
    )


def _older(view: View, ref: str, edited: datetime) -> bool:
    """Tell whether a workload was not released with an edit or since: what came then may fail by itself, too."""
    came = view.workloads[ref].released_at if ref in view.workloads and view.workloads[ref].changes else None
    return came is None or came - edited < BEFORE


RULE = Rule(
    name="service_leads_to_a_fellow",
    title="A Service of one pod of a set leads to another pod of it since it was edited",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no Service of one pod of a set was edited and leads to another of its pods",
)
