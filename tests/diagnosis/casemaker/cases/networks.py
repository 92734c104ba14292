"""Names, policies, selectors, ports and routes."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, policy, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.scene import access, alert, postgres, well
from tests.diagnosis.casemaker.signals import flat, requests, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "policy-blocks-ingress",
    "bank-web",
    "2026-04-28T15:52:00",
    title="A NetworkPolicy that was added twelve minutes ago lets nobody reach the accounts service",
    drawn_from="default-deny policies rolled out without the allow rule for one caller",
    why="Pods are ready and silent, the callers time out since the policy exists; a person has to change the policy.",
    expect=[Fault("NetworkPolicy/accounts-default-deny", "network_fault", "page_human")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("network_fault", "page_human", "Deployment/accounts"),
        ("configuration_error", "page_human", "Deployment/accounts"),
    ],
    tolerated=[],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "restart_connection_pool",
    ],
)
def blocks_ingress(w: World) -> None:
    nodes(w, "bw-1", "bw-2")
    accounts = well(
        w,
        "accounts",
        "registry.bank.example/accounts:5.2",
        pods=3,
        before="registry.bank.example/accounts:5.1",
        age=days(19),
        labels={"app.kubernetes.io/name": "accounts"},
    )
    web = well(
        w,
        "web",
        "registry.bank.example/web:40",
        age=days(3),
        before="registry.bank.example/web:39",
        labels={"app.kubernetes.io/name": "web"},
    )
    policy(w, "accounts-default-deny", {"app.kubernetes.io/name": "accounts"}, age=minutes(12), ingress_from=[])
    policy(
        w,
        "web-from-ingress",
        {"app.kubernetes.io/name": "web"},
        age=days(300),
        ingress_from=[
            {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}]}
        ],
    )
    ingress(w, "bank", "bank.example", [("/", "web", 80)])
    for index in range(2):
        log(
            w,
            web,
            index,
            "pino",
            often(4, 715, 1, "error", [f"accounts: connect ETIMEDOUT {ip(w, 'accounts')}:80", "GET /dashboard 502"]),
        )
    log(w, accounts, 0, "logfmt", often(10, 3000, 730, "info", ["GET /accounts/{n} 200"]))
    requests(w, "web", rate=flat(30), errors=step(0.001, 0.71, minutes(12)))
    requests(w, "accounts", rate=step(45, 0, minutes(12)))
    alert(w, "WebErrorRate", minutes(8), "71% of requests to web fail", service="web")


@case(
    "policy-blocks-egress-to-database",
    "insure",
    "2026-05-21T21:36:00",
    title="A new egress policy allows DNS and HTTPS but forgets the database",
    drawn_from="dial tcp ...:5432: i/o timeout for every pod that a new egress policy selects",
    why="The database is well and takes other clients; only pods that the new policy selects time out, since "
    "it is there.",
    expect=[Fault("NetworkPolicy/quotes-egress", "network_fault", "page_human")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("network_fault", "page_human", "Deployment/quotes"),
        ("configuration_error", "page_human", "Deployment/quotes"),
    ],
    tolerated=[],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "restart_connection_pool",
        "scale_database",
        "no_action",
    ],
)
def blocks_egress(w: World) -> None:
    nodes(w, "in-1", "in-2", "in-3")
    base = postgres(w, "policies-db")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    quotes = well(w, "quotes", "registry.insure.example/quotes:1.61", pods=2, age=days(14))
    other = well(w, "claims", "registry.insure.example/claims:3.3", age=days(23))
    to = [
        {"ports": [{"protocol": "UDP", "port": 53}], "to": [{"namespaceSelector": {}}]},
        {"ports": [{"protocol": "TCP", "port": 443}], "to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]},
    ]
    policy(w, "quotes-egress", {"app": "quotes"}, age=minutes(26), egress_to=to)
    text = (
        f"failed to connect to `user=quotes database=policies`: {ip(w, 'policies-db')}:5432 (policies-db): dial error: "
        f"dial tcp {ip(w, 'policies-db')}:5432: i/o timeout"
    )
    for index in range(2):
        log(w, quotes, index, "zap", often(7, 1500, 1, "error", [text, "POST /quote 500"], "db/pool.go:71"))
    log(w, other, 0, "logback", often(15, 900, 3, "info", ["claim stored id={n}"], "c.i.claims.Store"))
    log(
        w,
        base,
        0,
        "postgres",
        [L(200, "log", "checkpoint starting: time"), L(150, "log", "checkpoint complete: wrote 87 buffers (0.5%)")],
    )
    requests(w, "quotes", rate=flat(12), errors=step(0, 1, minutes(25)), p95=step(0.1, 5, minutes(25)))
    requests(w, "claims", rate=flat(15), errors=flat(0.0004))


@case(
    "service-selector-changed",
    "games",
    "2026-06-05T19:19:00",
    title="A Service's selector was changed to labels that no pod carries; it has no endpoints",
    drawn_from="label clean-ups in charts where the Service moved to new labels and the pods did not",
    why="Pods are ready and unchanged; the Service selects nobody since it was edited; only the Service has to change.",
    expect=[Fault("Service/matchmaker", "configuration_error", "page_human")],
    acceptable=[("network_fault", "page_human"), ("configuration_error", "page_human", "Deployment/matchmaker")],
    tolerated=[],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def selector(w: World) -> None:
    nodes(w, "ga-1", "ga-2")
    spec = pod_spec(container("matchmaker", "registry.games.example/matchmaker:0.9.9"))
    top = deployment(w, "matchmaker", [Rev(spec, days(40))], 3, labels={"app": "matchmaker"})
    changed = service(w, "matchmaker", {"app": "matchmaker", "component": "server"}, labels={"app": "matchmaker"})
    w.changed(changed, minutes(28), "kubectl-edit", {"f:spec": {"f:selector": {}}})
    lobby = well(w, "lobby", "registry.games.example/lobby:21", pods=2, age=days(8))
    ingress(w, "games", "play.games.example", [("/match", "matchmaker", 80), ("/", "lobby", 80)])
    for index in range(2):
        log(
            w,
            lobby,
            index,
            "pino",
            often(5, 1650, 1, "error", [f"matchmaker unreachable: connect ECONNREFUSED {ip(w, 'matchmaker')}:80"]),
        )
    log(w, top, 0, "golang", often(60, 3400, 1700, "info", ["match created {n}"]))
    requests(w, "matchmaker", rate=step(25, 25, 60), errors=step(0, 1, minutes(28)))


@case(
    "service-target-port-wrong",
    "docs",
    "2026-01-09T12:44:00",
    title="A Service sends to a port on which nothing listens; endpoints look ready",
    drawn_from="connection refused through a Service although every pod is ready: targetPort 8081 instead of 8080",
    why="Readiness goes to the pod's own port and is well; the Service's port was edited; neither pods nor "
    "templates matter.",
    expect=[Fault("Service/preview", "configuration_error", "page_human")],
    acceptable=[("network_fault", "page_human"), ("configuration_error", "page_human", "Deployment/preview")],
    tolerated=[],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action"],
)
def target_port(w: World) -> None:
    nodes(w, "dc-1", "dc-2")
    spec = pod_spec(container("preview", "registry.docs.example/preview:3.0.0"))
    deployment(w, "preview", [Rev(spec, days(22))], 2)
    changed = service(w, "preview", target=8081)
    w.changed(changed, minutes(19), "kubectl-patch", {"f:spec": {"f:ports": {}}})
    editor = well(
        w, "editor", "registry.docs.example/editor:71", pods=2, age=days(5), before="registry.docs.example/editor:70"
    )
    ingress(w, "docs", "docs.example", [("/", "editor", 80), ("/preview", "preview", 80)])
    for index in range(2):
        log(
            w,
            editor,
            index,
            "python",
            often(
                6,
                1120,
                1,
                "error",
                [
                    "HTTPConnectionPool(host='preview', port=80): Max retries exceeded with url: /render "
                    "(Caused by NewConnectionError(': Failed to establish a new connection: [Errno 111] "
                    "Connection refused'))"
                ],
                "editor.render",
            ),
        )


@case(
    "ingress-to-missing-service",
    "blog",
    "2026-02-20T09:09:00",
    title="An Ingress was changed to a Service that does not exist; its path answers 503",
    drawn_from="renamed Services behind an ingress controller: 503, services not found",
    why="The workload and its own Service are well; the route names another Service; a person has to put the "
    "route right.",
    expect=[Fault("Ingress/blog", "configuration_error", "page_human")],
    acceptable=[("network_fault", "page_human")],
    tolerated=["switch_traffic"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action"],
)
def missing_service(w: World) -> None:
    nodes(w, "bl-1")
    articles = well(w, "articles", "registry.blog.example/articles:12", pods=2, age=days(70))
    well(w, "feeds", "registry.blog.example/feeds:4", pods=1, age=days(90))
    route = ingress(w, "blog", "blog.example", [("/", "articles-v2", 80), ("/feed", "feeds", 80)])
    w.changed(route, minutes(33), "kubectl-client-side-apply", {"f:spec": {"f:rules": {}}})
    access(w, articles, 0, ["/healthz"], codes=[200])
    requests(w, "articles", rate=step(20, 0, minutes(33)))
    requests(w, "blog", rate=flat(21), errors=step(0, 0.93, minutes(33)))
    alert(w, "IngressHigh5xx", minutes(28), "blog answers 93% with 503", ingress="blog")
