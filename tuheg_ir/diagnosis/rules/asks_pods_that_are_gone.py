"""A caller goes on asking addresses of pods that left with a release: it has not heard of those that came instead.

Proxies and clients that keep a list of addresses follow the EndpointSlices; who lost that watch keeps the old list,
and nobody notices before the addresses change. So the release that changed them looks like the reason. Or the nodes
whose pods had to move, one after the other: those that asked go on as long as one address is left that is right.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._looked_up_at_start import looked_up_at_start, names_pods
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.hosts import range_of
from tuheg_ir.diagnosis.view.logs import ADDRESS, Hit, heard_since
from tuheg_ir.diagnosis.view.marked import LATELY, OFTEN, STILL, is_marked
from tuheg_ir.diagnosis.view.network import named_port
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, newest, oldest, text
from tuheg_ir.diagnosis.view.releases import BEFORE, SOON, since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_LONG_AGO = timedelta(hours=6)
"""Where a log does not reach back to the first error, pods that came so long ago may have replaced those it asks."""
_IN_TURN = timedelta(hours=2)
"""So long nodes take that are drained one after the other, and the pods that have to leave them."""
_REPLACED = timedelta(minutes=5)
"""So long after the last new pod its callers may meet those that are on their way out, and all is as it should be."""
_UNANSWERED = ("connection_timeout", "connection_refused", "connection_reset")
_PORT = late(r":(\d{1,5})(?!\d)")
_OF_NAME = late(r"(?<![\w.-])([a-z][\w.-]{0,252})/(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])", re.IGNORECASE)
"""How Java tells an address that it has for a name."""


class _Asking(NamedTuple):
    """A pod that asks addresses of nobody: which it asks, what it tells of it, when, and at which ports it asks."""

    pod: Pod
    gone: frozenset[str]
    hit: Hit
    times: tuple[datetime, ...]
    ports: frozenset[str]

    @property
    def since(self) -> datetime | None:
        """Return when it told of it first."""
        return oldest(self.times)


def when(view: View) -> Iterator[Match]:
    """Errors of a caller name pods' addresses that no pod has, since the pods of one workload were made anew.

    Where another pod of the caller is well it has the right addresses, and a new one would have them too; where all of
    them are wrong, what they are told may be, unless their file has names that are looked up at the start alone. What
    began with a release of the caller is that one's.
    """
    known = _known(view)
    for caller in view.serving:
        asking = [each for pod in caller.live if (each := _asks(view, pod, known))]
        began = oldest(each.since for each in asking)
        if not asking or since_release(caller, began):
            continue
        cut = any(_is_cut(view, each) for each in asking)
        renewed = [w for w in view.serving if w is not caller and _made_anew(w, began, _LONG_AGO if cut else SOON)]
        asked = [w for w in renewed if _may_be_asked(view, caller, asking, w)]
        if len(asked) == 1:
            yield _match(view, caller, asking, asked[0], began)


def _known(view: View) -> frozenset[str]:
    """Return the addresses that somebody has: a pod, a Service, a node."""
    pods = {pod.address for workload in view.workloads.values() for pod in workload.pods}
    services = {text(obj, "spec", "clusterIP") for obj in view.snapshot.of("Service")}
    nodes = {text(each, "address") for obj in view.snapshot.of("Node") for each in items(obj, "status", "addresses")}
    return frozenset((pods | services | nodes) - {""})


def _asks(view: View, pod: Pod, known: frozenset[str]) -> _Asking | None:
    """Return whom a pod cannot reach, if these are addresses of pods (of one range with its own) that are nobody's."""
    for hit in view.hits_of(view.owner_of(pod.name), *_UNANSWERED):
        if hit.pod != pod.name or hit.previous or hit.count < OFTEN or (hit.last and not view.recent(hit.last, STILL)):
            continue
        hosts = set(hit.hosts)
        if any(map(view.graph.resolve, hosts)):  # it asks somebody by name: the address is its own, or that of the name
            hosts = {found[2] for found in _OF_NAME.finditer(hit.line) if _of_pods(view, found[1])}
        named = {host for host in hosts if ADDRESS.fullmatch(host) and range_of(host) == range_of(pod.address)}
        if named and not named & known:
            told = list(_told(view, pod, named))
            times = tuple(at for line in told if (at := stamp(line)) is not None)
            ports = (_PORT.match(line, line.index(each) + len(each)) for line in told for each in named if each in line)
            return _Asking(pod, frozenset(named), hit, times, frozenset(port[1] for port in ports if port))
    return None


