"""One service asks for a host that does not exist."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._reach import closed_to_dns, names_host
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.reading import mapping, name, written
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.workloads import Workload

SOON = timedelta(hours=1)


def when(view: View) -> Iterator[Match]:
    """Names that one service alone cannot resolve, and that no Service bears."""
    found = complaints(view, "dns")
    for each in found:
        workload = view.workloads.get(each.caller)
        unknown = [h for h in each.hosts if h.split(".")[0] not in view.services]
        others = {c.caller for c in found if set(c.hosts) & set(unknown)} - {each.caller}
        if workload is None or not unknown or each.about or len(others) >= 2 or closed_to_dns(view, each.caller):
            continue
        host = next((h for h in unknown if names_host(workload.changes, h)), unknown[0])
        resolver = any("dns" in c.told().lower() for c in workload.changes)
        changed = (resolver or names_host(workload.changes, host)) and _soon(view, workload)
        source = None if changed else _map(view, workload, host)
        component = f"ConfigMap/{name(source)}" if source else workload.ref
        gone = not changed and source is None and _elsewhere(host) and not releases(view, workload, SOON * 6)
        yield Match(
            component=component,
            evidence=(
                *told(view, [each]),
                *(
                    Evidence("objects", workload.ref, c.told(), workload.released_at)
                    for c in workload.changes
                    if changed and (host in c.after or "dns" in c.told().lower())
                ),
                *((Evidence("objects", component, f"it names {host}", written(source)),) if source else ()),
            ),
            certainty=0.8 if changed else 0.65 if source else 0.6 if gone else 0.45,
            root_cause="dependency_failure" if gone else "",
            remedy="rollback_workload" if changed else "page_human",
            since=each.hit.first,
            explains=behind(view, workload.ref, but=component),
            excludes=() if changed else not_for((workload.ref,), f"new pods would ask for {host} as well"),
        )
        return


def _elsewhere(host: str) -> bool:
    """Tell whether a host is one outside, whose name its owner lost: nobody here changed what asks for it."""
    return "." in host and not host.endswith((".local", ".svc", ".cluster", ".internal"))


def _soon(view: View, workload: Workload) -> bool:
    return view.recent(workload.released_at, SOON * 6)


def _map(view: View, workload: Workload, host: str) -> Obj | None:
    """Return the ConfigMap that names a host and was written lately."""
    for kind, named in sorted(reads(workload.template)):
        found = view.objects("ConfigMap").get(named) if kind == "ConfigMap" else None
        if found is not None and any(host in str(value) for value in mapping(found, "data").values()):
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
