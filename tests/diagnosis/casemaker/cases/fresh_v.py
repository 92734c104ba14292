"""What lies between services: a body limit, a policy's port, a proxy that was left at home."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, policy, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.signals import flat, requests, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "scans-over-a-megabyte-stop-at-the-edge",
    "claims-intake",
    "2026-02-17T09:44:00",
    title="Scanned claims are refused with 413 since the annotations of an Ingress were written anew; small ones pass",
    drawn_from="413 Request Entity Too Large from ingress-nginx after proxy-body-size fell back to its default of 1m",
    why="The 413 bears nginx's page and the service never saw the large bodies; its own limit is 40 MB. The Ingress "
    "was written in the minute of the first refusal and lacks the body size that its sister has. The service's release "
    "is from before, took large scans for half an hour, and answers all that reach it.",
    expect=[Fault("Ingress/intake", "configuration_error", "page_human")],
    acceptable=[("network_fault", "page_human"), ("configuration_error", "page_human", "*")],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def body_limit(w: World) -> None:
    nodes(w, "ci-1", "ci-2")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    base = postgres(w, "intake-db")
    image = "registry.claims.example"
    env = {"MAX_UPLOAD_MB": "40", "PGHOST": "intake-db"}
    before = f"{image}/document-api:2.18.3"
    api = well(w, "document-api", f"{image}/document-api:2.19.0", age=minutes(58), before=before, port=5000, env=env)
    env = {"INTAKE_URL": "https://intake.claims.example/documents", "POLL_SECONDS": "20"}
    scans = well(w, "branch-scan-forwarder", f"{image}/scan-forwarder:1.7.1", pods=1, age=days(66), env=env)
    portal = well(w, "claims-portal", f"{image}/claims-portal:301", age=days(8), port=3000)
    written = ingress(w, "intake", "intake.claims.example", [("/documents", "document-api", 80)], tls="intake-tls",
                      annotations={"nginx.ingress.kubernetes.io/ssl-redirect": "true",
                                   "nginx.ingress.kubernetes.io/limit-rps": "20"})  # fmt: skip
    w.changed(
        written,
        minutes(27),
        "kubectl-replace",
        {
            "f:metadata": {
                "f:annotations": {
                    ".": {},
                    "f:nginx.ingress.kubernetes.io/limit-rps": {},
                    "f:nginx.ingress.kubernetes.io/ssl-redirect": {},
                }
            }
        },
    )
    sister = {"nginx.ingress.kubernetes.io/proxy-body-size": "40m", "nginx.ingress.kubernetes.io/ssl-redirect": "true"}
    ingress(w, "portal", "portal.claims.example", [("/", "claims-portal", 80)], tls="portal-tls", annotations=sister)
    for name in ("intake-tls", "portal-tls"):
        secret(w, name, ["tls.crt", "tls.key"], kind="kubernetes.io/tls", age=days(40))
    for index in range(2):
        lines = [L(minutes(57.6), "info", "Uvicorn running on http://0.0.0.0:5000", "uvicorn.error")]
        big = ["stored scan {n}.pdf (6.1 MB) for claim", "stored form {n}.json (11 KB)", "stored scan {n}.pdf (3.4 MB)"]
        lines += often(39, minutes(57), minutes(27.2), "info", big, "intake.documents")
        small = ["stored form {n}.json (11 KB)", "stored note {n}.txt (2 KB)", "stored form {n}.json (14 KB)"]
        log(w, api, index, "python", lines + often(66, minutes(26.8), 4, "info", small, "intake.documents"))
    page = (
        "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 Request "
        "Entity Too Large</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>"
    )
    told = often(33, minutes(26.6), 6, "error", [f"upload of scan {{n}}.pdf refused, status=413 body={page}"])
    fine = often(70, minutes(56), 9, "info", ["upload of form {n}.json done, status=201"])
    early = often(60, minutes(57), minutes(27.4), "info", ["upload of scan {n}.pdf done, status=201"])
    log(w, scans, 0, "logfmt", [*told, *fine, *early])
    for index in range(2):
        log(w, portal, index, "pino", often(21, minutes(20), 3, "info", ["GET /claims/{n} 200", "POST /photos 201"]))
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    alert(w, "ScanBacklogGrowing", minutes(12), "branch scans of the last 15 minutes have not arrived in intake",
          severity="warning", team="claims")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "policy-lets-in-the-port-of-last-week",
    "parcelhub",
    "2026-09-08T14:21:00",
    title="A release moved the port of the label service; its policy lets in the old number only, the kubelet passes",
    drawn_from="NetworkPolicy with a container port by number; probes come from the node and are let in all the same",
    why="Pods are ready and the endpoints follow the named port, but the policy, unchanged for months, names 8080 and "
    "the release listens on 9090. Callers time out since the old pods went. The older template would be reached again.",
    expect=[Fault("Deployment/label-service", "configuration_error", "rollback_workload")],
    acceptable=[
        ("network_fault", "rollback_workload"),
        *(
            (cause, "page_human", "NetworkPolicy/label-service-in")
            for cause in ("network_fault", "configuration_error")
        ),
        ("configuration_error", "page_human"),
        ("network_fault", "page_human"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/checkout"},
    ],
)
def old_port(w: World) -> None:
    nodes(w, "ph-1", "ph-2", "ph-3")
    image, since = "ghcr.io/parcelhub-example", minutes(23)
    specs = [
        pod_spec(container("label-service", f"{image}/label-service:{v}", port=port, ready="/health/ready"))
        for v, port in (("5.14.2", 8080), ("6.0.0", 9090))
    ]
    labels = {"app.kubernetes.io/name": "label-service"}
    top = deployment(w, "label-service", [Rev(specs[0], days(41)), Rev(specs[1], since)], 3, labels=labels)
    service(w, "label-service", labels, port=80, target="http")
    env = {"LABELS_URL": "http://label-service", "RATES_URL": "http://rates", "HTTP_TIMEOUT": "5s"}
    shop = well(
        w, "checkout", f"{image}/checkout:212", pods=2, age=minutes(49), before=f"{image}/checkout:211", env=env
    )
    desk = well(w, "returns-desk", f"{image}/returns-desk:38", age=days(17), env=env)
    rates = well(w, "rates", f"{image}/rates:9.1", age=days(90), talk=True)
    users = [{"podSelector": {"matchLabels": {"app": each}}} for each in ("checkout", "returns-desk")]
    rule = {"from": users, "ports": [{"protocol": "TCP", "port": 8080}]}
    policy(w, "label-service-in", labels, age=days(210), ingress_from=[rule])
    policy(w, "rates-in", {"app": "rates"}, age=days(210), ingress_from=[rule])
    for index in range(3):
        start = L(since - 26 * (index + 1), "info", "Now listening on: http://[::]:9090", "Microsoft.Hosting.Lifetime")
        probes = often(30, since - 90, 3, "info", ["HTTP GET /health/ready responded 200 in 0.4 ms"], "Serilog.Request")
        log(w, top, index, "logfmt", [start, *probes])
    late = f"dial tcp {ip(w, 'label-service')}:80: i/o timeout"
    for index in range(2):
        lines = often(14, minutes(21) - 5 * index, 2, "error",
                      [f'create label for order {{n}}: Post "http://label-service/v2/labels": {late}'])  # fmt: skip
        good = often(50, minutes(48), minutes(22), "info", ["order {n} placed, label created in 61ms"])
        log(
            w,
            shop,
            index,
            "zap",
            [*lines, *good, *often(40, minutes(21), 3, "info", ["rate for {n} from rates: 4.90"])],
        )
        lines = often(44, minutes(20.5), 4, "error", [f"return label {{n}}: {late}"])
        log(w, desk, index, "zap", lines + often(70, minutes(50), 9, "info", ["return {n} opened"]))
        log(w, rates, index, "logfmt", often(40, minutes(20), 4, "info", ["POST /quote 200 7ms"]))
    requests(w, "checkout", rate=flat(17), errors=step(0.002, 0.38, minutes(22)), p95=step(0.3, 5.2, minutes(22)))
    requests(w, "rates", rate=flat(21), errors=flat(0.0003), p95=flat(0.01))
    alert(w, "CheckoutErrorBudgetBurn", minutes(16), "checkout burns its 30d budget 14 times too fast",
          service="checkout", severity="page")  # fmt: skip


@case(
    "release-left-its-proxy-at-home",
    "lending",
    "2026-11-04T11:07:00",
    title="A release went out without its mesh proxy; two services that take mutual TLS only reset its calls",
    drawn_from="a new pipeline without istioctl kube-inject: plain text meets STRICT mTLS, filter_chain_not_found",
    why="The new template has one container where the older one and all neighbours have two. The proxies of both "
    "callees log filter_chain_not_found for the callers' addresses, and serve others; the call to the bureau works. "
    "The credit service was released in the same hour, with its proxy, and was well after it.",
    expect=[Fault("Deployment/application-flow", "configuration_error", "rollback_workload")],
    acceptable=[("network_fault", "rollback_workload"), ("code_defect", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "restart_connection_pool",
        {"remedy": "rollback_workload", "target": "Deployment/credit-score"},
    ],
)
def no_proxy(w: World) -> None:
    nodes(w, "le-1", "le-2", "le-3")
    proxy = container("istio-proxy", "docker.io/istio/proxyv2:1.23.2", port=15090, ready=http("/healthz/ready", 15021),
                      args=("proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local"))  # fmt: skip
    image, tops = "registry.lending.example", {}
    for name, old, new, age in (
        ("credit-score", "71", "72", minutes(55)),
        ("customer-records", "4.4.0", "4.4.1", days(30)),
        ("broker-portal", "190", "191", days(6)),
    ):
        specs = [pod_spec(container(name, f"{image}/{name}:{v}"), proxy) for v in (old, new)]
        tops[name] = deployment(w, name, [Rev(specs[0], age + days(20)), Rev(specs[1], age)], 2)
        service(w, name)
    name, age = "application-flow", minutes(34)
    env = {"SCORE_URL": "http://credit-score", "CUSTOMERS_URL": "http://customer-records",
           "BUREAU_URL": "https://api.bureau.example"}  # fmt: skip
    specs = [pod_spec(container(name, f"{image}/{name}:{v}", env=env, ready="/actuator/health"))
             for v in ("2026.10.3", "2026.11.1")]  # fmt: skip
    specs[0] = pod_spec(specs[0]["containers"][0], proxy)
    flow = deployment(w, name, [Rev(specs[0], days(19), cause="jenkins: application-flow #408"),
                                Rev(specs[1], age, cause="gitlab: application-flow !17")], 2)  # fmt: skip
    service(w, name)
    ingress(w, "lending", "apply.lending.example", [("/api", name, 80), ("/", "broker-portal", 80)], age=hours(3000))
    for index in range(2):
        lines = [L(age - 40, "info", "Started ApplicationFlow in 9.84 seconds (process running for 10.6)", "c.l.App")]
        for to, path in (("credit-score", "score"), ("customer-records", "customers/lookup")):
            text = (
                f'I/O error on POST request for "http://{to}/{path}": Connection reset; nested exception is '
                "java.net.SocketException: Connection reset"
            )
            lines += often(31, age - 60 - index, 3, "error", [text], f"c.l.flow.{to.split('-')[0].title()}Client")
        lines += often(60, age - 70, 5, "info", ["bureau enquiry {n} answered 200 in 412 ms"], "c.l.flow.BureauClient")
        log(w, flow, index, "logback", lines)
        theirs = flow.pods[index]["status"]["podIP"]
        for to in ("credit-score", "customer-records"):
            mine = tops[to].pods[index]["status"]["podIP"]
            text = (
                f'"- - -" 0 NR filter_chain_not_found - "-" 0 0 0 - "-" "-" "-" "-" "-" - - {mine}:8080 '
                f"{theirs}:{41022 + 1318 * index} - -"
            )
            served = (
                '"GET /summary HTTP/1.1" 200 - via_upstream - "-" 0 611 7 6 "-" "axios/1.7.2" "-" '
                f'"{to}" "{mine}:8080" inbound|8080|| 127.0.0.6:{38411 + 917 * index} {mine}:8080 - - default'
            )
            lines = often(34, age - 60, 3, "", [text]) + often(75, minutes(54), 8, "", [served])
            log(w, tops[to], index, "envoy", lines, container="istio-proxy")
            log(w, tops[to], index, "logfmt", often(70, minutes(54), 8, "info", ["GET /summary 200 6ms"]))
        log(
            w,
            tops["broker-portal"],
            index,
            "pino",
            often(30, minutes(30), 8, "info", ["GET /summary 200", "GET / 200"]),
        )
    alert(w, "LoanApplicationsFailing", minutes(24), "no loan application has been completed for 10 minutes",
          journey="apply")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