def _of_pods(view: View, host: str) -> bool:
    ref = view.graph.resolve(host)
    return bool(ref) and names_pods(view, host, ref)


def _told(view: View, pod: Pod, named: Collection[str]) -> Iterator[str]:
    """Yield the errors of a pod that name some addresses: a long log holds more than its last lines."""
    lines = (line for log in view.logs_of([pod], previous=False) for line in log.lines)
    return (line for line in lines if any(each in line for each in named) and is_marked(line))


def _may_be_asked(view: View, caller: Workload, asking: Sequence[_Asking], renewed: Workload) -> bool:
    """Tell whether it is the former pods of a workload that are asked: still, at its ports, by one that calls it.

    What callers meet only while pods are replaced says nothing of what fails since. Pods of other namespaces, and
    databases of a cloud, have addresses of the same range. Whom a proxy asks for users stands in routes.
    """
    at_its_ports = all(named_port(renewed, port) for each in asking for port in each.ports)
    if not at_its_ports or not all(pod.ready for pod in renewed.live):
        return False
    calls = view.graph.calls.get(caller.ref)
    routed = any(r.service in view.services and renewed.ref in view.services[r.service].backends for r in view.routes)
    came = newest(pod.created for pod in renewed.live)
    since = sum(came is not None and at > came + _REPLACED for each in asking for at in each.times)
    return since >= OFTEN and (routed or not calls or renewed.ref in calls)


def _is_cut(view: View, asking: _Asking) -> bool:
    """Tell whether a log begins with the errors: nobody knows since when it tells of them."""
    heard = heard_since(view.logs_of([asking.pod], previous=False))
    return heard is None or asking.since is None or asking.since - heard <= MINUTE


def _made_anew(workload: Workload, began: datetime | None, within: timedelta) -> bool:
    """Tell whether all pods of a workload came so shortly before the errors began, or the first did and all since."""
    came = sorted(at for pod in workload.live if (at := pod.created) is not None)
    if began is None or not came or len(came) < len(workload.live):
        return False
    return BEFORE <= began - came[0] <= within and came[-1] - came[0] <= _IN_TURN


def _well(view: View, caller: Workload, asking: Sequence[_Asking]) -> bool:
    """Tell whether another pod of the caller, whose log goes on, has been there and asks nobody who is gone."""
    ill = {each.pod.name for each in asking}
    others = [pod for pod in caller.live if pod.ready and pod.name not in ill]
    logs = (log for log in view.logs_of(others, previous=False) if log.lines)
    return any(any(at and view.recent(at, LATELY) for at in map(stamp, log.lines[-OFTEN:])) for log in logs)


def _learnt(view: View, caller: Workload, asking: Sequence[_Asking], renewed: Workload, gone: Collection[str]) -> bool:
    """Tell whether those who ask may have learnt the addresses while they were right, and not from their settings."""
    came = oldest(pod.created for pod in renewed.live)
    older = all(came and each.pod.started and each.pod.started < came for each in asking)
    fixed = (text(each, "ip") for each in items(caller.template, "spec", "hostAliases"))
    said = [*fixed, *(value for _, value in view.graph.settings(caller))]
    return older and not any(each in value for value in said for each in gone)


def _match(view: View, caller: Workload, asking: Sequence[_Asking], renewed: Workload, began: datetime | None) -> Match:
    gone = sorted(frozenset().union(*(each.gone for each in asking)))
    told = f"{', '.join(gone[:4])}: no pod has these addresses any more"
    came = Evidence(
        "objects", renewed.ref, "its pods were made anew, and have other addresses", renewed.live[0].created
    )
    kept = looked_up_at_start(view, caller, renewed, gone)
    well = bool(kept or _well(view, caller, asking)) and _learnt(view, caller, asking, renewed, gone)
    return Match(
        component=caller.ref,
        evidence=(
            *(view.hit_evidence(each.hit) for each in asking[:2]),
            Evidence("objects", caller.ref, told),
            came,
            *kept,
        ),
        certainty=0.75 if well else 0.5,
        remedy="" if well else "page_human",
        since=began,
        explains=(renewed.ref, *behind(view, caller.ref, but=caller.ref)),
        excludes=excluding(
            renewed.ref, "other pods would have other addresses again", "rollback_workload", "restart_workload"
        ),
    )


RULE = Rule(
    name="asks_pods_that_are_gone",
    title="A caller goes on asking pods that are gone",
    root_cause="network_fault",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no errors name addresses of pods that no pod has since others were made anew",
)
