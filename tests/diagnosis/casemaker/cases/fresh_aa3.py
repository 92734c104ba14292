"""The control plane: leases that were lost for a minute, and a mesh whose issuer came to its end."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import machines, measured
from tests.diagnosis.casemaker.events import event, probe_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import config_map, node, nodes, secret
from tests.diagnosis.casemaker.pods import P, running, terminated
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


def _leader(w: World, name: str, image: str, fell: float, *, lease: str, done: str) -> Workload:
    """Return a controller of one pod that lost its lease when the API server was away."""
    ended = terminated(1, "Error", started=days(12) - 4, finished=fell)
    pod = P(age=days(12), restarts=1, last=ended, state=running(fell - 2), unready=fell - 40)
    spec = pod_spec(container(name, image, port=9402, ready=http("/readyz", 9403), memory=("128Mi", "512Mi")))
    made = deployment(w, name, [Rev(spec, days(12.01))], [pod])
    place = f'"https://10.96.0.1:443/apis/coordination.k8s.io/v1/namespaces/platform/leases/{lease}"'
    refused = "dial tcp 10.96.0.1:443: connect: connection refused"
    text = f"error retrieving resource lock platform/{lease}: Get {place}: {refused}"
    old = [L(fell + 10 - 2 * n, "error", text, "leaderelection.go:436") for n in range(1, 5)]
    watch = "k8s.io/client-go/informers/factory.go:160: Failed to watch *v1.Secret: Get "
    watch += f'"https://10.96.0.1:443/api/v1/secrets?allowWatchBookmarks=true&watch=true": {refused}'
    old += [L(fell + 11, "warn", watch, "reflector.go:569")]
    text = f"failed to renew lease platform/{lease}: context deadline exceeded"
    old += [L(fell + 1, "info", text, "leaderelection.go:297"),
            L(fell, "error", '"error executing command" err="leader election lost"', "main.go:43")]  # fmt: skip
    log(w, made, 0, "klog", old, previous=True)
    new = [L(fell - 4, "info", f"attempting to acquire leader lease platform/{lease}...", "leaderelection.go:257"),
           L(fell - 41, "info", f"successfully acquired lease platform/{lease}", "leaderelection.go:271")]  # fmt: skip
    log(w, made, 0, "klog", [*new, *often(90, fell - 60, 5, "info", [done], "controller.go:182")])
    text = f'Container image "{image}" already present on machine'
    event(w, made.pods[0], "Pulled", text, kind="Normal", last=fell - 1, container=name)
    event(w, made.pods[0], "Started", f"Started container {name}", kind="Normal", last=fell - 2, container=name)
    labels = {"pod": made.pod(0), "container": name}
    exact(w, "restarts", labels, step(0, 1, fell, over=1))
    signal(w, "memory_share", labels, flat(0.31))
    signal(w, "cpu_share", labels, flat(0.06))
    exact(w, "replicas_wanted", {"component": name}, flat(1))
    exact(w, "replicas_available", {"component": name}, lambda age: 0 if fell - 45 < age <= fell else 1)
    return made


@case(
    "leases-lost-while-the-control-plane-was-upgraded",
    "platform",
    "2026-05-12T03:02:00",
    title="Three controllers restarted once within a minute while the API server was upgraded, and lead again since",
    drawn_from="leader election lost in controllers of a cluster with one control-plane machine during its upgrade",
    why="All three could not reach the API server in the minute in which its node was restarted with the next version, "
    "ended as they are meant to when a lease is lost, and lead and reconcile again for half an hour. Each has one "
    "restart in twelve days; nothing else is amiss.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("dependency_failure", "no_action", "*"), ("no_fault", "page_human", "*")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "isolate_workload",
        "switch_traffic",
        "scale_database",
    ],
)
def lost_leases(w: World) -> None:
    nodes(w, "pl-worker-1", "pl-worker-2", "pl-worker-3")
    fell = minutes(36)
    _leader(w, "cert-manager", "quay.io/jetstack/cert-manager-controller:v1.17.2", fell, lease="cert-manager-leader",
            done='"certificate is up to date" key="shop/tls-{n}"')  # fmt: skip
    _leader(w, "external-secrets", "oci.external-secrets.io/external-secrets/external-secrets:v0.16.2", fell - 6,
            lease="external-secrets-controller", done='"reconciled secret" ExternalSecret="shop/db-{n}"')  # fmt: skip
    _leader(w, "keda-operator", "ghcr.io/kedacore/keda:2.17.1", fell + 9, lease="operator.keda.sh",
            done='"Reconciling ScaledObject" ScaledObject="shop/mailer-{n}"')  # fmt: skip
    hook = well(w, "cert-manager-webhook", "quay.io/jetstack/cert-manager-webhook:v1.17.2", pods=2, age=days(12))
    portal = well(w, "developer-portal", "registry.platform.example/portal:5.21", age=hours(9),
                  before="registry.platform.example/portal:5.20", talk=True)  # fmt: skip
    plane = node(w, "pl-control-1", age=days(320), since=fell - 70,
                 conditions={"Ready": ("True", "KubeletReady", "kubelet is posting ready status")})  # fmt: skip
    plane["metadata"]["labels"]["node-role.kubernetes.io/control-plane"] = ""
    plane["status"]["nodeInfo"]["kubeletVersion"] = "v1.34.2"
    event(w, plane, "Starting", "Starting kubelet.", kind="Normal", last=fell - 30, writer="kubelet")
    text = "Node pl-control-1 status is now: NodeReady"
    event(w, plane, "NodeReady", text, kind="Normal", last=fell - 70, writer="kubelet")
    for of in (hook, portal):
        measured(w, of, 0.1)
    requests(w, "developer-portal", rate=flat(0.7), errors=flat(0.0), p95=flat(0.1))
    machines(w, 0.17)
    alert(w, "ControllerRestarted", minutes(33), "3 containers in namespace platform restarted within the last hour",
          severity="warning", team="platform")  # fmt: skip


@case(
    "issuer-of-the-mesh-ended-and-new-proxies-get-no-identity",
    "linkerd",
    "2026-03-11T06:24:00",
    title="Pods that a drain moved stay unready: the mesh's issuer certificate ended this morning, a year old",
    drawn_from="linkerd-identity: could not process CSR because of CA cert validation failure, a year after install",
    why="The identity service refuses each request since the minute in which its issuer's certificate ended, and says "
    "so in events and log; the issuer's Secret is a year old to the day and nobody renews it. Proxies made since have "
    "no identity and stay unready, older ones keep what they have. Each restart loses one more of them.",
    expect=[Fault("Secret/linkerd-identity-issuer", "configuration_error", "page_human")],
    acceptable=[
        ("dependency_failure", "page_human"),
        *(
            (cause, "page_human", f"Deployment/linkerd-{name}")
            for cause in ("configuration_error", "dependency_failure", "network_fault")
            for name in ("identity", "destination")
        ),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "switch_traffic",
    ],
)
def ended_issuer(w: World) -> None:
    nodes(w, "mesh-a", "mesh-b")
    node(w, "mesh-c", unschedulable=True, since=minutes(47), taints=("node.kubernetes.io/unschedulable:NoSchedule",))
    ended, drained, made = minutes(69), minutes(46), days(365) + minutes(69)
    secret(w, "linkerd-identity-issuer", ["crt.pem", "key.pem"], age=made)
    config_map(w, "linkerd-identity-trust-roots", {"ca-bundle.crt": "-----BEGIN CERTIFICATE-----\n..."}, age=made)
    tops = {}
    for name, port, pods in (
        ("identity", 8080, [P(age=days(31), node="mesh-a"), P(age=days(31), node="mesh-b")]),
        ("destination", 8086, [P(age=days(31), node="mesh-a"),
                               P(age=drained, node="mesh-b", ready=False, unready=drained - 3)]),
        ("proxy-injector", 8443, [P(age=days(31), node="mesh-b"),
                                  P(age=drained - 8, node="mesh-a", ready=False, unready=drained - 11)]),
    ):  # fmt: skip
        proxy = container("linkerd-proxy", "cr.l5d.io/linkerd/proxy:edge-25.4.4", port=4143, ready=http("/ready", 4191))
        inner = container(name, "cr.l5d.io/linkerd/controller:edge-25.4.4", port=port, ready=http("/ready", 9990))
        spec = pod_spec(proxy, inner, serviceAccountName=f"linkerd-{name}")
        tops[name] = deployment(w, f"linkerd-{name}", [Rev(spec, days(31.01))], pods, age=made)
        service(w, f"linkerd-{name}", port=port, target=port)
    until = w.at(ended)
    for index in range(2):
        lines = [L(ended + 900, "", f'time="{w.at(ended + 900)}" level=info msg="certifying default.shop.'
                   f'serviceaccount.identity.linkerd.cluster.local until {w.at(ended + 900 - days(1))}"')]  # fmt: skip
        for turn, age in enumerate(range(int(ended) - 7 - 30 * index, 3, -61)):
            who = ("linkerd-destination.linkerd", "linkerd-proxy-injector.linkerd", "default.shop", "web.intranet")
            text = (
                "could not process CSR because of CA cert validation failure: x509: certificate has expired or is not "
                f"yet valid: current time {w.at(age)} is after {until} - CSR Identity : {who[turn % 4]}."
                "serviceaccount.identity.linkerd.cluster.local"
            )
            lines.append(L(age, "", f'time="{w.at(age)}" level=error msg="{text}"'))
        log(w, tops["identity"], index, "plain", lines, container="identity")
    text = "(combined from similar events): x509: certificate has expired or is not yet valid: current time "
    text += f"{w.at(31)} is after {until}"
    event(w, tops["identity"].obj, "IssuerValidationFailed", text, first=ended - 7, last=31, count=141,
          writer="linkerd-identity")  # fmt: skip
    for name, since in (("destination", drained), ("proxy-injector", drained - 8)):
        young = tops[name].pods[1]
        cause = "HTTP probe failed with statuscode: 503"
        probe_failure(w, young, "Readiness", cause, first=since - 12, last=4, count=int(since // 10))
        span = "identity:identity{server.addr=linkerd-identity-headless.linkerd.svc.cluster.local:8080}"
        lines = []
        for age in range(int(since) - 15, 3, -45):
            up = f"[{since - 3.4 - age + age % 7 / 9:12.6f}s]"
            said = f"x509: certificate has expired or is not yet valid: current time {w.at(age)} is after {until}"
            lines += [
                L(age, "", f"{up} ERROR ThreadId(02) {span}: linkerd_proxy_identity_client::certify: Failed to obtain "
                  f"identity error=code: 'Unknown error', message: \"{said}\""),
                L(age, "", f"{up}  WARN ThreadId(01) linkerd_app: Waiting for identity to be initialized..."),
            ]  # fmt: skip
        log(w, tops[name], 1, "plain", lines, container="linkerd-proxy")
        seen = [L(age, "", f'time="{w.at(age)}" level=info msg="caches synced"') for age in (3200, 1810, 420)]
        log(w, tops[name], 0, "plain", seen, container=name)
    alert(w, "KubePodNotReady", minutes(30), "2 pods in namespace linkerd have not been ready for 15 minutes",
          severity="warning")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
