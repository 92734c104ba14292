"""New pods of a roll-out that stands write into a shared cache what the pods of the former template cannot read.

The former pods are as they were, and fail; the new ones are well. More former pods, or the same anew, read the same
cache, which the new ones go on filling: what helps is to take the release back until both can read each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._onset import way_changed
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view.changes import keys_of, volumes_of
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import MISREAD, Hit, heard_since, tells
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import created, items, mapping, oldest, text
from tuheg_ir.diagnosis.view.releases import NEXT, cause_of_release, release_evidence, since_release, soon_after
from tuheg_ir.diagnosis.view.threads import of_trace
from tuheg_ir.diagnosis.view.trouble import ERRORS, OFTEN, of_pods, suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

_MISREAD = (*MISREAD, "field_unknown")
_CACHE = late(
    r"redis|jedis|lettuce|valkey|memcache|\bdalli\b|hazelcast|infinispan|(?<![a-z])cach(?:e|es|ed|ing)(?![a-z])"
    r"|[a-z]Cache\b|session[ _./:-]?store|spring\W?session",
    re.IGNORECASE,
)
"""How a line, or its trace, tells that what cannot be read comes out of a cache that several may fill."""
_ASKED = late(
    r"RestTemplate|RestClient|WebClient|feign|okhttp|http\.?client|net\.http\b|apache\.http|\bhttpx\b|urllib3"
    r"|\brequests/|axios|node-fetch|faraday|guzzle|\bgrpc\b|kafka|rabbit|amqp|caffeine",
    re.IGNORECASE,
)
"""How a trace tells that it is the answer or message of another one, or of a cache of the process alone."""
_LEVEL = late(r"(?:trace|debug|info|notice|warn(?:ing)?)\b", re.IGNORECASE)
"""How a logger begins a line of its own, that is of no trace."""
_LETS_IN = late(
    r"pass|pwd|token|user|login|cert|(?:api|private|secret|access|sign\w*|encrypt\w*|license)[_.-]?key|secret$|salt"
    r"|\.(?:crt|key|pem|jks|p12)$",
    re.IGNORECASE,
)
"""Names of what Secrets keep that lets a program in, and does not tell it whom to call."""
_TRACE = 25
"""So many lines of a trace tell where it comes from."""
_LONG = 4000
"""So much of a line is looked at: loggers put a trace as a whole into one."""


def when(view: View) -> Iterator[Match]:
    """Only pods of the former template misread what is in a cache, since those of the new one came beside them."""
    for workload in view.serving:
        older, newer = workload.older_pods(), workload.newest_pods()
        if not older or not _stands(view, workload) or workload.returned:
            continue
        hits = _misread(view, workload)
        ill = [pod for pod in older if pod.name in {hit.pod for hit in hits}]
        said = (*felt(view, workload.ref), *suffering(view, workload.ref)) if ill else ()
        if not said or 2 * len(ill) < len(older) or sum(hit.count for hit in hits) < OFTEN:
            continue
        if any(_is_ill(view, workload, pod, hits) for pod in newer) or not _of_a_cache(view, ill):
            continue
        first = oldest(hit.first for hit in hits)
        if _since_they_came(view, workload, ill, first) and not _another_change(view, workload, first):
            yield _match(view, workload, hits, said[0], first)


def _stands(view: View, workload: Workload) -> bool:
    """Tell whether new pods are ready beside older ones, and no more come: one that goes on ends this by itself."""
    newer = workload.newest_pods()
    if not any(pod.ready for pod in newer):
        return False
    held = mapping(workload.obj, "spec").get("paused") is True
    return held or not any(view.recent(pod.created, NEXT) for pod in newer)


def _misread(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return what a workload tells of data that it cannot read."""
    return tuple(h for h in view.hits_of(workload.ref, *_MISREAD) if not h.previous and fresh(view, h))


def _is_ill(view: View, workload: Workload, pod: Pod, hits: Sequence[Hit]) -> bool:
    """Tell whether a pod of the release cannot read either, repeats errors of its own, or fails requests."""
    failed = of_pods(view, workload.ref, "error_ratio_by_pod").get(pod.name, 0.0)
    if failed > ERRORS or any(hit.pod == pod.name for hit in hits):
        return True
    return any(each.pods.get(pod.name, 0) >= OFTEN for each in marked(view, workload))


def _of_a_cache(view: View, pods: Sequence[Pod]) -> bool:
    """Tell whether each line of what cannot be read, or the trace around it, tells that a cache held it."""
    found = [
        _around(log.lines, at)
        for log in view.logs_of(pods, previous=False)
        for at, line in enumerate(log.lines)
        if any(tells(trouble, line) for trouble in _MISREAD)
    ]
    return bool(found) and all(_CACHE.search(each) and not _ASKED.search(each) for each in found)


