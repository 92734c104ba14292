"""Everyday trouble at the doors: a policy, an ingress class, a certificate and a quota that somebody touched."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS, custom
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, policy, service
from tests.diagnosis.casemaker.platform import nodes, quota, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, redis, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


def under_namespace(name: str) -> Obj:
    return {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}]}


@case(
    "policy-edit-leaves-the-workers-out",
    "parcel-post",
    "2026-02-18T14:26:00",
    title="Mails and labels stand still: Sidekiq cannot reach Redis since the policy of Redis was edited",
    drawn_from="NetworkPolicies tidied up to the clients somebody knew of; the workers time out, the web goes on",
    why="Redis is well and the web uses it; only pods without the label that the edited policy asks for time out, from "
    "the minute of the edit. The workers' release of three hours ago worked until then.",
    expect=[Fault("NetworkPolicy/redis-clients", "network_fault", "page_human")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("network_fault", "page_human", "Deployment/sidekiq"),
        ("configuration_error", "page_human", "Deployment/sidekiq"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def left_out(w: World) -> None:
    nodes(w, "pp-1", "pp-2", "pp-3")
    store = redis(w, "redis")
    image, env = (
        "registry.parcel-post.example/parcels",
        {"REDIS_URL": "redis://redis:6379/0", "RAILS_ENV": "production"},
    )
    web = well(w, "web", f"{image}:2026.7.2", pods=3, age=days(6), port=3000, env=env)
    specs = [
        pod_spec(
            container("sidekiq", f"{image}:{v}", port=0, ready=None, command=("bundle", "exec", "sidekiq"), env=env)
        )
        for v in ("2026.7.2", "2026.7.3")
    ]
    jobs = deployment(w, "sidekiq", [Rev(specs[0], days(6)), Rev(specs[1], hours(3))], 2)
    policy(w, "default-deny", {}, age=days(310), ingress_from=[])
    rule: Obj = {
        "from": [{"podSelector": {"matchLabels": {"app": "web"}}}],
        "ports": [{"protocol": "TCP", "port": 6379}],
    }
    edited = policy(w, "redis-clients", store.labels, age=days(310), ingress_from=[rule])
    edited["metadata"]["generation"] = 4
    w.changed(edited, minutes(24), "kubectl-client-side-apply", {"f:spec": {"f:ingress": {}}})
    policy(w, "web-from-edge", {"app": "web"}, age=days(310), ingress_from=[under_namespace("ingress-nginx")])
    ingress(w, "parcels", "parcels.example", [("/", "web", 80)])
    gone = f"Connection timed out - user specified timeout for redis:6379 ({ip(w, 'redis')})"
    for index in range(2):
        lines = [
            L(x.age, "", f"{w.at(x.age)[:-1]}.318Z pid=1 tid=g{index}k7 {x.text}")
            for x in [
                *often(20, minutes(58), minutes(25), "", ["class=LabelJob jid={n} elapsed=0.412 INFO: done"]),
                *often(9, minutes(23.8), 1, "", [
                    f"ERROR: Error fetching job: {gone}",
                    f"ERROR: heartbeat: {gone}",
                    f"WARN: RedisClient::CannotConnectError: {gone}",
                ]),
            ]
        ]  # fmt: skip
        log(w, jobs, index, "plain", lines)
        signal(w, "cpu_share", {"pod": jobs.pod(index), "container": "sidekiq"}, step(0.55, 0.02, minutes(24)))
    for index in range(3):
        text = "method=POST path=/parcels status=302 duration=41.{n} enqueued=LabelJob"
        log(w, web, index, "logfmt", often(8, 600, 1, "info", [text]))
    saved = ["100 changes in 300 seconds. Saving...", "Background saving terminated with success"]
    log(w, store, 0, "redis", often(150, 3000, 4, "info", saved))
    signal(w, "queue_depth", {"component": "redis", "queue": "default"}, ramp(20, 13_900, minutes(24)))
    requests(w, "web", rate=flat(27), errors=flat(0.0008), p95=flat(0.12))
    alert(w, "SidekiqQueueLatencyHigh", minutes(17), "oldest job of queue default waits 7 minutes", queue="default")


@case(
    "ingress-class-that-no-controller-serves",
    "brewery-shop",
    "2026-06-11T09:07:00",
    title="The shop answers 404 to everybody: its Ingress was moved to a class that does not exist",
    drawn_from="default backend - 404 after a values file named an ingressClassName of another cluster",
    why="Pods, Service and endpoints are well and get no request since the Ingress was written; its neighbour of the "
    "class nginx goes on. There is one IngressClass, and it has another name.",
    expect=[Fault("Ingress/shop", "configuration_error", "page_human")],
    acceptable=[("network_fault", "page_human")],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def no_class(w: World) -> None:
    nodes(w, "bs-1", "bs-2")
    image = "ghcr.io/brewery-shop-example"
    shop = well(w, "shop", f"{image}/shop:5.18.0", pods=3, age=hours(16), port=3000, before=f"{image}/shop:5.17.4")
    tours = well(w, "tours", f"{image}/tours:1.40", pods=2, age=days(47))
    api, meta = "networking.k8s.io/v1", w.meta("IngressClass", "nginx", days(400), namespace="")
    meta["annotations"] = {"ingressclass.kubernetes.io/is-default-class": "true"}
    spec = {"controller": "k8s.io/ingress-nginx"}
    w.add({"apiVersion": api, "kind": "IngressClass", "metadata": meta, "spec": spec})
    moved = ingress(w, "shop", "shop.brewery.example", [("/", "shop", 80)], tls="shop-tls")
    moved["spec"]["ingressClassName"] = "nginx-public"
    moved["metadata"]["generation"] = 8
    w.changed(moved, minutes(36), "helm", {"f:spec": {"f:ingressClassName": {}}})
    moved["metadata"]["managedFields"][-1]["operation"] = "Update"
    ingress(w, "tours", "tours.brewery.example", [("/", "tours", 80)], tls="tours-tls")
    for name in ("shop-tls", "tours-tls"):
        secret(
            w, name, ["tls.crt", "tls.key"], changed=days(31), by="cert-manager-certificates-issuing",
            kind="kubernetes.io/tls",
        )  # fmt: skip
    for index in range(3):
        asked = often(7, 3300, minutes(36.2), "info", ["GET /beer/{n} 200 in 48ms", "POST /cart 303 in 22ms"])
        log(w, shop, index, "pino", [*asked[-40:], *often(60, minutes(36), 2, "info", ["GET /healthz 200 in 1ms"])])
        signal(w, "cpu_share", {"pod": shop.pod(index), "container": "shop"}, step(0.34, 0.02, minutes(36)))
    log(w, tours, 0, "nginx", often(11, 900, 1, "info", ['"GET /tours/{n} HTTP/1.1" 200 9120']))
    requests(w, "shop", rate=step(44, 0, minutes(36)), errors=flat(0))
    requests(w, "tours", rate=flat(9), errors=flat(0.001), p95=flat(0.07))
    exact(w, "replicas_available", {"component": "shop"}, flat(3))
    url = "https://shop.brewery.example/"
    alert(w, "BlackboxProbeFailed", minutes(33), f"{url} answers 404: default backend - 404", instance=url)


@case(
    "secret-of-the-edge-deleted-once-too-often",
    "clinic-portal",
    "2026-05-12T07:33:00",
    title="The portal shows a fake certificate: its TLS Secret is gone and the issuer will not give a sixth this week",
    drawn_from="clean-ups that delete TLS Secrets again and again until Let's Encrypt answers too many certificates",
    why="The edge says which Secret it misses and shows its own certificate instead; cert-manager asked for a new one "
    "and is refused for days. Pods and routes are well; somebody has to put a certificate there.",
    expect=[Fault("Secret/portal-tls", "configuration_error", "page_human")],
    acceptable=[
        ("dependency_failure", "page_human"),
        ("network_fault", "page_human"),
        *(
            (cause, "page_human", what)
            for what in ("Certificate/portal-tls", "Ingress/portal")
            for cause in ("configuration_error", "dependency_failure", "network_fault")
        ),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def sixth(w: World) -> None:
    nodes(w, "cp-1", "cp-2")
    image = "registry.clinic.example"
    portal = well(w, "portal", f"{image}/portal:9.3.1", pods=2, age=days(4), before=f"{image}/portal:9.3.0")
    ingress(w, "portal", "portal.clinic.example", [("/", "portal", 80)], tls="portal-tls",
            annotations={"cert-manager.io/cluster-issuer": "letsencrypt"})  # fmt: skip
    ingress(w, "forms", "forms.clinic.example", [("/", "portal", 80)], tls="forms-tls")
    secret(
        w, "forms-tls", ["tls.crt", "tls.key"], changed=days(20), by="cert-manager-certificates-issuing",
        kind="kubernetes.io/tls",
    )  # fmt: skip
    limit = (
        "429 urn:ietf:params:acme:error:rateLimited: too many certificates (5) already issued for this exact set of "
        "identifiers in the last 168h0m0s, retry after 2026-05-14 02:10:48 UTC: see "
        "https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers"
    )
    order = custom(
        w, "acme.cert-manager.io/v1", "Order", "portal-tls-6-2904171883",
        {"dnsNames": ["portal.clinic.example"], "issuerRef": {"kind": "ClusterIssuer", "name": "letsencrypt"}},
        {"state": "errored", "reason": f"Failed to create Order: {limit}", "failureTime": w.at(minutes(43))},
        age=minutes(43),
    )  # fmt: skip
    text = (
        "The certificate request has failed to complete and will be retried: Failed to wait for order resource "
        f'"{order["metadata"]["name"]}" to become ready: order is in "errored" state: Failed to create Order: {limit}'
    )
    lacking = "Issuing certificate as Secret does not exist"
    made = custom(
        w, "cert-manager.io/v1", "Certificate", "portal-tls",
        {"secretName": "portal-tls", "dnsNames": ["portal.clinic.example"],
         "issuerRef": {"kind": "ClusterIssuer", "name": "letsencrypt"}},
        {"revision": 5, "failedIssuanceAttempts": 1, "lastFailureTime": w.at(minutes(43)), "conditions": [
            {"type": "Issuing", "status": "False", "reason": "Failed", "message": text,
             "lastTransitionTime": w.at(minutes(43))},
            {"type": "Ready", "status": "False", "reason": "DoesNotExist", "message": lacking,
             "lastTransitionTime": w.at(minutes(44))},
        ]}, age=days(260),
    )  # fmt: skip
    by = "cert-manager-certificates-"
    event(w, made, "Issuing", lacking, kind="Normal", last=minutes(44), writer=f"{by}trigger")
    event(
        w, made, "Generated", 'Stored new private key in temporary Secret resource "portal-tls-8v2nq"', kind="Normal",
        last=minutes(43.9), writer=f"{by}key-manager",
    )  # fmt: skip
    event(
        w, made, "Requested", 'Created new CertificateRequest resource "portal-tls-6"', kind="Normal",
        last=minutes(43.8), writer=f"{by}request-manager",
    )  # fmt: skip
    event(w, made, "Failed", text, last=minutes(43), writer=f"{by}issuing")
    spec = pod_spec(container("controller", "registry.k8s.io/ingress-nginx/controller:v1.12.1", port=443, ready=None))
    edge = deployment(w, "clinic-edge", [Rev(spec, days(90))], 2)
    missing = (
        'Error getting SSL certificate "clinic-portal/portal-tls": local SSL certificate clinic-portal/portal-tls was '
        "not found. Using default certificate"
    )
    for index in range(2):
        lines = often(170, minutes(44), 3, "warn", [missing], "controller.go:1108")
        text = 'Error obtaining X.509 certificate: no object matching key "clinic-portal/portal-tls" in local store'
        lines.append(L(minutes(44.1), "warn", text, "backend_ssl.go:47"))
        lines.append(L(minutes(59), "info", "Backend successfully reloaded", "controller.go:213"))
        log(w, edge, index, "klog", lines)
    log(w, portal, 0, "python", often(45, 1500, 2, "info", ['"GET /login HTTP/1.1" 200', '"GET /slots HTTP/1.1" 200']))
    text = "x509: certificate is valid for ingress.local, not portal.clinic.example"
    alert(w, "BlackboxProbeFailed", minutes(41), text, instance="https://portal.clinic.example/")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "new-quota-asks-for-limits-nobody-wrote",
    "loyalty",
    "2026-08-25T11:19:00",
    title="A release is stuck with no new pod; a quota of this morning refuses every pod without a CPU limit",
    drawn_from="failed quota: must specify limits.cpu, after a ResourceQuota came to a namespace without a LimitRange",
    why="The release changed the image only, and a service that nobody released lost a pod and gets none either, from "
    "before the release on. An older template is refused alike; each pod that goes now stays away.",
    expect=[Fault("ResourceQuota/team-compute", "configuration_error", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        ("resource_exhaustion", "page_human"),
        ("configuration_error", "page_human", "Deployment/points-api"),
        ("configuration_error", "page_human", "Deployment/mailer"),
    ],
    tolerated=["rollback_workload"],
    forbidden=["restart_workload", "no_action", "isolate_workload"],
)
def must_specify(w: World) -> None:
    nodes(w, "ly-1", "ly-2", "ly-3", cpu="16")
    image = "registry.loyalty.example"
    hard = {"requests.cpu": "20", "requests.memory": "40Gi", "limits.cpu": "40", "limits.memory": "60Gi"}
    used = {"requests.cpu": "2400m", "requests.memory": "3Gi", "limits.cpu": "6", "limits.memory": "7Gi"}
    quota(w, "team-compute", hard, used, age=hours(2.4))
    refused = 'pods "{set}-' + 'h6wzk" is forbidden: failed quota: team-compute: must specify limits.cpu for: '
    specs = [
        pod_spec(container("api", f"{image}/points-api:{v}", cpu=("300m", ""), memory=("512Mi", "1Gi")))
        for v in ("14.2.0", "14.2.1")
    ]
    revs = [Rev(specs[0], days(17)), Rev(specs[1], minutes(27))]
    top = deployment(
        w, "points-api", revs, [P(0), P(0), P(0)], replicas=4, desired={0: 3, 1: 2}, failure=f"{refused}api"
    )
    text = "Error creating: " + f"{refused}api".replace("{set}", top.sets[1]["metadata"]["name"])
    event(w, top.sets[1], "FailedCreate", text, first=minutes(27), last=minutes(5.4), count=17)
    service(w, "points-api")
    spec = pod_spec(container("mailer", f"{image}/mailer:61", cpu=("100m", "")))
    mailer = deployment(w, "mailer", [Rev(spec, days(52))], 1, replicas=2, desired={0: 2}, failure=f"{refused}mailer")
    text = "Error creating: " + f"{refused}mailer".replace("{set}", mailer.sets[0]["metadata"]["name"])
    event(w, mailer.sets[0], "FailedCreate", text, first=minutes(59), last=minutes(11), count=15)
    service(w, "mailer")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    postgres(w, "points-db")
    for index in range(3):
        log(w, top, index, "logback", often(14, 900, 2, "info", ["GET /members/{n}/points 200"], "c.l.points.Access"))
    requests(w, "points-api", rate=flat(71), errors=flat(0.0009), p95=flat(0.11))
    exact(w, "replicas_available", {"component": "points-api"}, step(4, 3, minutes(27), over=1))
    exact(w, "replicas_available", {"component": "mailer"}, flat(1))
    text = "Rollout of deployment loyalty/points-api is not progressing for longer than 15 minutes."
    alert(w, "KubeDeploymentRolloutStuck", minutes(2), text, deployment="points-api", severity="warning")
