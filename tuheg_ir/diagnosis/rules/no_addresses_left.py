"""The addresses for pods are used up: new ones wait for a sandbox on several nodes, and those that run go on.

A subnet, or the range of the cluster's network, has fewer addresses than pods are wanted. It shows when most is asked,
as an autoscaler's new pods get none. What runs keeps its address for as long as it is not started again. Where who
gives the addresses was released, and holds others ready than before on each node, it is that release which took them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._no_address import Short, giver_released, kept_otherwise, short_of_addresses
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """Pods get no sandbox as no address is left: on several nodes, or since a release of who gives addresses.

    Told of the workload with most of them, or of who gives addresses.
    """
    short, giver = short_of_addresses(view), giver_released(view)
    if short is not None:
        yield _match(view, short) if giver is None else _held_ready(view, short, giver)


def _held_ready(view: View, short: Short, giver: Workload) -> Match:
    """Return that a release of who gives addresses lets its nodes hold ones that others lack."""
    waiting = tuple(dict.fromkeys(workload.ref for workload, _, _ in short.pods))
    wait = f"{len(short.pods)} pods that were made since its release wait for an address"
    since = oldest(event.first for _, _, event in short.pods)
    changed = (
        Evidence("objects", giver.ref, f"released: {c.told()}", giver.released_at) for c in kept_otherwise(giver)
    )
    few = "no address is left for a further pod of it"
    return Match(
        component=giver.ref,
        evidence=(
            *changed,
            Evidence("objects", giver.ref, wait, since),
            *(view.event_evidence(event) for _, _, event in short.pods[:2]),
        ),
        certainty=0.75,
        root_cause="configuration_error",
        remedy="rollback_workload",
        since=since,
        explains=(*behind(view, *waiting, but=giver.ref), *(f"Node/{node}" for node in sorted(short.nodes))),
        excludes=(
            *excluding(giver.ref, "each of its processes holds as many ready again", *RESTARTS),
            *not_for(waiting, few, (*RESTARTS, "rollback_workload", "scale_workload")),
        ),
    )


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
    title="No address is left for new pods, on several nodes or by a release of who gives them",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pods wait for an address on several nodes, or since a release of who gives addresses",
)
