"""The Service of a workload that runs is gone: its name leads nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """Callers cannot resolve a name that a workload bears and no Service does."""
    if not view.snapshot.known("Service"):
        return
    missed: dict[str, list[Complaint]] = {}
    for each in complaints(view, "dns"):
        for host in each.hit.hosts:
            label = host.split(".")[0]
            workload = view.workloads.get(view.graph.resolve(host))
            if workload is not None and workload.name == label and label not in view.services:
                missed.setdefault(label, []).append(each)
    for label, found in missed.items():
        meant = view.graph.resolve(label)
        yield Match(
            component=f"Service/{label}",
            evidence=(
                Evidence("objects", meant, f"{view.workloads[meant].ready} pods run, and there is no Service {label}"),
                *told(view, found),
            ),
            certainty=0.75,
            since=began(found),
            explains=behind(view, meant, *(c.caller for c in found)),
            excludes=not_for(
                dict.fromkeys((meant, *(c.caller for c in found))), f"its pods are well: Service {label} is missing"
            ),
        )


RULE = Rule(
    name="service_missing",
    title="The Service of a workload is gone",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="every name that callers cannot resolve has its Service, or no workload bears it",
)
