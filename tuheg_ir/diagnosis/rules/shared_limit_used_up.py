"""A release of one program asks a host outside so often that its limit refuses all others too."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._used_up import UsedUp, used_up
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """Others are refused by a host's limit since the release of a program that asks it far more often, and suffer."""
    hosts = {host for each in complaints(view, "rate_limited") if not each.about for host in each.hosts}
    for host in sorted(hosts):
        found = used_up(view, host)
        if found is not None:
            yield _match(view, host, found)


def _match(view: View, host: str, found: UsedUp) -> Match:
    by = found.by
    return Match(
        component=by.ref,
        remedy="" if found.plain else "page_human",
        evidence=(
            *(Evidence("objects", by.ref, f"released: {c.told()}", by.released_at) for c in found.changes[:2]),
            view.hit_evidence(found.own.hit),
            *told(view, found.others, 2),
            *found.hurt[:2],
        ),
        certainty=0.65,
        since=found.since,
        explains=found.suffer,
        excludes=(
            *excluding(by.ref, f"new pods would ask {host} as often", *RESTARTS, "scale_workload"),
            *not_for(found.suffer, f"{by.ref} uses up what {host} grants: nothing done to others gives it back"),
        ),
    )


RULE = Rule(
    name="shared_limit_used_up",
    title="One program uses up a limit outside that others share",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="nobody is refused by a limit outside since a release of another program that asks far more often",
)
