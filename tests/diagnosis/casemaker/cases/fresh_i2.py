"""Known failure stories of controllers: webhooks, autoscalers of nodes and pods, schedules that pile up."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.jobs import busy
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, hpa, node, nodes, secret
from tests.diagnosis.casemaker.pods import P, pod, suffix, waiting
from tests.diagnosis.casemaker.scene import alert, redis, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment, reference
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


@case(
    "policy-engine-cannot-admit-its-own-pods",
    "guardrails",
    "2026-01-14T09:52:00",
    title="The only pod of a policy engine was drained; its own webhook fails closed and refuses the pod in its place",
    drawn_from="Kyverno and others behind failurePolicy Fail without an exemption for their own namespace: a dead lock",
    why="No template is at fault and no pod can be made while the webhook stands: someone has to take the webhook away "
    "or exempt the namespace. Pods that still run would not come back from a restart.",
    expect=[
        Fault(
            "ValidatingWebhookConfiguration/kyverno-resource-validating-webhook-cfg",
            "configuration_error",
            "page_human",
        )
    ],
    acceptable=[
        ("configuration_error", "page_human", "*"),
        ("dependency_failure", "page_human", "*"),
        ("network_fault", "page_human", "*"),
        ("service_crash", "page_human", "*"),
    ],
    forbidden=["restart_workload", "rollback_workload", "no_action", "isolate_workload"],
)
def own_pods(w: World) -> None:
    nodes(w, "gd-1", "gd-3", age=days(21))
    node(w, "gd-2", age=days(140), unschedulable=True, since=minutes(39),
         taints=["node.kubernetes.io/unschedulable:NoSchedule"])  # fmt: skip
    text = (
        'Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": failed to call webhook: Post '
        '"https://kyverno-svc.guardrails.svc:443/validate/fail?timeout=10s": no endpoints available for service '
        '"kyverno-svc"'
    )
    made: dict[str, Workload] = {}
    for name, here in (("admission", 0), ("cleanup", 0), ("background", 1), ("reports", 1)):
        image = f"reg.kyverno.io/kyverno/{'kyverno' if name == 'admission' else name + '-controller'}:v1.14.1"
        labels = {"app.kubernetes.io/part-of": "kyverno", "app.kubernetes.io/component": f"{name}-controller"}
        inner = container("controller", image, port=9443 if name == "admission" else 8000, memory=("128Mi", "384Mi"))
        made[name] = deployment(w, f"kyverno-{name}-controller", [Rev(pod_spec(inner), days(83))],
                                [P(node="gd-1")] * here, replicas=1, desired={0: 1}, labels=labels,
                                failure="" if here else text, number=1)  # fmt: skip
        if not here:
            event(w, made[name].sets[0], "FailedCreate", f"Error creating: {text}", first=minutes(38),
                  last=minutes(5), count=19)  # fmt: skip
    service(w, "kyverno-svc", made["admission"].labels, port=443, target=9443)
    service(w, "kyverno-background-controller-metrics", made["background"].labels, port=8000, target=8000)
    secret(w, "kyverno-svc.guardrails.svc.kyverno-tls-pair", ["tls.crt", "tls.key"], kind="kubernetes.io/tls",
           changed=days(31), by="kyverno")  # fmt: skip
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["pods"]}
    where = {"name": "kyverno-svc", "namespace": w.namespace, "path": "/validate/fail", "port": 443}
    hook = {"name": "validate.kyverno.svc-fail", "failurePolicy": "Fail", "timeoutSeconds": 10, "rules": [rule]}
    hook |= {"clientConfig": {"service": where}, "namespaceSelector": {}, "sideEffects": "NoneOnDryRun"}
    meta = w.meta("ValidatingWebhookConfiguration", "kyverno-resource-validating-webhook-cfg", days(83), namespace="")
    kind = "ValidatingWebhookConfiguration"
    w.add({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": meta, "webhooks": [hook]})
    lines = ['failed to create report err="' + text.replace('"', "'") + '"']
    log(w, made["reports"], 0, "klog", often(130, minutes(37), 20, "error", lines, "controller.go:212"))
    log(w, made["background"], 0, "klog", [L(hours(5), "info", "successfully acquired lease", "leaderelection.go:271")])
    alert(w, "KubeDeploymentReplicasMismatch", minutes(23), "kyverno-admission-controller has 0 of 1 replicas",
          deployment="kyverno-admission-controller", severity="warning")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "autoscaler-takes-the-nodes-of-long-encodes",
    "renderfarm",
    "2026-06-11T22:18:00",
    title="An encode of five hours never ends: the cluster autoscaler removes its half-empty node again and again",
    drawn_from="cluster-autoscaler evicting batch pods without safe-to-evict=false, so that long Jobs start over",
    why="The program does not fail: it is evicted for a scale-down each time, and counted as failed. The pods need the "
    "annotation or a budget, by hand; another start throws away what the current try has done.",
    expect=[Fault("Job/encode-ep117", "configuration_error", "page_human")],
    acceptable=[
        *((cause, "page_human", "*") for cause in ("configuration_error", "capacity", "resource_exhaustion")),
        ("dependency_failure", "page_human", "*"),
        ("service_crash", "page_human"),
    ],
    forbidden=["restart_workload", "rollback_workload", "no_action", "isolate_workload"],
)
def encodes(w: World) -> None:
    nodes(w, "rf-base-1", "rf-base-2")
    taints = ("ToBeDeletedByClusterAutoscaler:NoSchedule", "DeletionCandidateOfClusterAutoscaler:PreferNoSchedule")
    leaving = node(w, "rf-batch-xk4", cpu="16", memory="65806124Ki", age=hours(3.4), taints=taints, since=40)
    node(w, "rf-batch-m7p", cpu="16", memory="65806124Ki", age=hours(1.6))
    event(w, leaving, "ScaleDown", "marked the node as toBeDeleted/unschedulable", kind="Normal", last=41,
          writer="cluster-autoscaler")  # fmt: skip
    command = ("/usr/local/bin/encode", "--preset=film-2160p", "--threads=4", "s3://renderfarm-in/ep117.mov")
    long_one = _encode(w, "ep117", command, age=hours(13.2), failed=3, pods=[
        P(age=hours(3.3), node="rf-batch-xk4", deleting=3),
        P(age=36, node="rf-batch-m7p", state=waiting("ContainerCreating"), ready=False),
    ])  # fmt: skip
    old = long_one.pods[0]
    event(w, old, "ScaleDown", "deleting pod for node scale down", kind="Normal", last=38, writer="cluster-autoscaler")
    event(w, old, "Killing", "Stopping container ffmpeg", kind="Normal", last=37, container="ffmpeg")
    old["status"]["conditions"].append(
        {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "lastProbeTime": None,
         "message": "Eviction API: evicting", "lastTransitionTime": w.at(38)}
    )  # fmt: skip
    place = f"{w.namespace}/{long_one.pod(1)}"
    event(w, long_one.obj, "SuccessfulCreate", f"Created pod: {long_one.pod(1)}", kind="Normal", last=36)
    event(w, long_one.pods[1], "Scheduled", f"Successfully assigned {place} to rf-batch-m7p", kind="Normal", last=36)
    done = [L(hours(3.29), "", "attempt 4: no partial output found in s3://renderfarm-out/ep117/, starting at frame 0")]
    done += [
        L(x.age, "", f"frame={int((hours(3.29) - x.age) * 6.9):>6} fps=6.9 q=24.0 speed=0.288x")
        for x in often(140, hours(3.2), 45, "", ["frame"])
    ]
    done.append(L(36, "", "Exiting normally, received signal 15."))
    log(w, long_one, 0, "plain", done)
    short = ("/usr/local/bin/encode", "--preset=film-1080p", "--threads=4", "s3://renderfarm-in/trailer9.mov")
    other = _encode(w, "trailer9", short, age=minutes(22), failed=0, pods=[P(age=minutes(22), node="rf-batch-m7p")])
    lines = [
        L(x.age, "", f"frame={int((1300 - x.age) * 9.1):>6} fps=9.1 q=23.0 speed=0.379x")
        for x in often(30, 1280, 4, "", ["frame"])
    ]
    log(w, other, 0, "plain", lines)
    well(w, "queue-api", "registry.renderfarm.example/queue-api:14", pods=2, age=days(3),
         before="registry.renderfarm.example/queue-api:13", talk=True)  # fmt: skip
    redis(w, "queue")
    text = "Job renderfarm/encode-ep117 is taking more than 12h to complete."
    alert(w, "KubeJobNotCompleted", minutes(70), text, job_name="encode-ep117", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


def _encode(w: World, film: str, command: tuple[str, ...], *, age: float, failed: int, pods: list[P]) -> Workload:
    """Return a Job that runs, with what its controller counts as failed."""
    name = f"encode-{film}"
    inner = container("ffmpeg", "registry.renderfarm.example/encode:7.1", port=0, ready=None, command=command,
                      cpu=("4", "4"), memory=("6Gi", "8Gi"))  # fmt: skip
    spec = pod_spec(inner) | {"restartPolicy": "Never"}
    meta = w.meta("Job", name, age)
    labels = {"batch.kubernetes.io/controller-uid": meta["uid"], "batch.kubernetes.io/job-name": name, "job-name": name}
    body: Obj = {"backoffLimit": 6, "completions": 1, "parallelism": 1, "podReplacementPolicy": "TerminatingOrFailed"}
    body["template"] = {"metadata": {"labels": labels}, "spec": spec}
    top = w.add({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": body})
    top["status"] = {"startTime": w.at(age), "active": 1, "failed": failed, "terminating": len(pods) - 1}
    made = Workload("Job", name, labels, top)
    for index, each in enumerate(pods):
        old = each.age or age
        made.pods.append(pod(w, f"{name}-{suffix(name, index)}", spec, labels, reference(top), each, old, index))
    return made


@case(
    "autoscaler-watches-a-queue-nobody-fills",
    "invoicing",
    "2026-09-03T13:27:00",
    title="Invoices wait by the ten thousand and one worker runs: its autoscaler still watches the queue of old",
    drawn_from="HPAs on an external metric whose selector names a queue that was renamed: 0 is a valid reading",
    why="Publisher and worker moved to invoices.v2 three hours ago and work well; only the autoscaler asks for the old "
    "name. Its selector has to be corrected, or the workers be raised by hand until then.",
    expect=[Fault("HorizontalPodAutoscaler/invoice-worker", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/invoice-worker"),
        ("capacity", "page_human", "Deployment/invoice-worker"),
        ("capacity", "page_human"),
        ("configuration_error", "scale_workload", "Deployment/invoice-worker"),
        ("capacity", "scale_workload", "Deployment/invoice-worker"),
    ],
    tolerated=["scale_workload"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def renamed(w: World) -> None:
    nodes(w, "iv-1", "iv-2", "iv-3")
    broker = statefulset(w, "rabbitmq", pod_spec(container("rabbitmq", "rabbitmq:4.1.2-management", port=5672,
                         memory=("1Gi", "2Gi"), ready={"exec": {"command": ["rabbitmq-diagnostics", "ping"]}})), 3,
                         claim="data")  # fmt: skip
    for index in range(3):
        claim(w, f"data-rabbitmq-{index}", size="10Gi")
    service(w, "rabbitmq", port=5672, target=5672, headless=True)
    image, host = "registry.invoicing.example", "amqp://rabbitmq:5672"
    env = [{"AMQP_URL": host, "QUEUE": queue, "PREFETCH": "8"} for queue in ("invoices", "invoices.v2")]
    pairs = []
    for name, before, now, age, many in (
        ("orders", "5.18.0", "5.19.0", hours(3.1), 3),
        ("invoice-worker", "4.2.7", "4.3.0", hours(3), 1),
    ):
        specs = [
            pod_spec(container(name, f"{image}/{name}:{v}", env=e, cpu=("250m", "1")))
            for v, e in zip((before, now), env, strict=True)
        ]
        pairs.append(deployment(w, name, [Rev(specs[0], days(24)), Rev(specs[1], age)], many))
    service(w, "orders")
    worker = pairs[1]
    scaler = hpa(w, worker, low=1, high=20, now=1, used=None, limited="TooFewReplicas", scaled=hours(2.8))
    chosen = {"name": "rabbitmq_queue_messages_ready", "selector": {"matchLabels": {"queue": "invoices"}}}
    metric = {"metric": chosen, "target": {"type": "AverageValue", "averageValue": "200"}}
    scaler["spec"]["metrics"] = [{"type": "External", "external": metric}]
    current = {"metric": chosen, "current": {"averageValue": "0", "value": "0"}}
    scaler["status"]["currentMetrics"] = [{"type": "External", "external": current}]
    scaler["status"]["conditions"][1]["message"] = (
        "the HPA was able to successfully calculate a replica count from external metric "
        "rabbitmq_queue_messages_ready(&LabelSelector{MatchLabels:map[string]string{queue: invoices,},"
        "MatchExpressions:[]LabelSelectorRequirement{},})"
    )
    log(
        w, worker, 0, "logback", often(4, 400, 1, "info", ["invoice {n} rendered and sent in 812 ms"], "c.e.inv.Worker")
    )
    for index in range(3):
        sent = ["order {n} placed, published to invoices.v2"]
        log(w, pairs[0], index, "logback", often(7, 500 - 3 * index, 2, "info", sent, "c.e.orders.Outbox"))
    came = ["accepting AMQP connection 10.244.1.17:48822 -> 10.244.1.11:5672"]
    log(w, broker, 0, "rabbitmq", often(400, 3300, 50, "info", came))
    signal(w, "queue_depth", {"component": "rabbitmq", "queue": "invoices.v2"}, ramp(31_000, 52_400))
    exact(w, "queue_depth", {"component": "rabbitmq", "queue": "invoices"}, flat(0))
    signal(w, "queue_depth", {"component": "rabbitmq", "queue": "shipments"}, flat(14), noise=0.4)
    exact(w, "hpa_replicas", {"component": "invoice-worker"}, flat(1))
    exact(w, "hpa_max", {"component": "invoice-worker"}, flat(20))
    exact(w, "replicas_available", {"component": "invoice-worker"}, flat(1))
    signal(w, "cpu_share", {"pod": worker.pod(0), "container": "invoice-worker"}, flat(0.58))
    requests(w, "orders", rate=flat(7), errors=flat(0.0006), p95=flat(0.21))
    well(w, "shipments", f"{image}/shipments:90", pods=2, age=days(5), before=f"{image}/shipments:89", talk=True)
    alert(w, "QueueBacklog", minutes(95), "more than 10000 messages wait in invoices.v2", queue="invoices.v2")


@case(
    "hung-fetches-leave-no-room-for-a-release",
    "fx-desk",
    "2026-04-08T07:39:00",
    title="A release waits for CPU; seventeen runs of a five-minute schedule hang at a partner and hold three nodes",
    drawn_from="CronJobs with concurrencyPolicy Allow and no deadline that pile up behind a host that does not answer",
    why="The new pod of pricing is well described and has no room; what takes it is a schedule whose runs wait without "
    "end since an hour and a half. It has to be suspended and its runs ended, by hand.",
    expect=[Fault("CronJob/fetch-fixings", "resource_exhaustion", "page_human")],
    acceptable=[
        *((cause, "page_human") for cause in ("configuration_error", "dependency_failure", "capacity", "code_defect")),
        ("resource_exhaustion", "page_human", "Deployment/pricing"),
    ],
    forbidden=["scale_workload", "restart_workload", "rollback_workload", "no_action", "switch_traffic"],
)
def piled(w: World) -> None:
    nodes(w, "fx-1", "fx-2", "fx-3", cpu="8", memory="32646112Ki")
    inner = container("fetch", "quay.io/fx-desk/fetch-fixings:2.0.3", port=0, ready=None, cpu=("1", "1"),
                      args=("--host=sftp.fixings-partner.example", "--out=s3://fx-desk/fixings"))  # fmt: skip
    run = busy(w, "fetch-fixings", pod_spec(inner), ages=[240 + 300 * n for n in range(17)], schedule="*/5 * * * *")
    for index in range(17):
        began = 240 + 300 * index
        lines = [
            L(began - 4, "info", "fetch-fixings 2.0.3, window of 5 minutes", "fetch"),
            L(began - 4, "info", "Connecting to sftp.fixings-partner.example:22", "fetch.sftp"),
            L(began - 5, "debug", "starting thread (client mode)", "paramiko.transport"),
        ]
        log(w, run, index, "python", lines)
        if began < 3600:
            job = next(o for o in w.objects if o["kind"] == "Job" and run.pod(index).startswith(o["metadata"]["name"]))
            text = f"Created job {job['metadata']['name']}"
            event(w, run.obj, "SuccessfulCreate", text, kind="Normal", last=began)
    specs = [
        pod_spec(container("pricing", f"quay.io/fx-desk/pricing:{v}", cpu=("1500m", "3"), memory=("1Gi", "2Gi")))
        for v in ("11.4", "11.5")
    ]
    text = (
        "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: "
        "3 No preemption victims found for incoming pod."
    )
    old = [P(0, node=f"fx-{n + 1}") for n in range(3)]
    revisions = [Rev(specs[0], days(15)), Rev(specs[1], minutes(31))]
    top = deployment(w, "pricing", revisions, [*old, P(1, age=minutes(31), unschedulable=text)], replicas=3)
    event(w, top.pods[3], "FailedScheduling", text, first=minutes(31), last=minutes(1), count=7)
    service(w, "pricing")
    for index in range(3):
        log(w, top, index, "zap", often(20, 700 - 9 * index, 2, "info", ["priced"], "curve/price.go:77"))
    well(
        w,
        "blotter",
        "quay.io/fx-desk/blotter:203",
        pods=2,
        age=days(8),
        before="quay.io/fx-desk/blotter:202",
        talk=True,
    )
    well(w, "fixings-api", "quay.io/fx-desk/fixings-api:40", pods=2, age=days(90))
    requests(w, "pricing", rate=flat(17), errors=flat(0.0007), p95=flat(0.14))
    for name in ("fx-1", "fx-2", "fx-3"):
        signal(w, "node_cpu_share", {"node": name}, flat(0.19))
    text = "Rollout of deployment fx-desk/pricing is not progressing for longer than 15 minutes."
    alert(w, "KubeDeploymentRolloutStuck", minutes(5), text, deployment="pricing", severity="warning")
