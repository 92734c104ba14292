"""Releases that start well and then fail: errors, memory, processor, sessions, retries."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import restarting
from tests.diagnosis.casemaker.logs import log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.pods import P, oom, running
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, saw, signal, step
from tests.diagnosis.casemaker.templates import container, from_secret, pod_spec
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


@case(
    "memory-limit-cut",
    "ml-serving",
    "2026-01-30T07:55:00",
    title="A roll-out halved the memory limit of the same image and containers are killed since",
    drawn_from="right-sizing changes that took a limit below the working set: OOMKilled, exit 137",
    why="Same image; the limit went from 2Gi to 768Mi; memory use is what it always was.",
    expect=[Fault("Deployment/ranker", "configuration_error", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "no_action", "scale_database", "isolate_workload"],
)
def limit_cut(w: World) -> None:
    nodes(w, "cpu-pool-1", "cpu-pool-2")
    image = "registry.ml.example/ranker:1.9.4"
    specs = [
        pod_spec(container("ranker", image, port=8501, memory=memory, cpu=("1", "2")))
        for memory in (("2Gi", "2Gi"), ("768Mi", "768Mi"))
    ]
    last = oom(started=460, finished=95)
    pods = [
        P(1, age=minutes(31), restarts=5, last=last, unready=70),
        P(1, age=minutes(30), restarts=5, last=oom(started=600, finished=260), state=running(258), unready=250),
        P(1, age=minutes(30), restarts=4, backoff="1m20s", last=oom(started=380, finished=40), unready=40),
    ]
    top = deployment(
        w,
        "ranker",
        [Rev(specs[0], days(70)), Rev(specs[1], minutes(31))],
        pods,
        labels={"app": "ranker", "tier": "online"},
    )
    restarting(w, top.pods[2], first=minutes(25), last=15, count=22)
    service(w, "ranker", {"app": "ranker"}, target=8501)
    well(w, "feature-store", "registry.ml.example/feature-store:0.30.2", talk=True)
    for index in range(3):
        labels = {"pod": top.pod(index), "container": "ranker"}
        signal(w, "memory_bytes", labels, saw(4.1e8, 8.05e8, 370), since=1830)
        signal(w, "memory_share", labels, saw(0.51, 1.0, 370), since=1830)
        exact(w, "restarts", labels, lambda age: max(0.0, (1830 - age) // 350), since=1830)
    for name in ("ranker-7d9f-gone1", "ranker-7d9f-gone2"):
        signal(w, "memory_bytes", {"pod": name, "container": "ranker"}, flat(9.4e8), until=1800)
        signal(w, "memory_share", {"pod": name, "container": "ranker"}, flat(0.44), until=1800)
    requests(w, "ranker", rate=flat(35), errors=step(0, 0.11, minutes(28)), p95=step(0.3, 0.8, minutes(28)))


@case(
    "memory-leak-with-release",
    "chat",
    "2026-07-08T13:37:10",
    title="A new image keeps memory of every connection; its containers are killed within the hour",
    drawn_from="leaks that a release brought: working set rises from the roll-out on, OOMKilled later",
    why="The limit is unchanged, the image is new, memory grows only since; the older image stayed flat for weeks.",
    expect=[Fault("Deployment/presence", "code_defect", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload")],
    tolerated=["restart_workload", "page_human"],
    forbidden=["no_action", "scale_database", "isolate_workload", "switch_traffic"],
)
def leak_with_release(w: World) -> None:
    nodes(w, "w1", "w2", "w3")
    specs = [
        pod_spec(container("presence", f"registry.chat.example/presence:{v}", port=4000, memory=("256Mi", "512Mi")))
        for v in ("3.4.9", "3.5.0")
    ]
    pods = [
        P(1, age=minutes(57), restarts=1, last=oom(started=3400, finished=620), state=running(618), unready=612),
        P(1, age=minutes(56), restarts=1, last=oom(started=3350, finished=410), state=running(408), unready=400),
        P(1, age=minutes(56), restarts=0),
    ]
    top = deployment(
        w,
        "presence",
        [Rev(specs[0], days(33)), Rev(specs[1], minutes(57))],
        pods,
        labels={"app.kubernetes.io/name": "presence"},
    )
    service(w, "presence", top.labels, target=4000)
    well(w, "messages", "registry.chat.example/messages:9.0.1", labels={"app.kubernetes.io/name": "messages"})
    for index, age in enumerate((620, 410, 0)):
        labels = {"pod": top.pod(index), "container": "presence"}
        signal(w, "memory_share", labels, ramp(0.2, 0.99, 3400, age), since=3400, until=age)
        if age:
            signal(w, "memory_share", labels, ramp(0.2, 0.2 + 0.79 * age / 2800, age, 0), since=age - 20)
    signal(w, "memory_share", {"pod": "presence-6c4-before", "container": "presence"}, flat(0.31), until=3390)
    requests(w, "presence", rate=flat(400), errors=flat(0.002), p95=flat(0.05))
    log(
        w, top, 2, "zap", often(15, 1200, 3, "info", ["client connected id={n}", "client left id={n}"], "hub/hub.go:77")
    )


@case(
    "cpu-limit-cut-throttled",
    "maps",
    "2026-08-19T12:26:00",
    title="A roll-out cut the CPU limit of the same image; it is throttled and slow since",
    drawn_from="CFS throttling write-ups: latency triples while node CPU is idle after a limit was lowered",
    why="Traffic did not change; the limit did, from 2 cores to 400m; the older template has the room.",
    expect=[Fault("Deployment/tile-renderer", "configuration_error", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload")],
    tolerated=["scale_workload", "page_human"],
    forbidden=["restart_workload", "no_action", "scale_database", "isolate_workload"],
)
def cpu_cut(w: World) -> None:
    nodes(w, "az1-n1", "az2-n1")
    specs = [
        pod_spec(container("renderer", "quay.example/maps/tile-renderer:22.1", cpu=cpu))
        for cpu in (("1", "2"), ("200m", "400m"))
    ]
    top = deployment(w, "tile-renderer", [Rev(specs[0], days(88)), Rev(specs[1], minutes(36))], 4)
    service(w, "tile-renderer")
    well(w, "geocoder", "quay.example/maps/geocoder:5.5.1")
    for index in range(4):
        labels = {"pod": top.pod(index), "container": "renderer"}
        signal(w, "cpu_usage", labels, flat(0.39), since=2140)
        signal(w, "cpu_share", labels, flat(0.98), since=2140, noise=0.01)
        signal(w, "throttled_share", labels, flat(0.71), since=2140)
    for index in range(4):
        labels = {"pod": f"tile-renderer-before-{index}", "container": "renderer"}
        signal(w, "cpu_usage", labels, flat(0.82), until=2150)
        signal(w, "cpu_share", labels, flat(0.41), until=2150)
        signal(w, "throttled_share", labels, flat(0.003), until=2150)
    for name in ("az1-n1", "az2-n1"):
        signal(w, "node_cpu_share", {"node": name}, step(0.52, 0.33, 2150))
    requests(w, "tile-renderer", rate=flat(160), errors=flat(0.001), p95=step(0.19, 2.4, 2140))
    alert(w, "HighLatency", minutes(30), "p95 of tile-renderer above 1 s", service="tile-renderer", severity="warning")


@case(
    "idle-in-transaction-leak-after-release",
    "crm",
    "2026-05-06T10:11:30",
    title="A release opens transactions and does not end them until no database session is left",
    drawn_from="connection leaks in error paths: sessions idle in transaction pile up after a deploy",
    why="All old open transactions belong to pods of the new image; ending them helps for minutes, the older image for good.",
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
    env = {"DATABASE_URL": from_secret("contacts-db", "url"), "POOL_MAX": "24"}
    specs = [pod_spec(container("api", f"registry.crm.example/contacts-api:{v}", env=env)) for v in ("6.0.3", "6.1.0")]
    top = deployment(w, "contacts-api", [Rev(specs[0], days(20)), Rev(specs[1], minutes(48))], 4)
    service(w, "contacts-api")
    well(w, "mailer", "registry.crm.example/mailer:2.2.0")
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
    rows.append(session("10.244.1.99", "Deployment/mailer", "idle", 2, age=40, user="mailer"))
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
    why="The courier service is not released and its users did not grow; the caller's template raised retries from 2 to 12.",
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
    why="Per pod the errors are all in the new revision; its traces name its own code; a paused average would call it a third.",
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
    trace = 'Exception on /articles/{n} [GET]\nTraceback (most recent call last):\n  File "/app/articles/render.py", line 88, in render\n    author = article["authors"][0]["name"]\nIndexError: list index out of range'
    log(w, top, 4, "python", often(7, 780, 2, "error", [trace], "articles"))
    log(w, top, 5, "python", often(7, 760, 2, "error", [trace], "articles"))
    log(w, top, 0, "python", often(12, 780, 2, "info", ["GET /articles/{n} 200"], "articles"))
