"""Releases that changed what a container may use, or what it needs."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import restarting
from tests.diagnosis.casemaker.exposition import expose
from tests.diagnosis.casemaker.logs import log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import nodes
from tests.diagnosis.casemaker.pods import P, oom, running
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, saw, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "memory-limit-cut",
    "ml-serving",
    "2026-01-30T07:55:00",
    title="A roll-out halved the memory limit of the same image and containers are killed since",
    drawn_from="right-sizing changes that took a limit below the working set: OOMKilled, exit 137",
    why="Same image; the limit went from 2Gi to 768Mi; memory use is what it always was.",
    expect=[Fault("Deployment/ranker", "configuration_error", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "no_action", "scale_database", "isolate_workload"],
)
def limit_cut(w: World) -> None:
    nodes(w, "cpu-pool-1", "cpu-pool-2")
    image = "registry.ml.example/ranker:1.9.4"
    specs = [
        pod_spec(container("ranker", image, port=8501, memory=memory, cpu=("1", "2")))
        for memory in (("2Gi", "2Gi"), ("768Mi", "768Mi"))
    ]
    # The fifth restart waits 80 s, the fourth 40.
    pods = [
        P(1, age=minutes(31), restarts=5, last=oom(started=460, finished=160), state=running(79), unready=70),
        P(1, age=minutes(30), restarts=5, last=oom(started=560, finished=260), state=running(179), unready=170),
        P(1, age=minutes(30), restarts=4, backoff="1m20s", last=oom(started=370, finished=40), unready=40),
    ]
    top = deployment(
        w,
        "ranker",
        [Rev(specs[0], days(70)), Rev(specs[1], minutes(31))],
        pods,
        labels={"app": "ranker", "tier": "online"},
    )
    restarting(w, top.pods[2], first=minutes(25), last=15, count=22)
    service(w, "ranker", {"app": "ranker"}, target=8501)
    well(w, "feature-store", "registry.ml.example/feature-store:0.30.2", talk=True)
    for index in range(3):
        labels = {"pod": top.pod(index), "container": "ranker"}
        signal(w, "memory_bytes", labels, saw(4.1e8, 8.05e8, 370), since=1830)
        signal(w, "memory_share", labels, saw(0.51, 1.0, 370), since=1830)
        exact(w, "restarts", labels, lambda age: max(0.0, (1830 - age) // 350), since=1830)
    for name in ("ranker-7d9f-gone1", "ranker-7d9f-gone2"):
        signal(w, "memory_bytes", {"pod": name, "container": "ranker"}, flat(9.4e8), until=1800)
        signal(w, "memory_share", {"pod": name, "container": "ranker"}, flat(0.44), until=1800)
    requests(w, "ranker", rate=flat(35), errors=step(0, 0.11, minutes(28)), p95=step(0.3, 0.8, minutes(28)))


@case(
    "memory-leak-with-release",
    "chat",
    "2026-07-08T13:37:10",
    title="A new image keeps memory of every connection; its containers are killed within the hour",
    drawn_from="leaks that a release brought: working set rises from the roll-out on, OOMKilled later",
    why="The limit is unchanged, the image is new, memory grows only since; the older image stayed flat for weeks.",
    expect=[Fault("Deployment/presence", "code_defect", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload")],
    tolerated=["restart_workload", "page_human"],
    forbidden=["no_action", "scale_database", "isolate_workload", "switch_traffic"],
)
def leak_with_release(w: World) -> None:
    nodes(w, "w1", "w2", "w3")
    specs = [
        pod_spec(container("presence", f"registry.chat.example/presence:{v}", port=4000, memory=("256Mi", "512Mi")))
        for v in ("3.4.9", "3.5.0")
    ]
    pods = [
        P(1, age=minutes(57), restarts=1, last=oom(started=3400, finished=620), state=running(618), unready=612),
        P(1, age=minutes(56), restarts=1, last=oom(started=3350, finished=410), state=running(408), unready=400),
        P(1, age=minutes(56), restarts=0),
    ]
    top = deployment(
        w,
        "presence",
        [Rev(specs[0], days(33)), Rev(specs[1], minutes(57))],
        pods,
        labels={"app.kubernetes.io/name": "presence"},
    )
    service(w, "presence", top.labels, target=4000)
    well(w, "messages", "registry.chat.example/messages:9.0.1", labels={"app.kubernetes.io/name": "messages"})
    for index, age in enumerate((620, 410, 0)):
        labels = {"pod": top.pod(index), "container": "presence"}
        signal(w, "memory_share", labels, ramp(0.2, 0.99, 3400, age), since=3400, until=age)
        if age:
            signal(w, "memory_share", labels, ramp(0.2, 0.2 + 0.79 * age / 2800, age, 0), since=age - 20)
    signal(w, "memory_share", {"pod": "presence-6c4-before", "container": "presence"}, flat(0.31), until=3390)
    requests(w, "presence", rate=flat(400), errors=flat(0.002), p95=flat(0.05))
    log(
        w, top, 2, "zap", often(15, 1200, 3, "info", ["client connected id={n}", "client left id={n}"], "hub/hub.go:77")
    )
    expose(w, limits={"memory": {"presence": 536870912}})


@case(
    "cpu-limit-cut-throttled",
    "maps",
    "2026-08-19T12:26:00",
    title="A roll-out cut the CPU limit of the same image; it is throttled and slow since",
    drawn_from="CFS throttling write-ups: latency triples while node CPU is idle after a limit was lowered",
    why="Traffic did not change; the limit did, from 2 cores to 400m; the older template has the room.",
    expect=[Fault("Deployment/tile-renderer", "configuration_error", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload")],
    tolerated=["scale_workload", "page_human"],
    forbidden=["restart_workload", "no_action", "scale_database", "isolate_workload"],
)
def cpu_cut(w: World) -> None:
    nodes(w, "az1-n1", "az2-n1")
    specs = [
        pod_spec(container("renderer", "quay.example/maps/tile-renderer:22.1", cpu=cpu))
        for cpu in (("1", "2"), ("200m", "400m"))
    ]
    top = deployment(w, "tile-renderer", [Rev(specs[0], days(88)), Rev(specs[1], minutes(36))], 4)
    service(w, "tile-renderer")
    well(w, "geocoder", "quay.example/maps/geocoder:5.5.1")
    for index in range(4):
        labels = {"pod": top.pod(index), "container": "renderer"}
        signal(w, "cpu_usage", labels, flat(0.39), since=2140)
        signal(w, "cpu_share", labels, flat(0.98), since=2140, noise=0.01)
        signal(w, "throttled_share", labels, flat(0.71), since=2140)
    for index in range(4):
        labels = {"pod": f"tile-renderer-before-{index}", "container": "renderer"}
        signal(w, "cpu_usage", labels, flat(0.82), until=2150)
        signal(w, "cpu_share", labels, flat(0.41), until=2150)
        signal(w, "throttled_share", labels, flat(0.003), until=2150)
    for name in ("az1-n1", "az2-n1"):
        signal(w, "node_cpu_share", {"node": name}, step(0.52, 0.33, 2150))
    requests(w, "tile-renderer", rate=flat(160), errors=flat(0.001), p95=step(0.19, 2.4, 2140))
    alert(w, "HighLatency", minutes(30), "p95 of tile-renderer above 1 s", service="tile-renderer", severity="warning")
