"""A pooler gives its sessions out by transaction, and clients that name their statements do not find them again.

A pooler that prepares them again wherever they are missed is not the reason where one client empties its sessions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for, released_since, settings_written
from tuheg_ir.diagnosis.rules._wiped import Wiped, wiped
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """Clients of the one pooler are told that a prepared statement is not there, or is there already."""
    poolers = of_role(view.workloads, "pooler")
    if len(poolers) != 1:
        return
    pooler = poolers[0]
    clients = behind(view, pooler.ref, but=pooler.ref)
    hits = [hit for ref in clients for hit in view.hits_of(ref, "statement_lost") if fresh(view, hit)]
    if sum(hit.count for hit in hits) < OFTEN:
        return
    began = oldest(hit.first for hit in hits)
    sufferers = tuple(sorted({hit.component for hit in hits}))
    released = _brought(pooler, began)
    by = wiped(view, pooler, clients, hits)
    if by is not None and (by.released or not released):
        # Who has always emptied sessions does no harm until a pooler's release prepares statements in them.
        yield _of_client(view, pooler, by, hits, clients)
        return
    yield Match(
        component=pooler.ref,
        evidence=(
            *(view.hit_evidence(hit) for hit in hits[:2]),
            *(release_evidence(pooler, "env", "command") if released else settings_written(view, pooler, began)),
            *_calm(view, pooler, clients, sufferers),
        ),
        certainty=0.75 if released else 0.5,
        remedy="rollback_workload" if released else "page_human",
        since=began,
        explains=clients,
        excludes=not_for(sufferers, f"{pooler.ref} gives its sessions to others in between"),
    )


def _brought(pooler: Workload, began: datetime | None) -> bool:
    """Tell whether it began with a pooler's release that may change how it gives its sessions out."""
    return since_release(pooler, began) and bool(pooler.changed("image", "env", "command", "mounts"))


def _of_client(view: View, pooler: Workload, found: Wiped, hits: Sequence[Hit], clients: Sequence[str]) -> Match:
    by, since = found.by, oldest(hit.first for hit in hits)
    others = tuple(sorted({*clients, pooler.ref} - {by.ref}))
    # Where the pooler was released in the same minutes, a person has to tell which of both it was.
    back = found.released and since_release(by, since) and not _brought(pooler, since)
    came = () if back else released_since(view, others, since)
    told = f"{by.ref} empties sessions that {pooler.ref} has prepared: nothing done to others helps"
    return Match(
        component=by.ref,
        evidence=(
            *found.seen,
            *(view.hit_evidence(hit) for hit in sorted(hits, key=lambda hit: hit.component == by.ref)[:2]),
            *(release_evidence(by, "env", "command") if back else ()),
        ),
        certainty=0.8 if back else 0.6,
        root_cause="configuration_error" if found.switch or not back else cause_of_release(by),
        remedy="rollback_workload" if back else "page_human",
        since=since,
        explains=others,
        excludes=(
            *not_for((ref for ref in others if ref not in came), told),
            *not_for(came, told, (*RESTARTS, "scale_workload")),
            *excluding(by.ref, "new pods empty sessions as well", *RESTARTS, "scale_workload"),
        ),
    )


def _calm(view: View, pooler: Workload, clients: tuple[str, ...], sufferers: tuple[str, ...]) -> Iterator[Evidence]:
    """Yield that other clients, which name no statements, are well."""
    others = [ref for ref in clients if ref not in sufferers and pooler.ref in view.graph.calls.get(ref, ())]
    if others:
        yield Evidence("logs", others[0], "it goes through the same pooler and is told nothing of the kind")


RULE = Rule(
    name="pooler_shares_sessions",
    title="A pooler shares its sessions with clients that name their statements",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no client of a pooler misses a prepared statement",
)
