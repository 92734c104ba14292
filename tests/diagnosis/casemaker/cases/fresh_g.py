"""Who may talk to whom: labels that policies and Services ask for, replicas that two hands set, a challenge unheard."""

from __future__ import annotations

import json
from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import custom
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, policy, service
from tests.diagnosis.casemaker.platform import hpa, nodes, secret
from tests.diagnosis.casemaker.pods import P, pod
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.signals import Shape, exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment, reference
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


@case(
    "release-lost-the-label-that-policies-ask-for",
    "pharmacy",
    "2026-03-12T09:47:00",
    title="A release dropped a pod label; two policies that are months old now keep its pods from their database",
    drawn_from="chart refactorings that lost podLabels under a default-deny namespace: connect timeouts, store well",
    why="Policies and database are unchanged and another client with the label works; the new template lacks the label "
    "that the old one had, and each connection times out since its roll-out.",
    expect=[Fault("Deployment/dispense-api", "configuration_error", "rollback_workload")],
    acceptable=[
        (cause, "rollback_workload")
        for cause in ("network_fault", "code_defect", "database_connection", "dependency_failure")
    ],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "restart_connection_pool", "scale_database", "no_action"],
)
def lost_label(w: World) -> None:
    nodes(w, "ph-1", "ph-2", "ph-3")
    base, mark = postgres(w, "stock-db", image="postgres:16.8"), {"stock-db-client": "true"}
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    image, env = "pharmacyacr.azurecr.io/dispense-api", {"ConnectionStrings__Stock": "Host=stock-db;Database=stock"}
    specs = [pod_spec(container("api", f"{image}:{v}", port=5000, ready="/health/live", env=env)) for v in (880, 884)]
    top = deployment(w, "dispense-api", [Rev(specs[0], days(27)), Rev(specs[1], minutes(25))], 3)
    top.sets[0]["metadata"]["labels"] |= mark
    top.sets[0]["spec"]["template"]["metadata"]["labels"] |= mark
    service(w, "dispense-api", target=5000)
    printer = well(
        w, "label-printer", "pharmacyacr.azurecr.io/label-printer:41", labels={"app": "label-printer"} | mark
    )
    well(w, "front", "pharmacyacr.azurecr.io/front:1207", pods=2, age=days(2), talk=True)
    policy(w, "default-deny", {}, age=days(210), ingress_from=[], egress_to=[])
    policy(w, "allow-dns", {}, age=days(210), egress_to=[{"ports": [{"protocol": "UDP", "port": 53}]}])
    kin: Obj = {"from": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": n} for n in (5000, 8080)]}
    policy(w, "allow-http-inside", {}, age=days(208), ingress_from=[kin], egress_to=[{"ports": kin["ports"]}])
    ports = [{"protocol": "TCP", "port": 5432}]
    to = {"to": [{"podSelector": {"matchLabels": {"app": "stock-db"}}}], "ports": ports}
    policy(w, "stock-db-clients", mark, age=days(190), egress_to=[to])
    clients = {"from": [{"podSelector": {"matchLabels": mark}}], "ports": ports}
    policy(w, "stock-db-server", {"app": "stock-db"}, age=days(190), ingress_from=[clients])
    bad = (
        "An error occurred using the connection to database 'stock' on server 'tcp://stock-db:5432'. "
        f"Npgsql.NpgsqlException (0x80004005): Failed to connect to {ip(w, 'stock-db')}:5432 ---> "
        "System.TimeoutException: Timeout during connection attempt"
    )
    for index in range(3):
        lines = []
        for line in often(11, minutes(24.4), 2, "", [bad]):
            said = {"Timestamp": w.at(line.age), "EventId": 20004, "LogLevel": "Error"}
            said |= {"Category": "Microsoft.EntityFrameworkCore.Database.Connection", "Message": line.text}
            lines.append(L(line.age, "", json.dumps(said)))
        log(w, top, index, "plain", lines)
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "api"}, flat(0.07), since=minutes(24.5))
    log(
        w, printer, 0, "python", often(20, 1500, 2, "info", ["printed label {n}", "stock row {n} booked out"], "labels")
    )
    log(w, base, 0, "postgres", [L(840, "log", "checkpoint starting: time"), L(15, "log", "checkpoint starting: time")])
    rows = [
        session(p["status"]["podIP"], "Deployment/label-printer", "idle", 4, age=7, user="labels") for p in printer.pods
    ]
    sessions(w, "StatefulSet/stock-db", 150, rows)
    signal(w, "db_connections", {"component": "stock-db"}, step(44, 8, minutes(24)))
    exact(w, "db_max_connections", {"component": "stock-db"}, flat(150))
    requests(w, "dispense-api", rate=flat(27), errors=step(0.001, 0.94, minutes(24)), p95=step(0.09, 15, minutes(24)))
    requests(w, "label-printer", rate=flat(5), errors=flat(0.001), p95=flat(0.2))
    alert(w, "DispenseApiErrors", minutes(19), "94% of requests to dispense-api fail", service="dispense-api")


