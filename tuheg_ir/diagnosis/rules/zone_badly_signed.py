"""The signatures of a zone outside do not hold any more, and our own servers of names rightly answer for none of it.

To who asks it looks as if names failed in the cluster, and it is the servers that tell of it. What they check is signed
by whoever keeps the zone: he let the signatures run out, or changed a key and not its print one zone above.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._badly_signed import badly_signed
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.complaints import told
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """Who checks signatures refuses one zone since a while, and all that is missed since then are names of it."""
    found = badly_signed(view)
    if found is None:
        return
    callers = sorted({each.caller for each in found.said})
    nearest = [each for each in callers if not view.graph.needs(each) & set(callers)] or callers
    servers = dict.fromkeys(each.ref for each in (*found.tellers, *of_role(view.workloads, "dns")))
    ours = any(f".{route.host}".endswith(f".{found.zone}") for route in view.routes)
    yield Match(
        component=nearest[0],
        evidence=(*found.evidence, *told(view, found.said)),
        certainty=0.85,
        root_cause="configuration_error" if ours else "",
        since=found.since,
        explains=(*behind(view, *callers, but=nearest[0]), *servers),
        excludes=(
            *not_for(callers, f"nothing done to who asks has the signatures of {found.zone} hold"),
            *not_for(
                servers,
                f"it refuses what {found.zone} signs, and would again: whoever keeps that zone has to sign it anew",
                (*RESTARTS, "rollback_workload", "scale_workload"),
            ),
        ),
    )


RULE = Rule(
    name="zone_badly_signed",
    title="The signatures of a zone outside do not hold, and its names are refused",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no server of names refuses one zone alone for its signatures while names of it are missed",
)
