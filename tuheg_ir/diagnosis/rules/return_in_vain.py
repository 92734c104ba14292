"""A release was taken back, and its containers end all the same: no template is at fault, but what they are given.

It may be a message that no version can read, or what a newer version left behind. Only a person sees which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.view.crashes import Crash, ended_by_themselves, only_of_newest, probe_kills
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_evidence, releases
from tuheg_ir.diagnosis.view.trouble import suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(hours=6)
"""Who went back so long ago did not do it for what ends containers now."""


def when(view: View) -> Iterator[Match]:
    """Containers of a template that served once before, and came back of late, end by themselves."""
    for workload in view.serving:
        if not workload.returned or not releases(view, workload, LATELY):
            continue
        ended = ended_by_themselves(view, workload)
        if ended and only_of_newest(workload, ended) and not probe_kills(view, workload, [c.pod for c in ended]):
            yield _match(view, workload, ended)


def _match(view: View, workload: Workload, ended: Sequence[Crash]) -> Match:
    before, own = tuple(_ill_before(view, workload)), view.hits_of(workload.ref, "code_crash")
    again = sum(crash.container.restarts for crash in ended) >= 2
    vain = "the template that came back served before, and its containers end as well"
    return Match(
        component=workload.ref,
        evidence=(
            *(crash.evidence() for crash in ended[:3]),
            *release_evidence(workload)[:1],
            *before[:2],
            *(view.hit_evidence(hit) for hit in own[:2]),
        ),
        certainty=0.7 if before else 0.6,
        root_cause="code_defect" if before and own else "",
        since=oldest((workload.released_at, *(each.time for each in before))),
        excludes=(
            *not_for((workload.ref,), vain, ("rollback_workload",)),
            *not_for((workload.ref,), "further pods would end as well", ("scale_workload",)),
            *(not_for((workload.ref,), "they were started again and ended again", RESTARTS) if again else ()),
        ),
    )


def _ill_before(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield what tells that the template before the return was ill too: alerts, and containers that ended as often."""
    backed_off = (e for e in view.events_of(workload.ref, "BackOff") if "restarting failed container" in e.message)
    for each in (*suffering(view, workload.ref), *map(view.event_evidence, backed_off)):
        if each.time is not None and workload.released_at is not None and each.time < workload.released_at:
            yield each


RULE = Rule(
    name="return_in_vain",
    title="A release was taken back, and containers end all the same",
    root_cause="service_crash",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no release was taken back of late whose containers end all the same",
    follows=True,
)
