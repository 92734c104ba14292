"""A server no longer finds the folder that it made itself at its start for what is uploaded: it was swept away since.

Servlet containers and nginx make such a folder once, as they start. A sweeper of /tmp, or a person who makes room,
takes it when it is old. All but uploads goes on, no probe sees it, and only the server's next start makes one anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._repeated import Repeated, repeated
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OFTEN = 3
"""Whoever is sent files tells it at each of them."""
LIFE = timedelta(hours=12)
"""What was there for so long after a start will be after the next one; what is swept sooner needs more than a start."""
_OF_NGINX = (
    r"(?:(?:client|proxy|fastcgi|uwsgi|scgi)_(?:body_)?temp|client_body|nginx/(?:body|proxy|fastcgi|uwsgi|scgi))"
)
_GONE = late(
    r"temporary upload location \[(?P<tomcat>/[^\]]{0,250}?work/(?:Tomcat|Catalina)/[^\]]{1,200})\] is not valid"
    rf"|(?:open|mkdir)\(\) \"(?P<nginx>/[^\"]{{0,200}}?{_OF_NGINX}/[\d/]{{1,40}})\" failed \(2: "
)
"""How Tomcat and nginx tell of what they make themselves: a folder that somebody named to them may never have been.

A file in such a folder that is gone was taken away with its request, rightly.
"""
_WORDS = ("temporary upload location", "failed (2: ")


def when(view: View) -> Iterator[Match]:
    """Pods that ran for long repeat to the last that a folder of their own making is not there."""
    for workload in view.serving:
        if role(workload) in DATA or keeps_data(view, workload):
            continue
        seen = repeated(view, workload, _GONE, _WORDS, 1)
        if seen is not None and seen.number >= OFTEN and _had_it(workload, seen):
            yield _match(view, workload, seen)


def _had_it(workload: Workload, seen: Repeated) -> bool:
    """Tell whether all pods that miss their folder had run for long before: at a start it is made, or that fails."""
    starts = [pod.started for pod in workload.live if pod.name in seen.pods]
    return all(start is not None and start + LIFE <= seen.since for start in starts)


def _beside(template: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the containers that have a folder in common, where a volume of the pod that several mount holds it."""
    mounts = [(text(c, "name"), m) for c in items(template, "spec", "containers") for m in items(c, "volumeMounts")]
    held = {text(m, "name") for _, m in mounts if path.startswith(text(m, "mountPath").rstrip("/") + "/")}
    sharing = {name for name, m in mounts if text(m, "name") in held}
    yield from sorted(sharing) if len(sharing) > 1 else ()


def _match(view: View, workload: Workload, seen: Repeated) -> Match:
    found = _GONE.search(seen.line)
    path = next((each for each in found.groups() if each), "") if found else ""
    which = f"{len(seen.pods)} of its {len(workload.live)} pods"
    fact = f"{which}, which had run for hours, miss what each start makes: {path}"
    sharing = ", ".join(_beside(workload.template, path))
    shared = (Evidence("objects", workload.ref, f"its containers {sharing} have that folder in common"),)
    suffer = behind(view, workload.ref, but=workload.ref)
    return Match(
        component=workload.ref,
        evidence=(
            seen.told(),
            Evidence("objects", workload.ref, fact, seen.since),
            *(shared if sharing else ()),
        ),
        certainty=0.75,
        since=seen.since,
        explains=suffer,
        excludes=(
            *not_for(
                (workload.ref,), "the same template took uploads until its folder was gone", ("rollback_workload",)
            ),
            *not_for(suffer, f"{workload.ref} cannot take what they send, whoever sends it", ON_CALLERS),
        ),
    )


RULE = Rule(
    name="own_folder_swept",
    title="A server misses a folder for uploads that it made at its start",
    root_cause="configuration_error",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no server that runs for long repeats that a folder of its own making is not there",
)
