"""Databases without figures: a lock queue behind a dump, an old kind of login."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.jobs import busy
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.pods import P, pod
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment, reference
from tests.diagnosis.casemaker.world import World, days, minutes

ANY = ("database_connection", "configuration_error", "code_defect", "dependency_failure", "resource_exhaustion")


def _waiting(w: World, base: Workload, begun: float, change: str, query: str) -> None:
    """Write PostgreSQL's words on who waits for whom, since the migration asked for its lock; each says it once."""
    pids = [3290, *range(3301, 3301 + 24 * 3, 3)]
    said = []
    for number, pid in enumerate(pids):
        past = begun - 1 if not number else begun - 5 - 7 * number
        head = f"{w.at(past)[:-1].replace('T', ' ')}.{140 + number} UTC [{pid}] roster@roster"
        lock, statement, where = ("AccessShareLock", query, " at character 29")
        if not number:
            lock, statement, where = "AccessExclusiveLock", change, ""
        what = f"still waiting for {lock} on relation 16702 of database 16384 after 1000.{100 + number} ms{where}"
        queue = ", ".join(str(each) for each in pids[: number + 1])
        said += [
            L(past, "", f"{head} LOG:  process {pid} {what}"),
            L(past, "", f"{head} DETAIL:  Process holding the lock: 2871. Wait queue: {queue}."),
            L(past, "", f"{head} STATEMENT:  {statement}"),
        ]
    for past in range(int(begun) - 240, 5, -300):
        head = f"{w.at(past)[:-1].replace('T', ' ')}.402 UTC [27]"
        said.append(L(past, "", f"{head} LOG:  checkpoint starting: time"))
    log(w, base, 0, "plain", said)


