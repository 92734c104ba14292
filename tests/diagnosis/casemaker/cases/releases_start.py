"""Releases whose new pods do not start or do not get ready; the old ones still serve."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event, pull_failure, restarting
from tests.diagnosis.casemaker.logs import log, often, raw
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, nodes, secret
from tests.diagnosis.casemaker.pods import P, not_started, terminated, waiting
from tests.diagnosis.casemaker.scene import alert, postgres, well
from tests.diagnosis.casemaker.signals import flat, requests
from tests.diagnosis.casemaker.templates import container, from_map, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "bad-image-tag",
    "shop",
    "2026-02-11T14:32:00",
    title="A release names an image tag that was never pushed; the old pods still serve",
    drawn_from="the commonest failed roll-out in runbooks: ImagePullBackOff after a typing error in the tag",
    why="Only the template differs and the older one runs; a restart would try the missing image again.",
    expect=[Fault("Deployment/checkout", "configuration_error", "rollback_workload")],
    acceptable=[("code_defect", "rollback_workload"), ("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload", "switch_traffic"],
)
def bad_image_tag(w: World) -> None:
    nodes(w, "node-a1", "node-a2", "node-a3")
    tag = "registry.shop.example/checkout:2.14.3"
    env = {"LOG_LEVEL": "info", "CART_URL": "http://cart"}
    specs = [pod_spec(container("checkout", f"{tag}{end}", env=env, live="/livez")) for end in ("", "-rc.hotfix1")]
    stuck = waiting(
        "ImagePullBackOff",
        f'Back-off pulling image "{tag}-rc.hotfix1": ErrImagePull: rpc error: code = NotFound desc = failed to '
        "pull and "
        f'unpack image "{tag}-rc.hotfix1": failed to resolve reference "{tag}-rc.hotfix1": {tag}-rc.hotfix1: not found',
    )
    top = deployment(
        w,
        "checkout",
        [Rev(specs[0], days(19)), Rev(specs[1], minutes(17))],
        [P(0), P(0), P(0), P(0), P(1, age=minutes(17), state=stuck)],
        replicas=4,
        labels={"app.kubernetes.io/name": "checkout", "app.kubernetes.io/instance": "shop"},
    )
    cause = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{tag}-rc.hotfix1": failed to resolve '
        f'reference "{tag}-rc.hotfix1": {tag}-rc.hotfix1: not found'
    )
    pull_failure(w, top.pods[4], cause, since=minutes(17))
    service(w, "checkout", top.labels)
    well(w, "cart", "registry.shop.example/cart:5.0.2", before="registry.shop.example/cart:5.0.1")
    ingress(w, "shop", "shop.example.com", [("/checkout", "checkout", 80), ("/cart", "cart", 80)])
    log(w, top, 0, "zap", often(20, 900, 4, "info", ["order placed id={n}", "payment authorised order={n}"]))


@case(
    "missing-configmap-key-in-release",
    "ledger",
    "2026-03-04T09:12:00",
    title="A release reads a ConfigMap key that nobody added; its pods cannot be created",
    drawn_from="failure stories of CreateContainerConfigError after a template and its ConfigMap went separate ways",
    why="The new template asks for a key that is not there; the old template needs none; a restart would "
    "replace good pods.",
    expect=[Fault("Deployment/ledger-api", "configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "restart_connection_pool", "scale_workload", "no_action", "scale_database"],
)
def missing_key(w: World) -> None:
    nodes(w, "ip-10-0-1-17", "ip-10-0-2-40")
    env = {"DB_URL": from_secret("ledger-db", "url"), "CURRENCY": from_map("ledger-config", "currency")}
    old = pod_spec(container("api", "ghcr.io/acme/ledger-api:1.41.0", env=env, memory=("512Mi", "1Gi")))
    new = pod_spec(
        container(
            "api",
            "ghcr.io/acme/ledger-api:1.42.0",
            env=env | {"FX_ENDPOINT": from_map("ledger-config", "fx_endpoint")},
            memory=("512Mi", "1Gi"),
        )
    )
    stuck = waiting("CreateContainerConfigError", "couldn't find key fx_endpoint in ConfigMap ledger/ledger-config")
    top = deployment(
        w,
        "ledger-api",
        [Rev(old, days(12)), Rev(new, minutes(26))],
        [P(0), P(0), P(0), P(1, age=minutes(26), state=stuck)],
        replicas=3,
    )
    text = "Error: couldn't find key fx_endpoint in ConfigMap ledger/ledger-config"
    event(w, top.pods[3], "Failed", text, first=minutes(26), last=12, count=118, container="api")
    service(w, "ledger-api", top.labels)
    config_map(w, "ledger-config", {"currency": "EUR", "rounding": "half-even"}, changed=days(60))
    secret(w, "ledger-db", ["url"], changed=days(140))
    postgres(w)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    log(w, top, 1, "logback", often(30, 1200, 5, "info", ["POST /entries 201 {n}us", "GET /balance 200 {n}us"]))
    alert(
        w,
        "KubeDeploymentRolloutStuck",
        minutes(11),
        "Rollout of deployment ledger/ledger-api is not progressing.",
        deployment="ledger-api",
        severity="warning",
    )


@case(
    "command-not-found-in-release",
    "media",
    "2026-01-20T22:05:00",
    title="A template changed the command to a program that the image does not have",
    drawn_from="runtime errors of containerd (StartError, executable file not found) after a chart refactoring",
    why="Same image, other command: configuration; the previous template runs.",
    expect=[Fault("Deployment/thumbnailer", "configuration_error", "rollback_workload")],
    acceptable=[("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload"],
)
def command_not_found(w: World) -> None:
    nodes(w, "n1", "n2")
    image = "harbor.media.example/thumbnailer@sha256:6f1d0c7c6f3e4cfb0d3ab2b4a2a1b6d8f9e0c1d2e3f405162738495a6b7c8d9e"
    old = pod_spec(container("worker", image, port=9100, ready="/ready", command=("/usr/local/bin/thumbnailer",)))
    new = pod_spec(container("worker", image, port=9100, ready="/ready", command=("/usr/bin/thumbnailer", "serve")))
    message = (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
        'unable to start container process: error during container init: exec: "/usr/bin/thumbnailer": stat '
        "/usr/bin/thumbnailer: no such file or directory"
    )
    died = not_started(message, finished=150)
    top = deployment(
        w,
        "thumbnailer",
        [Rev(old, days(48)), Rev(new, minutes(34))],
        [P(0), P(0), P(1, age=minutes(34), restarts=11, backoff="5m0s", last=died, unready=minutes(34))],
        replicas=2,
        labels={"k8s-app": "thumbnailer"},
    )
    event(w, top.pods[2], "Failed", f"Error: {message}", first=minutes(34), last=150, count=11, container="worker")
    restarting(w, top.pods[2], first=minutes(33), last=20, count=148)
    service(w, "thumbnailer", top.labels, target=9100)
    well(w, "upload", "harbor.media.example/upload:3.3.0", labels={"k8s-app": "upload"}, talk=True)


@case(
    "crash-at-start-in-release",
    "identity",
    "2026-04-14T16:48:00",
    title="New code dies at start with a missing module while the old pods serve",
    drawn_from="Node.js services that were built without a dependency: Cannot find module, exit 1, back-off",
    why="Only the image differs, its process ends by itself at start; the older revision is whole.",
    expect=[Fault("Deployment/session-service", "code_defect", "rollback_workload")],
    acceptable=[("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def crash_at_start(w: World) -> None:
    nodes(w, "pool-1-aa", "pool-1-bb", "pool-1-cc")
    specs = [
        pod_spec(container("app", f"eu.gcr.example/id/session-service:{v}", port=3000, env={"NODE_ENV": "production"}))
        for v in ("8.2.0", "8.3.0")
    ]
    died = terminated(1, "Error", started=41, finished=39)
    bad = P(
        1, age=minutes(9), restarts=6, state=died, ready=False, last=terminated(1, "Error", started=210, finished=208)
    )
    top = deployment(
        w,
        "session-service",
        [Rev(specs[0], days(5)), Rev(specs[1], minutes(9))],
        [P(0), P(0), P(0), bad],
        replicas=3,
        labels={"app": "session-service", "team": "identity"},
    )
    restarting(w, top.pods[3], first=minutes(8.5), last=14, count=39)
    service(w, "session-service", {"app": "session-service"}, target=3000)
    trace = (
        "node:internal/modules/cjs/loader:1228\n  throw err;\n  ^\n\nError: Cannot find module '@id/token-claims'\n"
        "Require stack:\n- /app/dist/claims.js\n- /app/dist/index.js\n    at Module._resolveFilename "
        "(node:internal/modules/cjs/loader:1225:15)\n    at Module._load (node:internal/modules/cjs/loader:1051:27) {\n"
        "  code: 'MODULE_NOT_FOUND',\n  requireStack: [ '/app/dist/claims.js', '/app/dist/index.js' "
        "]\n}\n\nNode.js v20.17.0"
    )
    raw(w, top, 3, trace)
    # While the container is terminated the previous log is gone; the runtime answers with this text instead.
    raw(w, top, 3, "unable to retrieve container logs for containerd://5ff31b1e0a", previous=True)
    log(w, top, 0, "pino", often(25, 800, 3, "info", ["request completed", "session refreshed"]))
    well(w, "profile", "eu.gcr.example/id/profile:2.9.1", port=3000)


@case(
    "missing-secret-in-release-all-down",
    "partner-api",
    "2026-02-25T03:41:00",
    title="A Recreate release mounts a Secret that does not exist; nothing runs any more",
    drawn_from="FailedMount stories: a Secret renamed in the chart but not in the vault's sync",
    why="The new template mounts a name that is not there; the old one mounted the Secret that is.",
    expect=[Fault("Deployment/partner-gateway", "configuration_error", "rollback_workload")],
    acceptable=[("configuration_error", "page_human")],
    tolerated=[],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload"],
)
def missing_secret(w: World) -> None:
    nodes(w, "k8s-w1", "k8s-w2")
    image = "registry.example.net/partner/gateway:7.1.0"

    def spec(name: str) -> dict[str, object]:
        inner = container("gateway", image, mounts={"tls": "/etc/partner/tls"})
        return pod_spec(inner, volumes={"tls": f"secret/{name}"})

    creating = waiting("ContainerCreating")
    top = deployment(
        w,
        "partner-gateway",
        [Rev(spec("partner-client-cert"), days(64)), Rev(spec("partner-client-tls"), minutes(13))],
        [
            P(1, age=minutes(13), state=creating, unready=minutes(13)),
            P(1, age=minutes(13), state=creating, unready=minutes(13)),
        ],
        strategy={"type": "Recreate"},
    )
    for pod in top.pods:
        text = 'MountVolume.SetUp failed for volume "tls" : secret "partner-client-tls" not found'
        event(w, pod, "FailedMount", text, first=minutes(13), last=70, count=14)
    secret(w, "partner-client-cert", ["tls.crt", "tls.key", "ca.crt"], age=days(64), kind="kubernetes.io/tls")
    service(w, "partner-gateway")
    well(w, "partner-portal", "registry.example.net/partner/portal:3.0.4")
    requests(w, "partner-gateway", rate=flat(12), errors=lambda age: 1.0 if age < 770 else 0.001)
    alert(w, "PartnerGatewayUnavailable", minutes(11), "All replicas of partner-gateway are unavailable")
