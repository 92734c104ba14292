"""Stores and queues, with figures: a sort that spills over a volume, a sink whose tasks gave up."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import machines, measured
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import node, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, minutes

PEAKS = [3040 - 540 * n for n in range(6)]
"""Ages at which the volume was full, and then free again."""


def _spills(w: World, base: Workload, query: str, refused: str) -> None:
    """Write what PostgreSQL says when the volume is full, each time a statement spills."""
    said = []
    for number, age in enumerate(PEAKS):
        pid, who = 4100 + 37 * number, "reports@metering"
        at = [f"{w.at(age + more)[:-1].replace('T', ' ')}.{211 + number} UTC" for more in (0, 6, 4, 1)]
        file = f"base/pgsql_tmp/pgsql_tmp{pid}"
        asked = f"{at[0]} [{pid}] {who} STATEMENT:  {query}"
        text = f'could not write to file "{file}.39": No space left on device'
        said += [L(age, "", f"{at[0]} [{pid}] {who} ERROR:  {text}"), L(age, "", asked)]
        for part in (0, 1, 2):
            text = f'temporary file: path "{file}.{part}", size 1073741824'
            said += [L(age - 1, "", f"{at[0]} [{pid}] {who} LOG:  {text}"), L(age - 1, "", asked)]
        for nth, more in ((1, 6), (2, 4), (3, 1)):
            other = f"{at[nth]} [{310 + nth}] intake@metering"
            said.append(L(age + more, "", f"{other} ERROR:  {refused}"))
            said.append(L(age + more, "", f"{other} HINT:  Check free disk space."))
    log(w, base, 0, "plain", said)


def _answers(w: World, reports: Workload, intake: Workload, refused: str) -> None:
    """Write what the reports and the intake log of it."""
    for index in range(2):
        lines = [L(minutes(57.5) - 20 * index, "info", "reports 4.3.0 listening, neighbourhood comparison enabled")]
        for number, age in enumerate(PEAKS[index::2]):
            file, path = f"pgsql_tmp{4100 + 37 * (2 * number + index)}.39", f"/reports/comparison?street={811 + number}"
            text = f'could not write to file "base/pgsql_tmp/{file}": No space left on device (SQLSTATE 53100)'
            lines.append(L(age - 1, "error", f"GET {path} 500 after 358s: ERROR: {text}"))
            lines.append(L(age + 358, "info", f"GET {path} started"))
        lines += [L(158, "info", "GET /reports/comparison?street=817 started")] if not index else []
        lines += often(150, 3300 - 41 * index, 20, "info", ["GET /reports/monthly?meter={n} 200 640ms"])
        log(w, reports, index, "logfmt", lines)
    for index in range(3):
        lines = []
        for number, age in enumerate(PEAKS):
            text = f"POST /readings 503: ERROR: {refused} (SQLSTATE 53100)"
            lines += [L(age + more, "error", text) for more in (6 - index, 4 - index, 1)]
            after = PEAKS[number + 1] + 30 if number < len(PEAKS) - 1 else 2
            lines += often(
                70, age - 20 - 9 * index, after, "info", ["POST /readings 201 9ms", "POST /readings 201 7ms"]
            )
        log(w, intake, index, "logfmt", lines)


@case(
    "sort-of-a-report-fills-the-volume-and-gives-it-back",
    "grid-metering",
    "2026-09-03T14:22:00",
    title="Readings are refused for seconds each nine minutes; a report's new query spills half a volume each time",
    drawn_from="PostgreSQL temporary files without a temp_file_limit: No space left on device, and free again after",
    why="The volume is half empty but for the end of each run: it fills in six minutes and is free at once when the "
    "statement fails. Since its release of an hour ago the reports join a table with itself; the database names the "
    "statement and the size of its files. More room would only be filled later; the portal came afterwards.",
    expect=[Fault("Deployment/reports", "code_defect", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload"), ("configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/portal"},
        {"remedy": "rollback_workload", "target": "Deployment/reading-intake"},
    ],
)
def spilling_sort(w: World) -> None:
    nodes(w, "gm-1", "gm-2", "gm-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(330))
    base = postgres(w, "meter-pg", image="postgres:16.8")
    held = next(obj for obj in w.objects if obj["kind"] == "PersistentVolumeClaim")
    held["spec"]["resources"]["requests"]["storage"] = held["status"]["capacity"]["storage"] = "80Gi"
    image, env = "registry.grid.example/metering", {"PGHOST": "meter-pg", "PGDATABASE": "metering"}
    intake = well(w, "reading-intake", f"{image}/reading-intake:6.2.1", pods=3, age=days(19), env=env)
    reports = well(w, "reports", f"{image}/reports:4.3.0", pods=2, age=minutes(58), before=f"{image}/reports:4.2.6",
                   env=env | {"REPORT_STATEMENT_TIMEOUT": "15min"})  # fmt: skip
    portal = well(w, "portal", f"{image}/portal:77", pods=2, age=minutes(47), before=f"{image}/portal:76", port=3000)
    ingress(w, "portal", "my.grid.example", [("/", "portal", 80), ("/intake", "reading-intake", 80)])
    query = (
        "SELECT a.meter_id, a.day, a.kwh, b.kwh FROM readings a JOIN readings b ON a.day = b.day ORDER BY a.kwh - b.kwh"
    )
    refused = 'could not extend file "base/16385/28817.3": No space left on device'
    _spills(w, base, query, refused)
    _answers(w, reports, intake, refused)
    for index in range(2):
        said_by = ["GET /home 200", "GET /meter/{n} 200", "GET /contract 200"]
        log(w, portal, index, "pino", often(16, 1200 - 7 * index, 2, "info", said_by))
    rows = [
        session(reports.pods[0]["status"]["podIP"], "Deployment/reports", "active", 1, age=158, user="reports",
                application="reports", wait="IO:BufFileWrite", query=query),
        session(reports.pods[1]["status"]["podIP"], "Deployment/reports", "idle", 2, age=70, user="reports",
                application="reports"),
    ]  # fmt: skip
    for pod in intake.pods:
        place = pod["status"]["podIP"]
        rows.append(session(place, "Deployment/reading-intake", "idle", 6, age=1, user="intake"))
    sessions(w, "StatefulSet/meter-pg", 120, rows)

    def used(age: float) -> float:
        left = (age + 200) % 540  # seconds until the statement of the moment fails
        return 0.46 + 0.538 * min(1.0, max(0.0, 1 - (left - 8) / 350)) if age <= 3398 else 0.46

    def failing(age: float) -> float:
        left = (age + 200) % 540
        return 0.11 if age <= 3046 and (left > 482 or left < 6) else 0.0005

    signal(w, "volume_used_share", {"persistentvolumeclaim": "data-meter-pg-0"}, used, noise=0)
    requests(w, "reading-intake", rate=flat(44), errors=failing, p95=flat(0.03))
    requests(w, "reports", rate=flat(0.2), errors=step(0.001, 0.11, 3040), p95=step(1.2, 240, 3040))
    requests(w, "portal", rate=flat(17), errors=flat(0.0004), p95=flat(0.12))
    signal(w, "db_connections", {"component": "meter-pg"}, flat(24))
    exact(w, "db_max_connections", {"component": "meter-pg"}, flat(120))
    measured(w, base, step(0.2, 0.61, 3420), 0.55)
    measured(w, intake, 0.2)
    machines(w)
    text = "reading-intake refused more than 0.5% of the readings of the last 15 minutes"
    alert(w, "ReadingsRefused", minutes(45), text, service="reading-intake")


@case(
    "sink-tasks-gave-up-while-the-warehouse-moved",
    "shop-insights",
    "2026-02-24T09:38:00",
    title="Orders no longer reach the warehouse; the tasks of one connector died while its database changed nodes",
    drawn_from="Kafka Connect sinks that stay FAILED after a short outage of their database",
    why="Both tasks of the orders' sink ended in the minute in which PostgreSQL was away for a node upgrade, and say "
    "that they wait for a start by hand; the lag grows since. The database has been well for fifty minutes, the other "
    "connector in the same pods went on by itself, and the dashboard was released later.",
    expect=[Fault("Deployment/sink-connect", "service_crash", "restart_workload")],
    acceptable=[
        *(
            (cause, "restart_workload")
            for cause in ("dependency_failure", "database_connection", "code_defect", "configuration_error", "unknown")
        ),
        *((cause, "restart_connection_pool") for cause in ("database_connection", "service_crash")),
    ],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "no_action",
        "isolate_workload",
        {"remedy": "restart_workload", "target": "StatefulSet/warehouse-pg"},
        {"remedy": "restart_workload", "target": "Deployment/dash-api"},
    ],
)
def dead_tasks(w: World) -> None:
    nodes(w, "si-1", "si-2")
    node(w, "si-4", age=minutes(71))
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(140))
    moved = minutes(53)
    base = postgres(w, "warehouse-pg", image="postgres:15.12", pods=[P(age=moved, node="si-4", unready=moved - 24)])
    env = {"CONNECT_BOOTSTRAP_SERVERS": "kafka.streams:9092", "CONNECT_GROUP_ID": "insights-sinks"}
    inner = container("connect", "confluentinc/cp-kafka-connect:7.7.1", port=8083, env=env, memory=("1Gi", "2Gi"),
                      ready="/connectors")  # fmt: skip
    sink = deployment(w, "sink-connect", [Rev(pod_spec(inner), days(66))], 2)
    service(w, "sink-connect", port=8083, target=8083)
    image = "registry.insights.example"
    dash = well(w, "dash-api", f"{image}/dash-api:3.20.1", age=minutes(21), before=f"{image}/dash-api:3.20.0",
                env={"DATABASE_HOST": "warehouse-pg"})  # fmt: skip
    export = well(w, "export-api", f"{image}/export-api:1.9", age=days(44), env={"DATABASE_HOST": "warehouse-pg"})
    event(w, base.obj, "SuccessfulDelete", "delete Pod warehouse-pg-0 in StatefulSet warehouse-pg successful",
          kind="Normal", last=moved + 19)  # fmt: skip
    stamp = w.at(moved + 20)[:-1].replace("T", " ")
    log(w, base, 0, "postgres", [
        L(moved - 14, "log", "starting PostgreSQL 15.12 on x86_64-pc-linux-gnu, 64-bit"),
        L(moved - 15, "log", f"database system was shut down at {stamp} UTC"),
        L(moved - 16, "log", "database system is ready to accept connections"),
        L(moved - 317, "log", "checkpoint starting: time"),
        L(moved - 402, "log", "checkpoint complete: wrote 811 buffers (0.6%); 0 WAL file(s) added, 0 removed, 0 "
          "recycled; write=84.611 s, sync=0.012 s, total=84.640 s; sync files=61, longest=0.003 s, average=0.001 s; "
          "distance=7204 kB, estimate=19811 kB"),
    ])  # fmt: skip
    worker = "org.apache.kafka.connect.runtime.WorkerSinkTask"
    jdbc = "io.confluent.connect.jdbc.sink.JdbcSinkTask"
    for index in range(2):
        task = f"[orders-sink|task-{index}] WorkerSinkTask{{id=orders-sink-{index}}}"
        other = f"[customers-sink|task-{index}] WorkerSinkTask{{id=customers-sink-{index}}}"
        commit = "Committing offsets asynchronously using sequence number {n}"
        cause = (
            "org.postgresql.util.PSQLException: Connection to warehouse-pg:5432 refused. Check that the hostname and "
            "port are correct and that the postmaster is accepting TCP/IP connections."
        )
        gone = moved + 12 - 3 * index
        killed = (
            f"{task} Task threw an uncaught and unrecoverable exception. Task is being killed and will not recover "
            f"until manually restarted. Error: java.sql.SQLException: {cause}"
        )
        lines = [
            *often(60, 3590, moved + 25, "info", [f"{task} {commit}"], worker),
            *often(60, 3570, moved + 25, "info", [f"{other} {commit}"], worker),
            L(gone + 7, "warn", f"[orders-sink|task-{index}] Write of 500 records failed, remainingRetries=1", jdbc),
            L(gone + 1, "warn", f"[orders-sink|task-{index}] Write of 500 records failed, remainingRetries=0", jdbc),
            L(gone, "error", killed, worker),
            L(gone - 0.1, "info", f"[orders-sink|task-{index}] Stopping task", jdbc),
            L(gone + 6, "warn", f"[customers-sink|task-{index}] Write of 12 records failed, remainingRetries=30", jdbc),
            *often(60, moved - 40, 5, "info", [f"{other} {commit}"], worker),
        ]
        log(w, sink, index, "kafka", lines)
    for index in range(2):
        begun = [L(minutes(20.5) - 14 * index, "info", "dash-api 3.20.1 listening on :8080")]
        told = ["GET /tiles/revenue 200 41ms", "GET /tiles/returns 200 22ms"]
        stale = ["newest row of orders_flat is older than 15m, showing banner 'figures are late'"]
        lines = [
            *begun,
            *often(24, minutes(20) - 5 * index, 2, "info", told),
            *often(110, minutes(19) - 31 * index, 9, "warn", stale),
        ]
        log(w, dash, index, "logfmt", lines)
        again = "FATAL: terminating connection due to administrator command (SQLSTATE 57P01)"
        lines = [L(moved + 21 - index, "error", f"GET /export/customers 500 {again}")]
        lines += often(60, moved - 50 - 13 * index, 8, "info", ["GET /export/customers?page={n} 200 92ms"])
        log(w, export, index, "logfmt", lines)
    signal(w, "queue_depth", {"component": "sink-connect", "queue": "shop.orders"}, ramp(35, 84_000, moved))
    signal(w, "queue_depth", {"component": "sink-connect", "queue": "shop.customers"}, flat(6), noise=0.4)
    measured(w, sink, step(0.34, 0.07, moved, over=90), 0.6)
    measured(w, base, step(0.4, 0.18, moved, over=90), 0.5)
    requests(w, "dash-api", rate=flat(6), errors=flat(0.0005), p95=flat(0.07))
    requests(w, "export-api", rate=flat(2), errors=flat(0.0008), p95=flat(0.16))
    machines(w)
    text = "the consumer group connect-orders-sink is more than 20000 records behind"
    alert(w, "ConsumerGroupLag", minutes(38), text, group="connect-orders-sink", topic="shop.orders")