@case(
    "new-column-waits-for-the-dump-and-all-wait-for-the-column",
    "school-roster",
    "2026-08-31T08:24:00",
    title="All questions to one table hang behind a migration, which itself waits for a dump that reads since early",
    drawn_from="an ALTER TABLE without lock_timeout in the lock queue behind a long pg_dump",
    why="The dump holds a weak lock for an hour and harmed nobody until the migration asked for a strong one nineteen "
    "minutes ago; since then each query of that table stands behind it, as PostgreSQL's log and its sessions say. "
    "Whoever ends the waiting migration, a person, sets all free; restarts only queue again.",
    expect=[Fault("Job/enrol-migrate-227", "database_connection", "page_human")],
    acceptable=[(cause, "page_human", "*") for cause in ANY],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "no_action",
        "isolate_workload",
    ],
)
def lock_queue(w: World) -> None:
    nodes(w, "sr-1", "sr-2", "sr-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(420))
    base = postgres(w, "roster-db", image="postgres:16.9")
    image, env = "registry.school.example/roster", {"DATABASE_HOST": "roster-db", "DB_POOL": "8"}
    enrol = well(w, "enrol-api", f"{image}/enrol-api:226", pods=3, age=days(13), before=f"{image}/enrol-api:225",
                 env=env)  # fmt: skip
    marks = well(w, "marks-api", f"{image}/marks-api:88", age=days(40), env=env)
    parents = well(w, "parents-web", f"{image}/parents-web:512", age=minutes(44), before=f"{image}/parents-web:511",
                   port=3000)  # fmt: skip
    ingress(w, "parents", "parents.school.example", [("/", "parents-web", 80)])
    inner = container("dump", "postgres:16.9", port=0, ready=None, env=env,
                      command=("pg_dump", "-v", "-Fc", "-f", "/backup/roster.dump"))  # fmt: skip
    dump = busy(w, "roster-dump", pod_spec(inner), ages=[minutes(64)], schedule="20 7 * * *")
    tables = ("pupils", "guardians", "classes", "enrolments", "marks")
    lines = [L(minutes(63.9) - 40 * n, "", f'pg_dump: dumping contents of table "public.{name}"') for n, name in
             enumerate(tables)]  # fmt: skip
    lines.append(L(minutes(52), "", 'pg_dump: dumping contents of table "public.attendance"'))
    log(w, dump, 0, "plain", lines)
    name, age = "enrol-migrate-227", minutes(19)
    inner = container("migrate", f"{image}/enrol-api:227", port=0, ready=None, command=("bin/rails", "db:migrate"),
                      env=env)  # fmt: skip
    spec = pod_spec(inner) | {"restartPolicy": "Never"}
    notes = {"helm.sh/hook": "pre-upgrade", "helm.sh/hook-delete-policy": "before-hook-creation"}
    task = w.add({"apiVersion": "batch/v1", "kind": "Job", "metadata": w.meta("Job", name, age, annotations=notes)})
    task["spec"] = {"backoffLimit": 0, "template": {"metadata": {"labels": {"job-name": name}}, "spec": spec}}
    task["status"] = {"startTime": w.at(age), "active": 1, "ready": 1}
    one = pod(w, f"{name}-q4v8z", spec, {"job-name": name}, reference(task), P(), age, 1)
    run = Workload("Job", name, {}, task, [one])
    text = "== 20260828101500 AddWaitlistRankToEnrolments: migrating =====================\n"
    log(w, run, 0, "plain", [L(age - 9, "", text + "-- add_column(:enrolments, :waitlist_rank, :integer)")])
    change = 'ALTER TABLE "enrolments" ADD "waitlist_rank" integer'
    query = 'SELECT "enrolments".* FROM "enrolments" WHERE "enrolments"."pupil_id" = $1'
    begun = age - 10
    _waiting(w, base, begun, change, query)
    timed = (
        "ActiveRecord::ConnectionTimeoutError: could not obtain a connection from the pool within 5.000 seconds "
        "(waited 5.002 seconds); all pooled connections were in use"
    )
    for index in range(3):
        lines = often(19, minutes(18) - 4 * index, 1, "error", ["GET /pupils/{n}/enrolments 500", timed])
        lines += often(60, 3400 - 17 * index, minutes(19.2), "info", ["GET /pupils/{n}/enrolments 200 14ms"])
        log(w, enrol, index, "logfmt", lines)
    for index in range(2):
        told = ["GET /marks/{n} 200 9ms", "PUT /marks/{n} 200 21ms"]
        log(w, marks, index, "logfmt", often(20, 1500 - 9 * index, 2, "info", told))
        told = ["GET /marks 200", "GET /courses 504 from enrol-api", "GET /timetable 200"]
        lines = often(17, minutes(17.8) - 6 * index, 1, "info", told)
        log(w, parents, index, "pino", [*lines, L(minutes(43.5), "info", "parents-web 512 up")])
    rows = [
        session(dump.pods[0]["status"]["podIP"], "CronJob/roster-dump", "active", 1, age=minutes(63.9), user="backup",
                application="pg_dump", wait="Client:ClientWrite",
                query="COPY public.attendance (id, pupil_id, day, state, note) TO stdout;"),
        session(one["status"]["podIP"], f"Job/{name}", "active", 1, age=begun, user="roster", application="bin/rails",
                wait="Lock:relation", query=change),
    ]  # fmt: skip
    places = [each["status"]["podIP"] for each in enrol.pods]
    rows += [
        session(place, "Deployment/enrol-api", "active", 8, age=begun - 12, user="roster", application="puma",
                wait="Lock:relation", query=query)
        for place in places
    ]  # fmt: skip
    places = [each["status"]["podIP"] for each in marks.pods]
    rows += [session(place, "Deployment/marks-api", "idle", 4, age=3, user="roster") for place in places]
    sessions(w, "StatefulSet/roster-db", 100, rows)
    text = "enrol-api answers nothing but errors for enrolments"
    alert(w, "EnrolmentsUnavailable", minutes(15), text, service="enrol-api")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("database", True, ""), NO_METRICS)


