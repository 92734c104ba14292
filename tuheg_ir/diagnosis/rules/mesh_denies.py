"""The service mesh denies a caller what it asks: an authorization policy does not name it."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._lost_guide import lost_guide
from tuheg_ir.diagnosis.rules._mesh_policies import binds
from tuheg_ir.diagnosis.view.complaints import began, complaints, told
from tuheg_ir.diagnosis.view.reading import ref, written
from tuheg_ir.diagnosis.view.view import View

KINDS = ("AuthorizationPolicy", "ServerAuthorization", "ServiceIntentions")


def when(view: View) -> Iterator[Match]:
    """A server's proxy, or who asks it, says that the mesh refused."""
    found = complaints(view, "mesh_denied")
    for server in sorted({c.about or c.caller for c in found}):
        if server in view.workloads and lost_guide(view, view.workloads[server]):
            continue  # its like are told of the same policies, and let it in
        mine = [c for c in found if server in (c.about, c.caller)]
        callers = sorted({c.caller for c in mine} - {server})
        policies = [obj for kind in KINDS for obj in view.snapshot.of(kind) if binds(obj, view.workloads.get(server))]
        policy = ref(policies[0]) if len(policies) == 1 else ""
        at = written(policies[0]) if policy else None
        told_of = Evidence("objects", policy, f"it decides who may ask {server}", at)
        yield Match(
            component=policy or server,
            evidence=((told_of,) if policy else ()) + told(view, mine),
            certainty=0.75 if policy else 0.6,
            since=began(mine),
            explains=(server, *behind(view, *callers)) if policy else behind(view, *callers),
            excludes=not_for((server, *callers), "the policy binds new pods and older releases as well"),
        )


RULE = Rule(
    name="mesh_denies",
    title="The service mesh denies a caller",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nobody says that the mesh denied a request",
)
