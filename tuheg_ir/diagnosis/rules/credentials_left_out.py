"""A release asks somebody without any credentials, who grants it to the same program of the version before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, names
from tuheg_ir.diagnosis.rules._twins import programs
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import refs_read
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import items, mapping, oldest, text
from tuheg_ir.diagnosis.view.releases import BEFORE, release_cause, release_evidence, releases
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.diagnosis.view.written import outside_changes

FRESH = timedelta(hours=2)
"""What was kept from before a release, as answers for an hour, hides so long that nobody lets it in any more."""
LATELY = timedelta(days=1)
"""Credentials that were written within this time may be what is missing."""
AGAIN = 2
_REFUSALS = ("outside_authentication", "database_authentication")
TRACE = 20
"""So many lines after a refusal tell where it came from."""
_GIVEN = r"(?:authori[sz]ation|authentication|credentials?|bearer|(?:api|access|subscription)[ _-]?(?:key|token)|token)"
_ABSENT = late(
    rf"\b(?:no|missing|empty|without(?: an?)?|lacks(?: an?)?|did(?:n.t| not) (?:provide|send)(?: an?)?)"
    rf"(?: (?:required|valued?|any))? {_GIVEN}\b"
    rf"|\b{_GIVEN}(?: \w+){{0,3}} (?:is |was |are )?(?:missing|empty|absent|not (?:provided|supplied|present|sent))\b"
    r"|MissingAuthenticationToken|\bnot_authed\b|no password supplied|using password: NO|NOAUTH Authentication",
    re.IGNORECASE,
)
"""How those who are asked tell that no credentials came at all."""
_WRONG = late(r"invalid|expired|incorrect|wrong|revoked|malformed|not valid|unknown", re.IGNORECASE)
"""Words of who was shown some, or says either."""
_GRANTED = late(r"\bstatus\w*\W{1,4}2\d\d\b|(?:\bHTTP/\S+|->|=>) 2\d\d\b", re.IGNORECASE)
_WORD = late(r"[A-Za-z]{5,}")
_COMMON = frozenset(
    {
        *("status", "error", "request", "response", "client", "token", "bearer", "header", "authorization", "message"),
        *("exception", "unauthorized", "authentication", "credentials", "returned", "service", "services", "server"),
        *("https", "object", "order", "orders", "worker", "queue", "query", "handler", "controller", "version"),
    }
)
"""Words that name nobody."""


def when(view: View) -> Iterator[Match]:
    """All that newest pods tell of refusals is that no credentials came, and the version before is granted the same."""
    for workload in view.serving:
        hits = _refused(view, workload)
        first = oldest(hit.first for hit in hits)
        if first is None or workload.released_at is None or first < workload.released_at + BEFORE:
            continue
        hurt = [*(seen for seen, _ in troubles(view, workload.ref)), *suffering(view, workload.ref)]
        edited = (at for _, at in outside_changes(view, workload))
        if not hurt or not _fails_by_it(view, workload, first) or any(view.recent(at, LATELY) for at in edited):
            continue
        if (granted := _granted(view, workload, hits, first)) is not None:
            yield Match(
                component=workload.ref,
                evidence=(*release_evidence(workload), *(view.hit_evidence(hit) for hit in hits[:2]), granted, hurt[0]),
                certainty=0.65,
                root_cause=release_cause(view, workload),
                since=first,
                explains=(
                    *behind(view, workload.ref, but=workload.ref),
                    *sorted(refs_read(workload.template, "Secret")),
                ),
                excludes=excluding(
                    workload.ref, "new pods of it would send no credentials either", *RESTARTS, "scale_workload"
                ),
            )


def _refused(view: View, workload: Workload) -> list[Hit]:
    """Return the refusals of a release, if only its own pods are refused and each time because nothing was shown."""
    if workload.returned or not workload.changes or not releases(view, workload, FRESH):
        return []
    told = view.hits_of(workload.ref, *_REFUSALS)
    heard = {log.pod for log in view.logs_of(workload.newest_pods(), previous=False) if log.lines}
    if {hit.pod for hit in told} != heard:
        return []
    if any(not _ABSENT.search(hit.line) or hit.count < AGAIN for hit in told) or _shown(view, workload):
        return []
    return [hit for hit in told if view.recent(hit.last, STILL)]


def _shown(view: View, workload: Workload) -> bool:
    """Tell whether any refusal of a release tells that credentials came, and were wrong."""
    logs = view.logs_of(workload.newest_pods(), previous=False)
    lines = (line for log in logs for line in log.lines if _WRONG.search(line))
    return any(tells(trouble, line) for line in lines for trouble in _REFUSALS)


def _fails_by_it(view: View, workload: Workload, first: datetime) -> bool:
    """Tell whether its own users are failed since, and not turned away: then it is not they who showed nothing."""
    if any(troubles(view, workload.ref)):
        return True
    lines = (line for line in view.lines_of(workload) if (at := stamp(line)) is not None and at >= first + BEFORE)
    return sum(status_of(line) >= 500 for line in lines) >= AGAIN


def _granted(view: View, workload: Workload, hits: list[Hit], first: datetime) -> Evidence | None:
    """Return that the program as it was before, with the same Secrets, is granted what it asks since then."""
    fellows = [each for each in view.workloads.values() if _is_fellow(workload, each)]
    hosts = {host.lower() for hit in hits for host in hit.hosts}
    spoken = hosts or (_alone(view, workload, fellows) if fellows else set())
    for fellow in fellows:
        if view.hits_of(fellow.ref, *_REFUSALS):
            continue
        pods = [pod for pod in fellow.pods if _given_alike(view, workload, fellow, pod)]
        for log in view.logs_of(pods, previous=False):
            for line in log.lines:
                at = stamp(line)
                if at is None or at < first or not _GRANTED.search(line):
                    continue
                if any(_spoken_of(line.lower(), each) for each in spoken):
                    fact = f"it runs what ran before the release, and is granted: {line.strip()}"
                    return Evidence("logs", fellow.ref, fact, at)
    return None


def _given_alike(view: View, workload: Workload, fellow: Workload, pod: Pod) -> bool:
    """Tell whether a pod got what those of a release get: the same Secrets, and all that is put into pods when made.

    What was written after it started may be what new pods lack, and so may what a webhook puts into them.
    """
    edits = (at for each in (workload, fellow) for _, at in outside_changes(view, each))
    if pod.started is None or any(at >= pod.started for at in edits):
        return False
    extra = _put_into(pod, fellow.template)
    return all(extra <= _put_into(each, workload.template) for each in workload.newest_pods())


def _put_into(pod: Pod, template: Mapping[str, Any]) -> set[str]:
    """Return the names of containers and variables that a pod has and its template has not."""
    return _named(mapping(pod.obj, "spec")) - _named(mapping(template, "spec"))


def _named(spec: Mapping[str, Any]) -> set[str]:
    containers = items(spec, "containers")
    return {text(each, "name") for each in (*containers, *(env for each in containers for env in items(each, "env")))}


def _spoken_of(line: str, name: str) -> bool:
    """Tell whether a line names whom somebody asks; a word in a path is of who was asked himself."""
    if "." in name:
        return names(line, name)
    return re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w-])", line) is not None


def _is_fellow(workload: Workload, other: Workload) -> bool:
    """Tell whether another workload runs what this one ran before its release, and reads a Secret of it."""
    new = programs(workload, tags=True)
    former = {change.before for change in workload.changed("image")} or new
    shared = refs_read(workload.template, "Secret") & refs_read(other.template, "Secret")
    ran = programs(other, tags=True)
    return other is not workload and bool(shared) and bool(ran & former) and (former is new or not ran & new - former)


def _alone(view: View, workload: Workload, fellows: list[Workload]) -> set[str]:
    """Return the words that the traces after a workload's refusals have, and no other line but those of fellows.

    Not what fellows say beside what they are granted: every line of a program may begin with some words.
    """
    theirs = {pod.name for each in fellows for pod in each.pods}
    mine = {pod.name for pod in workload.newest_pods()}
    others = {word for each in view.workloads.values() for word in _words(each.name)} | _COMMON
    others = others.union(*(words for pod, words in _spoken(view).items() if pod not in mine | theirs))
    traces: set[str] = set()
    for log in (each for each in view.snapshot.logs if each.pod in mine | theirs):
        left = 0
        for line in log.lines:
            refused = log.pod in mine and _ABSENT.search(line) is not None
            left = TRACE if refused else left - 1
            if left > 0 and stamp(line) is None and not refused:
                traces.update(_words(line))
            elif log.pod in mine or not _GRANTED.search(line):
                others.update(_words(line))
    return traces - others


@once_a_view
def _spoken(view: View) -> dict[str, set[str]]:
    """Return pod -> the words of its logs."""
    found: dict[str, set[str]] = {}
    for log in view.snapshot.logs:
        found.setdefault(log.pod, set()).update(_words("\n".join(log.lines)))
    return found


def _words(line: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(line)}


RULE = Rule(
    name="credentials_left_out",
    title="A release shows no credentials to whom it asks",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="nobody is refused for want of any credentials since its release, while the version before is granted",
)
