"""The newest template names an image that cannot be had, or the registry does not give it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._swept import Swept, swept
from tuheg_ir.diagnosis.view.pulls import Pull, of_a_release, pulls
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.releases import release_evidence
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_REGISTRY = late(
    r"i/o timeout|no such host|connection refused|TLS handshake|x509|toomanyrequests|rate limit|"
    r"\b50[0234]\b|deadline exceeded|server misbehaving|Service Unavailable",
    re.IGNORECASE,
)


def when(view: View) -> Iterator[Match]:
    """Pods of the newest template wait for an image.

    Where the log of a clean-up tells that it took just that image out, it is told of him, or of what he was set up by.
    """
    for workload in view.workloads.values():
        if waiting := pulls(view, workload):
            yield _match(view, workload, waiting)


def _match(view: View, workload: Workload, waiting: tuple[Pull, ...]) -> Match:
    told = " ".join(each.said for each in waiting)
    released = of_a_release(workload, waiting) and bool(workload.changed("image"))
    registry = _REGISTRY.search(told) is not None and "not found" not in told
    gone = None if released or registry else _taken_out(view, workload, waiting)
    if gone:
        return _of_clean_up(view, workload, waiting, gone)
    evidence = _seen(view, workload, waiting)
    evidence += release_evidence(workload, "image")[:1] if released else ()
    return Match(
        component=workload.ref,
        evidence=tuple(evidence),
        certainty=0.7 if registry else 0.8,
        root_cause="dependency_failure" if registry else "configuration_error",
        remedy="rollback_workload" if released and not registry else "page_human",
        since=(workload.released_at if released else None) or waiting[0].since,
        excludes=excluding(workload.ref, "pods that run could not fetch their image again", *RESTARTS),
    )


def _seen(view: View, workload: Workload, waiting: tuple[Pull, ...]) -> list[Evidence]:
    pods = [
        Evidence("objects", f"Pod/{p.pod.name}", f"{p.container.reason}: {p.container.message[:200]}", p.since)
        for p in waiting[:3]
    ]
    return [*pods, *(view.event_evidence(e) for e in view.events_of(workload.ref, "Failed", "InspectFailed")[:2])]


def _taken_out(view: View, workload: Workload, waiting: tuple[Pull, ...]) -> Swept | None:
    """Return who took the image that pods wait for out of the registry; not where only their login is refused."""
    found = (swept(view, workload, text(p.container.spec, "image"), p.since) for p in waiting if not p.refused)
    return next((each for each in found if each), None)


def _of_clean_up(view: View, workload: Workload, waiting: tuple[Pull, ...], gone: Swept) -> Match:
    """Return that a clean-up took the image out: who set it up, and not the workload, has to be told."""
    since = oldest(each.since for each in waiting)
    former = [text(c, "image") for r in workload.revisions[1:2] for c in items(r.template, "spec", "containers")]
    barred = any(swept(view, workload, image, since) for image in former)
    why = "the image is no longer in the registry: pods that run could not fetch it again, and no new ones can"
    older = "the image of the template before was taken out of the registry as well"
    return Match(
        component=gone.by,
        evidence=(*gone.seen, *_seen(view, workload, waiting)),
        certainty=0.85,
        root_cause="configuration_error",
        remedy="page_human",
        since=since,
        explains=(workload.ref,),
        excludes=(
            *excluding(workload.ref, why, *RESTARTS, "scale_workload"),
            *(excluding(workload.ref, older, "rollback_workload") if barred else ()),
        ),
    )


RULE = Rule(
    name="image_cannot_be_pulled",
    title="New pods wait for an image that cannot be pulled",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no pod of a newest template waits for its image",
)
