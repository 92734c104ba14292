"""Two copiers write the same keys of one Secret from different places: what a pod gets depends on when it starts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import combinations

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.seal import seal
from tuheg_ir.diagnosis.view.changes import keys_of
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit, heard_since
from tuheg_ir.diagnosis.view.reading import created, items, last_write, mapping, moment, name, newest, oldest, text
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.named import NamedTuple

_REFUSED = ("permission", "role_missing", "database_authentication", "outside_authentication")
"""Troubles of who comes with the login of another, or with half of it."""
_KEY = "secretKey"
LONG = timedelta(minutes=30)
"""Who works for so long with what it got at its start, and is refused then, is not refused for that."""
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
    """Yield the Secrets for which two ExternalSecrets that are in force fetch the same keys from different places.

    A Secret that nobody has written since there are two of them gets the same from both.
    """
    copiers: dict[str, list[Obj]] = {}
    for each in sorted(view.snapshot.of("ExternalSecret"), key=name):
        if _is_in_force(each):
            copiers.setdefault(_target(each), []).append(each)
    for secret, found in copiers.items():
        at = last_write(view.objects("Secret").get(secret))
        for one, other in combinations(found, 2):
            mine, theirs = _sources(one), _sources(other)
            seals = frozenset(key for key in mine.keys() & theirs.keys() if mine[key] != theirs[key])
            since = newest((created(one), created(other)))
            if seals and not (at and since and at < since - MINUTE):
                yield Twice(secret, seals, (one, other), since)


def _is_in_force(copier: Obj) -> bool:
    """Tell whether a copier says that it has written what it is to write; one may only fetch."""
    states = {text(each, "type"): text(each, "status") for each in items(copier, "status", "conditions")}
    return states.get("Ready") == "True" and text(copier, "spec", "target", "creationPolicy") != "None"


def _target(copier: Obj) -> str:
    return text(mapping(copier, "spec", "target"), "name") or name(copier)


def _sources(copier: Obj) -> dict[str, tuple[str, ...]]:
    """Return the seal of a key -> where it is fetched; {} where a template, or a whole entry, may give other keys."""
    made = mapping(copier, "spec", "target", "template")
    if items(copier, "spec", "dataFrom") or mapping(made, "data") or items(made, "templateFrom"):
        return {}
    parts = ("key", "property", "version")
    return {
        seal(text(each, "secretKey"), _KEY): (*_store(copier, each), *(text(each, "remoteRef", part) for part in parts))
        for each in items(copier, "spec", "data")
        if text(each, "secretKey")
    }


def _store(copier: Obj, entry: Obj) -> tuple[str, str]:
    """Return kind and name of the store of an entry: its own, or that of all."""
    own = mapping(entry, "sourceRef", "storeRef")
    store = own or mapping(copier, "spec", "secretStoreRef")
    return text(store, "kind") or "SecretStore", text(store, "name")


def _reads(workload: Workload, twice: Twice) -> bool:
    """Tell whether containers of a workload get a key that both write, as a variable or as a file."""
    taken = {key for kind, label, key, _ in keys_of(workload.template) if (kind, label) == ("Secret", twice.secret)}
    return any(not key or seal(key, _KEY) in twice.seals for key in taken) or _mounts(workload, twice)


def _mounts(workload: Workload, twice: Twice) -> bool:
    """Tell whether the files of a workload are such keys; where none is chosen they are all keys of the Secret."""
    volumes = items(workload.template, "spec", "volumes")
    sources = [*(mapping(v, "secret") for v in volumes)]
    sources += [mapping(source, "secret") for v in volumes for source in items(v, "projected", "sources")]
    chosen = [items(s, "items") for s in sources if twice.secret in (text(s, "secretName"), text(s, "name"))]
    return any(not keys or any(seal(text(k, "key"), _KEY) in twice.seals for k in keys) for keys in chosen)


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
    could = _mounts(workload, twice) or all(_got_it(view, pod, hits, twice.since) for pod in ill)
    return hits if ill and could and not _by_release(workload, ill, began, twice.since) else []


def _got_it(view: View, pod: Pod, hits: list[Hit], since: datetime) -> bool:
    """Tell whether a pod may be refused for what it got at its start: that was since a time, and it never worked."""
    first = oldest(hit.first for hit in hits if hit.pod == pod.name)
    if pod.started is None or pod.started <= since:
        return False
    heard = heard_since(view.logs_of((pod,), previous=False))
    return not (first and heard and first - max(heard, pod.started) > LONG)


def _by_release(workload: Workload, ill: list[Pod], began: datetime | None, since: datetime) -> bool:
    """Tell whether a release may be refused for its own sake: all its pods are, since it came.

    The one before was started while there were two copiers, and was served all the same.
    """
    before = workload.revisions[1].created if len(workload.revisions) > 1 else None
    if before is None or before <= since or not since_release(workload, began):
        return False
    return {pod.name for pod in workload.newest_pods()} <= {pod.name for pod in ill}


def _match(view: View, workload: Workload, hits: list[Hit], twice: Twice, readers: list[Workload]) -> Match:
    named = f"Secret/{twice.secret}"
    ill = {hit.pod for hit in hits}
    alike = {pod.revision for pod in workload.live if pod.name in ill}
    well = [pod for pod in workload.live if pod.ready and pod.name not in ill and pod.revision in alike]
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
