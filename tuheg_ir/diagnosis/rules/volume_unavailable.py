"""A volume cannot be had: its claim is not bound, it hangs on another node, or all its files get an owner first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._walked import of_walk, walked
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.releases import brought_by_release, release_evidence
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_ATTACH = late(
    r"Multi-Attach|AttachVolume|MountVolume\.(?:MountDevice|SetUp)|Unable to attach|timed out waiting", re.IGNORECASE
)
_NO_ROOM = late(
    r"exceeded quota|insufficient|out of (?:space|capacity)|ResourceExhausted|free storage|max volume count"
    r"|attach\w*\s?limit\s?exceeded|maximum (?:number|count|amount) of (?:data )?(?:disks|volumes)",
    re.IGNORECASE,
)
_OF_A_CLAIM = late(
    r"persistent ?volume|\bpvc|volume node affinity|volume zone|bind(?:ing)?\b|free storage|storage ?class",
    re.IGNORECASE,
)
"""What a scheduler says of a claim that keeps a pod from nodes; that nodes take no further volume is none of it."""
_REFERENCES = late(r"(?:configmap|secret).*(?:not found|non-existent)", re.IGNORECASE)


def when(view: View) -> Iterator[Match]:
    """Pods wait for a volume, or until each of its files has its owner: back if their release brought that."""
    for workload in view.workloads.values():
        if not any(not pod.ready for pod in workload.live):
            continue
        if told := walked(view, workload):
            yield of_walk(view, workload, told)
            continue
        unbound = [
            claim
            for claim in claims_of(workload)
            if text(view.objects("PersistentVolumeClaim").get(claim), "status", "phase") in ("Pending", "Lost")
            and not _waits_for_its_pod(view, workload, claim)
        ]
        asked = [
            p
            for p in workload.live
            if "PersistentVolumeClaim" in p.unschedulable or "persistentvolumeclaim" in p.unschedulable
        ]
        events = [
            e
            for e in view.events_of(workload.ref, "FailedAttachVolume", "FailedMount")
            if _ATTACH.search(e.message) and not _REFERENCES.search(e.message)
        ]
        if unbound or asked or events:
            yield _match(view, workload, unbound, events)


def _waits_for_its_pod(view: View, workload: Workload, claim: str) -> bool:
    """Tell whether a claim is not bound only because its pod has no node, for a reason that is none of the claim's.

    A claim of a class that waits for its first consumer is bound once that has a node; an immediate one that is not
    bound would be what the scheduler complains of.
    """
    if text(view.objects("PersistentVolumeClaim").get(claim), "status", "phase") != "Pending":
        return False
    said = [pod.unschedulable for pod in workload.live if not pod.ready]
    refused = view.events_of(f"PersistentVolumeClaim/{claim}", "ProvisioningFailed", "FailedBinding")
    return all(why and not _OF_A_CLAIM.search(why) for why in said) and not refused


def _match(view: View, workload: Workload, unbound: list[str], events: list[Event]) -> Match:
    claim = f"PersistentVolumeClaim/{unbound[0]}" if unbound else ""
    about = [*(view.events_of(claim) if claim else ()), *events, *view.events_of(workload.ref, "FailedScheduling")]
    waiting = [pod for pod in workload.live if not pod.ready]
    released = brought_by_release(workload, waiting) and bool(workload.changed("mounts"))
    room = any(_NO_ROOM.search(event.message) for event in about)
    bound = Evidence("objects", claim, "the claim is not bound") if claim else None
    cause = "configuration_error" if claim or released or not events else "dependency_failure"
    return Match(
        component=claim if claim and not released else workload.ref,
        evidence=(
            *((bound,) if bound else ()),
            *(Evidence("objects", f"Pod/{p.name}", p.unschedulable or "waits", p.created) for p in waiting[:2]),
            *(view.event_evidence(event) for event in about[:2]),
            *(release_evidence(workload, "mounts") if released else ()),
        ),
        certainty=0.8,
        root_cause="resource_exhaustion" if room else cause,
        remedy="rollback_workload" if released else "page_human",
        since=waiting[0].created,
        explains=(workload.ref,),
        excludes=excluding(workload.ref, "a new pod would wait for the same volume", *RESTARTS, "scale_workload"),
    )


RULE = Rule(
    name="volume_unavailable",
    title="Pods wait for a volume",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pod waits for a volume",
)
