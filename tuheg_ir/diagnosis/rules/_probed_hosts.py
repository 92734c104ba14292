"""Hosts outside that fail whoever probes them: who meets no answer then, and names nobody, and has one in its settings.

Many a client tells by its exception alone that it waited in vain.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._asked_hosts import asks
from tuheg_ir.diagnosis.rules._ends_without import end_without
from tuheg_ir.diagnosis.rules._figures import felt, rise, said_by_callers
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints
from tuheg_ir.diagnosis.view.crashes import ended_by_themselves
from tuheg_ir.diagnosis.view.graph import foreign
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Ended, Pod
from tuheg_ir.diagnosis.view.releases import brought_by_release, never_ready
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SIGNAL = "probe_failing"
FAILS = 0.5
EARLIER = timedelta(minutes=5)
"""What ended so long before a host failed ends by something else."""
_UNANSWERED = ("connection_refused", "connection_timeout", "connection_reset")


def unnamed(view: View) -> Iterator[tuple[str, Evidence, Complaint]]:
    """Yield (host, how it fails, complaint) of who may mean no other one than a host that is probed in vain.

    They end at their start by it. Who serves waits for many others; two of a caller's hosts that fail are no answer.
    """
    if not (failing := probed_in_vain(view)):
        return
    said: dict[str, list[Complaint]] = {}
    for each in complaints(view, *_UNANSWERED):
        if not (each.about or each.hosts or each.hit.hosts):
            said.setdefault(each.caller, []).append(each)
    for ref, told in said.items():
        workload = view.workloads.get(ref)
        meant = sorted(failing.keys() & asks(view, workload)) if workload is not None else []
        if workload is None or len(meant) != 1 or starving(view, workload) or not _all_well(view, workload):
            continue
        seen = failing[meant[0]]
        ended = {pod.name: pod for pod in _never_up(view, workload, seen.time)}
        by_it = [c for c in told if c.hit.pod in ended and end_without(view, [ref], meant[0], [c])]
        if not _brought(workload, [ended[c.hit.pod] for c in by_it]):
            yield from ((meant[0], seen, each) for each in by_it)


def _never_up(view: View, workload: Workload, since: datetime | None) -> list[Pod]:
    """Return the pods that end before they serve, and do so since a host fails; none if one came up without it."""
    if since is None or any(pod.ready and _started_since(pod, since) for pod in workload.live):
        return []
    return [pod for pod, _, ended in ended_by_themselves(view, workload) if _not_up(pod, ended, since - EARLIER)]


def _not_up(pod: Pod, ended: Ended, earliest: datetime) -> bool:
    """Tell whether a pod served last after a time, if ever, and not in the run that ended."""
    began = pod.unready_since or pod.created
    return began is not None and ended.started_at is not None and earliest <= began <= ended.started_at


def _brought(workload: Workload, ended: list[Pod]) -> bool:
    """Tell whether but the first pods of a release end: it may have brought another host, which is not probed."""
    return not workload.returned and all(map(never_ready, ended)) and brought_by_release(workload, ended)


def _started_since(pod: Pod, since: datetime) -> bool:
    """Tell whether all that serves in a pod was started after a time."""
    started = [each.started_at for each in pod.containers if not each.init]
    return bool(started) and all(at is not None and at > since for at in started)


@once_a_view
def probed_in_vain(view: View) -> dict[str, Evidence]:
    """Return host outside -> since when no probe reaches it, which one did before.

    Where all that are probed fail, it is the way out of who probes them. What is our own fails by what stands behind.
    """
    own = {route.host for route in view.routes}
    found: dict[str, Evidence] = {}
    well = set[str]()
    for series in view.figures.series(SIGNAL):
        host = _host(series.labels.get("dependency", ""))
        if not foreign(host) or host in own or view.graph.resolve(host):
            continue
        turn = rise(view, series, SIGNAL, 2.0, FAILS)
        if turn is not None and turn.since is not None:
            found.setdefault(host, Evidence("metrics", host, f"{host}: probes of it fail", turn.since))
        elif (view.figures.alone(SIGNAL, series).now(SIGNAL) or 0.0) < FAILS:
            well.add(host)
    return {} if len(found) > 1 and not well else {host: seen for host, seen in found.items() if host not in well}


def _host(target: str) -> str:
    """Return the host of what is probed: an address of HTTP, or host:port."""
    try:
        return urlsplit(target if "://" in target else f"//{target}").hostname or ""
    except ValueError:
        return ""


def _all_well(view: View, workload: Workload) -> bool:
    """Tell whether all whom a workload calls in the namespace have pods that are ready, and none is slow or starves."""
    called = (view.workloads.get(ref) for ref in view.graph.calls.get(workload.ref, ()))
    return all(each is None or (each.ready and not starving(view, each) and not _ails(view, each)) for each in called)


def _ails(view: View, callee: Workload) -> bool:
    """Tell whether its users suffer from a workload, or callers measure it slow or failing."""
    return bool(felt(view, callee.ref)) or any(said_by_callers(view, callee.ref))
