"""Pods that the cluster does not make, and objects beside the pods that stand in the way."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import budget, hpa, limit_range, node, nodes
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

HARM = ["rollback_workload", "restart_workload", "scale_workload", "no_action", "isolate_workload", "scale_database"]


@case(
    "limit-range-forbids-the-pods",
    "models",
    "2026-06-20T13:40:00",
    title="A LimitRange that came with another team's chart forbids containers as large as this service's",
    drawn_from="harn3ss/open-infra issue 9: maximum memory usage per Container is 4Gi, but limit is 8Gi",
    why=(
        "The template is unchanged for weeks and its pods ran; since the LimitRange is there, lost pods "
        "do not come back."
    ),
    expect=[Fault("LimitRange/app-defaults", "configuration_error", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human"),
        ("configuration_error", "page_human", "Deployment/chat-model"),
        ("resource_exhaustion", "page_human", "Deployment/chat-model"),
        ("capacity", "page_human", "Deployment/chat-model"),
    ],
    forbidden=HARM,
)
def forbids(w: World) -> None:
    nodes(w, "mo-1", "mo-2")
    spec = pod_spec(container("ollama", "registry.models.example/ollama:0.5", memory=("6Gi", "8Gi"), port=11434))
    text = 'pods "{set}-7x2lp" is forbidden: maximum memory usage per Container is 4Gi, but limit is 8Gi'
    top = deployment(w, "chat-model", [Rev(spec, days(24))], [P()], replicas=3, failure=text)
    limit_range(
        w, "app-defaults", {"max": {"memory": "4Gi"}, "default": {"memory": "512Mi"}}, age=hours(3), changed=hours(3)
    )
    name = top.sets[0]["metadata"]["name"]
    said = "Error creating: " + text.replace("{set}", name)
    event(w, top.sets[0], "FailedCreate", said, first=minutes(36), last=110, count=17)
    service(w, "chat-model")
    well(w, "portal", "registry.models.example/portal:2.2", talk=True)
    alert(w, "KubeDeploymentReplicasMismatch", minutes(20), "chat-model has 1 of 3 replicas", deployment="chat-model")


@case(
    "service-account-is-gone",
    "ledger",
    "2026-11-11T07:30:00",
    title="Somebody removed a ServiceAccount; after a node was replaced no new pod of its service can be made",
    drawn_from='FailedCreate: error looking up service account: serviceaccount "..." not found, found in events only',
    why="Templates, quota and nodes are as they were; the cluster says what is missing; a person has to make it again.",
    expect=[Fault("Deployment/postings", "configuration_error", "page_human")],
    acceptable=[("configuration_error", "page_human", "*")],
    forbidden=HARM,
)
def no_account(w: World) -> None:
    nodes(w, "le-1", "le-2")
    spec = pod_spec(container("postings", "registry.ledger.example/postings:6"), serviceAccountName="postings")
    text = (
        'pods "{set}-" is forbidden: error looking up service account ledger/postings: serviceaccount '
        '"postings" not found'
    )
    top = deployment(w, "postings", [Rev(spec, days(77))], [P()], replicas=2, failure=text)
    said = "Error creating: " + text.replace("{set}", top.sets[0]["metadata"]["name"])
    event(w, top.sets[0], "FailedCreate", said, first=minutes(21), last=200, count=15)
    service(w, "postings")


@case(
    "autoscaler-maximum-lowered-by-hand",
    "takeaway",
    "2026-12-05T18:50:00",
    title="The maximum of an autoscaler was lowered half an hour ago; the evening finds four pods instead of ten",
    drawn_from="cost-saving edits of HorizontalPodAutoscalers that come back as saturation at the next peak",
    why="Traffic is what it is every evening; replicas fell when the autoscaler was edited, and each pod "
    "is at its limit "
    "since. Replicas set by hand would be taken back.",
    expect=[Fault("HorizontalPodAutoscaler/order-api", "configuration_error", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        ("capacity", "page_human", "Deployment/order-api"),
        ("configuration_error", "page_human", "Deployment/order-api"),
    ],
    tolerated=["scale_workload"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def lowered(w: World) -> None:
    nodes(w, "ta-1", "ta-2", "ta-3", cpu="16")
    spec = pod_spec(container("api", "registry.takeaway.example/order-api:27", cpu=("500m", "1")))
    top = deployment(w, "order-api", [Rev(spec, days(19))], 4)
    service(w, "order-api")
    scaler = hpa(w, top, low=2, high=4, now=4, used=188, limited="TooManyReplicas", scaled=minutes(28))
    w.changed(scaler, minutes(29), "kubectl-edit", {"f:spec": {"f:maxReplicas": {}}})
    text = "New size: 4; reason: Current number of replicas above Spec.MaxReplicas"
    event(w, scaler, "SuccessfulRescale", text, kind="Normal", last=minutes(28))
    for index in range(4):
        labels = {"pod": top.pod(index), "container": "api"}
        signal(w, "cpu_share", labels, step(0.55, 0.99, minutes(28)))
        signal(w, "throttled_share", labels, step(0.01, 0.58, minutes(28)))
    exact(w, "hpa_replicas", {"component": "order-api"}, step(10, 4, minutes(28)))
    exact(w, "hpa_max", {"component": "order-api"}, step(20, 4, minutes(29)))
    requests(w, "order-api", rate=flat(410), errors=step(0.001, 0.06, minutes(26)), p95=step(0.2, 2.9, minutes(27)))
    alert(w, "OrderApiSlow", minutes(20), "order-api p95 above 1 s", service="order-api")


@case(
    "budget-stops-a-drain",
    "museum-shop",
    "2026-04-21T02:45:00",
    title="A node cannot be drained: the budget of a single-replica service allows no disruption at all",
    drawn_from="node upgrades that wait for ever for a PodDisruptionBudget with minAvailable equal to the replicas",
    why="Everything serves; the drain has been refused for an hour because the budget asks for the one pod that there "
    "is. Whether it may be broken for a moment is a person's decision.",
    expect=[Fault("PodDisruptionBudget/vouchers", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/vouchers"),
        ("configuration_error", "page_human", "Node/ms-2"),
        ("capacity", "page_human"),
    ],
    tolerated=["scale_workload"],
    forbidden=["rollback_workload", "restart_workload", "isolate_workload", "scale_database"],
)
def stops_drain(w: World) -> None:
    nodes(w, "ms-1", "ms-3")
    away = node(
        w, "ms-2", unschedulable=True, taints=("node.kubernetes.io/unschedulable:NoSchedule",), since=minutes(70)
    )
    spec = pod_spec(container("vouchers", "registry.museum.example/vouchers:3"))
    top = deployment(w, "vouchers", [Rev(spec, days(88))], [P(node="ms-2")])
    service(w, "vouchers")
    well(w, "tills", "registry.museum.example/tills:21", talk=True)
    budget(w, top, minimum=1, healthy=1)
    text = (
        f"Failed to drain node, 1 pods are waiting to be evicted: evicting pod museum-shop/{top.pod(0)}: "
        "Cannot evict pod "
        "as it would violate the pod's disruption budget."
    )
    event(w, away, "FailedDraining", text, first=minutes(59), last=80, count=31, writer="karpenter")
    log(w, top, 0, "logfmt", often(30, 2000, 3, "info", ["GET /voucher/{n} 200 4ms"]))
    alert(
        w,
        "NodeDrainStuck",
        minutes(30),
        "node ms-2 has been draining for more than half an hour",
        node="ms-2",
        severity="warning",
    )
