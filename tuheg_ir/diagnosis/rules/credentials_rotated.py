"""The password was changed; pods that started before still use the old one."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._credentials import LATELY, refusals
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import began, told


def when(view: View) -> Iterator[Match]:
    """All pods that are refused started before their Secret was written."""
    for each in refusals(view):
        if not each.secret or not each.older or each.newer:
            continue
        workload = each.workload
        fact = f"{len(each.older)} refused pods of {workload.name} started before it was written"
        if each.well:
            fact += f"; {len(each.well)} started after it and work"
        yield Match(
            component=workload.ref,
            evidence=(Evidence("objects", each.secret, fact, each.written), *told(view, each.complaints)),
            root_cause="configuration_error" if each.outside else "",
            certainty=0.8 if each.well else 0.7 if view.recent(each.written, LATELY) else 0.5,
            since=began(each.complaints) or each.written,
            explains=(*(ref for ref in behind(view, workload.ref) if ref != workload.ref), each.secret),
            excludes=(
                *not_for((workload.ref,), "an older template reads the same Secret", ("rollback_workload",)),
                *not_for(
                    (each.server,) if each.server else (),
                    "the database is well: it refuses an old password",
                    ("restart_workload", "scale_database"),
                ),
            ),
        )


RULE = Rule(
    name="credentials_rotated",
    title="A password was rotated; pods that started before still use the old one",
    root_cause="database_connection",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no refused pods are older than the Secret that they read",
)
