"""The release that failed was taken back a moment ago: what still tells of it is its past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.state import signs_of_trouble
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.releases import ECHO, comes_back, release_evidence
from tuheg_ir.diagnosis.view.trouble import ERRORS, errors, of_pods
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

WATCHED = timedelta(minutes=10)
"""Alerts resolve some minutes after what they speak of; what goes on longer is no echo."""
SAMPLE = timedelta(seconds=30)
"""So long after the last pod came back a rate may first show what those before it have answered."""


def when(view: View) -> Iterator[Match]:
    """All pods are of the template that came back, and what is measured or alerted began before it."""
    for workload in view.serving:
        if not _complete(view, workload):
            continue
        signs = tuple(signs_of_trouble(view))
        if signs and all(_echo(view, workload, sign) for sign in signs):
            yield Match(
                component=workload.ref,
                evidence=(*release_evidence(workload)[:1], *signs[:3], _ready(workload)),
                certainty=0.6,
                since=workload.released_at,
            )


def _complete(view: View, workload: Workload) -> bool:
    """Tell whether a workload went back within minutes, and the roll-out is over."""
    return (
        workload.returned
        and view.recent(workload.released_at, WATCHED)
        and workload.wanted <= workload.ready
        and not workload.older_pods()
        and max(of_pods(view, workload.ref, "error_ratio_by_pod").values(), default=0.0) <= ERRORS
    )


def _echo(view: View, workload: Workload, sign: Evidence) -> bool:
    """Tell whether a sign of trouble is no younger than the last pod that came back, and may last for a while."""
    if sign.time is None or workload.released_at is None:
        return False
    if sign.source == "alerts":
        about = sign.object in ("", workload.ref, *view.graph.callers(workload.ref))
        return about and sign.time < workload.released_at + ECHO
    last = newest(pod.created for pod in workload.newest_pods())
    felt = errors(view, workload.ref)
    in_time = last is not None and sign.time <= last + SAMPLE
    return in_time and felt is not None and sign == felt[0] and comes_back(view, workload)


def _ready(workload: Workload) -> Evidence:
    return Evidence("objects", workload.ref, f"{workload.ready} of {workload.wanted} pods of it are ready")


RULE = Rule(
    name="taken_back",
    title="A release was taken back, and it recovers",
    root_cause="no_fault",
    remedy="no_action",
    tier=Tier.PATTERN,
    when=when,
    why_not="no release was taken back a moment ago, or the trouble began after it",
)
