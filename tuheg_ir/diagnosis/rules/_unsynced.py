"""A Secret that something copies from a store outside, and that is not copied any more: it holds what was good once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.view.reading import items, mapping, moment, name, oldest, ref, text, written
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

_STATES = ("Ready", "Synced", "SecretSynced")
"""Conditions by which those who copy Secrets tell whether it goes well."""
OFTEN = 3
"""What failed less often may have been a moment's; where the copier itself is not known nothing else tells."""


class Unsynced(NamedTuple):
    """A copy that fails: since when, and what shows it."""

    since: datetime | None
    evidence: tuple[Evidence, ...]


def unsynced(view: View, secret: Obj) -> Unsynced | None:
    """Return that a Secret is not copied any more from where it comes from, and was not written by hand since."""
    at = written(secret)
    for copier in sorted(_copiers(view, secret)):
        failing = _failing(view, copier)
        if failing is not None and (at is None or failing.since is None or at <= failing.since):
            return failing
    return None


def _copiers(view: View, secret: Obj) -> set[str]:
    """Return what keeps a Secret as it is elsewhere: its owner of such a kind, or what has it for its target."""
    owners = {f"{text(o, 'kind')}/{text(o, 'name')}" for o in items(secret, "metadata", "ownerReferences")}
    aimed = {ref(o) for o in view.snapshot.of("ExternalSecret") if _target(o) == name(secret)}
    return {owner for owner in owners if owner.partition("/")[0].endswith("Secret")} | aimed


def _target(obj: Obj) -> str:
    return text(mapping(obj, "spec", "target"), "name") or name(obj)


def _failing(view: View, copier: str) -> Unsynced | None:
    """Return that a copier fails: as it tells itself, else as events repeat."""
    kind, _, named = copier.partition("/")
    told = tuple(_told(view, copier))
    obj = view.objects(kind).get(named)
    if obj is None:
        began = oldest(event.time for event in told)
        return Unsynced(began, told) if told else None
    for state in items(obj, "status", "conditions"):
        if text(state, "type") in _STATES and text(state, "status") == "False":
            since = moment(state, "lastTransitionTime")
            fact = f"not synced: {text(state, 'reason')}: {text(state, 'message')[:160]}"
            return Unsynced(since, (Evidence("objects", copier, fact, since), *told[:1]))
    return None


def _told(view: View, copier: str) -> Iterator[Evidence]:
    for event in view.events_of(copier):
        if event.type == "Warning" and event.count >= OFTEN:
            fact = f"{event.reason} ({event.count} times): {event.message[:240]}"
            yield Evidence("events", copier, fact, event.first)
