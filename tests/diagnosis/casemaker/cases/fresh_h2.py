"""Memory and shares of it: who is evicted and for whom, what outlives a container, one collector."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import node, nodes
from tests.diagnosis.casemaker.pods import P, oom
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, redis, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, pulse, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


def evicted(age: float, used: int, where: str) -> P:
    """Return a pod that its node threw out for want of memory."""
    text = "The node was low on resource: memory. Threshold quantity: 100Mi, available: "
    text += f"{61_000 + used % 30_000}Ki. Container app was using {used}Ki, request is 128Mi, has larger consumption "
    return P(age=age, phase="Failed", reason="Evicted", message=text + "of memory. ", node=where)


@case(
    "agent-with-priority-evicts-its-neighbours",
    "energy-retail",
    "2026-10-14T11:18:00",
    title="Pods of two services are evicted for memory on two nodes; an agent released without a limit eats both nodes",
    drawn_from="node agents of system-node-critical priority with an unbounded queue: the kubelet evicts all the rest",
    why="The evicted use a quarter of a gigabyte each, as ever, and die for being of lower priority. The agent's "
    "newest revision has neither limit nor GOMEMLIMIT and grows to eleven gigabytes on each node since it runs.",
    expect=[Fault("DaemonSet/otel-agent", "resource_exhaustion", "rollback_workload")],
    acceptable=[("configuration_error", "rollback_workload"), ("code_defect", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "scale_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/tariff-api"},
        {"remedy": "restart_workload", "target": "Deployment/tariff-api"},
    ],
)
def agent(w: World) -> None:
    full = {"MemoryPressure": ("True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")}
    for name in ("er-1", "er-2"):
        taint = ("node.kubernetes.io/memory-pressure:NoSchedule",)
        made = node(w, name, cpu="8", conditions=full, since=minutes(4), taints=taint)
        text = "Attempting to reclaim memory"
        event(w, made, "EvictionThresholdMet", text, first=minutes(31), last=minutes(3), count=7, writer="kubelet")
    image = "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-contrib"
    more: dict[str, Any] = {"priorityClassName": "system-node-critical", "priority": 2000001000}
    old = container(
        "collector", f"{image}:0.128.0", port=13133, env={"GOMEMLIMIT": "400MiB"}, memory=("256Mi", "512Mi"), ready="/"
    )
    new = container("collector", f"{image}:0.131.0", port=13133, memory=("256Mi", ""), ready="/")
    revs = [Rev(pod_spec(old, **more), days(70)), Rev(pod_spec(new, **more), minutes(46))]
    top = rolled(w, "DaemonSet", "otel-agent", revs, [P(), P()])
    tariff = deployment(
        w,
        "tariff-api",
        [
            Rev(
                pod_spec(container("app", f"registry.energy-retail.example/tariff-api:{v}", memory=("128Mi", "768Mi"))),
                age,
            )
            for v, age in (("88", days(9)), ("89", minutes(83)))
        ],
        [
            P(age=minutes(82), node="er-2"),
            P(age=minutes(3.4), node="er-1"),
            P(age=minutes(12), node="er-2"),
            *(evicted(minutes(82), 268_412, "er-1"), evicted(minutes(30), 251_020, "er-1")),
            *(evicted(minutes(19), 259_708, "er-2"), evicted(minutes(82), 270_116, "er-1")),
        ],
        replicas=3,
    )
    spec = pod_spec(container("app", "registry.energy-retail.example/meter-forms:17", memory=("128Mi", "512Mi")))
    forms = deployment(
        w,
        "meter-forms",
        [Rev(spec, days(55))],
        [P(node="er-2"), P(age=minutes(9), node="er-2"), evicted(days(54), 301_554, "er-1")],
        replicas=2,
    )
    for of, number, when in ((tariff, 3, 30), (tariff, 4, 19.5), (tariff, 5, 12.3), (tariff, 6, 3.6), (forms, 2, 9.2)):
        pod = of.pods[number]
        event(w, pod, "Evicted", pod["status"]["message"], last=minutes(when), writer="kubelet")
        text = "Stopping container app"
        event(w, pod, "Killing", text, kind="Normal", last=minutes(when), container="app")
    service(w, "tariff-api")
    service(w, "meter-forms")
    for index in range(2):
        labels = {"pod": top.pod(index), "container": "collector"}
        grown = ramp(1.6e8, 1.14e10, minutes(45), minutes(9))
        signal(w, "memory_bytes", labels, grown, since=minutes(45) - 30 * index)
        signal(w, "cpu_usage", labels, flat(0.6), since=minutes(45) - 30 * index)
        shape = ramp(0.41, 0.985, minutes(45), minutes(12))
        signal(w, "node_memory_share", {"node": f"er-{index + 1}"}, shape, noise=0.006)
    for index in range(3):
        since = (minutes(82), minutes(3), minutes(11.5))[index]
        labels = {"pod": tariff.pod(index), "container": "app"}
        signal(w, "memory_bytes", labels, flat(2.65e8), since=since)
        signal(w, "memory_share", labels, flat(0.33), since=since)
    exact(w, "replicas_available", {"component": "tariff-api"}, pulse(3, 2, minutes(13), minutes(11)))
    requests(w, "tariff-api", rate=flat(54), errors=step(0.001, 0.07, minutes(30)), p95=flat(0.12))
    requests(w, "meter-forms", rate=flat(9), errors=step(0.001, 0.04, minutes(10)), p95=flat(0.3))
    alert(w, "TariffApiErrors", minutes(21), "7% of requests to tariff-api fail", service="tariff-api")
    taken(w, ("objects", True, ""), ("logs", False, "timed out after 10 s"), ("prometheus", True, ""))


@case(
    "scratch-on-tmpfs-outlives-the-container",
    "notices",
    "2026-03-11T16:20:00",
    title="Containers are killed for memory seconds after each start; a release put their scratch files into memory",
    drawn_from="emptyDir with medium Memory: its files count against the memory limit and survive a container restart",
    why="The process needs a tenth of the limit, the files left from before fill the rest at once. Up to four "
    "gigabytes are kept by design: the disk had room, one gigabyte of memory has not. Only the medium was changed.",
    expect=[Fault("Deployment/letter-render", "resource_exhaustion", "rollback_workload")],
    acceptable=[
        ("configuration_error", "rollback_workload"),
        ("code_defect", "rollback_workload"),
        ("service_crash", "rollback_workload"),
    ],
    tolerated=["page_human", "restart_workload"],
    forbidden=["no_action", "scale_database", "isolate_workload", "restart_connection_pool"],
)
def tmpfs(w: World) -> None:
    nodes(w, "nt-1", "nt-2", "nt-3")
    inner = container(
        "render", "registry.notices.example/letter-render:6.2.0", env={"SCRATCH_KEEP_MIB": "4096"},
        memory=("512Mi", "1Gi"), mounts={"scratch": "/scratch"},
    )  # fmt: skip
    specs = [pod_spec(inner) | {"volumes": [{"name": "scratch", "emptyDir": m}]} for m in ({}, {"medium": "Memory"})]
    revs = [Rev(specs[0], days(26), cause="6.2.0"), Rev(specs[1], minutes(97), cause="PERF-212 scratch on tmpfs")]
    down = [
        P(restarts=9, last=oom(started=231, finished=222), backoff="5m0s", unready=minutes(33)),
        P(restarts=8, last=oom(started=150, finished=139), backoff="5m0s", unready=minutes(28)),
    ]
    top = deployment(w, "letter-render", revs, [*down, P()])
    service(w, "letter-render")
    for index, first in ((0, minutes(32)), (1, minutes(27))):
        restarting(w, top.pods[index], first=first, last=18 + index * 9, count=118 - 17 * index)
        began = (231, 150)[index]
        lines = [
            L(began - 2, "info", "letter-render 6.2.0, scratch keeps up to 4096 MiB", "render.boot"),
            L(
                began - 4,
                "info",
                f"scratch holds 18{index}41 files, {917 + index * 5} MiB of 4096 MiB",
                "render.scratch",
            ),
            L(began - 5, "info", "ready, rss=91 MiB", "render.boot"),
            L(began - 8, "info", "job 88120 letter of 212 pages, rss=104 MiB", "render.job"),
        ]
        log(w, top, index, "python", lines, previous=True)
    held = [
        L(
            age,
            "info",
            f"scratch holds {int(17_400 - age * 3)} files, {int(884 - age * 0.15)} MiB of 4096 MiB",
            "render.scratch",
        )
        for age in range(2700, 0, -120)
    ]
    texts = ["job {n} done in 2.3s, rss=98 MiB", "job {n} done in 1.1s, rss=102 MiB"]
    log(w, top, 2, "python", [*held, *often(25, 1500, 3, "info", texts, "render.job")])
    queue = redis(w, "jobs")
    log(w, queue, 0, "redis", [L(hours(20), "info", "Background saving terminated with success")])
    image = "registry.notices.example/portal"
    portal = well(
        w, "portal", f"{image}:301", pods=2, age=minutes(140), before=f"{image}:300", env={"REDIS": "jobs:6379"}
    )
    for index in range(2):
        log(
            w,
            portal,
            index,
            "pino",
            often(40, 1500, 4, "warn", ["letter {n} is not rendered after 60 s, still queued"]),
        )
    alert(w, "KubePodCrashLooping", minutes(24), "letter-render is crash looping", deployment="letter-render")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", False, "not configured"))


@case(
    "collector-runs-in-circles-at-its-soft-limit",
    "geoblock",
    "2026-06-18T06:31:00",
    title="A Go service is at its CPU limit at the same traffic; this morning's data leave it no room below GOMEMLIMIT",
    drawn_from="GOMEMLIMIT set once to a fixed size: the live heap grows up to it and the collector never stops",
    why="Half of the processor goes to collections that free a megabyte each, since the larger data set was read; the "
    "container has used 42% of its memory. A pod that was made anew is as slow: the soft limit has to be raised.",
    expect=[Fault("Deployment/ip-lookup", "resource_exhaustion", "page_human")],
    acceptable=[("configuration_error", "page_human"), ("capacity", "page_human")],
    tolerated=["scale_workload"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def soft_limit(w: World) -> None:
    nodes(w, "gb-1", "gb-2", "gb-3", cpu="16")
    env = {"GOMEMLIMIT": "400MiB", "GODEBUG": "gctrace=1", "DATASET": "s3://geo-datasets/ranges/latest"}
    spec = pod_spec(container("lookup", "registry.geoblock.example/ip-lookup:4.0.3", env=env, cpu=("1", "4"),
                              memory=("512Mi", "1Gi")))  # fmt: skip
    pods = [P(), P(), P(), P(age=minutes(16))]
    top = deployment(w, "ip-lookup", [Rev(spec, days(61))], pods, age=days(300))
    gone = f"Deleted pod: {top.sets[0]['metadata']['name']}-x7k2p"
    event(w, top.sets[0], "SuccessfulDelete", gone, kind="Normal", last=minutes(16))
    service(w, "ip-lookup")
    well(w, "edge-rules", "registry.geoblock.example/edge-rules:90", pods=3, age=hours(26), talk=True)
    for index in range(4):
        began = minutes(15.6) if index == 3 else minutes(44) - 11 * index
        loaded = "dataset 2026-06-18 loaded ranges=9120331 live_heap=394MiB"
        lines = [
            L(began, "", f"{w.time(began):%Y/%m/%d %H:%M:%S} {loaded} (2026-06-11: ranges=7240018 live_heap=311MiB)")
        ]
        for number, each in enumerate(often(15, min(began, 1200), 1, "", ["gc"])):
            uptime = (minutes(16) if index == 3 else days(61)) - each.age
            text = f"gc {(61 if index == 3 else 88213) + 31 * number} @{uptime:.3f}s 51%: 0.31+212+0.02 ms clock, "
            lines.append(
                L(
                    each.age,
                    "",
                    text + "1.2+410/820/12+0.11 ms cpu, 398->401->397 MB, 400 MB goal, 0 MB stacks, 0 MB globals, 4 P",
                )
            )
        log(w, top, index, "plain", lines)
        labels = {"pod": top.pod(index), "container": "lookup"}
        seen = {"since": minutes(15.5)} if index == 3 else {}
        signal(w, "cpu_share", labels, step(0.24, 0.985, minutes(44)), noise=0.008, **seen)
        signal(w, "throttled_share", labels, step(0.01, 0.44, minutes(44)), **seen)
        signal(w, "memory_share", labels, step(0.34, 0.42, minutes(44)), noise=0.004, **seen)
        signal(w, "latency_p95_by_pod", {"pod": top.pod(index)}, step(0.006, 0.71, minutes(44)), **seen)
    for name in ("gb-1", "gb-2", "gb-3"):
        signal(w, "node_cpu_share", {"node": name}, step(0.2, 0.38, minutes(44)))
    requests(w, "ip-lookup", rate=flat(830), errors=step(0.0001, 0.021, minutes(43)), p95=step(0.006, 0.7, minutes(44)))
    requests(w, "edge-rules", rate=flat(120), errors=flat(0.0004), p95=flat(0.05))
    alert(w, "IpLookupSlow", minutes(38), "p95 of ip-lookup is 700 ms", service="ip-lookup")
