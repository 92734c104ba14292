"""A volume is full: what writes to it fails, and fails again after each start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._full_store import NO_SPACE, inodes
from tuheg_ir.diagnosis.rules._spills import spilled
from tuheg_ir.diagnosis.rules._unfinished_growth import unfinished
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FULL = 0.97
NOW = timedelta(minutes=30)
_REMOTE = late(
    r"(?-i:S3|\bMISCONF\b)|\bs3(?:a|fs)?\b|XMinio|storage backend|object[- ]?stor|SQLSTATE|HY000|\b1114\b"
    r"|table .{0,80} is full",
    re.IGNORECASE,
)
"""What a client of a database, a cache or an object store is told is of that one's volume."""
TIGHT = 0.9


def when(view: View) -> Iterator[Match]:
    """A workload's volume has no room, by its figures, by its logs or by those of its clients."""
    fullest = {workload.ref: _fullest(view, workload) for workload in view.serving}
    tight = {ref for ref, (_, share) in fullest.items() if share >= TIGHT}
    for workload in view.serving:
        if spilled(view, workload) is not None or unfinished(view, workload) is not None:
            continue  # it has room again as soon as the statements end that fill it, or its pod starts on a larger disk
        claim, share = fullest[workload.ref]
        hits = tuple(
            hit
            for hit in view.hits_of(workload.ref, "disk_full")
            if claims_of(workload) or is_store(workload) or not _REMOTE.search(hit.line)
        )
        if workload.ref in tight:
            hits = (*hits, *_told_by_clients(view, workload, tight))
        elif tight & view.graph.needs(workload.ref) or (tight and not claims_of(workload)):
            continue  # it tells of a volume of another
        if share >= FULL or (share >= TIGHT and alarmed(view, claim)) or (hits and (not claim or share >= TIGHT)):
            yield _match(view, workload, (claim, share), hits)
        elif told := [hit for hit in hits if NO_SPACE.search(hit.line) and view.recent(hit.last, NOW)]:
            yield _no_inodes(view, workload, (claim, share), told[0])


def alarmed(view: View, claim: str) -> bool:
    """Tell whether an alert is about a claim by name: whoever wrote it knows how full it may become."""
    return any(alert.labels.get("persistentvolumeclaim") == claim for alert in view.alerts)


def _no_inodes(view: View, workload: Workload, fullest: tuple[str, float], hit: Hit) -> Match:
    """Return that a volume takes no new file though it has room: no inode is left, or a quota is reached."""
    measured = next(filter(None, (inodes(view, each) for each in claims_of(workload))), None)
    claim, share = fullest
    ref = f"PersistentVolumeClaim/{claim}"
    fact = f"{share:.0%} of the volume is used: what is full is not its room, but the number of its files, or a quota"
    return Match(
        component=workload.ref,
        evidence=(view.hit_evidence(hit), measured or Evidence("metrics", ref, fact)),
        certainty=0.6,
        since=hit.first,
        excludes=excluding(
            workload.ref, "the volume is as full after it as before", *RESTARTS, "rollback_workload", "scale_workload"
        ),
    )


def _fullest(view: View, workload: Workload) -> tuple[str, float]:
    """Return the fullest claim of a workload and the share of it that is used; "" and 0 if none is known."""
    shares = view.figures.latest("volume_used_share", "persistentvolumeclaim")
    mine = [(claim, shares[claim]) for claim in claims_of(workload) if claim in shares]
    return max(mine, key=lambda each: (each[1], each[0]), default=("", 0.0))


def _told_by_clients(view: View, workload: Workload, tight: set[str]) -> tuple[Hit, ...]:
    """Return what others tell of a full disk that can only be this one's."""
    return tuple(
        hit
        for hit in view.hits
        if hit.trouble == "disk_full"
        and hit.component not in tight
        and (workload.ref in view.graph.needs(hit.component) or len(tight) == 1)
        and not claims_of(view.workloads.get(hit.component, workload))
    )


def _match(view: View, workload: Workload, fullest: tuple[str, float], hits: tuple[Hit, ...]) -> Match:
    claim, share = fullest
    began = view.figures.crossed("volume_used_share", TIGHT, persistentvolumeclaim=claim) if claim else None
    told = [Evidence("metrics", f"PersistentVolumeClaim/{claim}", f"{share:.0%} of the volume is used", began)]
    short = [workload.standing()]
    return Match(
        component=workload.ref,
        evidence=(
            *(told if share >= TIGHT else ()),
            *(view.hit_evidence(hit) for hit in hits[:2]),
            *(short if workload.ready < workload.wanted else ()),
        ),
        certainty=0.8 if hits else 0.6,
        since=oldest([began, *(hit.first for hit in hits)]),
        explains=tuple(sorted({hit.component for hit in hits} - {workload.ref})),
        excludes=excluding(
            workload.ref,
            "the volume is as full after it as before",
            *RESTARTS,
            "rollback_workload",
            "scale_workload",
            "scale_database",
        ),
    )


RULE = Rule(
    name="volume_full",
    title="A volume is full",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no volume is full, and no log tells of a full disk",
)
