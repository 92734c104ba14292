"""Containers end and say that their configuration is wrong, and no release of theirs brought it.

Each Service of a namespace puts settings into the environment of all containers that start after it. What a database, a
cache or a broker says as it ends may be of its data: of its settings it is where it says so in words of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.crashes import ended_by_themselves
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.stillborn import ended_alike, misread_links
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SUSPECT = timedelta(hours=6)


def when(view: View) -> Iterator[Match]:
    """The last words of containers that ended are of missing or wrong settings, and their template is not new."""
    for workload in view.serving:
        ended = ended_by_themselves(view, workload)
        pods = {crash.pod.name for crash in ended}
        told = ("settings_refused",) if role(workload) else ("configuration_missing", "settings_refused")
        hits = [h for h in view.hits_of(workload.ref, *told) if h.pod in pods]
        links = list(misread_links(view, workload))[:1]
        if not ended or not (hits or links) or _suspected(view, workload):
            continue
        source = "" if links else _source(workload, hits)
        callers = behind(view, workload.ref, but=workload.ref) if role(workload) else ()
        yield Match(
            component=source or workload.ref,
            evidence=(
                *(crash.evidence() for crash in ended[:2]),
                *(view.hit_evidence(hit) for hit in hits[:2]),
                *((Evidence("objects", source, f"{workload.ref} reads it"),) if source else ()),
                *_of_links(links),
            ),
            certainty=0.75 if links or role(workload) else 0.55,
            since=min((c.ended.at for c in ended if c.ended.at), default=None),
            explains=(*((workload.ref,) if source else ()), *callers),
            excludes=not_for(callers, f"{workload.ref} does not start: nothing done to its callers brings it back")
            + excluding(workload.ref, "each start reads the same settings", *RESTARTS)
            + excluding(workload.ref, "no release brought it", "rollback_workload"),
        )


def _suspected(view: View, workload: Workload) -> bool:
    """Tell whether a release may have brought it: not where new pods of the template before end as well."""
    return releases(view, workload, SUSPECT) and not ended_alike(view, workload)


def _of_links(links: list[tuple[str, datetime, str, str]]) -> Iterator[Evidence]:
    """Yield that a program took what a Service put into its environment for a setting of its own."""
    for service, at, pod, line in links:
        yield Evidence("logs", f"Pod/{pod}", line)
        yield Evidence("objects", service, "each container that starts since gets its address as NAME_PORT", at)


def _source(workload: Workload, hits: list[Hit]) -> str:
    """Return the ConfigMap that holds the settings: the one that a line names, else the only one; "" if not known."""
    maps = sorted(name for kind, name in reads(workload.template) if kind == "ConfigMap")
    said = " ".join(hit.line for hit in hits)
    named = [name for name in maps if name in said]
    found = named or maps
    return f"ConfigMap/{found[0]}" if len(found) == 1 else ""


RULE = Rule(
    name="configuration_broken",
    title="A program ends because of its settings, and no release brought them",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no program that was not released ends for its settings",
    follows=True,
)
