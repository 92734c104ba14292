"""The Service of a workload is gone: its name leads nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._taken_away import Gone, label_of, taken_away
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """Callers cannot resolve a name that a workload bears and no Service does, or whose Service was taken away."""
    if not view.snapshot.known("Service"):
        return
    missed: dict[str, list[Complaint]] = {}
    gone: dict[str, dict[str, Gone]] = {}
    for each in complaints(view, "dns"):
        for host in each.hit.hosts:
            workload = view.workloads.get(view.graph.resolve(host))
            label = label_of(view, host)
            taken = taken_away(view, label) if each.caller in view.workloads else None
            if taken and _since(each, taken):
                gone.setdefault(taken.by or f"Service/{label}", {})[label] = taken
                missed.setdefault(label, []).append(each)
            elif workload is not None and workload.name == host.split(".")[0] not in view.services:
                missed.setdefault(workload.name, []).append(each)
    for component, labels in gone.items():
        yield _taken(view, component, labels, [each for label in labels for each in missed.pop(label)])
    for label, found in missed.items():
        yield _missing(view, label, found)


def _since(each: Complaint, gone: Gone) -> bool:
    """Tell whether a name could not be resolved since its Service was taken away, and not before."""
    return gone.at is None or each.hit.first is None or each.hit.first >= gone.at + BEFORE


def _taken(view: View, component: str, labels: dict[str, Gone], found: Sequence[Complaint]) -> Match:
    """Return that Services were taken away: a person brings them back, by what took them away."""
    callers = sorted({each.caller for each in found})
    meant = [ref for label in labels if (ref := view.graph.resolve(label)) in view.workloads]
    why = (
        f"there is no Service {', '.join(sorted(labels)[:3])} any more: neither new pods nor a template before find it"
    )
    seen = dict.fromkeys(fact for gone in labels.values() for fact in gone.seen)
    return Match(
        component=component,
        evidence=(*seen, *told(view, found)),
        certainty=0.85 if any(gone.by for gone in labels.values()) else 0.75,
        since=oldest((began(found), *(gone.at for gone in labels.values()))),
        explains=behind(view, *meant, *callers),
        excludes=not_for(dict.fromkeys((*meant, *callers)), why),
    )


def _missing(view: View, label: str, found: Sequence[Complaint]) -> Match:
    """Return that pods run of which no Service leads anybody to them."""
    meant = view.graph.resolve(label)
    return Match(
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
    why_not="every name that callers cannot resolve has its Service, or no workload bears it and none was taken away",
)
