"""What a release brought: whether a trouble began with it, what it changed, which pods are its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.at_odds import setting_at_fault
from tuheg_ir.diagnosis.view.changes import Change, changes, words_given
from tuheg_ir.diagnosis.view.crashes import LATELY
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, moment, newest, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SOON = timedelta(minutes=20)
"""What begins later than this after a change is seldom its own."""
SLOWLY = timedelta(minutes=40)
"""A roll-out may take that long; pods that came later are no part of it."""
NEXT = timedelta(minutes=10)
"""A roll-out goes on with its next pod within this time (a Deployment's progress deadline), or it is over."""
ECHO = timedelta(seconds=90)
"""Rates and averages hold what pods that are gone have answered, that long after the last of them."""
BEFORE = timedelta(minutes=-2)
"""Clocks and samples are that far apart: what begins so much before a change may still be its own."""
TIMES_AS_LONG = 5
"""What fills up under a template would have done so under the one before, had that done the same for so much longer."""
_OF_A_VERSION = late(
    r"\benv (?:\w+_)?(?:app|application|service|build|git|image|release|dd|otel|sentry|commit|deploy(?:ment)?)_?"
    r"(?:version|release|sha|commit|tag|number|id|date|time|hash|revision|ref)$|\benv (?:git|commit)_?sha\w*$",
    re.IGNORECASE,
)
"""Variables in which a pipeline leaves what it has built: programs tell it, and do nothing by it."""
_PLAIN = late(r"(?:[A-Za-z]+(?:[ _-][A-Za-z]+)*)?|[01]")
"""A word, a switch or nothing: no address, no amount, no reference to another object."""
_WIRES = late(
    r"host|ur[il]|addr|endpoint|server|port|dns|domain|path|dir|file|bucket|topic|queue|vhost|exchange|schema|base|dsn"
    r"|(?<![a-z])(?:db|env|ca|id|os|tz)(?![a-z])|redis|cache|broker|kafka|sql|mongo|store|storage|backend|driver|client"
    r"|region|zone|cluster|namespace|profile|environment|stage|target|upstream|provider|gateway|ssl|tls|cert|user|name"
    r"|account|role|tenant|group|pass|key|secret|token|auth|cred|proxy|time|ttl|delay|interval|retr|limit|max|min|size"
    r"|pool|conn|worker|thread|async|concurr|parallel|batch|rate|mem|heap|cpu|gc|opt|arg|mode|level|debug|trace|log"
    r"|migrat|isolation|sync|compress|protocol|format|codec|locale|lang|charset",
    re.IGNORECASE,
)
"""Names of variables that may tell whom a program asks, as whom, how it speaks, waits or works, or what it may have."""
_OF_TRUST = late(r"insecure|verif|ssl_?mode|(?<![a-z])ca(?![a-z])|cabundle|cafile|trust", re.IGNORECASE)
"""Words that a template gives of whom a program trusts: `--insecure-tls`, `DB_SSLMODE=verify-full`, `--ca-file`."""
AMID = timedelta(days=1)
"""A release came amid a trouble that is no older."""


def soon_after(began: datetime | None, at: datetime | None) -> bool:
    """Tell whether something began soon after a change, as far as clocks agree; not if one of both is unknown."""
    return began is not None and at is not None and BEFORE <= began - at <= SOON


def since_release(workload: Workload, moment: datetime | None, within: timedelta = SOON) -> bool:
    """Tell whether something began with a workload's release: with it or soon after."""
    if not workload.changes or workload.released_at is None or moment is None:
        return False
    if workload.returned and moment < workload.released_at:
        return False  # who goes back has seen it already
    return BEFORE <= moment - workload.released_at <= within + _rolled_out(workload, workload.released_at)


def comes_back(view: View, workload: Workload) -> bool:
    """Tell whether a workload went back so lately that what is measured may be of pods that are gone."""
    return workload.returned and view.recent(newest(pod.created for pod in workload.newest_pods()), ECHO)


def _rolled_out(workload: Workload, released_at: datetime) -> timedelta:
    """Return how long the roll-out took: what it brings may come with the last of its pods, not with one made anew."""
    end = released_at
    for created in sorted(pod.created for pod in workload.newest_pods() if pod.created):
        if created - end > NEXT:
            break
        end = max(end, created)
    return min(end - released_at, SLOWLY)


def release_evidence(workload: Workload, *aspects: str) -> tuple[Evidence, ...]:
    """Return what a release changed, as evidence; the aspects that matter first."""
    found = sorted(workload.changes, key=lambda c: (c.aspect not in aspects, c.aspect != "image"))
    return tuple(Evidence("objects", workload.ref, f"released: {c.told()}", workload.released_at) for c in found[:3])


def cause_of_release(workload: Workload, container: str = "") -> str:
    """Return whether a release brought other code or another configuration.

    ``container``: what it changed there decides, if it changed anything there.
    """
    mine = [c for c in workload.changes if c.container == container] if container else []
    aspects = {c.aspect for c in (mine or workload.changes)}
    return "code_defect" if "image" in aspects else "configuration_error"


def release_cause(view: View, workload: Workload, container: str = "") -> str:
    """Return what a release brought that fails: what fails decides where code and settings both changed."""
    settings = any(
        c.aspect in ("env", "mounts", "command") and c.container in ("", container) for c in workload.changes
    )
    if (settings and view.hits_of(workload.ref, "configuration_missing")) or setting_at_fault(view, workload):
        return "configuration_error"
    if _trusts_otherwise(view, workload):
        return "configuration_error"
    return cause_of_release(workload, container)


def _trusts_otherwise(view: View, workload: Workload) -> bool:
    """Tell whether a release changed a word of whom a program trusts, and its pods refuse a certificate."""
    newest_ones = {pod.name for pod in workload.newest_pods()}
    if not any(hit.pod in newest_ones for hit in view.hits_of(workload.ref, "certificate")):
        return False
    was, now = (
        {
            word
            for group in ("initContainers", "containers")
            for c in items(each, "spec", group)
            for word in words_given(c)
        }
        for each in (template_before(workload), workload.template)
    )
    return any(_OF_TRUST.search(word) for word in was ^ now)


def of_code_alone(workload: Workload) -> bool:
    """Tell whether a release changed the image, and no setting but such as only code reads.

    That is a word, a switch or the name of a version: nothing that tells whom a program asks, as whom, how long or how
    often it waits, or how much it may have.
    """
    aspects = {change.aspect for change in workload.changes if not _of_code(change)}
    return aspects == {"image"}


def _of_code(change: Change) -> bool:
    if change.aspect != "env":
        return False
    if _OF_A_VERSION.search(change.field):
        return True
    plain = all(_PLAIN.fullmatch(value) for value in (change.before, change.after))
    return plain and not _WIRES.search(change.name)


def works_otherwise(workload: Workload) -> bool:
    """Tell whether a release changed more than what its pods ask of their nodes: by that no program does otherwise."""
    return any(not change.field.startswith("requests.") for change in workload.changes)


def template_before(workload: Workload) -> Mapping[str, Any]:
    """Return the template that was in force before the newest one; {} if no other one is known."""
    return next((r.template for r in workload.revisions[1:] if changes(r.template, workload.template)), {})


def left_as_it_was(workload: Workload, init: str) -> bool:
    """Tell whether a release changed neither an init container, nor one beside it, nor the pod around them.

    Then a pod of the template before, made now, meets the very same, in the same order.
    """
    now, was = (
        items(template, "spec", "initContainers") for template in (workload.template, template_before(workload))
    )
    around = any(not change.container for change in workload.changes)
    return now == was and not around and any(text(each, "name") == init for each in now)


def ill_before_release(workload: Workload) -> datetime | None:
    """Return since when a workload has too few pods, if that is since clearly before its release; None if it is not.

    Its controller tells it. Where the template before had its pods ready, it was complete until the release came. What
    is told of days before is of a time that has nothing to do with it. Too few are not none: a roll-out ends no ready
    pod while there are too few, so older ones that served serve yet. Where all pods are ended first nobody can tell.
    """
    came = workload.released_at
    all_ended = text(workload.obj, "spec", "strategy", "type") == "Recreate"
    if healthy_older(workload) or (all_ended and workload.wanted > 1):
        return None
    for each in items(workload.obj, "status", "conditions") if came else ():
        since = moment(each, "lastTransitionTime")
        if (text(each, "type"), text(each, "status")) == ("Available", "False") and since and came:
            return since if came - AMID <= since < came + BEFORE else None
    return None


def healthy_older(workload: Workload) -> tuple[Pod, ...]:
    """Return the ready pods of older revisions."""
    return tuple(pod for pod in workload.older_pods() if pod.ready)


def never_ready(pod: Pod) -> bool:
    """Tell whether a pod has never served, as far as its condition tells."""
    if pod.ready:
        return False
    if pod.unready_since is None or pod.created is None:
        return True
    return pod.unready_since - pod.created <= timedelta(seconds=30)


def brought_by_release(workload: Workload, pods: Iterable[Pod]) -> bool:
    """Tell whether pods are the first of a release, and not later ones of a template that was well once."""
    bad = tuple(pods)
    mine = {pod.name for pod in workload.newest_pods()}
    if not workload.changes or not bad or not all(pod.name in mine for pod in bad):
        return False
    first = oldest(pod.created for pod in bad)
    if workload.released_at is None or first is None:
        return True
    return first - workload.released_at <= LATELY


def releases(view: View, workload: Workload, within: timedelta) -> bool:
    """Tell whether the newest template differs from the one before and came within that time."""
    return bool(workload.changes) and (workload.released_at is None or view.recent(workload.released_at, within))


def served_long(workload: Workload, took: float) -> bool:
    """Tell whether the template before served for much longer than the ``took`` seconds in which the new one filled."""
    at = workload.released_at
    before = workload.revisions[1].created if len(workload.revisions) > 1 else None
    return at is not None and before is not None and (at - before).total_seconds() >= TIMES_AS_LONG * took
