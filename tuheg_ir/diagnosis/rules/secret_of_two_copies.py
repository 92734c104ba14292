"""Two copiers write the same keys of one Secret from different places: what a pod gets depends on when it starts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import combinations
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.seal import seal
from tuheg_ir.diagnosis.view.changes import keys_of, volumes_of
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import created, items, mapping, moment, name, newest, oldest, text
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_REFUSED = ("permission", "role_missing", "database_authentication", "outside_authentication")
"""Troubles of who comes with the login of another, or with half of it."""
_KEY = "secretKey"
_OF_A_FILE = late(
    r"\bE(?:ACCES|PERM|ROFS)\b|read-only file system|operation not permitted|nio\.file|access to the path",
    re.IGNORECASE,
)
"""A right that the system does not give, whatever login a program has."""


class Twice(NamedTuple):
    """A Secret of two copiers: its name, the seals of the keys that both write, who they are, since when there are two.

    A snapshot seals what stands under a name such as secretKey: of a key one knows whether it is the same one.
    """

    secret: str
    seals: frozenset[str]
    copiers: tuple[Obj, Obj]
    since: datetime | None


def when(view: View) -> Iterator[Match]:
    """Who reads such a key is told, by pods that started since there are two copiers, that it may not do this."""
    for twice in _twice(view):
        readers = [each for each in view.serving if _reads(each, twice)]
        for workload in readers:
            if hits := _refused(view, workload, twice):
                yield _match(view, workload, hits, twice, readers)


def _twice(view: View) -> Iterator[Twice]:
    """Yield the Secrets for which two ExternalSecrets that are in force fetch the same keys from different places."""
    copiers = [each for each in view.snapshot.of("ExternalSecret") if _is_in_force(each)]
    for one, other in combinations(sorted(copiers, key=name), 2):
        mine, theirs = _sources(one), _sources(other)
        seals = frozenset(key for key in mine.keys() & theirs.keys() if mine[key] != theirs[key])
        if _target(one) == _target(other) and seals:
            yield Twice(_target(one), seals, (one, other), newest((created(one), created(other))))


def _is_in_force(copier: Obj) -> bool:
    """Tell whether a copier says that it has written what it is to write."""
    states = {text(each, "type"): text(each, "status") for each in items(copier, "status", "conditions")}
    return states.get("Ready") == "True"


def _target(copier: Obj) -> str:
    return text(mapping(copier, "spec", "target"), "name") or name(copier)


def _sources(copier: Obj) -> dict[str, tuple[str, ...]]:
    """Return the seal of a key -> where it is fetched; {} where a template, or a whole entry, may give other keys."""
    if items(copier, "spec", "dataFrom") or mapping(copier, "spec", "target", "template", "data"):
        return {}
    store = mapping(copier, "spec", "secretStoreRef")
    kept = (text(store, "kind"), text(store, "name"))
    parts = ("key", "property", "version")
    return {
        seal(text(each, "secretKey"), _KEY): (*kept, *(text(each, "remoteRef", part) for part in parts))
        for each in items(copier, "spec", "data")
        if text(each, "secretKey")
    }


def _reads(workload: Workload, twice: Twice) -> bool:
    """Tell whether containers of a workload get a key that both write, as a variable or as a file."""
    taken = {key for kind, label, key, _ in keys_of(workload.template) if (kind, label) == ("Secret", twice.secret)}
    return any(not key or seal(key, _KEY) in twice.seals for key in taken) or _mounts(workload, twice)


def _mounts(workload: Workload, twice: Twice) -> bool:
    return any((kind, label) == ("Secret", twice.secret) for kind, label, _ in volumes_of(workload.template))


def _refused(view: View, workload: Workload, twice: Twice) -> list[Hit]:
    """Return what pods of a workload are refused now, and were not before there were two copiers.

    A variable is taken at the start: what a container that is older than the second copier says is of something else.
    """
    hits = [hit for hit in view.hits_of(workload.ref, *_REFUSED) if not hit.previous and fresh(view, hit)]
    hits = [hit for hit in hits if not _OF_A_FILE.search(hit.line)]
    began = oldest(hit.first for hit in hits)
    if sum(hit.count for hit in hits) < OFTEN or twice.since is None:
        return []
    if began is not None and began < twice.since - MINUTE:
        return []
    ill = [pod for pod in workload.live if pod.name in {hit.pod for hit in hits}]
    starts = [pod.started for pod in ill]
    could = _mounts(workload, twice) or all(at is not None and at > twice.since for at in starts)
    return hits if ill and could else []


def _match(view: View, workload: Workload, hits: list[Hit], twice: Twice, readers: list[Workload]) -> Match:
    named = f"Secret/{twice.secret}"
    ill = {hit.pod for hit in hits}
    well = [pod for pod in workload.live if pod.ready and pod.name not in ill]
    told = f"{len(ill)} of its pods are refused, {len(well)} of the same template are not"
    reason = f"two copiers write {named} in turn: what a pod gets depends on the minute of its start"
    return Match(
        component=workload.ref,
        evidence=(
            *(_writes(view, each, twice) for each in twice.copiers),
            *(view.hit_evidence(hit) for hit in hits[:2]),
            *([Evidence("objects", workload.ref, told)] if well else []),
        ),
        certainty=0.8 if well else 0.7,
        since=oldest(hit.first for hit in hits) or twice.since,
        explains=(named, *behind(view, workload.ref, but=workload.ref)),
        excludes=tuple(
            each
            for ref in sorted({workload.ref, *(reader.ref for reader in readers)})
            for each in excluding(ref, reason, *RESTARTS, "rollback_workload", "scale_workload")
        ),
    )


def _writes(view: View, copier: Obj, twice: Twice) -> Evidence:
    held = mapping(view.objects("Secret").get(twice.secret), "data")
    keys = ", ".join(sorted(key for key in held if seal(key, _KEY) in twice.seals)) or f"{len(twice.seals)} keys"
    at = moment(copier, "status", "refreshTime")
    last = f", last at {at:%d %b %H:%M}" if at else ""
    return Evidence("objects", f"ExternalSecret/{name(copier)}", f"it writes {keys} of Secret/{twice.secret}{last}", at)


RULE = Rule(
    name="secret_of_two_copies",
    title="Two copiers write the same keys of one Secret from different places",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no two copiers write the same keys of a Secret by which somebody is refused",
)