@case(
    "old-kind-of-login-ended-with-the-new-mysql",
    "wholesale",
    "2026-05-06T20:41:00",
    title="Two of four programs cannot log in to MySQL any more since it is 8.4; their accounts have the old plugin",
    drawn_from="MySQL 8.4 and Plugin 'mysql_native_password' is not loaded",
    why="The server came up as 8.4 thirty-eight minutes ago and has upgraded its dictionary, so that 8.0 cannot read "
    "the data any more: back is no way. It is well and serves the accounts of the new kind. The plugin must be turned "
    "on, or two accounts altered, by a person; the release of the sync came when the errors were there.",
    expect=[Fault("StatefulSet/mysql", "configuration_error", "page_human")],
    acceptable=[
        *((cause, "page_human") for cause in ("dependency_failure", "database_connection", "code_defect")),
        *(
            (cause, "page_human", component)
            for cause in ("configuration_error", "dependency_failure", "database_connection")
            for component in ("Deployment/erp-sync", "Deployment/label-printer")
        ),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "no_action",
        "isolate_workload",
    ],
)
def old_plugin(w: World) -> None:
    nodes(w, "wh-1", "wh-2", "wh-3")
    for name in ("mysql-auth", "mysql-erp", "mysql-labels"):
        secret(w, name, ["MYSQL_PASSWORD"], age=days(510))
    specs = [
        pod_spec(container("mysql", f"mysql:{tag}", port=3306, memory=("2Gi", "4Gi"), env_from=("secret/mysql-auth",),
                           ready={"tcpSocket": {"port": 3306}}, mounts={"data": "/var/lib/mysql"}))
        for tag in ("8.0.39", "8.4.5")
    ]  # fmt: skip
    since = minutes(38)
    revisions = [Rev(specs[0], days(190)), Rev(specs[1], since)]
    base = rolled(w, "StatefulSet", "mysql", revisions, [P(age=since - 12)], claim="data", age=days(510))
    claim(w, "data-mysql-0", size="50Gi")
    service(w, "mysql", port=3306, target=3306, headless=True)
    image = "registry.wholesale.example"
    env = {"DB_HOST": "mysql", "DB_DATABASE": "wholesale"}
    stock = well(w, "stock-api", f"{image}/stock-api:14.1", pods=3, age=days(22), env=env)
    price = well(w, "price-api", f"{image}/price-api:7.7", age=days(61), env=env)
    inner = [container("erp-sync", f"{image}/erp-sync:{tag}", env=env | {"DB_USERNAME": "erp"},
                       env_from=("secret/mysql-erp",)) for tag in ("3.0.8", "3.0.9")]  # fmt: skip
    sync = deployment(w, "erp-sync", [Rev(pod_spec(inner[0]), days(34)), Rev(pod_spec(inner[1]), minutes(24))], 2)
    service(w, "erp-sync")
    one = container("label-printer", f"{image}/label-printer:1.12.3", env=env | {"DB_USER": "labels"},
                    env_from=("secret/mysql-labels",))  # fmt: skip
    labels = deployment(w, "label-printer", [Rev(pod_spec(one), days(88))], 1)
    service(w, "label-printer")
    told = (
        (20, 0, "MY-010116", "Server", "/usr/sbin/mysqld (mysqld 8.4.5) starting as process 1"),
        (20, 1, "MY-013576", "InnoDB", "InnoDB initialization has started."),
        (23, 1, "MY-013577", "InnoDB", "InnoDB initialization has ended."),
        (24, 4, "MY-013381", "Server", "Server upgrade from '80039' to '80405' started."),
        (47, 4, "MY-013381", "Server", "Server upgrade from '80039' to '80405' completed."),
        (48, 0, "MY-010931", "Server", "/usr/sbin/mysqld: ready for connections. Version: '8.4.5'  socket: "
         "'/var/run/mysqld/mysqld.sock'  port: 3306  MySQL Community Server - GPL."),
    )  # fmt: skip
    log(w, base, 0, "plain", [
        L(since - late, "", f"{w.at(since - late)[:-1]}.{204118 + 31 * late}Z {thread} [System] [{code}] [{part}] "
          f"{text}")
        for late, thread, code, part, text in told
    ])  # fmt: skip
    gone = since - 49
    for index in range(2):
        bad = (
            "production.ERROR: SQLSTATE[HY000] [1524] Plugin 'mysql_native_password' is not loaded (Connection: mysql, "
            "SQL: select * from `outbound_orders` where `sent_at` is null limit 50)"
        )
        ages = [line.age for line in often(31, minutes(23.5) - 7 * index, 2, "error", [bad])]
        log(w, sync, index, "plain", [L(age, "", f"[{w.at(age)[:-1].replace('T', ' ')}] {bad}") for age in ages])
    lost = "pymysql.err.OperationalError: (2013, 'Lost connection to MySQL server during query')"
    down = "pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on 'mysql' ([Errno 111] refused)\")"
    old = "pymysql.err.OperationalError: (1524, \"Plugin 'mysql_native_password' is not loaded\")"
    lines = often(80, 3560, since + 5, "info", ["label {n} printed"], "labels.loop")
    lines += [L(since + 2, "error", lost, "labels.loop"), L(since - 22, "error", down, "labels.loop")]
    log(w, labels, 0, "python", [*lines, *often(45, gone - 20, 4, "error", [old], "labels.loop")])
    for index in range(3):
        lines = [L(since - 8 - index, "error", "stock query failed: dial tcp: lookup mysql: no such host")]
        lines += often(40, gone - 5 - 13 * index, 3, "info", ["GET /stock/{n} 200 6ms", "PUT /stock/{n} 204 11ms"])
        log(w, stock, index, "logfmt", lines)
    for index in range(2):
        log(
            w,
            price,
            index,
            "zap",
            often(30, 1800 - 11 * index, 2, "info", ["price list {n} served", "GET /prices 200"]),
        )
    alert(w, "ErpOrdersNotSent", minutes(27), "no order has gone to the ERP for ten minutes", service="erp-sync")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
