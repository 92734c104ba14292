"""Ended, each in its way: a thread inside of a program that lives on, a database that finds no place to begin."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.jobs import job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress
from tests.diagnosis.casemaker.platform import GOOD, node, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "dispatch-thread-ended-with-a-restart-of-the-database",
    "clinic-reminders",
    "2026-03-19T07:23:00",
    title="Patients get no reminders; the dispatcher's only thread ended as the database was restarted in the night",
    drawn_from="an uncaught exception ends a Python thread while the process and its health check go on",
    why="The dispatcher's log ends its sending with the traceback of its thread, in the minute in which the database "
    "was started anew, and since then it only stores what others hand in. The database is well, the neighbours "
    "connected again, and the sender behind waits for work. The program is weeks old: a new start begins the thread "
    "anew. The sender's own release came hours later.",
    expect=[Fault("Deployment/reminder-dispatch", "service_crash", "restart_workload")],
    acceptable=[
        *((cause, "restart_workload") for cause in ("code_defect", "database_connection", "dependency_failure")),
        ("database_connection", "restart_connection_pool"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "no_action",
        {"remedy": "restart_workload", "target": "StatefulSet/clinic-pg"},
        {"remedy": "restart_workload", "target": "Deployment/sms-sender"},
    ],
)
def ended_thread(w: World) -> None:
    nodes(w, "cr-1", "cr-2")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(320))
    cut = hours(3.1)
    base = postgres(w, "clinic-pg", image="postgres:16.9", pods=[P(age=cut - 25)])
    image, env = "registry.clinic.example", {"PGHOST": "clinic-pg", "PGDATABASE": "clinic"}
    send = well(w, "reminder-dispatch", f"{image}/reminder-dispatch:1.19.2", pods=1, age=days(36), port=8000,
                before=f"{image}/reminder-dispatch:1.19.1", env=env | {"SENDER_URL": "http://sms-sender"})  # fmt: skip
    desk = well(w, "appointments", f"{image}/appointments:12.0.4", pods=2, age=days(20), env=env)
    sms = well(
        w, "sms-sender", f"{image}/sms-sender:4.2.0", pods=2, age=minutes(48), before=f"{image}/sms-sender:4.1.9"
    )
    ingress(w, "clinic", "desk.clinic.example", [("/", "appointments", 80)])
    lib = "/usr/local/lib/python3.12"
    trace = (
        "Exception in thread dispatch-loop:\nTraceback (most recent call last):\n"
        f'  File "{lib}/threading.py", line 1075, in _bootstrap_inner\n    self.run()\n'
        f'  File "{lib}/threading.py", line 1012, in run\n    self._target(*self._args, **self._kwargs)\n'
        '  File "/app/dispatch/loop.py", line 61, in run_forever\n    due = self.store.claim_due(limit=50)\n'
        "          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        '  File "/app/dispatch/store.py", line 38, in claim_due\n    cur.execute(CLAIM_DUE, {"limit": limit})\n'
        f'  File "{lib}/site-packages/psycopg/cursor.py", line 97, in execute\n    raise ex.with_traceback(None)\n'
        "psycopg.errors.AdminShutdown: terminating connection due to administrator command"
    )
    sent = [
        "claimed 12 due reminders",
        "reminder {n} handed to sms-sender: 202",
        "reminder {n} handed to sms-sender: 202",
    ]
    lines = [L(x.age, "", f"{w.time(x.age):%Y-%m-%d %H:%M:%S},114 INFO [dispatch.loop] {x.text}")
             for x in often(60, cut + 1500, cut + 3, "info", sent)]  # fmt: skip
    lines.append(L(cut, "", trace))
    stored = often(240, cut - 90, 20, "info", ["PUT /reminders/{n} 204"])
    lines += [L(x.age, "", f"{w.time(x.age):%Y-%m-%d %H:%M:%S},207 INFO [dispatch.api] {x.text}") for x in stored]
    log(w, send, 0, "plain", lines)
    version = "PostgreSQL 16.9 (Debian 16.9-1.pgdg120+1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) "
    log(w, base, 0, "postgres", [
        L(cut - 41, "log", f"starting {version}12.2.0, 64-bit"),
        L(cut - 41, "log", 'listening on IPv4 address "0.0.0.0", port 5432'),
        L(cut - 42, "log", f"database system was shut down at {w.time(cut + 1):%Y-%m-%d %H:%M:%S} UTC"),
        L(cut - 43, "log", "database system is ready to accept connections"),
        *often(900, cut - 400, 50, "log", ["checkpoint starting: time"]),
    ])  # fmt: skip
    for index in range(2):
        lost = [L(cut - 2, "warn", "terminating connection due to administrator command (SQLSTATE 57P01), retrying"),
                L(cut - 46, "info", "database is back after 44s")]  # fmt: skip
        ages = range(int(hours(2.7)) - 300 * index, 20, -600)
        late = "reminder queue: {} rows due and not claimed, oldest due at 04:17"
        told = [L(age, "warn", late.format(31 + int((cut - age) / 52))) for age in ages]
        log(
            w,
            desk,
            index,
            "logfmt",
            [*lost, *told, *often(130, hours(1.4) - 19 * index, 3, "info", ["GET /day/{n} 200 14ms"])],
        )
        lines = [L(minutes(47.6), "info", "sms-sender 4.2.0 listening on :8080, gateway session established")]
        log(
            w,
            sms,
            index,
            "zap",
            [
                *lines,
                *[L(age - 40 * index, "info", "idle: 0 messages in the last 5m") for age in range(2580, 50, -300)],
            ],
        )
    rows = [session(send.pods[0]["status"]["podIP"], "Deployment/reminder-dispatch", "idle", 1, age=140, user="clinic",
                    application="dispatch-api", wait="Client:ClientRead")]  # fmt: skip
    rows += [
        session(pod["status"]["podIP"], "Deployment/appointments", "idle", 5, age=11, user="clinic",
                application="appointments", wait="Client:ClientRead")
        for pod in desk.pods
    ]  # fmt: skip
    sessions(w, "StatefulSet/clinic-pg", 100, rows)
    alert(w, "NoRemindersSent", hours(1.1), "no reminder was sent in the last two hours", service="reminder-dispatch")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("database", True, ""), NO_METRICS)


@case(
    "planner-database-finds-no-checkpoint-to-begin-at",
    "harvest-plan",
    "2026-07-22T05:52:00",
    title="The planner has no database: it ends at each start for want of a checkpoint, since its node went down hard",
    drawn_from="PANIC: could not locate a valid checkpoint record, after a host lost power without flushing its disk",
    why="Each start reads the same damaged log and aborts; the node was rebooted in the minute of the first failure "
    "and is well since. Another start changes nothing, and a forced reset of the log can lose data: whether to "
    "take the backup of the night is a person's decision. The callers only lack the database, and the release of the "
    "planner web is from before the reboot and was well.",
    expect=[Fault("StatefulSet/planner-pg", "service_crash", "page_human")],
    acceptable=[
        *((cause, "page_human") for cause in ("dependency_failure", "database_connection", "unknown")),
        ("resource_exhaustion", "page_human"),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "no_action",
        "restart_connection_pool",
        "isolate_workload",
        "switch_traffic",
    ],
)
def no_checkpoint(w: World) -> None:
    nodes(w, "hv-1", "hv-3")
    machine = node(w, "hv-2", conditions={"Ready": GOOD["Ready"]}, since=minutes(36.4))
    w.nodes.remove("hv-2")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(210))
    cut = minutes(37)
    off = cut + 130
    image, env = "registry.harvest.example", {"DATABASE_HOST": "planner-pg"}
    last = terminated(1, "Error", started=71, finished=69)
    down = P(age=days(88), node="hv-2", restarts=12, last=last, ready=False, backoff="5m0s", unready=off - 44)
    base = postgres(w, "planner-pg", image="postgres:15.12", pods=[down])
    plan = well(w, "plan-api", f"{image}/plan-api:6.12.1", pods=3, age=days(17), env=env)
    web = well(w, "planner-web", f"{image}/planner-web:233", pods=2, age=minutes(58), before=f"{image}/planner-web:232",
               port=3000, env={"PLAN_URL": "http://plan-api"})  # fmt: skip
    weather = well(w, "weather", f"{image}/weather:3.3.0", pods=2, age=days(51), talk=True)
    ingress(w, "planner", "planner.harvest.example", [("/", "planner-web", 80)])
    saved = container("dump", "postgres:15.12", port=0, ready=None, env=env, command=("sh", "/scripts/dump.sh"))
    over = terminated(0, "Completed", started=hours(3.86), finished=hours(3.7))
    night = P(age=hours(3.87), phase="Succeeded", state=over, ready=False, unready=hours(3.7))
    dump = job(w, "planner-dump-29744760", pod_spec(saved), age=hours(3.87), pods=[night], cron="planner-dump",
               schedule="0 2 * * *")  # fmt: skip
    log(w, dump, 0, "plain", [L(hours(3.71), "", "dump of planner written: planner-0722.dump, 3.8 GB")])
    text = "Node hv-2 status is now: NodeNotReady"
    event(w, machine, "NodeNotReady", text, kind="Normal", last=off - 44, writer="node-controller")
    text = "Node hv-2 has been rebooted, boot id: 0b1c6f2e-5a0d-4e0f-9d86-7d21c34ab5f0"
    event(w, machine, "Rebooted", text, last=cut - 40, writer="kubelet")
    event(w, machine, "Starting", "Starting kubelet.", kind="Normal", last=cut - 38, writer="kubelet")
    restarting(w, base.pods[0], first=cut - 70, last=19, count=148)
    known = f"{w.time(cut + 212):%Y-%m-%d %H:%M:%S} UTC"
    version = "PostgreSQL 15.12 (Debian 15.12-1.pgdg120+1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) "
    said = [
        "\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n",
        *(f"{w.time(70):%Y-%m-%d %H:%M:%S}.{milli} UTC [{pid}] {rest}" for milli, pid, rest in (
            (104, 1, f"LOG:  starting {version}12.2.0, 64-bit"),
            (105, 1, 'LOG:  listening on IPv4 address "0.0.0.0", port 5432'),
            (105, 1, 'LOG:  listening on IPv6 address "::", port 5432'),
            (111, 1, 'LOG:  listening on Unix socket "/var/run/postgresql/.s.PGSQL.5432"'),
            (122, 28, f"LOG:  database system was interrupted; last known up at {known}"),
            (391, 28, "LOG:  invalid primary checkpoint record"),
            (391, 28, "PANIC:  could not locate a valid checkpoint record"),
            (874, 1, "LOG:  startup process (PID 28) was terminated by signal 6: Aborted"),
            (874, 1, "LOG:  aborting startup due to startup process failure"),
            (879, 1, "LOG:  database system is shut down"),
        )),
    ]  # fmt: skip
    log(w, base, 0, "plain", [L(70, "", text) for text in said], previous=True)
    bad = (
        "GET /plans/{n} 503: failed to connect to `user=planner database=planner`: hostname resolving error: "
        "lookup planner-pg on 10.96.0.10:53: no such host"
    )
    for index in range(3):
        good = often(70, hours(1), off + 4, "info", ["GET /plans/{n} 200 21ms", "PUT /fields/{n} 204 17ms"])
        log(w, plan, index, "logfmt", [*good, *often(40, off - 48 - 8 * index, 2, "error", [bad])])
    for index in range(2):
        start = [L(minutes(57.5), "info", "planner-web 233 ready on :3000")]
        fine = often(45, minutes(57) - 9 * index, off + 3, "info", ["GET /plans/{n} 200", "GET / 200"])
        fine += often(110, off - 9 * index, 3, "info", ["GET / 200", "GET /help 200"])
        told = often(52, off - 50 - 6 * index, 2, "error", ["GET /plans/{n} 503 from plan-api"])
        log(w, web, index, "pino", [*start, *fine, *told])
    requests(w, "planner-web", rate=flat(5.5), errors=step(0.001, 0.61, off), p95=flat(0.15))
    requests(w, "plan-api", rate=flat(4.9), errors=step(0.001, 0.94, off), p95=flat(0.06))
    calls(w, "planner-web", "plan-api", 0.06, step(0.001, 0.94, off))
    calls(w, "plan-api", "planner-pg", 0.02, step(0.0004, 1.0, off))
    for of in (plan, web, weather):
        measured(w, of, 0.14)
    exact(w, "replicas_wanted", {"component": "planner-pg"}, flat(1))
    exact(w, "replicas_available", {"component": "planner-pg"}, step(1, 0, off, over=1))
    labels = {"pod": "planner-pg-0", "container": "postgres"}
    exact(w, "restarts", labels, lambda age: max(0.0, min(12.0, (cut - age) / 165)))
    w.nodes.append("hv-2")
    machines(w, 0.22)
    alert(w, "PlannerUnavailable", minutes(33), "61% of requests to planner-web are answered with 5xx",
          service="planner-web")  # fmt: skip
