"""Two ways to use up a database's sessions: one client that gives none back, and many that are all modest."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import machines, measured
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

FULL = "remaining connection slots are reserved for roles with the SUPERUSER attribute"


@case(
    "webhook-receiver-opens-sessions-and-forgets-them",
    "subscriptions",
    "2026-10-14T10:52:00",
    title="Webhooks and invoices fail: two receivers hold 75 of 97 sessions idle, some since they were started",
    drawn_from="clients of node-postgres that are opened beside the pool on one path and never ended",
    why="The receiver may have five sessions for each pod and has seven times as many; they are idle, hours to weeks "
    "old, and its own pool says that it is five. Its template is nineteen days old, so the leak is slow and there is "
    "nothing to go back to this morning. To end its idle sessions and to start its pools anew frees the database; "
    "the invoices, released yesterday, only find no slot.",
    expect=[Fault("Deployment/webhook-receiver", "database_connection", "restart_connection_pool")],
    acceptable=[
        ("database_connection", "restart_workload"),
        ("code_defect", "restart_connection_pool"),
        ("code_defect", "restart_workload"),
        ("resource_exhaustion", "restart_connection_pool"),
    ],
    tolerated=["page_human", "scale_database"],
    forbidden=[
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/billing-web"},
        {"remedy": "restart_workload", "target": "Deployment/billing-web"},
        {"remedy": "restart_workload", "target": "StatefulSet/subs-pg"},
    ],
)
def forgotten(w: World) -> None:
    nodes(w, "sub-1", "sub-2", "sub-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(290))
    base = postgres(w, "subs-pg", image="postgres:16.9")
    image, full = "registry.subscriptions.example", minutes(14)
    env = {"PGHOST": "subs-pg", "PG_POOL_MAX": "5", "PG_IDLE_TIMEOUT_MS": "0"}
    spec = pod_spec(container("webhook-receiver", f"{image}/webhook-receiver:2.9.0", port=3000, env=env,
                              memory=("256Mi", "512Mi")))  # fmt: skip
    hooks = deployment(w, "webhook-receiver", [Rev(spec, days(19))], 2)
    service(w, "webhook-receiver", target=3000)
    env = {"DATABASE_HOST": "subs-pg", "CONN_MAX_AGE": "0"}
    web = well(w, "billing-web", f"{image}/billing-web:418", pods=3, age=hours(20), port=8000, env=env,
               before=f"{image}/billing-web:417")  # fmt: skip
    renew = well(w, "renewals", f"{image}/renewals:3.14", pods=1, age=days(47), env=env | {"POOL_SIZE": "9"})
    mails = well(w, "mailer", f"{image}/mailer:1.8.1", pods=1, age=days(80), talk=True)
    ingress(w, "billing", "billing.subscriptions.example", [("/hooks", "webhook-receiver", 80),
                                                            ("/", "billing-web", 80)])  # fmt: skip
    error = {"err": {"type": "DatabaseError", "message": FULL, "code": "53300", "severity": "FATAL"}}
    for index in range(2):
        lines = [
            L(age - 7 * index, "info", "pg pool", fields={"total": 5, "idle": 4 - age % 2, "waiting": 0})
            for age in range(3550, 9, -60)
        ]
        lines += often(290, 3500, full, "info", ["loading key of tenant {n}", "POST /hooks/stripe 200 41ms"])
        for line in often(62, full - 20 * index, 2, "error", ["loading key of tenant {n} failed"]):
            lines += [
                L(line.age, "error", line.text, fields=error),
                L(line.age - 1, "error", "POST /hooks/stripe 500 9ms"),
            ]
        log(w, hooks, index, "pino", lines)
    trace = (
        "Internal Server Error: /invoices/{n}/\nTraceback (most recent call last):\n"
        '  File "/usr/local/lib/python3.12/site-packages/django/db/backends/base/base.py", line 279, in '
        "ensure_connection\n    self.connect()\n"
        'django.db.utils.OperationalError: connection failed: connection to server at "'
        f'{ip(w, "subs-pg")}", port 5432 failed: FATAL:  {FULL}'
    )
    for index in range(3):
        lines = often(70, full - 9 * index, 2, "error", [trace], "django.request")
        lines += often(30, minutes(30), 1, "info", ["GET /invoices/{n}/ 200 64ms", "GET /plans/ 200 31ms"], "access")
        log(w, web, index, "python", lines)
    log(w, renew, 0, "python", often(240, 3500, 20, "info", ["renewed 12 of 12 due subscriptions"], "renewals.run"))
    refused = often(17, full, 1, "fatal", [FULL], "subs@subs")
    log(w, base, 0, "postgres", [*refused, *often(300, 3500, full, "log", ["checkpoint starting: time"])])
    look = "SELECT secret, rotated_at FROM webhook_keys WHERE tenant_id = $1"
    rows = []
    for pod, parts in zip(hooks.pods, ((12, 14, 9), (11, 12, 7)), strict=True):
        at, whose = pod["metadata"]["name"], pod["status"]["podIP"]
        rows.append(session(whose, "Deployment/webhook-receiver", "idle", 5, age=4, user="subs", application="hooks"))
        for count, age in zip(parts, (days(16.2), days(5.4), hours(7.1)), strict=True):
            rows.append(session(whose, "Deployment/webhook-receiver", "idle", count, age=age, user="subs",
                                application="hooks", wait="Client:ClientRead", query=look))  # fmt: skip
        exact(w, "restarts", {"pod": at, "container": "webhook-receiver"}, flat(0))
    places = [pod["status"]["podIP"] for pod in web.pods]
    rows += [session(place, "Deployment/billing-web", "active", 4, age=0, user="subs") for place in places]
    rows.append(session(renew.pods[0]["status"]["podIP"], "Deployment/renewals", "idle", 9, age=40, user="subs"))
    rows.append(session("", "", "idle", 1, age=8, user="exporter", application="postgres_exporter"))
    sessions(w, "StatefulSet/subs-pg", 100, rows)
    requests(w, "webhook-receiver", rate=flat(3.1), errors=step(0.001, 0.22, full, over=120), p95=flat(0.06))
    requests(w, "billing-web", rate=flat(9.4), errors=step(0.001, 0.13, full, over=180), p95=flat(0.11))
    signal(w, "db_connections", {"component": "subs-pg"}, ramp(92, 97, 3600, full), noise=0.003)
    exact(w, "db_max_connections", {"component": "subs-pg"}, flat(100))
    for state, shape in (("idle", ramp(80, 85, 3600, full)), ("active", flat(12)), ("idle in transaction", flat(0))):
        exact(w, "db_connections_by_state", {"component": "subs-pg", "state": state}, shape)
    signal(w, "db_transaction_age", {"component": "subs-pg"}, flat(0.4))
    for of in (base, web, renew, mails):
        measured(w, of, 0.14)
    for pod in hooks.pods:
        labels = {"pod": pod["metadata"]["name"], "container": "webhook-receiver"}
        signal(w, "cpu_share", labels, flat(0.06))
        signal(w, "memory_share", labels, flat(0.47))
    machines(w, 0.2)
    said = "more than 10% of webhooks are answered with 500 for 5 minutes"
    alert(w, "WebhookErrorRatioHigh", minutes(8), said, service="webhook-receiver")


@case(
    "first-asparagus-wants-more-sessions-than-a-hundred",
    "farm-boxes",
    "2026-04-20T19:16:00",
    title="On the first evening of the season four services want a hundred sessions together, and the database has 97",
    drawn_from="max_connections left at its default while services were added and the load grew over the years",
    why="Nobody leaks and nobody holds more than its own small pool; the pools of fifteen pods simply sum up to more "
    "than the default of a hundred, and tonight's twofold visitors ask for all of it. The sessions are short and at "
    "work, spread over all services in even shares; PostgreSQL has half its processor and two thirds of its memory "
    "free. More sessions for the database, or a pooler before it, is what helps; restarts come back to the same wall, "
    "and more pods would bring more pools.",
    expect=[Fault("StatefulSet/market-pg", "database_connection", "scale_database")],
    acceptable=[
        *((cause, "scale_database") for cause in ("capacity", "configuration_error", "resource_exhaustion")),
        *((cause, "page_human") for cause in ("database_connection", "capacity", "configuration_error")),
        ("resource_exhaustion", "page_human"),
    ],
    forbidden=[
        "restart_workload",
        "restart_connection_pool",
        "rollback_workload",
        "scale_workload",
        "isolate_workload",
        "no_action",
    ],
)
def asparagus(w: World) -> None:
    nodes(w, "fb-1", "fb-2", "fb-3", "fb-4", cpu="8", memory="32831360Ki")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(900))
    base = postgres(w, "market-pg", image="postgres:16.4")
    image, full = "registry.farm-boxes.example", minutes(23)
    env = {"SPRING_DATASOURCE_URL": "jdbc:postgresql://market-pg:5432/market",
           "SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE": "8",
           "SPRING_DATASOURCE_HIKARI_CONNECTION_TIMEOUT": "3000"}  # fmt: skip
    plan = (("catalogue", "9.2.0", 4, days(2), "9.1.4", 7), ("baskets", "4.4.1", 4, days(61), "", 7),
            ("orders", "12.0.3", 3, days(24), "", 7), ("prices", "2.7.0", 3, days(130), "", 6))  # fmt: skip
    rows, held, pools = [], {}, {}
    for name, tag, pods, age, old, share in plan:
        made = well(w, name, f"{image}/{name}:{tag}", pods=pods, age=age, env=env,
                    before=f"{image}/{name}:{old}" if old else "")  # fmt: skip
        held[name], pools[name] = made, share
        for index, pod in enumerate(made.pods):
            work = share - 1 - index % 2
            for state, count, since in (("active", work, 0), ("idle", share - work, 1)):
                rows.append(session(pod["status"]["podIP"], f"Deployment/{name}", state, count, age=since,
                                    user="market", application="PostgreSQL JDBC Driver"))  # fmt: skip
    sync = well(w, "search-sync", f"{image}/search-sync:1.3", pods=1, age=days(75), env=env, talk=True)
    front = well(w, "box-web", f"{image}/box-web:551", pods=3, age=days(9), port=3000)
    ingress(w, "shop", "www.farm-boxes.example", [("/", "box-web", 80)])
    rows.append(session(sync.pods[0]["status"]["podIP"], "Deployment/search-sync", "idle", 1, age=2, user="market"))
    rows.append(session("", "", "idle", 1, age=6, user="exporter", application="postgres_exporter"))
    sessions(w, "StatefulSet/market-pg", 100, rows)
    paths = {"catalogue": "GET /items/{n} 200 38ms", "baskets": "POST /baskets/{n}/items 200 44ms",
             "orders": "POST /orders 201 96ms", "prices": "GET /prices/{n} 200 17ms"}  # fmt: skip
    for turn, (name, made) in enumerate(held.items()):
        for index in range(len(made.pods)):
            size = pools[name]
            dry = (
                "HikariPool-1 - Connection is not available, request timed out after 3000ms "
                f"(total={size}, active={size}, idle=0, waiting={9 + 2 * index})"
            )
            lines = often(
                41,
                full - 5 * index - 23 * turn,
                3,
                "error",
                [f"FATAL: {FULL}"],
                "o.h.engine.jdbc.spi.SqlExceptionHelper",
            )
            lines += often(
                53, full - 11 * index - 17 * turn, 2, "error", [dry], "o.h.engine.jdbc.spi.SqlExceptionHelper"
            )
            lines += often(40, minutes(50), 1, "info", [paths[name]], f"e.fb.{name}.Access")
            log(w, made, index, "logback", lines)
    for index in range(3):
        said = ["GET /spargel 200 71ms", "POST /api/baskets 500 3007ms", "GET /kisten/{n} 200 88ms", "GET / 200 64ms",
                "GET /spargel 200 80ms", "POST /api/orders 201 122ms"]  # fmt: skip
        log(w, front, index, "pino", often(9, 800, 1, "info", said))
    refused = often(14, full, 1, "fatal", [FULL], "market@market")
    log(w, base, 0, "postgres", [*refused, *often(300, 3500, 9, "log", ["checkpoint starting: time"])])
    more = ramp(1, 2.1, minutes(58), minutes(20))
    bad = step(0.0008, 0.08, full, over=300)
    for name, rate in (("box-web", 96), ("catalogue", 74), ("baskets", 21), ("orders", 5.2), ("prices", 88)):
        level = rate
        requests(w, name, rate=lambda age, level=level: level * more(age), errors=bad,  # type: ignore[misc]
                 p95=step(0.13, 3.0, full, over=300))  # fmt: skip
    signal(w, "db_connections", {"component": "market-pg"}, ramp(54, 97, minutes(58), full), noise=0.003)
    exact(w, "db_max_connections", {"component": "market-pg"}, flat(100))
    for state, shape in (("active", ramp(38, 76, minutes(58), full)), ("idle", ramp(16, 21, minutes(58), full))):
        exact(w, "db_connections_by_state", {"component": "market-pg", "state": state}, shape)
    signal(w, "db_transaction_age", {"component": "market-pg"}, flat(0.3))
    exact(w, "db_locks_waiting", {"component": "market-pg"}, flat(0))
    measured(w, base, ramp(0.24, 0.47, minutes(58), minutes(20)), 0.34)
    for made in (*held.values(), front):
        measured(w, made, ramp(0.17, 0.33, minutes(58), minutes(20)))
    measured(w, sync, 0.1)
    machines(w, ramp(0.2, 0.33, minutes(58), minutes(20)), 0.4)
    alert(w, "ShopErrorBudgetBurn", minutes(16), "8% of requests to box-web end in 5xx", service="box-web")
