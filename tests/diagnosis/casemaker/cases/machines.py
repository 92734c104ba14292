"""Nodes that vanish or run full."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import budget, node, nodes
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.sets import daemonset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes

GONE = dict.fromkeys(
    ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready"),
    ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),
)


@case(
    "node-not-ready-pods-stuck",
    "telemetry",
    "2026-04-03T02:58:00",
    title="A node stopped answering; its pods are stuck terminating and two services lost half of theirs",
    drawn_from="KubeNodeNotReady: kubelet stopped posting node status, pods marked for deletion that nobody confirms",
    why="What is missing ran on one node; the pods elsewhere are well; a person has to bring the node back or "
    "remove it.",
    expect=[Fault("Node/tm-2", "dependency_failure", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human"),
        ("network_fault", "page_human"),
        ("capacity", "page_human"),
        ("service_crash", "page_human"),
    ],
    tolerated=[],
    forbidden=["rollback_workload", "restart_workload", "no_action", "scale_database", "isolate_workload"],
)
def not_ready(w: World) -> None:
    nodes(w, "tm-1", "tm-3")
    lost = node(
        w,
        "tm-2",
        conditions=GONE,
        since=minutes(16),
        taints=("node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"),
    )
    event(w, lost, "NodeNotReady", "Node tm-2 status is now: NodeNotReady", kind="Normal", last=minutes(16))
    text = (
        "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 2 "
        "Insufficient memory. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )
    for name, here in (("collector", 3), ("writer", 2)):
        spec = pod_spec(container(name, f"registry.tm.example/{name}:8.0", memory=("4Gi", "4Gi")))
        stuck = [
            P(node="tm-2", ready=False, unready=minutes(15.3), deleting=minutes(10), age=days(30))
            for _ in range(here - 1)
        ]
        pending = [P(age=minutes(10), unschedulable=text) for _ in range(here - 1)]
        made = deployment(
            w,
            name,
            [Rev(spec, days(30))],
            [P(node="tm-1", age=days(30)), *stuck, *pending],
            replicas=here,
            desired={0: here},
        )
        for pod in made.pods[1:here]:
            event(w, pod, "NodeNotReady", "Node is not ready", last=minutes(15.3), writer="node-controller")
            event(
                w,
                pod,
                "TaintManagerEviction",
                f"Marking for deletion Pod {w.namespace}/{pod['metadata']['name']}",
                kind="Normal",
                last=minutes(10),
                writer="taint-eviction-controller",
            )
        for pod in made.pods[here:]:
            event(w, pod, "FailedScheduling", text, first=minutes(10), last=minutes(4), count=2)
        service(w, name)
        budget(w, made, minimum=1, healthy=1)
        requests(w, name, rate=flat(100), errors=step(0.001, 0.09, minutes(16)))
    alert(w, "KubeNodeNotReady", minutes(14), "tm-2 has been unready for more than a minute", node="tm-2")


@case(
    "node-disk-pressure-evictions",
    "archive",
    "2026-09-14T11:11:00",
    title="A node is low on disk and evicts pods over and over; that is not a lack of memory",
    drawn_from="The node was low on resource: ephemeral-storage, with a dozen Evicted pods left behind",
    why="Evicted pods all sat on one node with disk pressure; templates are unchanged and run elsewhere; "
    "someone must free the node's disk.",
    expect=[Fault("Node/ar-3", "resource_exhaustion", "page_human")],
    acceptable=[("capacity", "page_human"), ("resource_exhaustion", "page_human", "Deployment/indexer")],
    tolerated=[],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def disk_pressure(w: World) -> None:
    nodes(w, "ar-1", "ar-2")
    full = node(
        w,
        "ar-3",
        conditions={"DiskPressure": ("True", "KubeletHasDiskPressure", "kubelet has disk pressure")},
        since=minutes(43),
        taints=("node.kubernetes.io/disk-pressure:NoSchedule",),
    )
    event(
        w,
        full,
        "NodeHasDiskPressure",
        "Node ar-3 status is now: NodeHasDiskPressure",
        kind="Normal",
        last=minutes(43),
        writer="kubelet",
    )
    event(
        w,
        full,
        "EvictionThresholdMet",
        "Attempting to reclaim ephemeral-storage",
        first=minutes(43),
        last=35,
        count=190,
        writer="kubelet",
    )
    event(
        w,
        full,
        "FreeDiskSpaceFailed",
        "Failed to garbage collect required amount of images. Attempted to free 5837211238 bytes, but only "
        "found 0 bytes eligible to free.",
        first=minutes(41),
        last=100,
        count=9,
        writer="kubelet",
    )
    text = (
        "The node was low on resource: ephemeral-storage. Threshold quantity: 6272562380, available: {n}Ki. "
        "Container indexer was using 48212Ki, request is 0, has larger consumption of ephemeral-storage. "
    )
    spec = pod_spec(container("indexer", "registry.archive.example/indexer:2.8.8"), volumes={"tmp": "emptydir/"})
    evicted = [
        P(
            age=minutes(41 - 6 * i),
            phase="Failed",
            reason="Evicted",
            message=text.replace("{n}", str(5_908_944 - 911 * i)),
            node="ar-3",
        )
        for i in range(4)
    ]
    top = deployment(
        w,
        "indexer",
        [Rev(spec, days(15))],
        [P(node="ar-1"), P(node="ar-2"), P(age=minutes(15), node="ar-1"), *evicted],
        replicas=3,
    )
    for pod, gone in zip(top.pods[3:], evicted, strict=True):
        event(w, pod, "Evicted", gone.message, last=(gone.age or 0) - 40, writer="kubelet")
    service(w, "indexer")
    agent = pod_spec(container("agent", "registry.archive.example/log-agent:5", port=2020))
    daemonset(w, "log-agent", agent, [P(node="ar-1"), P(node="ar-2"), P(node="ar-3")])
    well(w, "viewer", "registry.archive.example/viewer:1")
    for name, shape in (("ar-1", flat(0.58)), ("ar-2", flat(0.61)), ("ar-3", ramp(0.88, 0.91))):
        signal(w, "node_disk_share", {"node": name}, shape, noise=0.002)
    for index in range(3):
        signal(w, "memory_share", {"pod": top.pod(index), "container": "indexer"}, flat(0.41))


@case(
    "odd-replica-on-a-bad-node",
    "routes",
    "2026-05-30T18:20:00",
    title="Pods of three services that share one node are slow; all others of theirs are well",
    drawn_from="noisy or broken nodes found by splitting latency by pod and then by node",
    why="The same templates are fast elsewhere; what the slow pods share is the node; restarting pods in place "
    "would land there again.",
    expect=[Fault("Node/rt-2", "resource_exhaustion", "page_human")],
    acceptable=[("capacity", "page_human"), ("dependency_failure", "page_human"), ("network_fault", "page_human")],
    tolerated=[],
    forbidden=["rollback_workload", "scale_database", "no_action", "restart_connection_pool"],
)
def bad_node(w: World) -> None:
    nodes(w, "rt-1", "rt-2", "rt-3")
    for number, name in enumerate(("planner", "traffic", "tolls")):
        spec = pod_spec(container(name, f"registry.routes.example/{name}:6.{number}"))
        made = deployment(w, name, [Rev(spec, days(21 + number))], [P(node=f"rt-{i}") for i in (1, 2, 3)])
        service(w, name)
        for index in range(3):
            slow = index == 1
            signal(
                w,
                "latency_p95_by_pod",
                {"pod": made.pod(index)},
                step(0.08, 2.2, minutes(31)) if slow else flat(0.08),
                noise=0.05,
            )
            signal(
                w,
                "error_ratio_by_pod",
                {"pod": made.pod(index)},
                step(0.001, 0.12, minutes(31)) if slow else flat(0.001),
                noise=0.1,
            )
            signal(w, "cpu_share", {"pod": made.pod(index), "container": name}, flat(0.3))
        log(
            w,
            made,
            1,
            "logfmt",
            often(8, 1800, 1, "warn", ["request slow took=2.2s", "write /tmp/cache: slow fsync took=1.9s"]),
        )
    for name, shape in (("rt-1", flat(0.4)), ("rt-2", step(0.41, 0.995, minutes(31))), ("rt-3", flat(0.38))):
        signal(w, "node_cpu_share", {"node": name}, shape, noise=0.004)
    exact(w, "replicas_available", {"component": "planner"}, flat(3))
