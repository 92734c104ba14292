"""Nights with two faults that have nothing to do with each other."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.pods import P, oom, running, suffix
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.signals import Shape, exact, flat, ramp, requests, saw, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


def grown(begun: float, period: float) -> Shape:
    """Return memory that grows to the limit and falls at each start, the last of which was ``begun`` seconds ago."""
    return lambda age: saw(0.34, 0.995, period)(age - begun)


@case(
    "two-faults-a-service-that-selects-nobody-and-a-greedy-release",
    "pocket-bank",
    "2026-05-28T20:11:00",
    title="Cards cannot be shown since their Service selects a label that no pod has; statements die of memory",
    drawn_from="a selector edited by hand during a clean-up of labels, in an hour in which a release read whole tables",
    why="The cards' pods are ready and unchanged, and their Service has had no endpoint since it was edited; the app "
    "is refused there. The statements have nothing to do with that: both pods of their release grow until they are "
    "killed at the limit, and the older version stayed below half of it. A person has to put the selector back; the "
    "statements need their older version.",
    expect=[
        Fault("Service/cards", "configuration_error", "page_human"),
        Fault("Deployment/statements", "code_defect", "rollback_workload"),
    ],
    acceptable=[
        ("network_fault", "page_human", "Service/cards"),
        ("configuration_error", "page_human", "Deployment/cards", "Service/cards"),
        ("network_fault", "page_human", "Deployment/cards", "Service/cards"),
        ("resource_exhaustion", "rollback_workload", "Deployment/statements"),
    ],
    forbidden=[
        "no_action",
        "scale_database",
        "isolate_workload",
        "scale_workload",
        {"remedy": "rollback_workload", "target": "Deployment/cards"},
        {"remedy": "restart_workload", "target": "Deployment/cards"},
        {"remedy": "rollback_workload", "target": "Deployment/app-bff"},
    ],
)
def nobody(w: World) -> None:
    nodes(w, "pb-1", "pb-2", "pb-3", cpu="8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(310))
    image, edited, rolled = "registry.pocket-bank.example", minutes(31), minutes(44)
    base = postgres(w, "ledger-pg", image="postgres:16.9")
    spec = pod_spec(container("cards", f"{image}/cards:8.2.1", env={"DB_HOST": "ledger-pg"}))
    cards = deployment(w, "cards", [Rev(spec, days(26))], 3, labels={"app": "cards"})
    front_door = service(w, "cards", {"app": "cards", "tier": "backend"}, labels={"app": "cards"})
    w.changed(front_door, edited, "kubectl-edit", {"f:spec": {"f:selector": {"f:tier": {}}}})
    specs = [
        pod_spec(container("statements", f"{image}/statements:{tag}", memory=("256Mi", "512Mi"),
                           env={"DB_HOST": "ledger-pg"}))
        for tag in ("2.14.3", "3.0.0")
    ]  # fmt: skip
    begun = (minutes(7.5), minutes(4.2))
    pods = [
        P(1, age=rolled - 6, restarts=4, state=running(begun[0]),
          last=oom(started=minutes(16), finished=begun[0] + 21)),
        P(1, age=rolled - 31, restarts=3, state=running(begun[1]),
          last=oom(started=minutes(14), finished=begun[1] + 12)),
    ]  # fmt: skip
    made = deployment(w, "statements", [Rev(specs[0], days(33)), Rev(specs[1], rolled)], pods)
    service(w, "statements")
    for index in range(2):
        restarting(w, made.pods[index], first=minutes(25), last=begun[index] + 10, count=5 - index)
    env = {"CARDS_URL": "http://cards", "LEDGER_URL": "http://ledger-api"}
    bff = well(w, "app-bff", f"{image}/app-bff:517", pods=3, age=hours(30), before=f"{image}/app-bff:515", env=env)
    ledger = well(w, "ledger-api", f"{image}/ledger-api:11.0.4", pods=2, age=days(48), env={"DB_HOST": "ledger-pg"},
                  talk=True)  # fmt: skip
    ingress(w, "app", "api.pocket-bank.example", [("/", "app-bff", 80), ("/statements", "statements", 80)])
    text = (
        "GET /v2/cards 502: FetchError: request to http://cards/v2/cards failed, reason: connect ECONNREFUSED "
        f"{ip(w, 'cards')}:80"
    )
    for index in range(3):
        lines = often(7, edited - 4 * index, 1, "error", [text])
        log(
            w,
            bff,
            index,
            "pino",
            [*lines, *often(19, edited - 7 * index, 1, "info", ["GET /v2/accounts 200", "GET /v2/news 200"])],
        )
        log(
            w,
            cards,
            index,
            "zap",
            often(95, 3500 - 31 * index, edited, "info", ["GET /v2/cards 200"], "http/access.go:52"),
        )
    for index in range(2):
        read = [
            "statement of account {n}: all entries since 2019 read, 118204 rows",
            "GET /statements/{n}.pdf 200 6.1s",
        ]
        start = L(begun[index] - 1, "info", "statements 3.0.0 listening on :8080")
        log(w, made, index, "logfmt", [start, *often(14, begun[index] - 9, 1, "info", read)])
        log(
            w, made, index, "logfmt", often(14, minutes(14) - 8 * index, begun[index] + 24, "info", read), previous=True
        )
        labels = {"pod": made.pod(index), "container": "statements"}
        signal(w, "memory_share", labels, grown(begun[index], (495, 590)[index]), since=rolled - 60)
        signal(w, "cpu_share", labels, flat(0.41), since=rolled - 60)
        exact(w, "restarts", labels, ramp(0, 4 - index, rolled - 400, begun[index]), since=rolled - 60)
        old = made.sets[0]["metadata"]["name"]
        gone = {"pod": f"{old}-{suffix(old, 'old', index + 1)}", "container": "statements"}
        signal(w, "memory_share", gone, flat(0.42), until=rolled - 20)
    log(w, base, 0, "postgres", often(300, 3400, 30, "log", ["checkpoint starting: time"]))
    requests(w, "app-bff", rate=flat(64), errors=step(0.001, 0.27, edited), p95=flat(0.12))
    requests(w, "cards", rate=step(17, 0, edited), errors=flat(0.0005), p95=flat(0.03))
    requests(
        w, "statements", rate=flat(1.6), errors=step(0.002, 0.22, rolled - 240, over=240), p95=step(1.1, 6.4, rolled)
    )
    calls(w, "app-bff", "cards", 0.03, step(0.0005, 1, edited))
    calls(w, "app-bff", "ledger-api", 0.02)
    for of in (bff, cards, ledger, base):
        measured(w, of, 0.22)
    machines(w)
    alert(w, "AppBffErrors", minutes(25), "27% of the answers of app-bff are 502", service="app-bff")


@case(
    "two-faults-pods-with-an-old-password-and-a-strict-reader",
    "dental-desk",
    "2026-06-16T09:26:00",
    title="Billing logs in with a password that was rotated; the schedule stumbles over a field since its release",
    drawn_from="rotation that restarts nobody; a bean of one's own in place of Spring's lenient ObjectMapper",
    why="Two billing pods are older than the Secret's last change and refused by the database, the one that was moved "
    "after it logs in. The schedule is another story: since its release of this morning it does not accept a field "
    "that the insurers' service has sent for six days without harm. The one has to read its Secret again, the other "
    "goes back.",
    expect=[
        Fault("Deployment/billing", "database_connection", "restart_workload"),
        Fault("Deployment/schedule", "code_defect", "rollback_workload"),
    ],
    acceptable=[
        ("configuration_error", "restart_workload", "Deployment/billing"),
        ("database_connection", "restart_connection_pool", "Deployment/billing"),
        ("configuration_error", "rollback_workload", "Deployment/schedule"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "no_action",
        "scale_workload",
        "scale_database",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/billing"},
        {"remedy": "restart_workload", "target": "Deployment/schedule"},
        {"remedy": "rollback_workload", "target": "Deployment/insurers"},
        {"remedy": "restart_workload", "target": "StatefulSet/desk-pg"},
    ],
)
def old_password(w: World) -> None:
    nodes(w, "dd-1", "dd-2", "dd-3")
    image, turned, rolled = "registry.dental-desk.example", minutes(52), minutes(36)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(400))
    secret(w, "billing-db", ["SPRING_DATASOURCE_USERNAME", "SPRING_DATASOURCE_PASSWORD"], age=days(400), changed=turned)
    secret(w, "schedule-db", ["SPRING_DATASOURCE_USERNAME", "SPRING_DATASOURCE_PASSWORD"], age=days(400))
    base = postgres(w, "desk-pg", image="postgres:15.13")
    url = {"SPRING_DATASOURCE_URL": "jdbc:postgresql://desk-pg:5432/desk"}
    spec = pod_spec(container("billing", f"{image}/billing:5.21.0", env=url, env_from=("secret/billing-db",),
                              memory=("512Mi", "768Mi"), ready="/actuator/health/readiness"))  # fmt: skip
    pods = [P(age=days(19), node="dd-1"), P(age=days(19) - 40, node="dd-2"), P(age=minutes(21), node="dd-3")]
    billing = deployment(w, "billing", [Rev(spec, days(19.01))], pods)
    service(w, "billing")
    env = url | {"INSURERS_URL": "http://insurers"}
    specs = [
        pod_spec(container("schedule", f"{image}/schedule:{tag}", env=env, env_from=("secret/schedule-db",),
                           memory=("512Mi", "768Mi"), ready="/actuator/health/readiness"))
        for tag in ("2026.5.3", "2026.6.0")
    ]  # fmt: skip
    plan = deployment(w, "schedule", [Rev(specs[0], days(29)), Rev(specs[1], rolled)], 2)
    service(w, "schedule")
    insurers = well(w, "insurers", f"{image}/insurers:1.44", pods=2, age=days(6), before=f"{image}/insurers:1.43")
    desk = well(w, "desk-ui", f"{image}/desk-ui:212", pods=2, age=days(15), port=3000)
    ingress(w, "desk", "desk.dental.example", [("/", "desk-ui", 80)])
    refused = (
        "POST /invoices 500: org.springframework.jdbc.CannotGetJdbcConnectionException: Failed to obtain JDBC "
        "Connection\nCaused by: java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, "
        "request timed out after 30004ms (total=0, active=0, idle=0, waiting=4)\n"
        'Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed for user "billing"'
    )
    logger = "e.d.billing.web.Access"
    for index in range(2):
        lines = often(60, 3500 - 23 * index, turned, "info", ["POST /invoices 201 88ms"], logger)
        lines += often(24, minutes(24) - 7 * index, 2, "error", [refused], "e.d.billing.web.ErrorAdvice")
        log(w, billing, index, "logback", lines)
    fresh = [L(minutes(20.4), "info", "HikariPool-1 - Start completed.", "com.zaxxer.hikari.HikariDataSource"),
             L(minutes(20.2), "info", "Started BillingApplication in 31.204 seconds (process running for 32.9)",
               "e.d.billing.BillingApplication")]  # fmt: skip
    log(w, billing, 2, "logback", [*fresh, *often(15, minutes(20), 2, "info", ["POST /invoices 201 91ms"], logger)])
    broken = (
        "GET /coverage/{n} 500: org.springframework.web.client.RestClientException: Error while extracting response "
        "for type [dental.schedule.insurers.Coverage] and content type [application/json]\n"
        "Caused by: com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException: Unrecognized field "
        '"copayBands" (class dental.schedule.insurers.Coverage), not marked as ignorable (5 known properties: '
        '"member", "plan", "from", "to", "limit"])'
    )
    for index in range(2):
        lines = [L(rolled - 50 - 9 * index, "info", "Started ScheduleApplication in 27.6 seconds", "d.s.Schedule")]
        lines += often(21, rolled - 60 - 13 * index, 2, "error", [broken], "d.s.web.ErrorAdvice")
        lines += often(
            33, rolled - 63 - 17 * index, 2, "info", ["GET /slots 200 12ms", "POST /visits 201 20ms"], "d.s.web.Access"
        )
        log(w, plan, index, "logback", lines)
        log(
            w,
            insurers,
            index,
            "zap",
            often(40, 3000 - 29 * index, 2, "info", ["GET /v3/coverage/{n} 200"], "api/coverage.go:90"),
        )
        told = ["POST /api/invoices 500", "GET /api/coverage/{n} 500", "GET /api/slots 200", "POST /api/invoices 201"]
        log(w, desk, index, "pino", often(16, 1300 - 11 * index, 2, "info", told))
    said = often(12, minutes(24), 2, "fatal", ['password authentication failed for user "billing"'], "billing@desk")
    log(w, base, 0, "postgres", said)
    rows = [session(billing.pods[2]["status"]["podIP"], "Deployment/billing", "idle", 10, age=14, user="billing")]
    rows += [session(p["status"]["podIP"], "Deployment/schedule", "idle", 9, age=6, user="schedule") for p in plan.pods]
    sessions(w, "StatefulSet/desk-pg", 100, rows)
    alert(w, "DeskErrors", minutes(19), "more than a fifth of the calls of the desk fail", service="desk-ui")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("database", True, ""), NO_METRICS)
