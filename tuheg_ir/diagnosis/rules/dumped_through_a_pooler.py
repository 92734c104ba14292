"""A dump went through a pooler that shares its sessions, and whoever gets one of those finds no table any more.

A pg_dump empties the search path of each session that it uses, for all that come later in it. A pooler that gives
sessions out by transaction hands these on as they are, so statements of any of its clients fail now and then. New
sessions mend it, of whichever program; which ones, and when, a person decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

_LACKS = late(r"\brelation \\?\"[^\"\\]{1,80}\\?\" does not exist|\b42P01\b|\bUndefinedTable\b")
"""How clients of PostgreSQL tell that a table is not found."""
_DUMPS = late(r"\bpg_dump(?:all)?\b")
SLACK = timedelta(minutes=2)
LASTS = timedelta(hours=1)
"""So long after its start a dump may first hand on what it used."""


def when(view: View) -> Iterator[Match]:
    """Several clients of the one pooler, not all of them new, miss tables since a dump through it began."""
    poolers = of_role(view.workloads, "pooler")
    if len(poolers) != 1:
        return
    pooler = poolers[0]
    clients = behind(view, pooler.ref, but=pooler.ref)
    lacking = [hit for ref in clients for hit in view.hits_of(ref, "schema") if _lacks(view, hit)]
    began = oldest(hit.first for hit in lacking)
    told = tuple(dict.fromkeys(hit.component for hit in lacking))
    if began is None or len(told) < 2 or sum(hit.count for hit in lacking) < OFTEN:
        return
    if all(since_release(view.workloads[hit.component], hit.first) for hit in lacking):
        return  # what their releases share may be the reason
    dumps = [each for run in view.workloads.values() if (each := _dump(view, run, pooler, began)) is not None]
    if len(dumps) == 1:
        yield _match(view, pooler, clients, lacking, dumps[0], began)


def _lacks(view: View, hit: Hit) -> bool:
    """Tell whether a serving program misses a table still."""
    workload = view.workloads.get(hit.component)
    serves = workload is not None and workload.kind not in BATCH
    return serves and not hit.previous and fresh(view, hit) and _LACKS.search(hit.line) is not None


def _dump(view: View, run: Workload, pooler: Workload, began: datetime) -> Evidence | None:
    """Return that a run dumps through a pooler, and began shortly before tables were missed."""
    if run.kind not in BATCH or pooler.ref not in view.graph.calls.get(run.ref, ()):
        return None
    if not any(_DUMPS.search(word) for _, word in view.graph.commands(run)):
        return None
    starts = [pod for pod in run.pods if _then(pod, began)]
    if not starts:
        return None
    return Evidence("objects", run.ref, f"its pg_dump goes through {pooler.ref}, and began then", starts[-1].created)


def _then(pod: Pod, began: datetime) -> bool:
    return pod.created is not None and -SLACK <= began - pod.created <= LASTS


def _match(
    view: View, pooler: Workload, clients: tuple[str, ...], lacking: list[Hit], dump: Evidence, began: datetime
) -> Match:
    first = {hit.component: hit for hit in reversed(lacking)}
    return Match(
        component=pooler.ref,
        evidence=(dump, *(view.hit_evidence(hit) for hit in list(first.values())[:3])),
        certainty=0.7,
        since=began,
        explains=clients,
        excludes=(
            *not_for(clients, f"sessions of {pooler.ref} have no search path: no release of a client brings it back"),
            *excluding(pooler.ref, "its sessions were altered by a client, not by its template", "rollback_workload"),
        ),
    )


RULE = Rule(
    name="dumped_through_a_pooler",
    title="A dump through a pooler left sessions in which no table is found",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no clients of a pooler miss tables since a dump went through it",
)
