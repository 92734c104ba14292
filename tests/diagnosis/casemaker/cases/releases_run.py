"""Releases that start well and then fail: errors, memory, processor, sessions, retries."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.exposition import expose
from tests.diagnosis.casemaker.logs import log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import Obj, container, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "same-image-other-env-errors",
    "travel",
    "2026-03-17T18:04:20",
    title="A roll-out changed only an environment variable and a third of the answers are 500 since",
    drawn_from="postmortems in which a wrong endpoint in the environment, not new code, caused the errors",
    why="The image is the same in both revisions; the variable is what differs; errors begin with the roll-out.",
    expect=[Fault("Deployment/pricing", "configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def other_env(w: World) -> None:
    nodes(w, "gke-a-1", "gke-a-2", "gke-b-1")
    image = "europe-docker.pkg.example/travel/pricing:4.18.0"
    env = {"CACHE_TTL": "60s", "RATES_URL": "http://rates.travel.svc.cluster.local/v2"}
    specs = [
        pod_spec(container("pricing", image, env=each))
        for each in (env, env | {"RATES_URL": "http://rates.travel.svc.cluster.local/v3"})
    ]
    top = deployment(w, "pricing", [Rev(specs[0], days(15)), Rev(specs[1], minutes(23))], 3)
    service(w, "pricing")
    well(w, "rates", "europe-docker.pkg.example/travel/rates:2.6.0", talk=True)
    well(
        w,
        "booking",
        "europe-docker.pkg.example/travel/booking:11.2.4",
        before="europe-docker.pkg.example/travel/booking:11.2.3",
    )
    ingress(w, "travel", "www.travel.example", [("/api/price", "pricing", 80), ("/api/booking", "booking", 80)])
    for index in range(3):
        bad = [
            "quote failed: rates: unexpected status 404 Not Found for GET /v3/pairs/EURGBP",
            "quote failed: rates: unexpected status 404 Not Found for GET /v3/pairs/USDEUR",
        ]
        lines = often(6, 1300, 2, "error", bad) + often(9, 1300, 2, "info", ["quote served ms={n}"])
        log(w, top, index, "logfmt", lines)
    requests(w, "pricing", rate=flat(210), errors=step(0.0006, 0.34, minutes(22)), p95=flat(0.16))
    requests(w, "rates", rate=flat(180), errors=flat(0.0002), p95=flat(0.03))
    alert(w, "HighErrorRate", minutes(18), "More than 5% of requests to pricing fail", service="pricing")
    expose(w)


@case(
    "idle-in-transaction-leak-after-release",
    "crm",
    "2026-05-06T10:11:30",
    title="A release opens transactions and does not end them until no database session is left",
    drawn_from="connection leaks in error paths: sessions idle in transaction pile up after a deploy",
    why="All old open transactions belong to pods of the new image; ending them helps for minutes, the older "
    "image for good.",
    expect=[Fault("Deployment/contacts-api", "code_defect", "rollback_workload")],
    acceptable=[
        ("database_connection", "rollback_workload"),
        ("database_connection", "restart_connection_pool"),
        ("code_defect", "restart_connection_pool"),
    ],
    tolerated=["restart_workload", "page_human"],
    forbidden=["scale_workload", "scale_database", "no_action", "isolate_workload"],
)
def leak_after_release(w: World) -> None:
    nodes(w, "crm-1", "crm-2", "crm-3")
    env: dict[str, str | Obj] = {"DATABASE_URL": from_secret("contacts-db", "url"), "POOL_MAX": "24"}
    specs = [pod_spec(container("api", f"registry.crm.example/contacts-api:{v}", env=env)) for v in ("6.0.3", "6.1.0")]
    top = deployment(w, "contacts-api", [Rev(specs[0], days(20)), Rev(specs[1], minutes(48))], 4)
    service(w, "contacts-api")
    mailer = well(w, "mailer", "registry.crm.example/mailer:2.2.0")
    base = postgres(w, "crm-db")
    secret(w, "contacts-db", ["url"])
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    rows = [
        session(
            pod["status"]["podIP"],
            "Deployment/contacts-api",
            "idle in transaction",
            22 + index,
            age=2300 - 90 * index,
            user="contacts",
            application="contacts-api",
            wait="Client",
            query="SELECT id, email FROM contacts WHERE account_id = $1 FOR SHARE",
        )
        for index, pod in enumerate(top.pods[:4])
    ]
    rows.append(
        session(
            top.pods[0]["status"]["podIP"],
            "Deployment/contacts-api",
            "active",
            1,
            user="contacts",
            query="INSERT INTO audit",
        )
    )
    rows.append(session(mailer.pods[0]["status"]["podIP"], "Deployment/mailer", "idle", 2, age=40, user="mailer"))
    sessions(w, "StatefulSet/crm-db", 100, rows)
    full = [
        "could not get connection from pool: timed out after 5s",
        "PUT /contacts/{n} failed: timeout: acquiring connection from pool",
    ]
    for index in range(2):
        log(
            w,
            top,
            index,
            "python",
            often(5, 1500, 2, "error", full, "crm.db") + often(20, 1500, 2, "info", ["GET /contacts 200"]),
        )
    log(
        w,
        base,
        0,
        "postgres",
        often(
            6,
            900,
            2,
            "fatal",
            ["remaining connection slots are reserved for roles with the SUPERUSER attribute"],
            "contacts@crm",
        ),
    )
    requests(
        w,
        "contacts-api",
        rate=flat(70),
        errors=step(0.001, 0.62, minutes(25), over=900),
        p95=step(0.09, 5.0, minutes(27), over=600),
    )
    signal(w, "db_connections", {"component": "crm-db"}, ramp(21, 97, minutes(47), minutes(14)))
    exact(w, "db_max_connections", {"component": "crm-db"}, flat(100))
    signal(
        w,
        "db_connections_by_state",
        {"component": "crm-db", "state": "idle in transaction"},
        ramp(0, 94, minutes(47), minutes(14)),
    )
    signal(w, "db_connections_by_state", {"component": "crm-db", "state": "active"}, flat(2))
    signal(w, "db_transaction_age", {"component": "crm-db"}, ramp(1, 2300, minutes(40)))


@case(
    "retry-storm-after-env-change",
    "delivery",
    "2026-09-23T19:31:00",
    title="A caller was rolled out with many retries and no pause; the service behind it drowns",
    drawn_from="retry amplification in outage reports: users' traffic is flat, calls between services multiply",
    why="The courier service is not released and its users did not grow; the caller's template raised retries "
    "from 2 to 12.",
    expect=[Fault("Deployment/order-router", "configuration_error", "rollback_workload")],
    acceptable=[("capacity", "rollback_workload")],
    tolerated=["page_human", "scale_workload"],
    forbidden=["restart_workload", "no_action", "scale_database", "isolate_workload"],
)
def retry_storm(w: World) -> None:
    nodes(w, "a", "b", "c")
    image = "registry.delivery.example/order-router:14.0.2"
    env = {
        "COURIER_URL": "http://courier",
        "COURIER_TIMEOUT_MS": "800",
        "COURIER_RETRIES": "2",
        "COURIER_BACKOFF_MS": "200",
    }
    specs = [
        pod_spec(container("router", image, env=each))
        for each in (env, env | {"COURIER_RETRIES": "12", "COURIER_BACKOFF_MS": "0"})
    ]
    router = deployment(w, "order-router", [Rev(specs[0], days(11)), Rev(specs[1], minutes(33))], 3)
    service(w, "order-router")
    courier = well(
        w,
        "courier",
        "registry.delivery.example/courier:8.8.1",
        pods=3,
        before="registry.delivery.example/courier:8.8.0",
        age=days(26),
    )
    ingress(w, "delivery", "api.delivery.example", [("/", "order-router", 80)])
    requests(w, "order-router", rate=flat(95), errors=step(0.002, 0.41, minutes(29)), p95=step(0.3, 9.5, minutes(29)))
    requests(
        w,
        "courier",
        rate=step(98, 870, minutes(31), over=240),
        errors=step(0.003, 0.77, minutes(29)),
        p95=step(0.12, 0.8, minutes(29)),
    )
    signal(
        w,
        "dependency_error_ratio",
        {"component": "order-router", "dependency": "courier"},
        step(0.003, 0.78, minutes(29)),
    )
    for index in range(3):
        signal(w, "cpu_share", {"pod": courier.pod(index), "container": "courier"}, step(0.35, 0.99, minutes(30)))
        log(
            w,
            router,
            index,
            "zap",
            often(
                3,
                600,
                1,
                "warn",
                [
                    "courier call failed, retrying attempt=7 err=context deadline exceeded",
                    "courier call failed, retrying attempt=11 err=context deadline exceeded",
                    "courier: giving up after 12 retries order={n}",
                ],
                "courier/client.go:61",
            ),
        )
    log(
        w,
        courier,
        0,
        "logfmt",
        often(8, 600, 1, "warn", ["request cancelled by client after 800ms", "worker queue full, rejecting"]),
    )
    alert(w, "CourierErrorBudgetBurn", minutes(24), "courier burns its error budget 40x", service="courier")


@case(
    "errors-with-new-image-per-pod",
    "news",
    "2026-10-01T06:02:45",
    title="Half rolled out, only the pods of the new image answer with 500",
    drawn_from="canary and partial roll-outs in which the average hides that old pods are well",
    why="Per pod the errors are all in the new revision; its traces name its own code; a paused average would "
    "call it a third.",
    expect=[Fault("Deployment/article-api", "code_defect", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def errors_per_pod(w: World) -> None:
    nodes(w, "news-a", "news-b", "news-c")
    specs = [
        pod_spec(container("api", f"registry.news.example/article-api:{v}", port=5000))
        for v in ("2026.9.30", "2026.10.1")
    ]
    pods = [P(0), P(0), P(0), P(0), P(1, age=minutes(14)), P(1, age=minutes(13))]
    annotations = {"argocd.argoproj.io/tracking-id": "news:apps/Deployment:news/article-api"}
    top = deployment(
        w,
        "article-api",
        [Rev(specs[0], days(1)), Rev(specs[1], minutes(14))],
        pods,
        replicas=6,
        annotations=annotations,
    )
    service(w, "article-api", target=5000)
    well(w, "comments", "registry.news.example/comments:77", style="python", talk=True)
    for index in range(6):
        labels = {"pod": top.pod(index)}
        new = index > 3
        signal(w, "error_ratio_by_pod", labels, flat(0.88 if new else 0.0007), since=800 if new else 3600)
        signal(w, "request_rate_by_pod", labels, flat(14), since=800 if new else 3600)
    requests(w, "article-api", rate=flat(85), errors=step(0.0006, 0.29, minutes(13)))
    trace = (
        "Exception on /articles/{n} [GET]\nTraceback (most recent call last):\n  File "
        '"/app/articles/render.py", line 88, in render\n    author = '
        'article["authors"][0]["name"]\nIndexError: list index out of range'
    )
    log(w, top, 4, "python", often(7, 780, 2, "error", [trace], "articles"))
    log(w, top, 5, "python", often(7, 760, 2, "error", [trace], "articles"))
    log(w, top, 0, "python", often(12, 780, 2, "info", ["GET /articles/{n} 200"], "articles"))
