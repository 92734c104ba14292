"""What may be pulled and trusted: registry tokens, certificates at the edge and of webhooks."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event, pull_failure
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import node, nodes, secret
from tests.diagnosis.casemaker.pods import P, waiting
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "pull-secret-expired",
    "grid",
    "2026-09-02T06:48:00",
    title="The registry's token expired; a pod that moved to a fresh node cannot pull the image others run",
    drawn_from="401 and 403 from private registries weeks after the last release, seen after a node was replaced",
    why="The same image runs elsewhere from its cache; no template is at fault; a restart would move more pods "
    "onto nodes that cannot pull.",
    expect=[Fault("Secret/registry-pull", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/meter-api"),
        ("dependency_failure", "page_human", "Deployment/meter-api"),
        ("dependency_failure", "page_human"),
    ],
    tolerated=[],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action"],
)
def pull_secret(w: World) -> None:
    nodes(w, "grid-1", "grid-2")
    node(w, "grid-3", age=minutes(40))
    image = "registry.grid.example/meter-api:2.19.0"
    spec = pod_spec(container("api", image), imagePullSecrets=[{"name": "registry-pull"}])
    cause = (
        f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": pulling from '
        "host registry.grid.example failed with status code [manifests 2.19.0]: 401 Unauthorized"
    )
    stuck = waiting("ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {cause}')
    top = deployment(
        w,
        "meter-api",
        [Rev(spec, days(54))],
        [P(node="grid-1"), P(node="grid-2"), P(age=minutes(29), state=stuck, node="grid-3", unready=minutes(29))],
    )
    pull_failure(w, top.pods[2], cause, since=minutes(29))
    service(w, "meter-api")
    secret(w, "registry-pull", [".dockerconfigjson"], age=days(365), kind="kubernetes.io/dockerconfigjson")
    well(w, "tariffs", "registry.grid.example/tariffs:9.1.2")


@case(
    "certificate-expired-at-the-edge",
    "press",
    "2026-03-01T00:41:00",
    title="The certificate of the ingress expired forty minutes ago; clients refuse to talk",
    drawn_from="expired certificates after an ACME renewal that had failed for a month",
    why="Pods, Services and releases are well; only a new certificate helps.",
    expect=[Fault("Secret/press-tls", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Ingress/press"),
        ("network_fault", "page_human", "Ingress/press"),
        ("network_fault", "page_human"),
    ],
    tolerated=[],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def expired(w: World) -> None:
    nodes(w, "p1", "p2")
    well(
        w,
        "site",
        "registry.press.example/site:500",
        pods=3,
        before="registry.press.example/site:499",
        age=hours(30),
        talk=True,
    )
    ingress(w, "press", "press.example", [("/", "site", 80)], tls="press-tls")
    secret(
        w,
        "press-tls",
        ["tls.crt", "tls.key"],
        age=days(400),
        changed=days(90),
        by="cert-manager-certificates-issuing",
        kind="kubernetes.io/tls",
        annotations={"cert-manager.io/certificate-name": "press-tls", "cert-manager.io/issuer-name": "letsencrypt"},
    )
    certificate = w.add(
        {
            "apiVersion": "cert-manager.io/v1",
            "kind": "Certificate",
            "metadata": w.meta("Certificate", "press-tls", days(400)),
            "spec": {
                "secretName": "press-tls",
                "dnsNames": ["press.example"],
                "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"},
            },
            "status": {
                "notAfter": w.at(2460),
                "notBefore": w.at(days(90)),
                "conditions": [
                    {
                        "type": "Ready",
                        "status": "False",
                        "reason": "Expired",
                        "message": "Certificate expired on " + w.at(2460),
                        "lastTransitionTime": w.at(2460),
                    }
                ],
            },
        }
    )
    event(
        w,
        certificate,
        "Failed",
        "The certificate request has failed to complete and will be retried: Failed to wait for order resource "
        'to become ready: order is in "errored" state',
        first=hours(4),
        last=minutes(25),
        count=9,
        writer="cert-manager-certificates-issuing",
    )
    exact(w, "certificate_expiry", {"component": "press"}, flat(w.time(2460).timestamp()))
    requests(w, "site", rate=step(140, 3, minutes(41)), errors=flat(0), p95=flat(0.08))
    alert(
        w,
        "BlackboxProbeFailed",
        minutes(38),
        "probe of https://press.example/ fails: x509: certificate has expired or is not yet valid",
        instance="https://press.example/",
    )


@case(
    "webhook-certificate-expired",
    "mesh-demo",
    "2026-10-20T10:10:00",
    title="The certificate of an admission webhook expired; no pod can be created in the namespace",
    drawn_from="failed calling webhook ... x509: certificate has expired, after a node was drained",
    why="Every creation is refused, whatever the template; a restart or roll-out would only lose pods that run.",
    expect=[Fault("MutatingWebhookConfiguration/sidecar-injector", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "*"),
        ("dependency_failure", "page_human", "*"),
        ("network_fault", "page_human", "*"),
    ],
    tolerated=[],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def webhook(w: World) -> None:
    nodes(w, "m1", "m2", "m3")
    text = (
        'Internal error occurred: failed calling webhook "inject.sidecar.example": failed to call webhook: '
        'Post "https://sidecar-injector.mesh-system.svc:443/inject?timeout=10s": tls: failed to verify '
        "certificate: x509: certificate has expired or is not yet valid: current time 2026-10-20T09:31:12Z is "
        "after 2026-10-20T08:00:00Z"
    )
    made = {}
    for name, here, wanted in (("front", 2, 3), ("orders", 1, 2)):
        spec = pod_spec(
            container("app", f"registry.mesh.example/{name}:1.0.7"),
            container("proxy", "registry.mesh.example/proxy:1.22", port=15090, ready="/healthz/ready"),
        )
        made[name] = deployment(
            w, name, [Rev(spec, days(66))], here, replicas=wanted, desired={0: wanted}, failure=text
        )
        event(
            w,
            made[name].sets[0],
            "FailedCreate",
            f"Error creating: {text}",
            first=minutes(39),
            last=minutes(3),
            count=17,
        )
        service(w, name)
    w.add(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": w.meta("MutatingWebhookConfiguration", "sidecar-injector", days(365), namespace=""),
            "webhooks": [
                {
                    "name": "inject.sidecar.example",
                    "failurePolicy": "Fail",
                    "clientConfig": {
                        "service": {
                            "name": "sidecar-injector",
                            "namespace": "mesh-system",
                            "path": "/inject",
                            "port": 443,
                        }
                    },
                }
            ],
        }
    )
    exact(w, "replicas_available", {"component": "orders"}, step(2, 1, minutes(39), over=1))
