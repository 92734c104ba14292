"""Releases of every day that miss something: a variable, a path, a column, the right database."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import probe_failure, restarting
from tests.diagnosis.casemaker.jobs import job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, service
from tests.diagnosis.casemaker.platform import claim, config_map, nodes, secret
from tests.diagnosis.casemaker.pods import P, running, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, from_secret, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]
NO_METRICS = ("prometheus", False, "not configured")


@case(
    "worker-misses-a-variable-and-no-user-notices",
    "florist",
    "2026-02-12T10:22:00",
    title="A worker ends at boot since its release for want of a variable; the web pods of the same image have it",
    drawn_from="Elixir releases: environment variable ... is missing in runtime.exs, set for the web chart only",
    why="The worker's own release 44 minutes ago reads INVOICE_BUCKET, which only the web Deployment sets. Users feel "
    "nothing yet, but no invoice is made; the image before it ran without.",
    expect=[Fault("Deployment/invoice-worker", "configuration_error", "rollback_workload")],
    acceptable=[("service_crash", "rollback_workload"), ("code_defect", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        {"remedy": "rollback_workload", "target": "Deployment/web"},
    ],
)
def variable(w: World) -> None:
    nodes(w, "fl-1", "fl-2", "fl-3")
    image = "registry.florist.example/shop"
    secret(w, "shop-env", ["DATABASE_URL", "SECRET_KEY_BASE"], age=days(300))
    common: Obj = {"PHX_HOST": "florist.example", "POOL_SIZE": "10"}
    bucket = {"INVOICE_BUCKET": "s3://florist-invoices-eu"}
    specs = [
        pod_spec(container("web", f"{image}:{v}", port=4000, env=common | more, env_from=("secret/shop-env",)))
        for v, more in (("2.13.5", {}), ("2.14.0", bucket))
    ]
    web = deployment(w, "web", [Rev(specs[0], days(16)), Rev(specs[1], minutes(46))], 3)
    service(w, "web", target=4000)
    ingress(w, "shop", "florist.example", [("/", "web", 80)], tls="shop-tls")
    for index in range(3):
        log(
            w,
            web,
            index,
            "plain",
            _elixir(w, often(21, 900 - 3.7 * index, 2, "info", ["POST /orders", "Sent 201 in {n}µs"])),
        )
    env = common | {"OBAN_QUEUES": "invoices:5,mails:20"}
    specs = [
        pod_spec(container("worker", f"{image}:{v}", port=0, ready=None, env=env, env_from=("secret/shop-env",)))
        for v in ("2.13.5", "2.14.0")
    ]
    pods = []
    for number, end in enumerate((131.0, 204.0)):
        last = terminated(1, "Error", started=end + 4, finished=end)
        pods.append(P(restarts=13 - number, last=last, ready=False, backoff="5m0s", unready=minutes(44)))
    revisions = [Rev(specs[0], days(16)), Rev(specs[1], minutes(44))]
    top = deployment(w, "invoice-worker", revisions, pods, strategy={"type": "Recreate"})
    trace = [
        "ERROR! Config provider Config.Reader failed with:",
        "** (RuntimeError) environment variable INVOICE_BUCKET is missing.",
        "For example: s3://my-invoices",
        "",
        "    /app/releases/2.14.0/runtime.exs:41: (file)",
        "    (elixir 1.17.3) src/elixir.erl:386: :elixir.eval_external_handler/3",
        "    (stdlib 6.1.2) erl_eval.erl:904: :erl_eval.do_apply/7",
        "",
        'Runtime terminating during boot ({#{message=><<"environment variable INVOICE_BUCKET is missing.">>}})',
        "",
        "Crash dump is being written to: erl_crash.dump...done",
    ]
    for index, pod in enumerate(top.pods):
        restarting(w, pod, first=minutes(43), last=20 + 30 * index, count=196 - 7 * index)
        for previous in (True, False):
            log(w, top, index, "plain", [L(90 - n, "", x) for n, x in enumerate(trace)], previous=previous)
        exact(w, "restarts", {"pod": top.pod(index), "container": "worker"}, ramp(0, 13, minutes(44)), since=2640)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    base = postgres(w, "shop-db", image="postgres:16.6")
    text = "checkpoint complete: wrote {n} buffers; 0 WAL file(s) added, 0 removed, 2 recycled"
    log(w, base, 0, "postgres", often(300, 3000, 4, "log", [text]))
    exact(w, "queue_depth", {"component": "invoice-worker", "queue": "invoices"}, ramp(3, 711, minutes(44)))
    requests(w, "web", rate=flat(23), errors=flat(0.0011), p95=flat(0.14))
    text = "Pod florist/invoice-worker (worker) is in waiting state (reason: CrashLoopBackOff)."
    alert(w, "KubePodCrashLooping", minutes(26), text, severity="warning", container="worker")


def _elixir(w: World, lines: list[L]) -> list[L]:
    """Put the time and the level before each line, as Elixir's logger does."""
    return [L(x.age, "", f"{w.time(x.age):%H:%M:%S}.{int(x.age) % 997:03} [{x.level}] {x.text}") for x in lines]