@case(
    "newcomer-wears-the-label-of-a-service",
    "library",
    "2026-09-22T14:18:00",
    title="A new Deployment carries the label that another one's Service selects; two of five calls land there",
    drawn_from="Services with a selector of one label only, into which an exporter or an admin tool strayed",
    why="The old pods answer all that reaches them; the strangers are healthy and know none of the paths. Only the "
    "selector or the newcomer's labels can end it; the front's release of the forenoon is innocent.",
    expect=[Fault("Service/catalog", "configuration_error", "page_human")],
    acceptable=[
        ("network_fault", "page_human"),
        ("configuration_error", "page_human", "Deployment/catalog-export"),
        ("configuration_error", "page_human", "Deployment/catalog"),
        ("configuration_error", "scale_workload", "Deployment/catalog-export"),
        ("configuration_error", "isolate_workload", "Deployment/catalog-export"),
    ],
    tolerated=["scale_workload", "isolate_workload"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "restart_connection_pool"],
)
def newcomer(w: World) -> None:
    nodes(w, "lib-1", "lib-2", "lib-3")
    registry = "gitlab.library.example:5050/catalog"
    spec = pod_spec(container("catalog", f"{registry}/api:3.41.0", live="/healthz"))
    old = deployment(w, "catalog", [Rev(spec, days(23))], 3, labels={"app": "catalog", "component": "api"})
    spec = pod_spec(container("export", f"{registry}/export:0.1.2", live="/healthz"))
    labels = {"app": "catalog", "component": "export"}
    new = deployment(w, "catalog-export", [Rev(spec, minutes(34))], 2, labels=labels, age=minutes(34), number=1)
    service(w, "catalog", {"app": "catalog"})
    url = {"CATALOG_URL": "http://catalog"}
    image = "gitlab.library.example:5050/reader/web"
    front = well(w, "reader-web", f"{image}:2026.9.4", pods=3, age=hours(3.5), before=f"{image}:2026.9.3", env=url)
    well(w, "loans", "gitlab.library.example:5050/loans:77", pods=2, talk=True)
    ingress(w, "library", "opac.library.example", [("/", "reader-web", 80)])
    texts = ["GET /api/books/{n} 200 6ms", "GET /healthz 200 0ms", "GET /api/search?q=9{n} 200 21ms"]
    for index in range(3):
        log(w, old, index, "zap", often(9, 2700, 1, "info", texts, "http/access.go:54"))
    texts = [
        "GET /api/books/{n} 404 no route matches",
        "GET /healthz 200",
        "GET /api/search?q=9{n} 404 no route matches",
    ]
    for index in range(2):
        started = [L(minutes(33), "info", "export listens on :8080, next run at 02:00")]
        log(w, new, index, "golang", started + often(8, minutes(32.5), 1, "info", texts))
    texts = [
        "catalog answered 404 for GET /api/books/{n}, book is in the index",
        "GET /book/{n} 502: AxiosError: Request failed with status code 404",
    ]
    for index in range(3):
        log(w, front, index, "pino", often(10, minutes(32), 1, "error", texts))
    for top, rate, share, since in ((old, step(21, 12.8, minutes(33)), 0.21, 3600), (new, flat(12.8), 0.03, 1950)):
        for mine in top.pods:
            name, inner = mine["metadata"]["name"], mine["spec"]["containers"][0]["name"]
            signal(w, "request_rate_by_pod", {"pod": name}, rate, since=since)
            signal(w, "cpu_share", {"pod": name, "container": inner}, flat(share), since=since)
    requests(w, "catalog", rate=flat(64), errors=flat(0.0008), p95=flat(0.05))
    requests(w, "reader-web", rate=flat(39), errors=step(0.002, 0.38, minutes(33)), p95=flat(0.21))
    alert(w, "ReaderWebErrors", minutes(27), "38% of pages fail", service="reader-web")


