"""One service asks for a host that does not exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._other_resolver import other_resolver
from tuheg_ir.diagnosis.rules._reach import closed_to_dns, names_host, unanswered
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, told
from tuheg_ir.diagnosis.view.hosts import given_outside
from tuheg_ir.diagnosis.view.reading import mapping, name, oldest, written
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SOON = timedelta(hours=1)


def when(view: View) -> Iterator[Match]:
    """Names that one service alone cannot resolve, and that no Service bears."""
    found = complaints(view, "dns")
    for first in found:
        unknown = [h for h in first.hosts if h.split(".")[0] not in view.services]
        callers = {c.caller for c in found if set(c.hosts) & set(unknown)}
        if first.caller not in view.workloads or first.about or not 1 <= len(callers) <= 2:
            continue
        same = [c for c in found if set(c.hosts) & set(unknown) and c.caller in view.workloads and not c.about]
        each = min(same, key=lambda c: _beside(view, c, unknown))
        if closed_to_dns(view, each.caller, unanswered(view)):
            continue
        workload = view.workloads[each.caller]
        if other_resolver(view, workload):
            continue  # others find the name
        host = next((h for h in unknown if names_host(workload.changes, h)), unknown[0])
        resolver = any("dns" in c.told().lower() for c in workload.changes)
        changed = (resolver or names_host(workload.changes, host)) and _soon(view, workload)
        source = None if changed else _map(view, workload, host)
        proven = source is None or _ran_with(view, workload, source, each)
        # The name was its owner's: nobody here changed what asks for it.
        gone = not changed and proven and given_outside(host) and not releases(view, workload, SOON * 6)
        component = f"ConfigMap/{name(source)}" if source and not gone else workload.ref
        yield Match(
            component=component,
            evidence=(
                *told(view, [each, *same]),
                *(
                    Evidence("objects", workload.ref, c.told(), workload.released_at)
                    for c in workload.changes
                    if changed and (host in c.after or "dns" in c.told().lower())
                ),
                *_names_it(source, host),
            ),
            certainty=0.8 if changed else 0.65 if source else 0.6 if gone else 0.45,
            root_cause="dependency_failure" if gone else "",
            remedy="rollback_workload" if changed else "page_human",
            since=each.hit.first,
            explains=behind(view, workload.ref, *callers, but=component),
            excludes=() if changed else not_for((workload.ref,), f"new pods would ask for {host} as well"),
        )
        return


def _beside(view: View, each: Complaint, hosts: Iterable[str]) -> tuple[bool, bool]:
    """Order who asks for a host: who only probes it has no users, and has the name from somebody else."""
    workload = view.workloads[each.caller]
    used = bool(view.graph.callers(workload.ref) or felt(view, workload.ref))
    used = used or any(view.about_alert(alert) == workload.ref for alert in view.alerts)
    named = any(host in str(workload.template) or _map(view, workload, host) for host in hosts)
    return not named, not used


def _ran_with(view: View, workload: Workload, source: Obj, each: Complaint) -> bool:
    """Tell whether pods read a host from a ConfigMap that is older than they are, and asked for it well for long."""
    pod = next((pod for pod in workload.live if pod.name == each.hit.pod), None)
    at, first = written(source), each.hit.first
    if pod is None or pod.created is None or at is None or first is None:
        return False
    heard = oldest(stamp(log.lines[0]) for log in view.logs_of((pod,), previous=False) if log.lines)
    return at < pod.created and first - pod.created > SOON and heard is not None and heard < first


def _names_it(source: Obj | None, host: str) -> tuple[Evidence, ...]:
    """Return that a ConfigMap names a host, as evidence."""
    return (Evidence("objects", f"ConfigMap/{name(source)}", f"it names {host}", written(source)),) if source else ()


def _soon(view: View, workload: Workload) -> bool:
    return view.recent(workload.released_at, SOON * 6)


def _map(view: View, workload: Workload, host: str) -> Obj | None:
    """Return the ConfigMap that a workload reads and that names a host."""
    for _, found in view.maps_read(workload.template):
        if any(host in str(value) for value in mapping(found, "data").values()):
            return found
    return None


RULE = Rule(
    name="wrong_host_name",
    title="A service asks for a host that does not exist",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no service alone fails to resolve a name that no Service bears",
)
