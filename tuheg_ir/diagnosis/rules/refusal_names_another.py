"""The cluster says again and again why it cannot make or start the pods of a workload, and names an object beside."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.reading import items, name, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

AGAIN = 3
"""What was said less often may have been a hiccup: a controller tries again within seconds."""
PROBED = "Unhealthy"
"""Events of it repeat what a program answers, which is no word of the cluster."""
_SHOWN = 3
_PAIR = late(r"(?<![\w:])([A-Za-z]+)(?=[:\s]{1,3}[\"'`]?(?:[\w.-]+/)?([a-z0-9][\w.-]*)(.{0,12}))")
"""A word, and the name that follows it: `quota: team`, `secret "keys"`, `Secret shop/keys`; what follows tells more.

Not what stands in an account's name: `system:serviceaccount:team:maker`.
"""
_LOST = late(r"[\"'`]? (?:was )?not found")
_NEEDED = ("Secret", "ConfigMap", "ServiceAccount", "PersistentVolumeClaim", "PriorityClass")
"""What a pod needs by its name; what is not there any more is named all the same."""
_NOT_BESIDE = ("Pod", "ReplicaSet", "ControllerRevision", "Event", "Node", "Namespace", "Service", "PersistentVolume")
"""What nobody edits, or what is only spoken of on the way to the reason."""
_HOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")


def when(view: View) -> Iterator[Match]:
    """Pods are missing or not ready, and all repeated warnings of who makes them that name an object name one."""
    found: dict[str, dict[str, Event]] = {}
    for workload in view.workloads.values():
        if workload.kind not in BATCH and min(len(workload.live), workload.ready) >= workload.wanted:
            continue
        told = {event: ref for event in _refusals(view, workload) if (ref := _named(view, event.message))}
        if len(set(told.values())) == 1:
            event, ref = next(iter(told.items()))
            found.setdefault(ref, {})[workload.ref] = event
    for ref, events in found.items():
        yield Match(
            component=ref,
            evidence=tuple(view.event_evidence(each) for each in events.values())[:_SHOWN],
            certainty=0.45,
            since=oldest(each.first for each in events.values()),
            explains=tuple(events),
        )


def _refusals(view: View, workload: Workload) -> tuple[Event, ...]:
    found = view.events_of(workload.ref, within=STILL)
    warned = (each for each in found if each.type == "Warning" and each.count >= AGAIN)
    return tuple(each for each in warned if each.reason != PROBED)


def _named(view: View, said: str) -> str:
    """Return the first object beside workloads that a message names with its kind; a webhook is named by its entry."""
    for kind in _HOOKS:
        for obj in view.snapshot.of(kind):
            if any(f'"{text(each, "name")}"' in said for each in items(obj, "webhooks")):
                return f"{kind}/{name(obj)}"
    of_workloads = {each.kind for each in view.workloads.values()}
    for found in _PAIR.finditer(said):
        word, label, after = found[1].lower(), found[2].rstrip("."), found[3]
        for kind in dict.fromkeys((*_NEEDED, *view.snapshot.objects)):
            if not _is(word, kind) or kind in of_workloads or kind in _NOT_BESIDE:
                continue
            if label in view.objects(kind) or (kind in _NEEDED and _LOST.match(after)):
                return f"{kind}/{label}"
    return ""


def _is(word: str, kind: str) -> bool:
    """Tell whether a word of a message means a kind: `quota` a ResourceQuota, `secrets` a Secret."""
    return len(word) > len("node") and kind.lower().endswith((word, word.removesuffix("s")))


RULE = Rule(
    name="refusal_names_another",
    title="The cluster cannot make or start pods, and names an object beside as the reason",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no repeated warning about pods that are missing or not ready names an object beside",
    follows=True,
)