def _around(lines: Sequence[str], at: int) -> str:
    """Return a line with the rest of its trace: Java's follows it, Python's stands before it."""
    first = last = at
    while first > max(0, at - _TRACE) and _goes_on(lines[first]):
        first -= 1
    while last + 1 < min(len(lines), at + _TRACE) and _goes_on(lines[last + 1]):
        last += 1
    return "\n".join(line[:_LONG] for line in lines[first : last + 1])


def _goes_on(line: str) -> bool:
    """Tell whether a line is one of a trace, after its first."""
    bare = without_time(line[:_LONG])
    return line[:1].isspace() or (of_trace(bare) and not _LEVEL.match(bare))


def _since_they_came(view: View, workload: Workload, ill: Sequence[Pod], first: datetime | None) -> bool:
    """Tell whether former pods, whose logs reach back to before, misread since the pods of a release came."""
    came = oldest(pod.created for pod in workload.newest_pods())
    heard = heard_since(view.logs_of(ill, previous=False))
    if came is None or heard is None or first is None or not heard < came <= first:
        return False
    return since_release(workload, first)


def _another_change(view: View, workload: Workload, first: datetime | None) -> bool:
    """Tell whether something else came then: the cache, the way to it, settings, or who else may fill it."""
    caches = _used(view, workload)
    if any(soon_after(first, at) for _, at in outside_changes(view, workload)):
        return True
    if any(_came(view, each, first) or (first and way_changed(view, workload, each, first)) for each in caches):
        return True
    refs = {cache.ref for cache in caches}
    others = [each for each in view.workloads.values() if each is not workload]
    return any(_came(view, each, first) and _may_fill(view, each, refs) for each in others)


def _may_fill(view: View, other: Workload, caches: AbstractSet[str]) -> bool:
    """Tell whether another program may write into a cache: it calls it, or a Secret keeps whom it calls."""
    if not caches or caches & view.graph.calls.get(other.ref, set()):
        return True
    return not role(other) and any(not _LETS_IN.search(key) for key in _kept_secret(view, other.template))


def _kept_secret(view: View, template: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of what a template takes from Secrets: variables, or keys; "" where nobody tells them."""
    for container in items(template, "spec", "containers"):
        for entry in items(container, "env"):
            if text(entry, "valueFrom", "secretKeyRef", "name"):
                yield text(entry, "name")
    whole = [ref for kind, ref, key, _ in keys_of(template) if kind == "Secret" and not key]
    for label in (*whole, *(ref for kind, ref, _ in volumes_of(template) if kind == "Secret")):
        yield from map(str, mapping(view.objects("Secret").get(label), "data") or ("",))


def _used(view: View, workload: Workload) -> list[Workload]:
    """Return the caches that a workload uses; if it uses none here, the other stores, which may serve as one."""
    asked = view.graph.calls.get(workload.ref, set())
    caches = [each for each in of_role(view.workloads, "cache") if each.ref in asked]
    return caches or [each for each in of_role(view.workloads, *DATA) if each.ref in asked]


def _came(view: View, workload: Workload, first: datetime | None) -> bool:
    """Tell whether a workload was released, made, set otherwise or started as something began."""
    if since_release(workload, first) or soon_after(first, created(workload.obj)):
        return True
    started = (at for pod in workload.pods for at in (pod.created, pod.started))
    return any(soon_after(first, at) for at in (*started, *(at for _, at in outside_changes(view, workload))))


def _match(view: View, workload: Workload, hits: Sequence[Hit], said: Evidence, first: datetime | None) -> Match:
    older, newer = workload.older_pods(), workload.newest_pods()
    near = not_their_own(view, behind(view, workload.ref, but=workload.ref), first)
    caches = tuple(each.ref for each in _used(view, workload))
    stands = f"{len(newer)} pods run it beside {len(older)} of the template before, and only those cannot read"
    return Match(
        component=workload.ref,
        evidence=(
            *release_evidence(workload, "image")[:2],
            *(view.hit_evidence(hit) for hit in hits[:2]),
            Evidence("objects", workload.ref, stands, workload.released_at),
            said,
        ),
        certainty=0.75,
        root_cause=cause_of_release(workload),
        since=first,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *excluding(workload.ref, "pods of the new template go on writing the same", *RESTARTS, "scale_workload"),
            *not_for(near, f"pods of {workload.ref} cannot read what others of it write"),
            *not_for(caches, f"it keeps what new pods of {workload.ref} write, and would be given the same again"),
        ),
    )


RULE = Rule(
    name="former_pods_misread",
    title="New pods of a roll-out that stands fill a cache with what the former pods cannot read",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no former pods of a roll-out that stands misread a cache since the new ones came, which are well",
)
