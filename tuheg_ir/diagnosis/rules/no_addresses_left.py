"""The addresses for pods are used up: new ones wait for a sandbox on several nodes, and those that run go on.

A subnet, or the range of the cluster's network, has fewer addresses than pods are wanted. It shows when most is asked,
as an autoscaler's new pods get none. What runs keeps its address for as long as it is not started again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._no_address import Short, short_of_addresses
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """Pods on several nodes get no sandbox as no address is left; told of the workload with most of them."""
    short = short_of_addresses(view)
    if short is not None:
        yield _match(view, short)


def _match(view: View, short: Short) -> Match:
    waiting = Counter(workload.ref for workload, _, _ in short.pods)
    serve = {each.ref for each in view.serving}
    worst, *others = sorted(waiting, key=lambda ref: (ref not in serve, -waiting[ref], ref))
    wait = f"{waiting[worst]} of its pods wait for an address, pods wait on {len(short.nodes)} nodes"
    mine = [event for workload, _, event in short.pods if workload.ref == worst]
    since = oldest(event.first for _, _, event in short.pods)
    return Match(
        component=worst,
        evidence=(
            *(view.event_evidence(event) for event in mine[:2]),
            Evidence("objects", worst, wait, oldest(event.first for event in mine)),
            *(seen for seen, _ in list(troubles(view, worst))[:1]),
        ),
        certainty=0.75,
        since=since,
        explains=(*behind(view, worst, *others, but=worst), *(f"Node/{node}" for node in sorted(short.nodes))),
        excludes=(
            *excluding(worst, "a pod that goes gives its address away, and a new one may get none", *RESTARTS),
            *excluding(worst, "the template is well: no address is left for its pods", "rollback_workload"),
            *excluding(worst, "a further pod may get no address either", "scale_workload"),
        ),
    )


RULE = Rule(
    name="no_addresses_left",
    title="No address is left for new pods, on several nodes",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pods on several nodes wait for an address",
)
