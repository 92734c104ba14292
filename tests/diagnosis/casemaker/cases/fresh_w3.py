"""A slot that nobody reads, and a worker that went silent in its transaction."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import machines, measured
from tests.diagnosis.casemaker.jobs import job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal
from tests.diagnosis.casemaker.templates import container, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

SHARED = ("code_defect", "configuration_error", "dependency_failure", "database_connection")


@case(
    "slot-of-a-connector-that-was-scaled-away",
    "loyalty",
    "2026-08-27T03:41:00",
    title="The volume of the points database is nearly full of log that is kept for a connector that nobody runs",
    drawn_from="an inactive logical replication slot of Debezium that retains WAL until the disk is full",
    why="The data are 9 GB of 58; the slot retains the rest since the connector was scaled to zero by hand six days "
    "ago. The release of the evening writes as before. To drop the slot, or to run its reader again, and to give the "
    "volume room, is a person's decision; a start of the database frees nothing.",
    expect=[Fault("StatefulSet/loyalty-pg", "resource_exhaustion", "page_human")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("resource_exhaustion", "page_human", "PersistentVolumeClaim/data-loyalty-pg-0"),
        ("resource_exhaustion", "page_human", "Deployment/cdc-connect"),
        ("configuration_error", "page_human", "Deployment/cdc-connect"),
        ("dependency_failure", "page_human", "Deployment/cdc-connect"),
        ("configuration_error", "scale_workload", "Deployment/cdc-connect"),
        ("resource_exhaustion", "scale_workload", "Deployment/cdc-connect"),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_database",
        "restart_connection_pool",
        "no_action",
        {"remedy": "scale_workload", "target": "Deployment/points-api"},
    ],
)
def idle_slot(w: World) -> None:
    nodes(w, "loy-1", "loy-2", "loy-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    base = postgres(w, "loyalty-pg", image="postgres:15.12")
    held = next(obj for obj in w.objects if obj["kind"] == "PersistentVolumeClaim")
    held["spec"]["resources"]["requests"]["storage"] = held["status"]["capacity"]["storage"] = "60Gi"
    image, env = "ghcr.io/loyalty-example", {"DATABASE_HOST": "loyalty-pg", "DATABASE_NAME": "loyalty"}
    api = well(w, "points-api", f"{image}/points-api:12.4.0", pods=3, age=hours(6.2), env=env,
               before=f"{image}/points-api:12.3.7")  # fmt: skip
    tiers = well(w, "tier-worker", f"{image}/tier-worker:3.3", pods=1, age=days(41), env=env)
    well(w, "statement-mailer", f"{image}/statement-mailer:0.17", pods=1, age=days(41), env=env)
    inner = container("connect", "quay.io/debezium/connect:2.7.3.Final", port=8083, memory=("1Gi", "2Gi"),
                      env={"GROUP_ID": "loyalty-cdc", "BOOTSTRAP_SERVERS": "kafka.streams:9092"},
                      ready="/connectors/loyalty/status")  # fmt: skip
    reader = deployment(w, "cdc-connect", [Rev(pod_spec(inner), days(95))], 0, replicas=0)
    w.changed(reader.obj, days(6) + hours(11), "kubectl", {"f:spec": {"f:replicas": {}}})
    service(w, "cdc-connect", port=8083, target=8083)
    ingress(w, "points", "points.loyalty.example", [("/", "points-api", 80)])
    query = container(
        "report", "postgres:15.12", port=0, ready=None, env=env, command=("psql", "-f", "/sql/nightly.sql")
    )
    done = terminated(0, "Completed", started=minutes(40.9), finished=minutes(40.4))
    pod = P(age=minutes(41), phase="Succeeded", state=done, ready=False, unready=minutes(40.4))
    run = job(w, "pg-nightly-29794500", pod_spec(query), age=minutes(41), pods=[pod], cron="pg-nightly",
              schedule="0 3 * * *")  # fmt: skip
    table = (
        "  datname  | size\n-----------+---------\n loyalty   | 9114 MB\n postgres  | 7453 kB\n(2 rows)\n\n"
        "      slot_name      | slot_type | active | wal_status | restart_lsn  | retained\n"
        "---------------------+-----------+--------+------------+--------------+----------\n"
        " loyalty_outbox_slot | logical   | f      | extended   | 2C/71A004E8  | 46 GB\n(1 row)\n\n"
        "       relname       | n_dead_tup | last_autovacuum\n"
        "---------------------+------------+-------------------------------\n"
        f" points_ledger       |      41822 | {w.at(hours(3))[:10]} 00:38:11.402118+00\n"
        f" outbox              |       1204 | {w.at(hours(3))[:10]} 02:51:40.118204+00\n(2 rows)\n"
    )
    cron = next(obj for obj in w.objects if obj["kind"] == "CronJob")
    cron["status"]["lastSuccessfulTime"] = w.at(minutes(40.4))
    log(w, run, 0, "plain", [L(minutes(40.5), "", table)])
    said = []
    for number, age in enumerate(range(3560, 20, -300)):
        text = (
            f"checkpoint complete: wrote {2104 + 13 * number} buffers (1.6%); 1 WAL file(s) added, 0 removed, "
            "0 recycled; write=209.811 s, sync=0.041 s, total=209.904 s; sync files=118, longest=0.009 s, "
            f"average=0.001 s; distance={24_204 + 112 * number} kB, estimate=26118 kB"
        )
        said += [L(age + 29, "log", "checkpoint starting: time"), L(age - 181, "log", text)]
    log(w, base, 0, "postgres", [line for line in said if line.age > 0])
    for index in range(3):
        lines = [L(hours(6.1), "info", "points-api 12.4.0 up, batch booking of partner points enabled")]
        lines += often(30, 3000, 2, "info", ["POST /bookings 201 14ms", "GET /balance/{n} 200 4ms"])
        log(w, api, index, "logfmt", lines)
    log(w, tiers, 0, "zap", often(120, 3500, 10, "info", ["tier of member {n} unchanged"]))
    requests(w, "points-api", rate=flat(21), errors=flat(0.0003), p95=flat(0.05))
    signal(w, "volume_used_share", {"persistentvolumeclaim": "data-loyalty-pg-0"}, ramp(0.9621, 0.9671), noise=0)
    signal(w, "db_connections", {"component": "loyalty-pg"}, flat(31))
    exact(w, "db_max_connections", {"component": "loyalty-pg"}, flat(200))
    measured(w, base, 0.17, 0.6)
    measured(w, api, 0.15)
    exact(w, "replicas_wanted", {"component": "cdc-connect"}, flat(0))
    machines(w, 0.18)
    text = "The PersistentVolume claimed by data-loyalty-pg-0 in Namespace loyalty is only 3.3% free."
    alert(w, "KubePersistentVolumeFillingUp", minutes(14), text, persistentvolumeclaim="data-loyalty-pg-0")


@case(
    "label-worker-fell-silent-with-a-row-in-its-hand",
    "parcel-desk",
    "2026-05-07T10:21:00",
    title="New orders fail at a lock on the row of the number range; a label worker holds it and says nothing more",
    drawn_from="a socket without a timeout inside a transaction: SELECT FOR UPDATE and a label printer that went away",
    why="The database names the holder, an old open transaction of one pod of the label worker, whose log ends with a "
    "printer that it dials; its sister works. The release of the orders came nine minutes after the first refusal.",
    expect=[Fault("Deployment/label-worker", "database_connection", "restart_workload")],
    acceptable=[
        ("database_connection", "restart_connection_pool"),
        ("service_crash", "restart_workload"),
        ("code_defect", "restart_workload"),
        ("code_defect", "restart_connection_pool"),
        ("dependency_failure", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "scale_workload",
        "scale_database",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/orders"},
        {"remedy": "restart_workload", "target": "Deployment/orders"},
        {"remedy": "restart_workload", "target": "StatefulSet/desk-postgres"},
    ],
)
def silent_worker(w: World) -> None:
    nodes(w, "pd-1", "pd-2")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(200))
    base = postgres(w, "desk-postgres", image="postgres:17.4")
    image, env = "registry.parcel.example/desk", {"ConnectionStrings__Host": "desk-postgres", "TZ": "Europe/Vienna"}
    orders = well(w, "orders", f"{image}/orders:2026.5.2", pods=3, age=minutes(40), before=f"{image}/orders:2026.5.1",
                  env=env)  # fmt: skip
    labels = well(
        w, "label-worker", f"{image}/label-worker:1.27.0", pods=2, age=days(23), env=env | {"ZPL_PORT": "9100"}
    )
    track = well(w, "tracking", f"{image}/tracking:8.0.3", pods=2, age=days(12), env=env)
    desk = well(w, "desk-ui", f"{image}/desk-ui:301", pods=2, age=days(3), port=3000)
    ingress(w, "desk", "desk.parcel.example", [("/", "desk-ui", 80), ("/track", "tracking", 80)])
    good = ["{n}: number drawn, 1 label to printer dock-2 (10.30.8.22:9100), 212 ms, committed",
            "{n}: number drawn, 2 labels to printer dock-3 (10.30.8.23:9100), 305 ms, committed"]  # fmt: skip
    before = often(25, 3590, minutes(49.7), "info", good, "labels.worker")
    last = L(minutes(49.5), "info", "88214: dialling printer dock-1 (10.30.8.21:9100)", "labels.worker")
    log(w, labels, 0, "python", [*before, L(minutes(49.5), "info", "88214: number drawn", "labels.worker"), last])
    after = L(minutes(49), "error", "91120: drawing a number failed: canceling statement due to lock timeout (AT)",
              "labels.worker")  # fmt: skip
    other = ["{n}: number drawn from DE, 1 label to printer dock-2 (10.30.8.22:9100), 208 ms, committed"]
    log(w, labels, 1, "python", [*before[2:], after, *often(44, minutes(48.5), 3, "info", other, "labels.worker")])
    for index in range(3):
        stack = (
            "POST /orders 500: Npgsql.PostgresException (0x80004005): 55P03: canceling statement due to lock timeout\n"
            "   at Npgsql.Internal.NpgsqlConnector.ReadMessageLong(Boolean async, DataRowLoadingMode mode)\n"
            "   at Desk.Orders.NumberRange.NextAsync(String range) in /src/Orders/NumberRange.cs:line 44"
        )
        lines = [L(minutes(39.8), "info", "Now listening on: http://[::]:8080 (orders 2026.5.2)")]
        lines += often(24, minutes(39.5) - 5 * index, 2, "error", [stack])
        lines += often(50, minutes(39), 4, "info", ["GET /orders/{n} 200 11ms", "POST /orders 201 38ms range=DE"])
        log(w, orders, index, "plain", [
            L(x.age, "", f"{w.at(x.age)[:-1]}Z {'fail' if x.level == 'error' else 'info'}: Desk.Orders[0] {x.text}")
            for x in lines
        ])  # fmt: skip
    pids = [2114, 2120, 2131, 2098, 2140]
    said = []
    for number, age in enumerate(range(int(minutes(49.2)), 4, -57)):
        pid, wait = pids[number % 5], ", ".join(str(pids[(number + k) % 5]) for k in range(3))
        stamp, who = w.at(age)[:-1].replace("T", " "), "desk@desk"
        head = f"{stamp}.{300 + number} UTC [{pid}] {who}"
        ended = f"{w.at(age - 4)[:-1].replace('T', ' ')}.{301 + number} UTC [{pid}] {who}"
        what, update = (
            "ShareLock on transaction 40118733",
            "SELECT next_value FROM number_ranges WHERE code = $1 FOR UPDATE",
        )
        said += [
            L(age, "", f"{head} LOG:  process {pid} still waiting for {what} after 1000.{number:03} ms"),
            L(age, "", f"{head} DETAIL:  Process holding the lock: 1873. Wait queue: {wait}."),
            L(age, "", f'{head} CONTEXT:  while locking tuple (0,7) in relation "number_ranges"'),
            L(age - 4, "", f"{ended} ERROR:  canceling statement due to lock timeout"),
            L(age - 4, "", f"{ended} STATEMENT:  {update}"),
        ]
    log(w, base, 0, "plain", said)
    for index in range(2):
        log(w, track, index, "logfmt", often(17, 900, 2, "info", ["GET /track/{n} 200 6ms"]))
        told = ["POST /api/orders 500 5021ms", "GET /api/orders/{n} 200 19ms", "POST /api/orders 500 5017ms"]
        log(w, desk, index, "pino", often(20, 1500, 2, "info", told))
    rows = [
        session(labels.pods[0]["status"]["podIP"], "Deployment/label-worker", "idle in transaction", 1,
                age=minutes(49.5), user="desk", application="label-worker", wait="Client:ClientRead"),
        session(labels.pods[1]["status"]["podIP"], "Deployment/label-worker", "idle", 1, age=9, user="desk",
                application="label-worker"),
    ]  # fmt: skip
    for pod in orders.pods:
        place = pod["status"]["podIP"]
        rows += [
            session(place, "Deployment/orders", "active", 2, age=3, user="desk", application="orders",
                    wait="Lock:transactionid"),
            session(place, "Deployment/orders", "idle", 4, age=20, user="desk", application="orders"),
        ]  # fmt: skip
    for pod in track.pods:
        rows.append(session(pod["status"]["podIP"], "Deployment/tracking", "idle", 3, age=4, user="desk"))
    sessions(w, "StatefulSet/desk-postgres", 100, rows)
    alert(w, "OrderCreationFailing", minutes(43), "more than half of POST /api/orders answer 500", service="orders")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("database", True, ""), NO_METRICS)


@case(
    "renamed-column-is-still-read-next-door",
    "clinic-crm",
    "2026-09-14T09:04:00",
    title="Reminders are not sent; the migration of another program's release renamed a column that they read",
    drawn_from="a database shared by two programs: rename_column of one, UndefinedColumn in the other",
    why="The reminders fail from the second in which the migration ran, with code and configuration of last week; the "
    "program that owns the migration is well. Its older version reads the old name too, so a roll-back breaks it as "
    "well: the name has to be brought back, or the reader taught, by a person.",
    expect=[Fault("Job/crm-db-migrate-412", "code_defect", "page_human")],
    acceptable=[
        *((cause, "page_human") for cause in SHARED),
        *((cause, "page_human", "Deployment/crm-web") for cause in ("code_defect", "configuration_error")),
        *((cause, "page_human", "Deployment/reminders") for cause in SHARED if cause != "configuration_error"),
        *((cause, "page_human", "StatefulSet/crm-pg") for cause in SHARED),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "no_action",
    ],
)
def renamed_column(w: World) -> None:
    nodes(w, "crm-node-a", "crm-node-b")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(410))
    config_map(w, "reminders-texts", {"sms": "Your visit on {date}"}, age=days(300), changed=hours(2.2), by="argocd")
    base = postgres(w, "crm-pg", image="postgres:14.15")
    image, password = "registry.clinic.example", {"PGPASSWORD": from_secret("postgres-auth", "POSTGRES_PASSWORD")}
    env = {"PGHOST": "crm-pg", "PGDATABASE": "crm"} | password
    old, new = f"{image}/crm-web:2026.36", f"{image}/crm-web:2026.37"
    spec = pod_spec(container("migrate", new, port=0, ready=None, env=env, command=("bin/rails", "db:migrate")))
    done = terminated(0, "Completed", started=minutes(48.6), finished=minutes(48.3))
    pod = P(age=minutes(48.7), phase="Succeeded", state=done, ready=False, unready=minutes(48.3))
    run = job(w, "crm-db-migrate-412", spec, age=minutes(48.7), pods=[pod])
    title = "20260910141207 RenamePhoneOnContacts"
    log(w, run, 0, "plain", [
        L(minutes(48.4), "", f"== {title}: migrating {'=' * 28}\n-- rename_column(:contacts, :phone, :phone_e164)\n"
          f"   -> 0.0061s\n== {title}: migrated (0.0063s) {'=' * 19}\n"),
        L(minutes(48.3), "", "== 20260911090144 AddLocaleToContacts: migrating ============================\n-- "
          "add_column(:contacts, :locale, :string)\n   -> 0.0019s\n== 20260911090144 AddLocaleToContacts: migrated "
          "(0.0021s) ==================="),
    ])  # fmt: skip
    web = well(w, "crm-web", new, pods=2, age=minutes(47.5), before=old, port=3000, env=env)
    remind = well(w, "reminders", f"{image}/reminders:1.19.4", pods=2, age=days(6), env=env,
                  before=f"{image}/reminders:1.19.3")  # fmt: skip
    sms = well(w, "sms-gateway", f"{image}/sms-gateway:0.8", pods=2, age=days(88))
    well(w, "calendar-sync", f"{image}/calendar-sync:5.1", pods=1, age=hours(5), before=f"{image}/calendar-sync:5.0",
         talk=True)  # fmt: skip
    ingress(w, "crm", "crm.clinic.example", [("/", "crm-web", 80)])
    trace = (
        "batch of {n} failed\nTraceback (most recent call last):\n"
        '  File "/app/reminders/batch.py", line 88, in due\n    cur.execute(DUE, {"until": until})\n'
        '  File "/usr/local/lib/python3.12/site-packages/psycopg/cursor.py", line 97, in execute\n'
        "    raise ex.with_traceback(None)\npsycopg.errors.UndefinedColumn: column c.phone does not exist\n"
        "LINE 1: SELECT v.id, v.starts_at, c.first_name, c.phone FROM visits...\n"
        '                                                ^\nHINT:  Perhaps you meant to reference the column "c.phone'
        '_e164".'
    )
    for index in range(2):
        fine = often(180, hours(3), minutes(49), "info", ["batch of {n}: 14 due, 14 handed to sms-gateway"], "batch")
        bad = often(300, minutes(47.9) - 150 * index, 2, "error", [trace], "batch")
        log(w, remind, index, "python", [*fine[-12:], *bad])
        told = ["Completed 200 OK in 41ms (Views: 18.2ms | ActiveRecord: 9.1ms)", "Completed 201 Created in 63ms"]
        log(w, web, index, "logfmt", often(31, minutes(47), 4, "info", told))
        log(w, sms, index, "zap", [
            *often(70, hours(1.4), minutes(49), "info", ["sms {n} accepted by carrier"]),
            *often(240, minutes(46), 10, "info", ["carrier session alive, 0 queued"]),
        ])  # fmt: skip
    said = often(300, 3400, 9, "log", ["checkpoint starting: time"])
    for line in often(
        150, minutes(47.9), 2, "error", ["column c.phone does not exist at character 41"], "reminders@crm"
    ):
        text = "SELECT v.id, v.starts_at, c.first_name, c.phone FROM visits v JOIN contacts c ON c.id = v.contact_id"
        said += [line, L(line.age, "statement", text, line.logger)]
    log(w, base, 0, "postgres", said)
    alert(w, "NoRemindersSent", minutes(18), "no SMS reminder sent for 30 minutes during office hours", team="crm",
          severity="warning")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
