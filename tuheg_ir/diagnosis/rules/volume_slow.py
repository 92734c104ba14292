"""The disk under a database gives less than it did: every statement waits for it, and its callers fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._blames_another import blames_itself
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._holders import able
from tuheg_ir.diagnosis.rules._slow_disk import Slow, slow_disk
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SOON = timedelta(minutes=10)
"""Who was released so shortly before may ask for so much that the disk is slow by it."""
LATER = timedelta(minutes=20)
"""Who begins to suffer so long after a disk became slow suffers by something else."""
_WAITED = ("slow_statement", "lock_wait")


def when(view: View) -> Iterator[Match]:
    """A store's disk has become slow, no more is asked of it, and who uses it suffers since then."""
    for store in of_role(view.workloads, *DATA):
        signs = slow_disk(view, store)
        if not signs:
            continue
        users = {*behind(view, store.ref, but=store.ref), *(able(view, store.ref) if role(store) == "database" else ())}
        users |= {above for ref in users for above in view.graph.callers(ref)}
        if _may_press(view, store.ref, signs):
            continue
        hurt = {ref: felt for ref in sorted(users - {store.ref}) if (felt := _felt_since(view, ref, signs))}
        waits = [h for h in view.hits_of(store.ref, *_WAITED) if not h.previous and h.count >= OFTEN and fresh(view, h)]
        if not hurt or not (waits or len(signs) > 1):
            continue
        if not any(sign.proven for sign in signs) and any(_may_press(view, ref, signs) for ref in users):
            continue
        told = [view.hit_evidence(hit) for hit in waits[:1]]
        yield _match(store, signs, hurt, told)


def _felt_since(view: View, ref: str, signs: Sequence[Slow]) -> list[tuple[Evidence, datetime | None]]:
    """Return what users of a workload feel, if that began as its disk became slow, or nobody knows when.

    Not of one whose own release may be what its users feel.
    """
    felt = list(troubles(view, ref))
    began, since = oldest(at for _, at in felt), oldest(sign.since for sign in signs)
    if since is not None and began is not None and not since <= began <= since + LATER:
        return []
    return [] if _by_itself(view, ref, began, signs) else felt


def _by_itself(view: View, ref: str, began: datetime | None, signs: Sequence[Slow]) -> bool:
    """Tell whether a workload was released just before a trouble, and breaks by itself or was well on a slow disk."""
    workload, slow = view.workloads.get(ref), newest(sign.evidence.time for sign in signs)
    if workload is None or workload.released_at is None or not since_release(workload, began, SOON):
        return False
    return blames_itself(view, workload) or (slow is not None and slow < workload.released_at)


def _may_press(view: View, ref: str, signs: Sequence[Slow]) -> bool:
    """Tell whether a workload was released so shortly before that it may be what asks too much of the disk.

    A sign tells when the disk was slow at the latest, and when it was not yet.
    """
    workload = view.workloads.get(ref)
    if workload is None or not workload.changes or workload.released_at is None:
        return False
    first, quick = oldest(sign.evidence.time for sign in signs), oldest(sign.since for sign in signs)
    if first is None or since_release(workload, first, SOON):
        return True
    return quick is not None and quick - SOON <= workload.released_at <= first


def _match(
    store: Workload,
    signs: Sequence[Slow],
    hurt: dict[str, list[tuple[Evidence, datetime | None]]],
    told: Sequence[Evidence],
) -> Match:
    felt = [seen for each in hurt.values() for seen, _ in each]
    times = [at for each in hurt.values() for _, at in each]
    return Match(
        component=store.ref,
        evidence=(*(sign.evidence for sign in signs), *told, *felt[:3]),
        certainty=0.75 if len(signs) > 1 else 0.65,
        since=oldest((*times, *(sign.evidence.time for sign in signs))),
        explains=tuple(hurt),
        excludes=(
            *not_for((store.ref,), "its disk is as slow after a start, and it would be cold", ("restart_workload",)),
            *not_for(hurt, f"it waits for the disk of {store.ref}", ON_CALLERS),
        ),
    )


RULE = Rule(
    name="volume_slow",
    title="The disk under a database has become slow, and all that use it wait",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no store's disk is known to have become slow while no more is asked of it",
)
