"""More demand than replicas, and what keeps replicas from coming."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.exposition import expose
from tests.diagnosis.casemaker.logs import log, often
from tests.diagnosis.casemaker.network import ingress, ip, service
from tests.diagnosis.casemaker.platform import hpa, nodes, quota
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "cpu-saturation-by-traffic",
    "tickets",
    "2026-06-12T20:00:40",
    title="A sale doubled the traffic; three replicas are at their CPU limit and there is room for more",
    drawn_from="flash-sale incidents: request rate doubles within minutes, latency follows the processor",
    why="Nothing was released for a month; rate, CPU and latency rise together; nodes and quota have room.",
    expect=[Fault("Deployment/storefront", "capacity", "scale_workload")],
    acceptable=[("resource_exhaustion", "scale_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def saturation(w: World) -> None:
    nodes(w, "tk-1", "tk-2", "tk-3", cpu="16")
    specs = [
        pod_spec(container("web", f"registry.tickets.example/storefront:{v}", cpu=("500m", "1")))
        for v in ("310", "311")
    ]
    top = deployment(w, "storefront", [Rev(specs[0], days(58)), Rev(specs[1], days(29))], 3)
    service(w, "storefront")
    quota(w, "team-quota", {"limits.cpu": "40", "pods": "60"}, {"limits.cpu": "9", "pods": "11"})
    well(w, "seats", "registry.tickets.example/seats:45")
    ingress(w, "tickets", "tickets.example", [("/", "storefront", 80), ("/seats", "seats", 80)])
    requests(
        w,
        "storefront",
        rate=step(110, 262, minutes(21), over=300),
        errors=step(0.0005, 0.018, minutes(17)),
        p95=step(0.18, 3.1, minutes(19), over=300),
    )
    for index in range(3):
        labels = {"pod": top.pod(index), "container": "web"}
        signal(w, "cpu_share", labels, step(0.46, 0.995, minutes(20), over=240), noise=0.005)
        signal(w, "throttled_share", labels, step(0.01, 0.64, minutes(20), over=240))
        signal(w, "memory_share", labels, flat(0.44))
        signal(w, "latency_p95_by_pod", {"pod": top.pod(index)}, step(0.18, 3.1, minutes(19), over=300))
    for name in ("tk-1", "tk-2", "tk-3"):
        signal(w, "node_cpu_share", {"node": name}, step(0.2, 0.31, minutes(20)))
    alert(w, "LatencySLOBurn", minutes(14), "storefront p95 above 1 s", service="storefront")
    expose(w, limits={"cpu": {"web": 1.0}, "memory": {"web": 268435456}})


@case(
    "hpa-at-maximum",
    "video",
    "2026-11-03T21:15:00",
    title="The autoscaler has given all it may and the service is still saturated",
    drawn_from="KubeHpaMaxedOut: desired replicas equal the maximum for a quarter of an hour",
    why="More replicas by hand would be taken back by the autoscaler; a person has to raise its maximum.",
    expect=[Fault("Deployment/transcode-api", "capacity", "page_human")],
    acceptable=[
        ("capacity", "page_human", "HorizontalPodAutoscaler/transcode-api"),
        ("configuration_error", "page_human"),
    ],
    tolerated=["scale_workload"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def hpa_max(w: World) -> None:
    nodes(w, "v1", "v2", "v3", cpu="32")
    spec = pod_spec(container("api", "registry.video.example/transcode-api:12.7", cpu=("1", "1500m")))
    top = deployment(
        w,
        "transcode-api",
        [Rev(spec, days(16))],
        [P(age=days(3) if i < 3 else minutes(50 - 3 * i)) for i in range(8)],
        labels={"app": "transcode-api", "env": "prod"},
    )
    service(w, "transcode-api", {"app": "transcode-api"})
    scaler = hpa(w, top, low=3, high=8, now=8, used=141, target=65, limited="TooManyReplicas", scaled=minutes(26))
    event(
        w,
        scaler,
        "SuccessfulRescale",
        "New size: 8; reason: cpu resource utilization (percentage of request) above target",
        kind="Normal",
        last=minutes(26),
    )
    well(w, "catalog", "registry.video.example/catalog:3.1")
    requests(
        w,
        "transcode-api",
        rate=ramp(60, 220, minutes(55), minutes(15)),
        errors=step(0.001, 0.03, minutes(22)),
        p95=ramp(0.5, 6.0, minutes(30), minutes(10)),
    )
    exact(w, "hpa_replicas", {"component": "transcode-api"}, ramp(3, 8, minutes(50), minutes(26)))
    exact(w, "hpa_max", {"component": "transcode-api"}, flat(8))
    signal(w, "hpa_utilisation", {"component": "transcode-api"}, ramp(0.6, 1.41, minutes(50), minutes(12)))
    for index in range(8):
        signal(
            w,
            "cpu_share",
            {"pod": top.pod(index), "container": "api"},
            flat(0.97),
            since=3600 if index < 3 else minutes(50 - 3 * index),
        )
    alert(
        w,
        "KubeHpaMaxedOut",
        minutes(11),
        "HPA video/transcode-api has been running at max replicas",
        horizontalpodautoscaler="transcode-api",
        severity="warning",
    )


@case(
    "hpa-blind",
    "forms",
    "2026-03-26T09:44:00",
    title="The autoscaler gets no metrics while traffic grows; the service stays at its minimum",
    drawn_from="metrics-server outages: FailedGetResourceMetric, no scaling, saturated pods",
    why="The autoscaler does nothing while blind, so replicas within its maximum stay; the users are helped "
    "first, then the metrics.",
    expect=[Fault("Deployment/submit-api", "capacity", "scale_workload")],
    acceptable=[
        ("capacity", "page_human"),
        ("dependency_failure", "page_human"),
        ("configuration_error", "page_human"),
    ],
    tolerated=[],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database"],
)
def hpa_blind(w: World) -> None:
    nodes(w, "f1", "f2", cpu="16")
    spec = pod_spec(container("api", "registry.forms.example/submit-api:0.9.3", cpu=("250m", "500m")))
    top = deployment(w, "submit-api", [Rev(spec, days(52))], 2)
    service(w, "submit-api")
    broken = (
        "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get "
        "metrics for resource cpu: unable to fetch metrics from resource metrics API: the server is currently "
        "unable to handle the request (get pods.metrics.k8s.io)"
    )
    scaler = hpa(w, top, low=2, high=10, now=2, used=None, broken=broken)
    text = broken.split("replica count: ", 1)[1]
    event(w, scaler, "FailedGetResourceMetric", text, first=minutes(46), last=9, count=181)
    event(
        w,
        scaler,
        "FailedComputeMetricsReplicas",
        f"invalid metrics (1 invalid out of 1), first error is: {text}",
        first=minutes(46),
        last=9,
        count=181,
    )
    well(w, "render", "registry.forms.example/render:1.1.0")
    requests(
        w,
        "submit-api",
        rate=ramp(18, 66, minutes(40), minutes(8)),
        errors=step(0.001, 0.025, minutes(14)),
        p95=ramp(0.2, 4.2, minutes(30), minutes(5)),
    )
    for index in range(2):
        signal(
            w, "throttled_share", {"pod": top.pod(index), "container": "api"}, ramp(0.02, 0.7, minutes(40), minutes(8))
        )
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "api"}, ramp(0.4, 0.99, minutes(40), minutes(8)))
    exact(w, "hpa_replicas", {"component": "submit-api"}, flat(2))
    exact(w, "hpa_max", {"component": "submit-api"}, flat(10))


@case(
    "no-node-room-on-scale-up",
    "quotes",
    "2026-05-19T13:02:00",
    title="Half of a scale-up is pending because no node has the CPU that a pod asks for",
    drawn_from="FailedScheduling ... Insufficient cpu when a node group is at its maximum",
    why="Running replicas are saturated, more cannot be placed; a person has to add nodes or lower requests.",
    expect=[Fault("Deployment/quote-engine", "capacity", "page_human")],
    acceptable=[("resource_exhaustion", "page_human")],
    tolerated=[],
    forbidden=["scale_workload", "restart_workload", "rollback_workload", "no_action", "isolate_workload"],
)
def no_room(w: World) -> None:
    nodes(w, "q-1", "q-2", "q-3")
    spec = pod_spec(container("engine", "registry.quotes.example/engine:19", cpu=("1500m", "2")))
    text = (
        "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption "
        "victims found for incoming pod."
    )
    pending = [P(age=minutes(24 - i), unschedulable=text) for i in range(3)]
    top = deployment(w, "quote-engine", [Rev(spec, days(13))], [P() for _ in range(6)] + pending, scaled=minutes(24))
    for pod in top.pods[6:]:
        event(w, pod, "FailedScheduling", text, first=minutes(22), last=minutes(2), count=5)
        event(
            w,
            pod,
            "NotTriggerScaleUp",
            "pod didn't trigger scale-up: 1 max node group size reached",
            kind="Normal",
            first=minutes(22),
            last=50,
            count=120,
            writer="cluster-autoscaler",
        )
    service(w, "quote-engine")
    well(w, "policy-admin", "registry.quotes.example/policy-admin:4")
    requests(
        w,
        "quote-engine",
        rate=ramp(30, 75, minutes(45), minutes(10)),
        errors=flat(0.004),
        p95=ramp(0.4, 2.9, minutes(35), minutes(8)),
    )
    for index in range(6):
        signal(
            w, "cpu_share", {"pod": top.pod(index), "container": "engine"}, ramp(0.5, 0.98, minutes(45), minutes(12))
        )
    for name in ("q-1", "q-2", "q-3"):
        signal(w, "node_cpu_share", {"node": name}, ramp(0.55, 0.93, minutes(45), minutes(12)))


@case(
    "someone-scaled-to-zero",
    "gifts",
    "2026-12-01T17:25:00",
    title="A deployment was scaled to nothing by hand and its callers get connection errors",
    drawn_from="maintenance that was forgotten: kubectl scale --replicas=0, and no one put it back",
    why="The template is well; what is missing is replicas; giving them back is the whole cure.",
    expect=[Fault("Deployment/gift-cards", "configuration_error", "scale_workload")],
    acceptable=[("capacity", "scale_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "isolate_workload"],
)
def scaled_to_zero(w: World) -> None:
    nodes(w, "gift-1", "gift-2")
    specs = [pod_spec(container("app", f"registry.gifts.example/gift-cards:{v}")) for v in ("1.8", "1.9")]
    top = deployment(w, "gift-cards", [Rev(specs[0], days(90)), Rev(specs[1], days(61))], [], replicas=0)
    event(
        w,
        top.obj,
        "ScalingReplicaSet",
        f"Scaled down replica set {top.sets[1]['metadata']['name']} from 3 to 0",
        kind="Normal",
        last=minutes(32),
    )
    w.changed(top.obj, minutes(32), "kubectl", {"f:spec": {"f:replicas": {}}})
    service(w, "gift-cards")
    shop = well(w, "shop", "registry.gifts.example/shop:30.2", pods=3)
    ingress(w, "gifts", "gifts.example", [("/", "shop", 80)])
    for index in range(3):
        log(
            w,
            shop,
            index,
            "pino",
            often(
                4,
                1800,
                1,
                "error",
                [
                    f"gift card lookup failed: connect ECONNREFUSED {ip(w, 'gift-cards')}:80",
                    "checkout failed: upstream gift-cards unavailable",
                ],
            ),
        )
    requests(w, "shop", rate=flat(50), errors=step(0.001, 0.22, minutes(31)))
    exact(w, "replicas_available", {"component": "gift-cards"}, step(3, 0, minutes(32), over=1))
    exact(w, "replicas_wanted", {"component": "gift-cards"}, step(3, 0, minutes(32), over=1))
    alert(w, "ShopErrors", minutes(27), "22% of the requests to shop fail", service="shop")