@case(
    "two-hands-on-the-number-of-replicas",
    "livescore",
    "2026-10-03T15:52:00",
    title="Every three minutes an autoscaler asks for eleven pods and a GitOps controller puts three back",
    drawn_from="charts that set spec.replicas beside an HPA: Argo CD's self-heal undoes each scale-up",
    why="There is room and the autoscaler works; the Deployment's replicas belong to two writers since a chart change "
    "of this afternoon. More replicas by hand are taken back as well: the number has to leave the chart.",
    expect=[Fault("Deployment/score-feed", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "HorizontalPodAutoscaler/score-feed"),
        ("capacity", "page_human"),
        ("capacity", "page_human", "HorizontalPodAutoscaler/score-feed"),
    ],
    tolerated=["scale_workload"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def two_hands(w: World) -> None:
    nodes(w, "ls-1", "ls-2", "ls-3", "ls-4", cpu="16")
    image = "registry.livescore.example/score-feed"
    specs = [pod_spec(container("feed", f"{image}:{v}", cpu=("500m", "1"))) for v in ("1.90.3", "1.91.0")]
    notes = {"argocd.argoproj.io/tracking-id": "livescore:apps/Deployment:livescore/score-feed"}
    revisions = [Rev(specs[0], days(40)), Rev(specs[1], days(12))]
    top = deployment(w, "score-feed", revisions, [P(age=days(12))] * 3, annotations=notes)
    w.changed(top.obj, 74, "argocd-controller", {"f:spec": {"f:replicas": {}, "f:template": {}}})
    w.changed(top.obj, 161, "kube-controller-manager", {"f:spec": {"f:replicas": {}}})
    top.obj["metadata"]["managedFields"][-1] |= {"operation": "Update", "subresource": "scale"}
    name = top.sets[-1]["metadata"]["name"]
    for word, few, many, last in (("up", 3, 11, 160.0), ("down", 11, 3, 73.0)):
        text = f"Scaled {word} replica set {name} from {few} to {many}"
        event(w, top.obj, "ScalingReplicaSet", text, kind="Normal", first=minutes(44), last=last, count=15)
    scaler = hpa(w, top, low=3, high=24, now=3, wanted=11, used=238, target=65, scaled=161)
    text = "New size: 11; reason: cpu resource utilization (percentage of request) above target"
    event(w, scaler, "SuccessfulRescale", text, kind="Normal", first=minutes(44), last=161, count=15)
    service(w, "score-feed")
    table = well(w, "tables", "registry.livescore.example/tables:12.0", pods=2, age=days(5), talk=True)
    ingress(w, "livescore", "livescore.example", [("/feed", "score-feed", 80), ("/", "tables", 80)])

    def swings(few: float, many: float) -> Shape:
        return lambda age: few if age > minutes(44) or age % 177 < 82 else many

    for index in range(3):
        texts = ["accept: too many clients, closing websocket of 10.244.{n}", "tick fan-out took 3.1s (budget 250ms)"]
        log(w, top, index, "logfmt", often(14, minutes(43), 1, "warn", texts))
        labels = {"pod": top.pod(index), "container": "feed"}
        signal(w, "cpu_share", labels, lambda age: 0.99 if age < minutes(44) and age % 177 < 82 else 0.5)
    exact(w, "replicas_available", {"component": "score-feed"}, swings(3, 11))
    exact(w, "replicas_wanted", {"component": "score-feed"}, swings(3, 11))
    exact(w, "hpa_replicas", {"component": "score-feed"}, swings(3, 11))
    exact(w, "hpa_max", {"component": "score-feed"}, flat(24))
    for each in ("ls-1", "ls-2", "ls-3", "ls-4"):
        signal(w, "node_cpu_share", {"node": each}, flat(0.34))
    rate = ramp(140, 430, minutes(50), minutes(30))
    slow = ramp(0.2, 2.8, minutes(43), minutes(28))
    requests(w, "score-feed", rate=rate, errors=ramp(0.001, 0.11, minutes(43), minutes(28)), p95=slow)
    requests(w, table.name, rate=flat(31), errors=flat(0.001), p95=flat(0.08))
    alert(w, "ScoreFeedLatencyBurn", minutes(33), "score-feed burns its latency budget", service="score-feed")


@case(
    "challenge-cannot-be-answered-before-the-day-ends",
    "townhall",
    "2026-05-18T08:06:00",
    title="A certificate ends tonight; its renewal waits for a challenge which a policy keeps from being answered",
    drawn_from="cert-manager HTTP-01 solvers behind a default-deny policy: wrong status code 504, expected 200",
    why="Nobody is hurt yet. The solver runs and no policy lets the ingress controller reach its port: the deny came "
    "after the last renewal. Pods and releases have no part in it.",
    expect=[Fault("Certificate/forms-tls", "configuration_error", "page_human")],
    acceptable=[
        *((cause, "page_human", "*") for cause in ("configuration_error", "network_fault")),
        ("dependency_failure", "page_human"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def challenge(w: World) -> None:
    nodes(w, "th-1", "th-2")
    image = "registry.townhall.example/forms"
    well(w, "forms", f"{image}:2.8.1", pods=2, age=days(1), before=f"{image}:2.8.0", style="python", talk=True)
    ingress(w, "forms", "forms.townhall.example", [("/", "forms", 80)], tls="forms-tls")
    notes = {"cert-manager.io/certificate-name": "forms-tls", "cert-manager.io/issuer-name": "letsencrypt"}
    secret(w, "forms-tls", ["tls.crt", "tls.key"], age=days(420), changed=days(89.6), kind="kubernetes.io/tls",
           by="cert-manager-certificates-issuing", annotations=notes)  # fmt: skip
    policy(w, "default-deny-ingress", {}, age=days(36), ingress_from=[])
    edge = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    rule = {"from": [edge], "ports": [{"protocol": "TCP", "port": 8080}]}
    policy(w, "forms-from-ingress", {"app": "forms"}, age=days(36), ingress_from=[rule])
    conditions: list[Obj] = [
        {"type": "Ready", "status": "True", "reason": "Ready", "lastTransitionTime": w.at(days(420)),
         "message": "Certificate is up to date and has not expired"},
        {"type": "Issuing", "status": "True", "reason": "Renewing", "lastTransitionTime": w.at(hours(23)),
         "message": f"Renewing certificate as renewal was scheduled at {w.time(days(29.6)):%F %T} +0000 UTC"},
    ]  # fmt: skip
    issuer: Obj = {"name": "letsencrypt", "kind": "ClusterIssuer"}
    spec: Obj = {"secretName": "forms-tls", "dnsNames": ["forms.townhall.example"], "issuerRef": issuer}
    status = {"conditions": conditions, "notBefore": w.at(days(89.6)), "renewalTime": w.at(days(29.6)), "revision": 7}
    status |= {"failedIssuanceAttempts": 4, "lastFailureTime": w.at(hours(31))}
    api = "cert-manager.io/v1"
    owner = custom(w, api, "Certificate", "forms-tls", spec, status, age=days(420))
    pending = {"type": "Ready", "status": "False", "reason": "Pending", "lastTransitionTime": w.at(hours(23))}
    pending["message"] = 'Waiting on certificate issuance from order townhall/forms-tls-8-2119034417: "pending"'
    body: Obj = {"issuerRef": issuer, "request": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNU"}
    asked = custom(w, api, "CertificateRequest", "forms-tls-8", body, {"conditions": [pending]}, age=hours(23))
    _solver(w, asked, issuer)
    text = "Issuing certificate as Secret is about to expire, will renew"
    event(w, owner, "Issuing", text, kind="Normal", last=minutes(58), writer="cert-manager-certificates-trigger")
    exact(w, "certificate_expiry", {"component": "forms"}, flat(w.time(-hours(9.6)).timestamp()))
    requests(w, "forms", rate=flat(8), errors=flat(0.0007), p95=flat(0.11))
    alert(w, "CertManagerCertExpirySoon", hours(14), "The domain forms.townhall.example has a certificate that expires "
          "in less than a day", exported_namespace="townhall", severity="warning")  # fmt: skip
    taken(w)


def _solver(w: World, asked: Obj, issuer: Obj) -> None:
    """Add the order, its challenge and the solver that waits to be asked."""
    order = custom(w, "acme.cert-manager.io/v1", "Order", "forms-tls-8-2119034417",
                   {"dnsNames": ["forms.townhall.example"], "issuerRef": issuer}, {"state": "pending"},
                   age=hours(23))  # fmt: skip
    order["metadata"]["ownerReferences"] = [reference(asked)]
    reason = "Waiting for HTTP-01 challenge propagation: wrong status code '504', expected '200'"
    name = "forms-tls-8-2119034417-880142605"
    spec = {"type": "HTTP-01", "dnsName": "forms.townhall.example", "issuerRef": issuer}
    state = {"presented": True, "processing": True, "reason": reason, "state": "pending"}
    made = custom(w, "acme.cert-manager.io/v1", "Challenge", name, spec, state, age=hours(23))
    made["metadata"]["ownerReferences"] = [reference(order)]
    text = "Presented challenge using HTTP-01 challenge mechanism"
    event(w, made, "Presented", text, kind="Normal", last=minutes(59), writer="cert-manager-challenges")
    _solver_pod(w, made)


def _solver_pod(w: World, owner: Obj) -> Workload:
    labels = {"acme.cert-manager.io/http01-solver": "true", "acme.cert-manager.io/http-domain": "1148820557"}
    args = ("--listen-port=8089", "--domain=forms.townhall.example")
    inner = container(
        "acmesolver", "quay.io/jetstack/cert-manager-acmesolver:v1.17.2", port=8089, ready=None, args=args
    )
    spec = pod_spec(inner)
    name = "cm-acme-http-solver-7qk2x"
    one = pod(w, name, spec, labels, reference(owner), P(), hours(23) - 40, 1)
    service(w, "cm-acme-http-solver-4wz8r", labels, port=8089, target=8089, age=hours(23) - 40)
    path = "/.well-known/acme-challenge/0pXk3vJ2mQ"
    ingress(w, "cm-acme-http-solver-gk8mv", "forms.townhall.example", [(path, "cm-acme-http-solver-4wz8r", 8089)],
            age=hours(23) - 40)  # fmt: skip
    return Workload("Pod", name, labels, one, [one])
