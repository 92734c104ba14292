"""What the cluster lets in and moves: a namespace made strict, a drain that waits, an alert on a pin, two faults."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS, custom
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, service
from tests.diagnosis.casemaker.platform import budget, claim, hpa, node, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import alert, redis, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]
STRICT: Obj = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def _violates(name: str) -> str:
    """Return what PodSecurity says of a pod whose only container has no security context."""
    one = f'container "{name}" must set securityContext'
    either = f'pod or container "{name}" must set securityContext'
    return (
        f'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false ({one}.allowPrivilegeEscalation='
        f'false), unrestricted capabilities ({one}.capabilities.drop=["ALL"]), runAsNonRoot != true ({either}.'
        f'runAsNonRoot=true), seccompProfile ({either}.seccompProfile.type to "RuntimeDefault" or "Localhost")'
    )


@case(
    "namespace-made-restricted-before-a-drain",
    "windfarm",
    "2026-06-09T10:14:00",
    title="A namespace was labelled restricted yesterday; what a node upgrade evicts today is not let in again",
    drawn_from="pod-security.kubernetes.io/enforce on a living namespace: only warnings, until a pod is made",
    why="Templates are as they were for months; running pods are not looked at, new ones are refused. The dashboard, "
    "released this morning, only shows that its store is gone. A restart would lose the pods that are left.",
    expect=[Fault("Namespace/windfarm", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "StatefulSet/historian"),
        ("configuration_error", "page_human", "Deployment/scada-bridge"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "scale_database"],
)
def restricted(w: World) -> None:
    nodes(w, "wf-1", "wf-3")
    node(w, "wf-2", age=minutes(21))
    labels = {"kubernetes.io/metadata.name": "windfarm", "pod-security.kubernetes.io/enforce": "restricted"}
    place: Obj = {"apiVersion": "v1", "kind": "Namespace"}
    place["metadata"] = w.meta("Namespace", "windfarm", days(600), namespace="", labels=labels)
    place |= {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    note: Obj = {"f:metadata": {"f:labels": {"f:pod-security.kubernetes.io/enforce": {}}}}
    w.add(w.changed(place, hours(26), "kubectl-label", note))
    image = "harbor.windfarm.example/ops"
    inner = container("influxdb", "influxdb:2.7.11", port=8086, ready="/health", memory=("2Gi", "4Gi"))
    store = statefulset(w, "historian", pod_spec(inner), 0, replicas=1, claim="data")
    claim(w, "data-historian-0", size="200Gi")
    text = 'create Pod historian-0 in StatefulSet historian failed error: pods "historian-0" is forbidden: '
    event(w, store.obj, "FailedCreate", text + _violates("influxdb"), first=minutes(33), last=110, count=21)
    service(w, "historian", port=8086, target=8086)
    spec = pod_spec(container("bridge", f"{image}/scada-bridge:3.3.0", port=4840, ready=None))
    refused = 'pods "{set}-' + 'w8kcd" is forbidden: ' + _violates("bridge")
    bridge = deployment(w, "scada-bridge", [Rev(spec, days(118))], [P(node="wf-1"), P(node="wf-3")], replicas=3,
                        failure=refused)  # fmt: skip
    said = "Error creating: " + refused.replace("{set}", bridge.sets[0]["metadata"]["name"])
    event(w, bridge.sets[0], "FailedCreate", said, first=minutes(33), last=200, count=17)
    service(w, "scada-bridge", port=4840, target=4840)
    budget(w, bridge, minimum=1, healthy=2)
    for index in range(2):
        bad = (
            f"write http://historian:8086/api/v2/write: dial tcp {ip(w, 'historian')}:8086: connect: connection refused"
        )
        lines = often(10, minutes(32), 1, "warn", [bad, "buffered {n} points on disk"])
        log(w, bridge, index, "logfmt", lines)
    strict = [container("dashboard", f"{image}/dashboard:{v}") | {"securityContext": STRICT} for v in ("71", "72")]
    top = deployment(w, "dashboard", [Rev(pod_spec(strict[0]), days(6)), Rev(pod_spec(strict[1]), hours(1.9))], 2)
    service(w, "dashboard")
    for index in range(2):
        bad = f"connect ECONNREFUSED {ip(w, 'historian')}:8086"
        log(w, top, index, "pino", often(12, minutes(32), 1, "error", [bad, "GET /turbines/{n} 502"]))
    requests(w, "dashboard", rate=flat(6), errors=step(0.002, 0.88, minutes(33)), p95=flat(0.3))
    exact(w, "replicas_available", {"component": "historian"}, step(1, 0, minutes(33.5)))
    exact(w, "replicas_available", {"component": "scada-bridge"}, step(3, 2, minutes(33)))
    alert(w, "DashboardErrors", minutes(27), "88% of the requests to dashboard fail", service="dashboard")


@case(
    "drain-waits-for-a-release-that-crashes",
    "ferry-port",
    "2026-01-21T04:37:00",
    title="A node upgrade is stuck at a disruption budget; the budget is right, a release's pods crash beneath it",
    drawn_from="AKS upgrades that stop at Eviction blocked by Too many Requests while a roll-out hangs",
    why="Three of four are healthy as the budget asks, since the new pods panic at start and old ones were taken for "
    "them. With the old revision all four are back and the drain goes on; to lower the budget would cost users.",
    expect=[Fault("Deployment/berths", "code_defect", "rollback_workload")],
    acceptable=[("service_crash", "rollback_workload"), ("configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "no_action", "isolate_workload", "scale_database"],
)
def drain(w: World) -> None:
    pool = "aks-user-20417735-vmss00000"
    nodes(w, f"{pool}0", f"{pool}2")
    away = node(w, f"{pool}1", unschedulable=True, taints=("node.kubernetes.io/unschedulable:NoSchedule",),
                since=minutes(41))  # fmt: skip
    image = "ferryport.azurecr.io/berths"
    specs = [pod_spec(container("berths", f"{image}:{v}", live="/healthz")) for v in ("7.2.0", "7.3.0")]
    ended = [terminated(101, "Error", started=each + 1, finished=each) for each in (131, 88)]
    old = [P(0, node=f"{pool}{number}") for number in (0, 1, 2)]
    crash: Obj = {"rev": 1, "ready": False, "unready": minutes(95), "backoff": "5m0s"}
    new = [
        P(age=minutes(96) - 20 * n, restarts=22 - n, last=last, node=f"{pool}{2 * n}", **crash)
        for n, last in enumerate(ended)
    ]
    top = deployment(w, "berths", [Rev(specs[0], days(38)), Rev(specs[1], minutes(97))], [*old, *new], replicas=4,
                     desired={0: 3, 1: 2})  # fmt: skip
    for index in (3, 4):
        restarting(w, top.pods[index], first=minutes(59), last=25 + index, count=262)
        lines = [
            "INFO berths: starting 7.3.0",
            "INFO berths::tide: loaded 0 windows of quay 9",
            "thread 'main' panicked at src/tide.rs:212:31:",
            "index out of bounds: the len is 0 but the index is 0",
            "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        ]
        log(w, top, index, "plain", [L(90 - n, "", text) for n, text in enumerate(lines)], previous=True)
    served = often(25, 2400, 3, "", ["INFO berths::http: GET /berth/{n} 200"])
    log(w, top, 0, "plain", [L(x.age, "", f"{w.at(x.age)}  {x.text}") for x in served])
    service(w, "berths")
    shield = budget(w, top, minimum=3, healthy=3)
    shield["status"]["expectedPods"] = 4
    text = f"Draining node: {pool}1"
    event(w, away, "Drain", text, kind="Normal", last=minutes(41), writer="upgrader")
    text = f"Eviction blocked by Too many Requests (usually a pdb): {top.pod(1)}"
    event(w, away, "Drain", text, first=minutes(40.8), last=14, count=463, writer="upgrader")
    sails = well(w, "sailings", "ferryport.azurecr.io/sailings:19", pods=2, talk=True)
    budget(w, sails, minimum=1, healthy=2)
    text = f"node {pool}1 has been draining for more than half an hour"
    alert(w, "NodeDrainStuck", minutes(10), text, node=f"{pool}1", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "autoscaler-at-its-maximum-with-nothing-to-do",
    "seedbank",
    "2026-04-16T11:25:00",
    title="An alert says that an autoscaler is at its maximum; it is pinned there for a campaign and idles",
    drawn_from="KubeHpaMaxedOut on autoscalers whose minimum was raised to their maximum: busy in name only",
    why="Minimum and maximum are both six since the day before yesterday, a pod uses a fifth of its request, latency "
    "and errors are as ever. More room, more pods or a restart would answer nothing.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def pinned(w: World) -> None:
    nodes(w, "sb-1", "sb-2", "sb-3")
    image = "quay.io/seedbank-example"
    specs = [pod_spec(container("shop", f"{image}/shop:{v}", cpu=("400m", "1"))) for v in ("5.0.8", "5.1.0")]
    pods = [P(age=days(18) if index < 3 else days(2) - 40) for index in range(6)]
    top = deployment(w, "shop", [Rev(specs[0], days(51)), Rev(specs[1], days(18))], pods)
    service(w, "shop")
    ingress(w, "shop", "shop.seedbank.example", [("/", "shop", 80)], tls="shop-tls")
    secret(w, "shop-tls", ["tls.crt", "tls.key"], age=days(300), changed=days(41), kind="kubernetes.io/tls")
    scaler = hpa(w, top, low=6, high=6, now=6, used=19, limited="TooFewReplicas", scaled=days(2))
    scaler["metadata"]["annotations"] = {"seedbank.example/note": "spring campaign: pinned until 20 April"}
    w.changed(scaler, days(2), "kubectl-edit", {"f:spec": {"f:minReplicas": {}}})
    cache = redis(w)
    log(w, cache, 0, "redis", [L(1499, "info", "Background saving terminated with success")])
    mails = well(w, "mails", f"{image}/mails:3", pods=1, age=days(70))
    log(w, mails, 0, "python", [L(2200, "warning", "DeprecationWarning: datetime.utcnow() is deprecated", "mails")])
    texts = ["GET /seed/{n} 200 in 38ms", "GET /cart 200 in 12ms", "GET /apple-touch-icon.png 404 in 1ms"]
    for index in range(6):
        log(w, top, index, "pino", often(20, 1800, 1, "info", texts))
        labels = {"pod": top.pod(index), "container": "shop"}
        signal(w, "cpu_share", labels, flat(0.08), noise=0.1)
        signal(w, "throttled_share", labels, flat(0.0))
        signal(w, "memory_share", labels, flat(0.47))
    exact(w, "hpa_replicas", {"component": "shop"}, flat(6))
    exact(w, "hpa_max", {"component": "shop"}, flat(6))
    signal(w, "hpa_utilisation", {"component": "shop"}, flat(0.19))
    requests(w, "shop", rate=flat(34), errors=flat(0.0006), p95=flat(0.06))
    text = "HPA seedbank/shop has been running at max replicas for longer than 15 minutes"
    alert(w, "KubeHpaMaxedOut", days(1.9), text, horizontalpodautoscaler="shop", severity="warning")


@case(
    "two-faults-a-role-cut-and-a-node-label-nobody-wears",
    "airfield",
    "2026-07-08T11:52:00",
    title="A controller may not renew its lease since a Role was edited; a release asks for nodes that do not exist",
    drawn_from="Failed to update lock: leases ... is forbidden; and didn't match Pod's node affinity/selector",
    why="The controller's image is days old and says which right it lost, minutes after the edit. The tiles' new pods "
    "wait since their own release brought a node selector; their old ones serve.",
    expect=[
        Fault("Role/slot-controller", "configuration_error", "page_human"),
        Fault("Deployment/radar-tiles", "configuration_error", "rollback_workload"),
    ],
    acceptable=[
        *(
            (cause, "page_human", "Deployment/slot-controller", "Role/slot-controller")
            for cause in ("configuration_error", "service_crash", "dependency_failure")
        ),
        ("configuration_error", "page_human", "ServiceAccount/slot-controller", "Role/slot-controller"),
        ("configuration_error", "page_human", "RoleBinding/slot-controller", "Role/slot-controller"),
        ("capacity", "rollback_workload", "Deployment/radar-tiles"),
        ("resource_exhaustion", "rollback_workload", "Deployment/radar-tiles"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        {"remedy": "rollback_workload", "target": "Deployment/slot-controller"},
    ],
)
def two_faults(w: World) -> None:
    nodes(w, "af-1", "af-2", "af-3")
    for each in w.objects:
        each["metadata"]["labels"]["disktype"] = "nvme"
    _controller(w)
    image = "registry.airfield.example/radar-tiles"
    specs = [pod_spec(container("tiles", f"{image}:21.4")), pod_spec(container("tiles", f"{image}:21.5"))]
    specs[1]["nodeSelector"] = {"disk": "nvme"}
    text = (
        "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are "
        "available: 3 Preemption is not helpful for scheduling."
    )
    pods = [P(0), P(0), P(0), *(P(1, age=minutes(49) - 20 * number, unschedulable=text) for number in range(2))]
    revs = [Rev(specs[0], days(30)), Rev(specs[1], minutes(49))]
    top = deployment(w, "radar-tiles", revs, pods, replicas=4, desired={0: 3, 1: 2})
    for pod in top.pods[3:]:
        event(w, pod, "FailedScheduling", text, first=minutes(48.5), last=minutes(3), count=10)
    service(w, "radar-tiles")
    log(w, top, 0, "nginx", often(9, 1800, 1, "", ['"GET /tile/7/{n}.png HTTP/1.1" 200 18232']))
    well(w, "gates", "registry.airfield.example/gates:6", pods=2, age=days(12), talk=True)
    requests(w, "radar-tiles", rate=flat(51), errors=flat(0.0008), p95=flat(0.09))
    requests(w, "gates", rate=flat(7), errors=flat(0.001), p95=flat(0.05))
    alert(w, "SlotsNotReconciled", minutes(22), "no Slot was reconciled for 10 minutes", job="slot-controller")


def _controller(w: World) -> Workload:
    """Add the controller that lost its lease, and the rights that it is left with."""
    name, image = "slot-controller", "registry.airfield.example/slot-controller"
    subject = {"kind": "ServiceAccount", "name": name, "namespace": w.namespace}
    w.add({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": w.meta("ServiceAccount", name, days(250))})
    rules = [
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["airfield.example"], "resources": ["slots"], "verbs": ["get", "list", "watch", "patch"]},
    ]
    api = "rbac.authorization.k8s.io"
    role = custom(w, f"{api}/v1", "Role", name, None, None, age=days(250))
    bound = custom(w, f"{api}/v1", "RoleBinding", name, None, None, age=days(250))
    for each in (role, bound):
        del each["spec"], each["status"]
    role["rules"] = rules
    w.changed(role, minutes(34), "kubectl-edit", {"f:rules": {}})
    bound |= {"subjects": [subject], "roleRef": {"apiGroup": api, "kind": "Role", "name": name}}
    specs = [pod_spec(container("manager", f"{image}:0.{v}", port=8081), serviceAccountName=name) for v in (18, 19)]
    died = terminated(1, "Error", started=days(9) - 30, finished=minutes(33.6))
    leader = P(restarts=1, last=died, state=("running", {"startedAt": minutes(33.5)}))
    top = deployment(w, name, [Rev(specs[0], days(60)), Rev(specs[1], days(9))], [leader, P()])
    denied = (
        f'Failed to update lock: leases.coordination.k8s.io "{name}" is forbidden: User "system:serviceaccount:'
        f'{w.namespace}:{name}" cannot update resource "leases" in API group "coordination.k8s.io" in the namespace '
        f'"{w.namespace}"'
    )
    last = [L(minutes(33.9) - 2 * n, "error", denied, "leaderelection.go:429") for n in range(5)]
    text = f"failed to renew lease {w.namespace}/{name}: timed out waiting for the condition"
    last.append(L(minutes(33.65), "info", text, "leaderelection.go:297"))
    text = '"problem running manager" err="leader election lost" logger="setup"'
    last.append(L(minutes(33.6), "error", text, "main.go:187"))
    log(w, top, 0, "klog", last, previous=True)
    for index in range(2):
        text = f"attempting to acquire leader lease {w.namespace}/{name}..."
        first = L(minutes(33.4) if index == 0 else days(9), "info", text, "leaderelection.go:257")
        log(w, top, index, "klog", [first, *often(26, minutes(33), 1, "error", [denied], "leaderelection.go:429")])
    return top
