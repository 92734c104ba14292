"""A data service cannot hand its log of changes to the archive: it keeps all of it, and its volume fills."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.complaints import RUN, fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TIGHT = 0.8
"""Share of a volume from which on there is no time to wait until the archive takes the log again."""
_OF_THE_LOG = late(r"archiv|\bwal\b|binlog|binary log|oplog|journal", re.IGNORECASE)


def when(view: View) -> Iterator[Match]:
    """It repeats that the archive fails, and its volume fills up or an alert tells of either."""
    for store in view.serving:
        hits = tuple(h for h in view.hits_of(store.ref, "archive_failed") if _told_yet(view, store, h))
        if sum(h.count for h in hits) < OFTEN or not (role(store) or keeps_data(view, store)):
            continue
        filled, alerted = tuple(_filled(view, store)), tuple(_alerted(view, store))
        if not filled and not alerted:
            continue
        denied = view.hits_of(store.ref, "permission", "outside_authentication")
        filling = filled or any(e.object != store.ref for e in alerted)
        yield Match(
            component=store.ref,
            evidence=(*filled, *alerted, *(view.hit_evidence(h) for h in (*hits[:2], *denied[:1])), *_short(store)),
            certainty=0.85 if filled and denied else 0.8 if filled else 0.7,
            root_cause="resource_exhaustion" if filling else "configuration_error" if denied else "dependency_failure",
            since=oldest(h.first for h in hits),
            explains=behind(view, store.ref, but=store.ref),
            excludes=(
                *not_for(
                    (store.ref,),
                    "the archive refuses as before, and a start needs room to read the whole log again",
                    (*RESTARTS, "rollback_workload", "scale_workload"),
                ),
                *not_for(
                    (ref for ref in behind(view, store.ref) if ref != store.ref),
                    f"{store.ref} keeps what the archive does not take, whoever writes",
                ),
            ),
        )


def _told_yet(view: View, store: Workload, hit: Hit) -> bool:
    """Tell whether the archive fails yet, or failed until its server ended: who is down cannot repeat it."""
    if not hit.previous:
        return fresh(view, hit)
    down = any(pod.name == hit.pod and not pod.ready for pod in store.live)
    return down and (hit.last is None or view.recent(hit.last, RUN))


def _short(store: Workload) -> Iterator[Evidence]:
    if store.ready < store.wanted:
        yield store.standing()


def _filled(view: View, store: Workload) -> Iterator[Evidence]:
    """Yield the claims of a data service that are nearly full, or fill up."""
    mine = set(claims_of(store))
    for claim, used in sorted(view.figures.latest("volume_used_share", "persistentvolumeclaim").items()):
        if claim not in mine:
            continue
        grows = view.figures.steady_growth("volume_used_share", persistentvolumeclaim=claim)
        if used >= TIGHT or grows:
            was = view.figures.first("volume_used_share", persistentvolumeclaim=claim)
            before = f", {was:.1%} an hour ago" if was is not None else ""
            yield Evidence("metrics", f"PersistentVolumeClaim/{claim}", f"{used:.1%} of the volume is used{before}")


def _alerted(view: View, store: Workload) -> Iterator[Evidence]:
    """Yield the alerts about a data service's claims, or about its log and the archive."""
    mine = set(claims_of(store))
    for alert in view.alerts:
        claim = str(alert.labels.get("persistentvolumeclaim", ""))
        if claim in mine:
            yield alert.fires(f"PersistentVolumeClaim/{claim}")
        elif _OF_THE_LOG.search(alert.said) and view.about_alert(alert) in ("", store.ref):
            yield alert.fires(store.ref)


RULE = Rule(
    name="log_not_archived",
    title="A data service keeps all of its log, as the archive does not take it, and its volume fills",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no data service that is short of room repeats that its log cannot be archived",
)
