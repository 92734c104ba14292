"""A ConfigMap, a Secret or a key that a template needs is not there, and pods wait for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.harm import missing
from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view.changes import needs
from tuheg_ir.diagnosis.view.releases import brought_by_release, release_evidence
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

_TOLD = (
    late(r"\b(?P<kind>configmap|secret) \"(?:[^\"/]+/)?(?P<name>[^\"/]+)\" not found", re.IGNORECASE),
    late(r"couldn't find key (?P<key>\S+) in (?P<kind>ConfigMap|Secret) (?:[^\s/]+/)?(?P<name>[\w.-]+)", re.IGNORECASE),
    late(r"(?P<kind>configmap|secret) references non-existent (?:config|secret) key: (?P<key>\S+)", re.IGNORECASE),
)
_KINDS = {"configmap": "ConfigMap", "secret": "Secret"}


def when(view: View) -> Iterator[Match]:
    """Containers cannot be created because something they refer to is missing."""
    for workload in view.workloads.values():
        waiting = [pod for pod in workload.live if not pod.ready and _cannot_be_made(pod)]
        mounts = view.events_of(workload.ref, "FailedMount")
        told = [c.message for pod in waiting for c in pod.containers if c.message]
        told += [e.message for e in mounts if _found_in(e.message)]
        stuck = waiting or [p for p in workload.live if not p.ready and any(e.about == f"Pod/{p.name}" for e in mounts)]
        lacking = list(dict.fromkeys(each for text in told for each in _found_in(text)))
        lacking = lacking or (list(missing(view, workload)) if waiting else [])
        if lacking and stuck:
            yield _match(view, workload, stuck, lacking)


def _cannot_be_made(pod: Pod) -> bool:
    return any(c.state == "waiting" and c.reason == "CreateContainerConfigError" for c in pod.containers)


def _found_in(told: str) -> list[tuple[str, str, str]]:
    """Return (kind, name, key) of what a message says is missing."""
    for pattern in _TOLD:
        if found := pattern.search(told):
            parts = found.groupdict()
            return [(_KINDS[parts["kind"].lower()], parts.get("name") or "", parts.get("key") or "")]
    return []


def _match(view: View, workload: Workload, stuck: list[Pod], lacking: list[tuple[str, str, str]]) -> Match:
    kind, label, key = lacking[0]
    what = f"{kind} {label}".strip() + (f" key {key}" if key else "")
    before = _needed_before(workload, kind, label, key)
    released = brought_by_release(workload, stuck) and not before
    no_way_back = f"the older template needs {what} too" if before else f"the release that needs {what} is an old one"
    evidence = [
        Evidence("objects", f"Pod/{pod.name}", f"{c.reason}: {c.message[:200]}", pod.created)
        for pod in stuck[:2]
        for c in pod.containers
        if c.message
    ]
    evidence += [view.event_evidence(e) for e in view.events_of(workload.ref, "FailedMount", "Failed")[:2]]
    if view.snapshot.known(kind) and label and label not in view.objects(kind):
        evidence.append(Evidence("objects", f"{kind}/{label}", f"there is no {kind} {label}"))
    evidence += release_evidence(workload, "env", "mounts") if released else ()
    component = workload.ref if released or not label else f"{kind}/{label}"
    return Match(
        component=component,
        evidence=tuple(evidence),
        certainty=0.85,
        remedy="rollback_workload" if released else "page_human",
        since=(workload.released_at if released else None) or stuck[0].created,
        explains=(workload.ref,),
        excludes=excluding(workload.ref, f"{what} is missing: pods that run could not start again", *RESTARTS)
        + excluding(workload.ref, f"{what} is missing: further pods would not start", "scale_workload")
        + (() if released else excluding(workload.ref, no_way_back, "rollback_workload")),
    )


def _needed_before(workload: Workload, kind: str, label: str, key: str) -> bool:
    """Tell whether the template before the release needed the same thing: then going back does not help."""
    before = next((r.template for r in workload.revisions[1:] if r.template), {})
    return any((k, n) == (kind, label) and key in ("", each) for k, n, each in needs(before))


RULE = Rule(
    name="reference_missing",
    title="Pods wait for a ConfigMap, a Secret or a key that is not there",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no container waits for a ConfigMap, a Secret or a key of one",
)
