"""A released worker does not take work in the form in which others, who are as they were, hand it over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._fed_by import unfed
from tuheg_ir.diagnosis.rules._hands_work import changed_within, senders_of
from tuheg_ir.diagnosis.rules._helping import behind, names, not_for
from tuheg_ir.diagnosis.rules.errors_since_release import OF_MEANS
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import LATELY
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, SOON, release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TROUBLE = "call_misfit"
_UNDONE = late(
    r"retr(?:y|ies)|jobs|job\w{0,20} ?fail|tasks?(?![a-z])|queue|backlog|messages|missing|confirm|stuck|pending|deliver"
    r"|mail|unprocessed|dead.?letter|overdue|\bnot (?:sent|done|processed|shipped|imported)\b",
    re.IGNORECASE,
)
"""Words of an alert about work that is not done; what serves slowly, or has little left, tells nothing of that."""


def when(view: View) -> Iterator[Match]:
    """All newest pods of a worker tell so since its release, and nobody who may hand it work was released since.

    Who hands it over tells of nothing: it is done with it once it lies in a queue. So an alert about him is enough.
    """
    for worker in view.serving:
        came = worker.released_at
        if not worker.changes or worker.returned or came is None or role(worker) in DATA:
            continue
        hits = _told(view, worker)
        began = oldest(hit.first for hit in hits)
        if not hits or not since_release(worker, began):
            continue
        senders = list(senders_of(view, worker))
        if began is None or any(changed_within(view, each, came - SOON, began - BEFORE) for each in senders):
            continue  # who was released with it, or after it, may bring the other form
        alarms = list(_alarms(view, worker, senders))
        if any(each.object and each.time and each.time < came + BEFORE for each in alarms):
            continue  # what was so before it does not come of it
        if said := tuple(_suffers(view, worker, alarms, came)):
            yield _match(view, worker, hits, said, began)


def _told(view: View, worker: Workload) -> list[Hit]:
    """Return what the newest pods tell of, if each of them does, none of an older template, and to the last."""
    hits = [hit for hit in view.hits_of(worker.ref, TROUBLE) if not hit.previous]
    of_all = {hit.pod for hit in hits} == {pod.name for pod in worker.newest_pods()}
    lately = view.recent(newest(hit.last for hit in hits), LATELY)
    return hits if of_all and lately and sum(hit.count for hit in hits) >= OFTEN else []


def _suffers(view: View, worker: Workload, alarms: list[Evidence], came: datetime) -> Iterator[Evidence]:
    """Yield who suffers since the release: the worker's users, or senders whose own requests are served well."""
    felt = (seen for seen, _ in troubles(view, worker.ref))
    named = (seen for seen in suffering(view, worker.ref) if seen.source != "alerts")
    ill = {each for each in alarms if each.object != worker.ref and any(troubles(view, each.object))}
    callers = view.graph.callers(worker.ref)
    for each in (*felt, *named, *alarms, *unfed(view, worker)):
        well = each not in ill or each.object in callers
        if well and each.time is not None and each.time >= came + BEFORE:
            yield each


def _alarms(view: View, worker: Workload, senders: list[Workload]) -> Iterator[Evidence]:
    """Yield the alerts about a worker, and those of work that is not done about senders, its callers, or nobody."""
    callers = view.graph.callers(worker.ref)
    about = {"", *callers, *(each.ref for each in senders)}
    for alert in view.alerts:
        ref = view.about_alert(alert)
        undone = ref in callers or _UNDONE.search(alert.said) or names(alert.said, worker.name)
        if not OF_MEANS.search(alert.said) and (ref == worker.ref or (ref in about and undone)):
            yield alert.fires(ref)


def _match(view: View, worker: Workload, hits: list[Hit], said: tuple[Evidence, ...], began: datetime | None) -> Match:
    suffer = sorted({each.object for each in said if each.object in view.workloads} - {worker.ref})
    return Match(
        component=worker.ref,
        evidence=(*(view.hit_evidence(hit) for hit in hits[:2]), *release_evidence(worker)[:2], *said[:2]),
        certainty=0.65,
        root_cause=release_cause(view, worker),
        since=began,
        explains=tuple(dict.fromkeys((*behind(view, worker.ref, but=worker.ref), *suffer))),
        excludes=(
            *excluding(worker.ref, "new and further pods do not take that form either", *RESTARTS, "scale_workload"),
            *not_for(suffer, "it hands work over as it did before"),
        ),
    )


RULE = Rule(
    name="handed_work_does_not_fit",
    title="A released worker does not take work in the form in which it is handed over",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no worker tells since its release that work which others hand over does not fit its calls",
)
