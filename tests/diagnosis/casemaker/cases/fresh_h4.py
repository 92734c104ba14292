"""One partition of six, and two faults at once: what runs full while the averages look well."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, hpa, nodes
from tests.diagnosis.casemaker.pods import P, suffix
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "one-tenant-fills-one-partition",
    "smart-meter",
    "2026-11-23T20:09:00",
    title="One of six stream readers is at its CPU limit and falls behind; one tenant sends into its partition alone",
    drawn_from="hot partitions in Kafka and Kinesis: a key that is a tenant, and a tenant that replays its backlog",
    why="Partition 3 gets three times of what one reader does in a second, nine tenths of it from one tenant. The pod "
    "was made anew a quarter of an hour ago and lags on; a seventh reader would have no partition. Somebody has to "
    "slow the tenant down, spread its key or give the reader more processor.",
    expect=[Fault("StatefulSet/reading-ingest", "capacity", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human"),
        ("code_defect", "page_human"),
        ("configuration_error", "page_human"),
        ("capacity", "page_human", "Pod/reading-ingest-3"),
        ("resource_exhaustion", "page_human", "Pod/reading-ingest-3"),
    ],
    tolerated=["scale_workload"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def hot(w: World) -> None:
    nodes(w, "sm-1", "sm-2", "sm-3", cpu="16")
    inner = container("kafka", "apache/kafka:3.8.1", port=9092, memory=("4Gi", "6Gi"), ready=None)
    base = statefulset(w, "kafka", pod_spec(inner), 3, claim="log")
    service(w, "kafka", port=9092, target=9092, headless=True)
    for index in range(3):
        claim(w, f"log-kafka-{index}", size="200Gi")
    text = "[GroupCoordinator 0]: Stabilized group reading-ingest generation 41 (__consumer_offsets-12) with 6 members"
    log(w, base, 0, "kafka", [L(minutes(13.4), "info", text, "kafka.coordinator.group.GroupCoordinator")])
    spec = pod_spec(
        container("ingest", "registry.smart-meter.example/reading-ingest:2.31", cpu=("500m", "1"), port=9100)
    )
    described = [
        P(age=days(18)),
        P(age=days(18)),
        P(age=days(18)),
        P(age=minutes(14)),
        P(age=days(18)),
        P(age=days(18)),
    ]
    top = statefulset(w, "reading-ingest", spec, described)
    service(w, "reading-ingest", port=9100, target=9100, headless=True)
    for index in range(6):
        hot_one = index == 3
        calm = f"partition={index} lag={40 + 7 * index} in=410/s done=410/s top_key=tenant:4{index}0 share=0.07"
        lines = [
            L(x.age, "", f"{w.at(x.age)}  INFO reading_ingest::lag: {calm}") for x in often(60, 1500, 4, "", ["x"])
        ]
        if hot_one:
            lines = [
                L(
                    x.age, "",
                    f"{w.at(x.age)}  WARN reading_ingest::lag: partition=3 lag={14_300_000 - 5800 * x.age:.0f} "
                    "in=8940/s done=3120/s top_key=tenant:stadtwerke-nord share=0.93",
                )
                for x in often(30, 780, 4, "", ["y"])
            ]  # fmt: skip
        log(w, top, index, "plain", lines)
        labels = {"pod": top.pod(index), "container": "ingest"}
        signal(w, "cpu_share", labels, step(0.14, 0.995, minutes(42)) if hot_one else flat(0.14), noise=0.004)
        signal(w, "throttled_share", labels, step(0.0, 0.52, minutes(42)) if hot_one else flat(0.004))
        signal(w, "memory_share", labels, flat(0.4 + 0.01 * index))
        depth = ramp(60, 14_300_000, minutes(42)) if hot_one else flat(70 + index)
        signal(w, "queue_depth", {"component": "reading-ingest", "queue": f"readings-{index}"}, depth)
    image = "registry.smart-meter.example/tenant-gateway"
    gateway = well(w, "tenant-gateway", f"{image}:11.4", pods=3, age=hours(7), before=f"{image}:11.3")
    hpa(w, gateway, low=3, high=9, now=3, used=48)
    ingress(w, "gateway", "in.smart-meter.example", [("/", "tenant-gateway", 80)])
    text = "accepted batch of 5000 readings tenant=stadtwerke-nord oldest=2026-11-21T04:00:00Z"
    for index in range(3):
        log(
            w,
            gateway,
            index,
            "logfmt",
            often(12, 1500, 2, "info", [text, "accepted batch of 200 readings tenant=t{n}"]),
        )
    requests(w, "tenant-gateway", rate=step(21, 25, minutes(42)), errors=flat(0.0004), p95=flat(0.08))


@case(
    "two-faults-no-thread-left-and-cores-cut",
    "town-hall",
    "2026-12-02T08:51:00",
    title="A fax bridge of six weeks cannot make another thread; a label service got a tenth of its cores",
    drawn_from="executors made for each message and never shut down, and a resource clean-up that trusted the average",
    why="The bridge has leaked threads since it started, with half of its memory free, and no release is near: a fresh "
    "process has weeks. The labels are throttled since the roll-out of their smaller limit, at the same traffic.",
    expect=[
        Fault("Deployment/fax-bridge", "resource_exhaustion", "restart_workload"),
        Fault("Deployment/label-maker", "configuration_error", "rollback_workload"),
    ],
    acceptable=[
        ("code_defect", "restart_workload", "Deployment/fax-bridge"),
        ("service_crash", "restart_workload", "Deployment/fax-bridge"),
        ("resource_exhaustion", "rollback_workload", "Deployment/label-maker"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "no_action",
        "scale_database",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/fax-bridge"},
        {"remedy": "restart_workload", "target": "Deployment/label-maker"},
    ],
)
def threads(w: World) -> None:
    nodes(w, "th-1", "th-2", "th-3", cpu="8")
    image = "registry.town-hall.example"
    specs = [pod_spec(container("bridge", f"{image}/fax-bridge:3.{v}", memory=("1Gi", "2Gi"))) for v in (10, 11)]
    fax = deployment(w, "fax-bridge", [Rev(specs[0], days(160)), Rev(specs[1], days(43))], 2)
    service(w, "fax-bridge")
    fatal = (
        "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or process/resource limits "
    )
    for index in range(2):
        lines = [
            L(
                age,
                "info",
                f"jvm heap=412/1228 MiB threads={int(4093 - age * 0.02)} pids.max=4096",
                "c.t.fax.Vitals",
            )
            for age in range(5400, 0, -600)
        ]
        texts = [f"Handler dispatch failed: {fatal}reached", "could not start pool-81{n}-thread-1, fax is not sent"]
        lines += often(33, minutes(27), 2, "error", texts, "c.t.fax.OutboundFax")
        log(w, fax, index, "logback", lines)
        raws = [
            L(
                x.age, "",
                f'[{(days(43) - x.age):.3f}s][warning][os,thread] Failed to start thread "Unknown thread" with '
                "pthread_create (EAGAIN) for attributes: stacksize: 1024k, guardsize: 0k, detached.",
            )
            for x in often(120, minutes(27), 3, "", ["x"])
        ]  # fmt: skip
        log(w, fax, index, "plain", raws)
        labels = {"pod": fax.pod(index), "container": "bridge"}
        signal(w, "memory_share", labels, ramp(0.511, 0.513), noise=0.004)
        signal(w, "cpu_share", labels, flat(0.18))
    specs = [
        pod_spec(container("labels", f"{image}/label-maker:77", cpu=cpu)) for cpu in (("500m", "2"), ("100m", "200m"))
    ]
    top = deployment(
        w, "label-maker", [Rev(specs[0], days(21)), Rev(specs[1], minutes(44), cause="FIN-88 right-size by average")], 3
    )
    service(w, "label-maker")
    for index in range(3):
        labels, began = {"pod": top.pod(index), "container": "labels"}, minutes(43) - 20 * index
        signal(w, "cpu_share", labels, flat(0.97), since=began, noise=0.01)
        signal(w, "throttled_share", labels, flat(0.78), since=began)
        gone = {"pod": f"{top.sets[0]['metadata']['name']}-{suffix('labels', 'old', index)}", "container": "labels"}
        signal(w, "cpu_share", gone, flat(0.19), until=began)
        signal(w, "throttled_share", gone, flat(0.01), until=began)
        log(w, top, index, "golang", often(9, 600, 1, "", ["label {n} drawn in 3.1s", "label {n} drawn in 2.6s"]))
    appointments = well(
        w, "appointments", f"{image}/appointments:9", pods=2, age=days(2), before=f"{image}/appointments:8"
    )
    requests(w, "fax-bridge", rate=flat(3), errors=step(0.004, 0.82, minutes(27)), p95=flat(0.9))
    requests(w, "label-maker", rate=flat(7), errors=step(0.001, 0.02, minutes(42)), p95=step(0.24, 3.3, minutes(43)))
    requests(w, appointments.name, rate=flat(12), errors=flat(0.001), p95=flat(0.1))
    alert(w, "FaxBridgeErrors", minutes(22), "82% of faxes are not sent", service="fax-bridge")
