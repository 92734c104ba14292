"""The storage cluster under volumes takes no more writes: whoever has a volume of it hangs, and their callers with it.

A volume may be half empty and its server well: it waits in the kernel, as do all sessions to it, so that pools of its
clients run out and probes fail. Nothing done to any of them helps, and a process that waits for a disk cannot be ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._drivers import driver_of
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._holders import able
from tuheg_ir.diagnosis.rules._storage_checks import KIND, Failing, failing
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import items, name, oldest, text
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

BEFORE = timedelta(minutes=5)
"""A figure, an alert or a status tells of a check so much later than it began."""
AFTER = timedelta(hours=2)
"""Who writes at all feels it by then; what began later is another trouble."""
_ACTS = (*RESTARTS, "rollback_workload", "scale_workload")


def when(view: View) -> Iterator[Match]:
    """A storage cluster tells that a check fails by which writes wait, and who has volumes of it suffers since."""
    told = failing(view)
    for cause in dict.fromkeys(each.check.cause for each in told):
        mine = [each for each in told if each.check.cause == cause]
        kept = [w for w in view.workloads.values() if any(_has(view, w, each) for each in mine)]
        since = _since(mine)
        touched = not_their_own(view, _users(view, kept), since)
        felt = [seen for ref in touched for seen in _felt(view, ref) if _fits(seen, since)]
        if kept and felt:
            yield _match(view, mine, kept, touched, felt)
            return


def _since(mine: Sequence[Failing]) -> datetime | None:
    """Return since when a check fails: a status has but the time at which another check may have begun to fail."""
    return oldest(each.since for each in mine if each.seen.source != "objects") or oldest(each.since for each in mine)


def _has(view: View, workload: Workload, each: Failing) -> bool:
    """Tell whether a workload has a volume that a check concerns, by its driver or else the name of its class."""
    if workload.kind in BATCH:
        return False  # a run that hangs beside them is nobody's trouble yet
    found = {driver_of(view, claim) or _class(view, claim) for claim in claims_of(workload)}
    found |= {text(t, "spec", "storageClassName") for t in items(workload.obj, "spec", "volumeClaimTemplates")}
    return any(re.search(each.check.volumes, called, re.IGNORECASE) for called in found)


def _users(view: View, kept: Sequence[Workload]) -> tuple[str, ...]:
    """Return who has such volumes, and who needs them, even where nothing but a Secret names a database."""
    refs = {w.ref for w in kept}
    refs |= {ref for w in kept if role(w) == "database" for ref in able(view, w.ref)}
    return behind(view, *refs)


def _class(view: View, claim: str) -> str:
    return text(view.objects("PersistentVolumeClaim").get(claim), "spec", "storageClassName")


def _felt(view: View, ref: str) -> Iterator[Evidence]:
    workload = view.workloads.get(ref)
    yield from (seen for seen, _ in troubles(view, ref))
    yield from suffering(view, ref)
    if workload is not None and workload.kind not in BATCH and workload.ready < workload.wanted:
        since = oldest(pod.unready_since for pod in workload.live if not pod.ready)
        yield workload.standing(since)


def _fits(seen: Evidence, since: datetime | None) -> bool:
    """Tell whether something may come of a check: it began as that failed, and not before it or long after."""
    return seen.time is None or since is None or since - BEFORE <= seen.time <= since + AFTER


def _match(
    view: View, mine: Sequence[Failing], kept: Sequence[Workload], touched: Sequence[str], felt: Sequence[Evidence]
) -> Match:
    cluster = _cluster(view, mine, kept)
    facts = {(each.seen.source, each.seen.fact): each.seen for each in mine}
    have = ", ".join(w.ref for w in kept[:3])
    reason = "its volume's storage takes no writes: what waits for it cannot be ended, and what starts anew waits too"
    return Match(
        component=cluster,
        evidence=(
            *(seen._replace(object=cluster) if seen.object == KIND else seen for seen in list(facts.values())[:5]),
            Evidence("objects", cluster, f"it has the volumes of {have}"[:200]),
            *felt[:3],
        ),
        certainty=0.8,
        root_cause=mine[0].check.cause,
        since=_since(mine),
        explains=tuple(touched),
        excludes=not_for(touched, reason, _ACTS),
    )


def _cluster(view: View, mine: Sequence[Failing], kept: Sequence[Workload]) -> str:
    """Return what tells it, or else the one cluster that was read; where none was, the class of the volumes."""
    read = [f"{KIND}/{name(obj)}" for obj in view.snapshot.of(KIND)]
    told = [each.seen.object for each in mine if each.seen.object in read]
    if told or len(read) == 1:
        return (told or read)[0]
    classes = sorted({_class(view, claim) for workload in kept for claim in claims_of(workload)} - {""})
    return f"StorageClass/{classes[0]}" if classes else KIND + "/ceph"


RULE = Rule(
    name="storage_takes_no_writes",
    title="The storage cluster takes no more writes: all that have volumes of it hang",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no storage cluster tells that its volumes cannot be written while who has them suffers",
)
