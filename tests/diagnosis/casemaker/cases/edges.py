"""Routes, names, trust and canaries at the edge of a namespace."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.logs import log, often
from tests.diagnosis.casemaker.network import http_route, policy, service
from tests.diagnosis.casemaker.platform import config_map, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.rolled import rollout
from tests.diagnosis.casemaker.scene import alert, postgres, redis, well
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev
from tests.diagnosis.casemaker.world import World, days, minutes

HARM = ["restart_workload", "scale_workload", "no_action", "isolate_workload", "scale_database"]


@case(
    "route-names-a-port-that-moved",
    "gazette",
    "2026-07-27T09:58:00",
    title="A Service's port was renumbered; the HTTPRoute still sends to the old one and answers 500",
    drawn_from="Gateway API routes whose backendRefs no longer resolve: 500 for every request, ResolvedRefs False",
    why=(
        "Pods and their Service are well; the route's own status says that its reference does not "
        "resolve since the edit."
    ),
    expect=[Fault("HTTPRoute/gazette", "configuration_error", "page_human")],
    acceptable=[
        ("network_fault", "page_human"),
        ("configuration_error", "page_human", "Service/front"),
        ("network_fault", "page_human", "Service/front"),
    ],
    tolerated=["switch_traffic"],
    forbidden=[*HARM, "rollback_workload"],
)
def moved(w: World) -> None:
    nodes(w, "gz-1", "gz-2")
    front = well(w, "front", "registry.gazette.example/front:15", pods=2, age=days(9))
    for obj in w.objects:
        if obj["kind"] == "Service":
            obj["spec"]["ports"][0]["port"] = 8080
            w.changed(obj, minutes(17), "kubectl-edit", {"f:spec": {"f:ports": {}}})
    text = "Service gazette/front has no port 80"
    http_route(w, "gazette", "gazette.example", "front", 80, refused=("BackendNotFound", text, minutes(17)))
    log(w, front, 0, "golang", often(20, 3300, minutes(17), "info", ["GET /news/{n} 200 3ms"]))
    alert(
        w,
        "GatewayAnswers500",
        minutes(11),
        "all requests for gazette.example are answered with 500",
        httproute="gazette",
    )


@case(
    "egress-policy-without-names",
    "clinic",
    "2026-01-15T16:20:00",
    title="A policy that closes all egress forgot the name server; no pod of the namespace resolves anything",
    drawn_from="default-deny egress policies without a rule for port 53: EAI_AGAIN everywhere at once",
    why="It looks like a broken name server, but the names are lost to the pods that the policy selects "
    "since it exists, "
    "and to nobody else.",
    expect=[Fault("NetworkPolicy/deny-egress", "network_fault", "page_human")],
    acceptable=[("configuration_error", "page_human")],
    forbidden=[*HARM, "rollback_workload", "restart_connection_pool"],
)
def nameless(w: World) -> None:
    nodes(w, "cl-1", "cl-2")
    postgres(w)
    redis(w)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    env = {"DATABASE_URL": "postgres://app@postgres:5432/app", "REDIS_URL": "redis://redis:6379"}
    visits = well(w, "visits", "registry.clinic.example/visits:18", pods=2, age=days(15), env=env)
    letters = well(w, "letters", "registry.clinic.example/letters:6", pods=2, age=days(44), env=env)
    policy(w, "deny-egress", {}, age=minutes(23), egress_to=[{"to": [{"podSelector": {}}]}])
    for index in range(2):
        lines = ["getaddrinfo EAI_AGAIN postgres", "Error: getaddrinfo EAI_AGAIN redis", "GET /visit/{n} 500"]
        log(w, visits, index, "pino", often(5, 1370, 1, "error", lines))
        lines = [
            (
                'psycopg.OperationalError: could not translate host name "postgres" to address: Temporary '
                "failure in name resolution"
            )
        ]
        log(w, letters, index, "python", often(8, 1370, 1, "error", lines, "letters.db"))


@case(
    "renewed-certificate-of-another-issuer",
    "tax-office",
    "2026-05-30T10:12:00",
    title="The certificate of an internal service was renewed by another issuer, which its callers do not trust",
    drawn_from="PKIX path building failed after cert-manager issuers were switched; nothing had expired",
    why="Callers fail since the Secret was written, their own templates are weeks old; either the issuer or the trust "
    "of the callers has to be put right.",
    expect=[Fault("Secret/filing-tls", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/filing"),
        ("network_fault", "page_human"),
        ("network_fault", "page_human", "Deployment/filing"),
    ],
    forbidden=[*HARM, "rollback_workload"],
)
def issuer(w: World) -> None:
    nodes(w, "to-1", "to-2")
    filing = well(w, "filing", "registry.tax.example/filing:11", pods=2, age=days(40))
    for obj in (filing.obj, filing.sets[0], *filing.pods):
        inner = obj["spec"] if obj["kind"] == "Pod" else obj["spec"]["template"]["spec"]
        inner["volumes"] = [{"name": "tls", "secret": {"secretName": "filing-tls", "defaultMode": 420}}]
    secret(
        w,
        "filing-tls",
        ["ca.crt", "tls.crt", "tls.key"],
        kind="kubernetes.io/tls",
        changed=minutes(34),
        by="cert-manager-certificates-issuing",
        annotations={"cert-manager.io/certificate-name": "filing", "cert-manager.io/issuer-name": "new-internal-ca"},
    )
    config_map(w, "trust-bundle", {"ca.crt": "-----BEGIN CERTIFICATE-----"}, changed=days(80))
    online = well(
        w, "online", "registry.tax.example/online:52", pods=3, age=days(20), env={"FILING_URL": "https://filing/"}
    )
    clerk = well(
        w,
        "clerk-desk",
        "registry.tax.example/clerk-desk:8",
        pods=2,
        age=days(63),
        env={"FILING_URL": "https://filing/"},
    )
    text = (
        "javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider.certpath."
        "SunCertPathBuilderException: unable to find valid certification path to requested target"
    )
    for index in range(3):
        log(
            w,
            online,
            index,
            "logback",
            often(6, 2000, 1, "error", [f"POST https://filing/returns: {text}"], "c.t.online.FilingClient"),
        )
    for index in range(2):
        text = (
            'Get "https://filing/returns/{n}": tls: failed to verify certificate: x509: certificate signed '
            "by unknown authority"
        )
        log(w, clerk, index, "golang", often(9, 2000, 1, "error", [text]))
    log(
        w,
        filing,
        0,
        "golang",
        often(
            6, 2000, 1, "error", ["http: TLS handshake error from 10.244.1.31:{n}: remote error: tls: bad certificate"]
        ),
    )
    requests(w, "online", rate=flat(22), errors=step(0.001, 0.31, minutes(33)))


@case(
    "canary-of-a-custom-owner-fails",
    "hotel",
    "2026-08-19T12:35:00",
    title="The canary of an Argo Rollout throws on every booking while the stable pods are well",
    drawn_from="progressive deliveries that pause with a bad canary because no analysis was configured",
    why="Only the pods of the new ReplicaSet fail and since they exist; the owner is none that can be rolled back as a "
    "Deployment is, so a person who aborts it is as right.",
    expect=[Fault("Rollout/booking", "code_defect", "rollback_workload")],
    acceptable=[("code_defect", "page_human"), ("code_defect", "page_human", "*")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database"],
)
def canary(w: World) -> None:
    nodes(w, "ho-1", "ho-2")
    specs = [pod_spec(container("booking", f"registry.hotel.example/booking:3.{v}")) for v in (3, 4)]
    pods = [P(rev=0), P(rev=0), P(rev=0), P(rev=0), P(rev=1)]
    top = rollout(w, "booking", [Rev(specs[0], days(12)), Rev(specs[1], minutes(18))], pods)
    service(w, "booking")
    for index, made in enumerate(top.pods):
        bad = index == 4
        name = made["metadata"]["name"]
        level = flat(0.97) if bad else flat(0.001)
        signal(w, "error_ratio_by_pod", {"pod": name}, level, since=minutes(17) if bad else 3600)
        lines = [
            "NoMethodError: undefined method `rate_for' for nil:NilClass",
            "Completed 500 Internal Server Error in 4ms",
        ]
        if bad:
            log(w, top, index, "logfmt", often(5, minutes(17), 1, "error", lines))
        else:
            log(w, top, index, "logfmt", often(15, 1500, 1, "info", ["Completed 200 OK in {n}us"]))
    requests(w, "booking", rate=flat(48), errors=step(0.001, 0.19, minutes(17)))
    alert(w, "BookingErrors", minutes(12), "19% of bookings fail", service="booking")
