"""A node lacks the driver that attaches or mounts volumes: whatever has one waits there, and starts elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import created, items, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_ABSENT = late(
    r"CSINode \S+ does not contain driver (?P<one>[\w.-]+)|"
    r"driver name (?P<two>[\w.-]+) not found in the list of registered CSI drivers",
    re.IGNORECASE,
)
"""What the attach controller and the kubelet say where a driver is not registered on a node."""


class Waiting(NamedTuple):
    """A pod that waits for a driver on its node, and the event that says so."""

    workload: Workload
    pod: Pod
    driver: str
    event: Event


def when(view: View) -> Iterator[Match]:
    """Events say that a volume driver is not registered on the node of pods that wait."""
    found = list(_waiting(view))
    for driver in dict.fromkeys(each.driver for each in found):
        mine = [each for each in found if each.driver == driver]
        nodes = sorted({each.pod.node for each in mine})
        # Several nodes lack it: then it is the driver that is not there, and no one node.
        yield _match(view, driver, f"Node/{nodes[0]}" if len(nodes) == 1 else f"CSIDriver/{driver}", mine)


def _waiting(view: View) -> Iterator[Waiting]:
    for workload, pod in view.pods():
        if pod.ready or not pod.node:
            continue
        for event in view.events_of(f"Pod/{pod.name}", "FailedAttachVolume", "FailedMount"):
            if told := _ABSENT.search(event.message):
                yield Waiting(workload, pod, (told["one"] or told["two"]).rstrip("."), event)
                break


def _match(view: View, driver: str, component: str, mine: list[Waiting]) -> Match:
    touched = tuple(dict.fromkeys(each.workload.ref for each in mine))
    node = component.removeprefix("Node/")
    reason = f"its volume waits for the driver {driver}: another template or process would wait as well"
    return Match(
        component=component,
        evidence=(
            *(view.event_evidence(each.event) for each in mine[:2]),
            *(Evidence("objects", f"Pod/{each.pod.name}", f"waits on {each.pod.node}") for each in mine[:3]),
            *_registered(view, node, driver),
        ),
        certainty=0.8,
        since=oldest(each.event.first for each in mine),
        explains=touched,
        excludes=tuple(
            each for ref in touched for each in excluding(ref, reason, "rollback_workload", "scale_workload", *RESTARTS)
        ),
    )


def _registered(view: View, node: str, driver: str) -> Iterator[Evidence]:
    """Yield what the nodes themselves list, where that was read."""
    obj = view.objects("CSINode").get(node)
    if obj is not None and driver not in {text(each, "name") for each in items(obj, "spec", "drivers")}:
        yield Evidence("objects", f"Node/{node}", f"{driver} is not among its drivers", created(obj))


RULE = Rule(
    name="storage_driver_missing",
    title="A node lacks the driver of the volumes that pods wait for there",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no event says that a volume driver is not registered on a node",
)