@case(
    "liveness-path-moved-with-the-framework",
    "allotments",
    "2026-04-21T14:37:00",
    title="All pods of a rolled-out release are killed every minute: their health moved to another base path",
    drawn_from="Spring upgrades with a changed management base path and probes in a chart that still ask /actuator",
    why="The kubelet gets 404 from a process that says it is up and serves; readiness is a TCP check, so the roll-out "
    "went through. Only the release of 31 minutes ago changed anything.",
    expect=[Fault("Deployment/plots-api", "configuration_error", "rollback_workload")],
    acceptable=[("code_defect", "rollback_workload"), ("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def moved(w: World) -> None:
    nodes(w, "al-1", "al-2", "al-3")
    image = "ghcr.io/allotments-example/plots-api"
    config_map(w, "plots-api", {"application.yaml": "server:\n  port: 8080\n"}, age=days(200), changed=days(12))
    tcp: Obj = {"tcpSocket": {"port": 8080}, "periodSeconds": 5, "timeoutSeconds": 1, "failureThreshold": 3}
    live = http("/actuator/health/liveness", 8080, delay=25)
    specs = [
        pod_spec(
            container("api", f"{image}:{v}", ready=tcp, live=live, memory=("512Mi", "768Mi"), mounts={"c": "/config"}),
            volumes={"c": "configmap/plots-api"},
        )
        for v in ("3.18.2", "4.0.0")
    ]
    ends = (62.0, 38.0, 171.0)
    pods = []
    for number, end in enumerate(ends):
        last = terminated(143, "Error", started=end + 58, finished=end)
        held: Obj = {"restarts": 9 - number % 2, "last": last}
        if number == 1:
            pods.append(P(state=running(31), unready=24, **held))
        else:
            pods.append(P(ready=False, backoff="5m0s", unready=end, **held))
    top = deployment(w, "plots-api", [Rev(specs[0], days(23)), Rev(specs[1], minutes(31))], pods)
    service(w, "plots-api")
    ingress(w, "plots", "plots.allotments.example", [("/api", "plots-api", 80)], tls="plots-tls")
    cause = "HTTP probe failed with statuscode: 404"
    for index, pod in enumerate(top.pods):
        end = ends[index]
        probe_failure(w, pod, "Liveness", cause, first=minutes(30), last=end + 4, count=30 - index, killed=10 - index)
        if index != 1:
            restarting(w, pod, first=minutes(27), last=9, count=83 - 5 * index)
        start = end + 57
        said = [
            L(start, "info", "Starting PlotsApplication v4.0.0 using Java 21.0.6 with PID 1", "e.a.PlotsApplication"),
            L(start - 9, "info", "Exposing 3 endpoints beneath base path '/manage'", "o.s.b.a.e.web.EndpointLinks"),
            L(start - 10, "info", "Tomcat started on port 8080 (http) with context path '/'", "o.s.b.w.e.t.Tomcat"),
            L(start - 11, "info", "Started PlotsApplication in 10.6 seconds", "e.a.PlotsApplication"),
            *often(4, start - 12 - 3.7 * index, end + 3, "info", ["GET /api/plots 200", "GET /api/waiting-list 200"]),
            L(end + 2, "info", "Commencing graceful shutdown. Waiting for active requests to complete", "o.s.b.w"),
            L(end + 1, "info", "Graceful shutdown complete", "o.s.b.w.e.tomcat.GracefulShutdown"),
        ]
        log(w, top, index, "logback", said, previous=True)
        exact(w, "restarts", {"pod": top.pod(index), "container": "api"}, ramp(0, 9, minutes(31)), since=1850)
        signal(w, "memory_share", {"pod": top.pod(index), "container": "api"}, flat(0.52), since=1850)
    now = L(20, "info", "Exposing 3 endpoints beneath base path '/manage'", "o.s.b.a.e.web.EndpointLinks")
    log(w, top, 1, "logback", [now, L(18, "info", "Started PlotsApplication in 10.9 seconds", "e.a.PlotsApplication")])
    well(w, "members", "ghcr.io/allotments-example/members:1.77", pods=2, age=hours(29), style="logback", talk=True)
    requests(w, "plots-api", rate=flat(17), errors=step(0.001, 0.43, minutes(29)), p95=step(0.12, 1.9, minutes(29)))
    requests(w, "members", rate=flat(9), errors=flat(0.0007), p95=flat(0.1))
    alert(w, "IngressErrors", minutes(24), "plots.allotments.example: 43% of answers are 502 or 503", service="plots")


@case(
    "column-that-nobody-migrated",
    "boat-hire",
    "2026-05-18T08:55:00",
    title="Half of the pages fail since a release: it reads a column that the database does not have",
    drawn_from="Django releases whose migrate hook was skipped: ProgrammingError: column ... does not exist",
    why="The database answers and says which column is not there; its last migration Job bears the image before. The "
    "old code does without the column, so going back heals at once and the migration can follow.",
    expect=[Fault("Deployment/hire-web", "code_defect", "rollback_workload")],
    acceptable=[("configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "restart_connection_pool"],
)
def column(w: World) -> None:
    nodes(w, "bh-1", "bh-2")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    base = postgres(w, "hire-db", image="postgres:15.11")
    image, env = "registry.boat-hire.example/hire", {"DJANGO_SETTINGS_MODULE": "hire.settings.prod", "DB": "hire-db"}
    spec = pod_spec(container("migrate", f"{image}:46", port=0, ready=None, args=("migrate", "--noinput"), env=env))
    ended = terminated(0, "Completed", started=days(13) - 3, finished=days(13) - 30)
    over = P(age=days(13), phase="Succeeded", ready=False, unready=days(13) - 31, state=ended)
    done = job(w, "hire-migrate-46", spec, age=days(13), pods=[over])
    text = "  Applying bookings.0031_skipper_notes... OK"
    log(w, done, 0, "plain", [L(days(13) - 20, "", "Running migrations:"), L(days(13) - 21, "", text)])
    specs = [pod_spec(container("web", f"{image}:{v}", port=8000, ready="/up", env=env)) for v in (46, 47)]
    top = deployment(w, "hire-web", [Rev(specs[0], days(13)), Rev(specs[1], minutes(26))], 3)
    service(w, "hire-web", target=8000)
    trace = (
        "Internal Server Error: /bookings/{n}/\nTraceback (most recent call last):\n"
        '  File "/usr/local/lib/python3.12/site-packages/django/db/backends/utils.py", line 105, in _execute\n'
        "    return self.cursor.execute(sql, params)\n"
        "psycopg.errors.UndefinedColumn: column bookings_booking.deposit_cents does not exist\n"
        'LINE 1: ...total_cents", "bookings_booking"."skipper_notes", "bookings_...\n'
        "django.db.utils.ProgrammingError: column bookings_booking.deposit_cents does not exist"
    )
    for index in range(3):
        lines = often(24, minutes(25) - 3.7 * index, 2, "error", [trace], "django.request")
        lines += often(
            70, minutes(25) - 3.7 * index, 6, "info", ["GET /boats/{n}/ 200", "GET /weather/ 200"], "hire.access"
        )
        log(w, top, index, "python", lines)
    texts = ["column bookings_booking.deposit_cents does not exist at character 412"]
    log(w, base, 0, "postgres", often(19, minutes(25), 2, "error", texts, "hire@hire"))
    tides = f"{image}-tides"
    well(w, "tides", f"{tides}:9", age=hours(3.5), before=f"{tides}:8", style="python", talk=True)
    alert(w, "HireWebServerErrors", minutes(20), "hire-web: 5xx above 40% for 5 minutes", service="hire-web")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "release-writes-to-the-read-replica",
    "library",
    "2026-08-26T16:08:00",
    title="Nothing can be lent since a release; its database URL names the Service of the read replica",
    drawn_from="cannot execute INSERT in a read-only transaction, after a host was copied from a report's settings",
    why="No switchover took place: the primary has not moved, and another service writes to it all the time. The "
    "release of 21 minutes ago changed PGHOST from pg-rw to pg-ro and nothing else.",
    expect=[Fault("Deployment/loans", "configuration_error", "rollback_workload")],
    acceptable=[("database_connection", "rollback_workload"), ("code_defect", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        "restart_connection_pool",
        "switch_traffic",
    ],
)
def replica(w: World) -> None:
    nodes(w, "li-1", "li-2", "li-3")
    secret(w, "pg-app", ["password"], age=days(400), changed=days(61))
    probe: Obj = {"exec": {"command": ["pg_isready", "-q"]}, "periodSeconds": 10, "failureThreshold": 3}
    inner = container("postgres", "bitnami/postgresql-repmgr:16.4.0", port=5432, ready=probe, memory=("1Gi", "2Gi"))
    base = statefulset(w, "pg", pod_spec(inner), 2, claim="data")
    for index, name in enumerate(("pg-rw", "pg-ro")):
        claim(w, f"data-pg-{index}")
        service(w, name, {"statefulset.kubernetes.io/pod-name": f"pg-{index}"}, port=5432, target=5432)
    image, password = "registry.library.example/loans:11.2.0", from_secret("pg-app", "password")
    specs = []
    for host in ("pg-rw", "pg-ro"):
        env: Obj = {"RAILS_ENV": "production", "PGHOST": host, "PGDATABASE": "library", "PGPASSWORD": password}
        specs.append(pod_spec(container("puma", image, port=3000, ready="/up", env=env)))
    top = deployment(w, "loans", [Rev(specs[0], days(8)), Rev(specs[1], minutes(21))], 3)
    service(w, "loans", target=3000)
    env = {"PGHOST": "pg-rw", "PGDATABASE": "library"}
    fines = well(w, "fines", "registry.library.example/fines:5.6", pods=2, age=days(31), env=env, port=3000)
    told = [
        "ActiveRecord::StatementInvalid (PG::ReadOnlySqlTransaction: ERROR:  cannot execute INSERT in a read-only "
        "transaction)",
        "app/models/loan.rb:57:in `create_for!'",
    ]
    for index in range(3):
        lines = _ruby(w, "ERROR", often(7, minutes(20.5) - 3.7 * index, 1, "", told))
        lines += _ruby(
            w, " INFO", often(20, minutes(20.5) - 3.7 * index, 1, "", ['Completed 200 OK in 14ms (GET "/titles/{n}")'])
        )
        log(w, top, index, "plain", lines)
    for index in range(2):
        log(
            w,
            fines,
            index,
            "logfmt",
            often(15, 900 - 3.7 * index, 2, "info", ["fine {n} stored", "reminder {n} stored"]),
        )
    stream = f"started streaming WAL from primary at 5/3A000000 on timeline 4 ({ip(w, 'pg-rw')})"
    text = "cannot execute INSERT in a read-only transaction"
    lines = [L(days(9), "log", stream), *often(16, minutes(20.5), 1, "error", [text], "loans@library")]
    log(w, base, 1, "postgres", lines)
    log(w, base, 0, "postgres", often(300, 3300, 4, "log", ["checkpoint starting: time"]))
    exact(w, "db_max_connections", {"component": "pg"}, flat(200))
    signal(w, "db_connections", {"component": "pg"}, flat(37))
    signal(w, "db_replication_lag", {"component": "pg"}, flat(0.08))
    requests(w, "loans", rate=flat(14), errors=step(0.001, 0.33, minutes(21)), p95=flat(0.09))
    requests(w, "fines", rate=flat(5), errors=flat(0.0008), p95=flat(0.07))


def _ruby(w: World, level: str, lines: list[L]) -> list[L]:
    """Put what Ruby's logger puts before each line."""
    head = level.strip()[0]
    return [
        L(x.age, "", f"{head}, [{w.at(x.age)[:-1]}.{int(x.age) % 997:03}000 #1] {level} -- : {x.text}") for x in lines
    ]
