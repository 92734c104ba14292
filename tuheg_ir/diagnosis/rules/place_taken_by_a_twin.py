"""Two workloads log in as one and the same client of a service that has room for one: each throws the other out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view.changes import keys_of
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import created, newest, oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OFTEN = 3
"""Once or twice is a new pod that takes over from an old one."""
CLOCKS = timedelta(minutes=2)
"""Clocks are that far apart: what began so much before a copy was made may still be its doing."""


def when(view: View) -> Iterator[Match]:
    """A workload is thrown out of its place since another one was made that uses the same login."""
    told = {workload.ref: _thrown_out(view, workload) for workload in view.serving}
    for older in view.serving:
        hits = told[older.ref]
        began = oldest(hit.first for hit in hits)
        if sum(hit.count for hit in hits) < OFTEN or began is None:
            continue
        for copy in view.serving:
            made = created(copy.obj)
            if copy.ref == older.ref or made is None or not copy.wanted or not told[copy.ref]:
                continue
            if (login := _shared(older, copy)) and _came_before(older, made) and began >= made - CLOCKS:
                yield _match(view, older, copy, login)


def _thrown_out(view: View, workload: Workload) -> tuple[Hit, ...]:
    hits = [hit for hit in view.hits_of(workload.ref, "place_taken") if not hit.previous]
    return tuple(hits) if view.recent(newest(hit.last for hit in hits), STILL) else ()


def _shared(one: Workload, other: Workload) -> str:
    """Return the Secret that both take a login from; "" for none."""
    mine, theirs = ({name for kind, name, _, _ in keys_of(w.template) if kind == "Secret"} for w in (one, other))
    return min(mine & theirs, default="")


def _came_before(older: Workload, made: datetime) -> bool:
    """Tell whether the newest template of a workload was in force before another one was made."""
    came = newest([created(older.obj), older.released_at])
    return came is not None and came < made


def _match(view: View, older: Workload, copy: Workload, login: str) -> Match:
    made = created(copy.obj)
    hits = [*view.hits_of(older.ref, "place_taken")[:1], *view.hits_of(copy.ref, "place_taken")[:1]]
    thrown = "each start throws the other one out once more"
    fact = f"it was made then, and takes its login from Secret {login} as {older.ref}"
    return Match(
        component=copy.ref,
        evidence=(
            *(view.hit_evidence(hit) for hit in hits),
            Evidence("objects", copy.ref, fact, made),
        ),
        certainty=0.75,
        since=made,
        explains=(older.ref,),
        excludes=(
            *excluding(older.ref, thrown, *RESTARTS),
            *excluding(copy.ref, thrown, *RESTARTS),
            *excluding(older.ref, "it is as it was: another one came beside it", "rollback_workload"),
            *excluding(older.ref, "there is room for one only", "scale_workload"),
            *excluding(copy.ref, "there is room for one only", "scale_workload"),
        ),
    )


RULE = Rule(
    name="place_taken_by_a_twin",
    title="Two workloads log in as one client, and each throws the other out",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no two workloads with one login tell that another one took their place",
)
