"""Releases as every month brings them: told by figures, told by logs, told by containers that are killed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import digest, fraction
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, nodes, secret
from tests.diagnosis.casemaker.pods import P, oom, running
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.signals import Shape, exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

NO_METRICS = ("prometheus", False, "not configured")


def written(
    w: World, of: Workload, index: int, form: str, lines: Iterable[L], *, previous: bool = False, container: str = ""
) -> None:
    """Keep a log in a form of its own: {at} is a moment, {ms} its milliseconds, {id} an id of the line."""
    made = []
    for x in lines:
        parts = {"at": w.time(x.age), "ms": int(fraction(x.age) * 999), "id": digest(x.age)[:20]}
        made.append(L(x.age, "", form.format(level=x.level, text=x.text, logger=x.logger, **parts)))
    log(w, of, index, "plain", made, previous=previous, container=container)


LOGRAGE = "I, [{at:%Y-%m-%dT%H:%M:%S}.{ms:03}118 #1]  INFO -- : [{id}] {text}"


@case(
    "same-passes-cost-five-times-the-cpu-since-a-release",
    "ski-passes",
    "2026-02-14T09:41:00",
    title="Turnstiles open late on a Saturday; the pass service needs five times the CPU for each request",
    drawn_from="a serializer that walks all associations: CPU a request goes up with a deploy, read as weekend load",
    why="CPU and answer times jump with the roll-out of 3.19.0 at requests that grow by a tenth over the hour; its "
    "lines spend the time in views, hardly any in the database. The old pods used a fifth of a CPU each.",
    expect=[Fault("Deployment/pass-api", "code_defect", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload"), ("capacity", "rollback_workload")],
    tolerated=["scale_workload", "page_human"],
    forbidden=[
        "restart_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
        "restart_connection_pool",
        {"remedy": "rollback_workload", "target": "Deployment/kiosk-web"},
        {"remedy": "rollback_workload", "target": "Deployment/gate-hub"},
    ],
)
def dearer_requests(w: World) -> None:
    nodes(w, "sp-1", "sp-2", "sp-3", cpu="8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(420))
    base = postgres(w, "pass-db", image="postgres:15.8")
    image, at = "registry.bergbahn.example", minutes(47)
    env = {"RAILS_ENV": "production", "WEB_CONCURRENCY": "2", "RAILS_MAX_THREADS": "5", "PGHOST": "pass-db"}
    specs = [
        pod_spec(container("pass-api", f"{image}/pass-api:{tag}", port=3000, cpu=("500m", "1500m"),
                 memory=("768Mi", "1536Mi"), ready="/up", env=env))
        for tag in ("3.18.4", "3.19.0")
    ]  # fmt: skip
    api = deployment(w, "pass-api", [Rev(specs[0], days(11)), Rev(specs[1], at)], 5)
    service(w, "pass-api", target=3000)
    env = {"PASS_API": "http://pass-api", "DECISION_TIMEOUT_MS": "1500"}
    gates = well(w, "gate-hub", f"{image}/gate-hub:7.4.1", pods=3, age=days(23), env=env)
    kiosk = well(w, "kiosk-web", f"{image}/kiosk-web:151", pods=2, age=minutes(33), before=f"{image}/kiosk-web:150",
                 env={"PASS_API": "http://pass-api"})  # fmt: skip
    lifts = well(w, "lift-status", f"{image}/lift-status:2.0", age=days(60), talk=True)
    ingress(w, "kiosk", "kasse.bergbahn.example", [("/", "kiosk-web", 80)])
    for index in range(5):
        told = [
            f"method=GET path=/v2/passes/{{n}} format=json controller=V2::PassesController action=show status=200 "
            f"allocations={count} duration={total} view={view} db={db}"
            for count, total, view, db in (
                (412844, "1104.27", "1079.51", "9.12"), (398102, "1242.90", "1217.33", "8.40"),
                (440957, "987.06", "961.62", "10.77"), (29377, "71.40", "48.02", "8.95"),
            )
        ]  # fmt: skip
        lines = often(7, minutes(9) - 5 * index, 1, "info", told)
        written(w, api, index, LOGRAGE, lines)
    for index in range(3):
        late = 'gate {n}: decision late, Get "http://pass-api/v2/passes/{n}": context deadline exceeded'
        opened = ["gate {n}: open after 1.1s", "gate {n}: open after 1.3s"]
        lines = often(
            31, minutes(20) - 7 * index, 2, "warn", [late + " (Client.Timeout exceeded while awaiting headers)"]
        )
        log(w, gates, index, "zap", [*lines, *often(14, minutes(18) - 5 * index, 1, "info", opened, "hub/gate.go:77")])
    for index in range(2):
        lines = [L(minutes(32.6), "info", "kiosk-web 151 ready"), *often(19, minutes(24) - 5 * index, 1, "info",
                 ["POST /sale 201 1322ms", "GET /tariffs 200 11ms"])]  # fmt: skip
        log(w, kiosk, index, "pino", lines)
    requests(w, "pass-api", rate=ramp(71, 78), errors=step(0.0004, 0.004, at), p95=step(0.11, 1.31, at, over=90))
    requests(w, "gate-hub", rate=ramp(63, 69), errors=step(0.0005, 0.046, at), p95=step(0.16, 1.49, at, over=90))
    requests(w, "kiosk-web", rate=flat(6.1), errors=flat(0.001), p95=step(0.21, 1.4, at, over=90))
    requests(w, "lift-status", rate=flat(12), errors=flat(0.0002), p95=flat(0.01))
    measured(w, api, 0.96, 0.58, 0.44, prior=0.19)
    measured(w, gates, 0.12)
    measured(w, kiosk, 0.2)
    measured(w, lifts, 0.06)
    measured(w, base, flat(0.22), 0.51)
    calls(w, "gate-hub", "pass-api", step(0.12, 1.45, at), step(0.0004, 0.046, at))
    calls(w, "pass-api", "pass-db", 0.011)
    exact(w, "db_connections", {"component": "pass-db"}, flat(58))
    exact(w, "db_max_connections", {"component": "pass-db"}, flat(200))
    machines(w, step(0.24, 0.52, at))
    alert(w, "GateDecisionSlow", minutes(35), "95% of gate decisions take more than 1 s (now 1.5 s)",
          service="gate-hub", severity="page")  # fmt: skip


ELIXIR = "{at:%H:%M:%S}.{ms:03} request_id={id} [{level}] {text}"


@case(
    "members-cannot-be-quoted-since-a-release",
    "hostel-desk",
    "2026-08-11T15:26:00",
    title="Reception desks get a 500 for guests with a membership; all pods are ready and there are no figures",
    drawn_from="KeyError in a branch that few requests take, shipped with an afternoon's release",
    why="The stack trace is in the quoting code of 2.8.0; the desk's own lines show the same requests answered until "
    "the roll-out. The rate table was synced hours before and the channel's 429 are as on any day.",
    expect=[Fault("Deployment/rates", "code_defect", "rollback_workload")],
    acceptable=[],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "restart_connection_pool",
        "scale_database",
        {"remedy": "rollback_workload", "target": "Deployment/desk"},
        {"remedy": "rollback_workload", "target": "Deployment/housekeeping"},
    ],
)
def members(w: World) -> None:
    nodes(w, "hd-blue", "hd-red")
    image, at = "ghcr.io/hostel-example", minutes(71)
    secret(w, "rates-env", ["SECRET_KEY_BASE", "DATABASE_URL"], age=days(310))
    config_map(w, "rate-table", {"season.json": '{"high": ["2026-06-15", "2026-09-10"], "surcharge": 0.18}'},
               age=days(280), changed=hours(3.2), by="argocd-controller")  # fmt: skip
    specs = [
        pod_spec(container("rates", f"{image}/rates:{tag}", port=4000, ready="/health", env_from=("secret/rates-env",),
                 mounts={"table": "/etc/rates"}), volumes={"table": "configmap/rate-table"})
        for tag in ("2.7.3", "2.8.0")
    ]  # fmt: skip
    rates = deployment(w, "rates", [Rev(specs[0], days(16)), Rev(specs[1], at)], 3)
    service(w, "rates", target=4000)
    desk = well(w, "desk", f"{image}/desk:90", pods=2, age=days(6), env={"RATES_URL": "http://rates"})
    clean = well(w, "housekeeping", f"{image}/housekeeping:0.31", pods=1, age=minutes(22),
                 before=f"{image}/housekeeping:0.30")  # fmt: skip
    channel = well(w, "channel-manager", f"{image}/channel-manager:12.2", pods=1, age=days(44))
    ingress(w, "desk", "desk.hostels.example", [("/", "desk", 80)])
    trace = (
        '** (KeyError) key :tier not found in: %{id: {n}, number: "HI-{n}", level: "gold"}\n'
        "    (rates 2.8.0) lib/rates/quote.ex:112: Rates.Quote.member_discount/2\n"
        "    (rates 2.8.0) lib/rates/quote.ex:58: Rates.Quote.total/3\n"
        "    (rates 2.8.0) lib/rates_web/controllers/quote_controller.ex:24: RatesWeb.QuoteController.create/2\n"
        "    (phoenix 1.7.14) lib/phoenix/router.ex:484: Phoenix.Router.__call__/5"
    )
    for index in range(3):
        lines = often(200, minutes(68) - 31 * index, 8, "error", [trace])
        lines += often(130, minutes(34) - 20 * index, 4, "info", ["Sent 201 in 12ms", "Sent 200 in 4ms"])
        lines += [L(x.age, "info", "Sent 500 in 6ms") for x in lines if x.level == "error"]
        start = "Running RatesWeb.Endpoint with Bandit 1.5.7 at :::4000 (http)"
        written(w, rates, index, ELIXIR, [L(minutes(70.4), "info", start), *lines])
    for index in range(2):
        good = ["POST /checkin member=yes 201 in 61ms", "POST /checkin member=no 201 in 44ms"]
        lines = often(150, minutes(128) - 20 * index, at, "info", [*good, "GET /arrivals 200 in 17ms"])
        bad = "POST /checkin member=yes 502: rates POST /quotes answered 500"
        lines += often(95, at - 90, 2, "error", [bad, bad])
        lines += often(120, at - 40, 2, "info", [good[1], "GET /arrivals 200 in 18ms"])
        log(w, desk, index, "pino", lines)
    text = "push availability to hostelhub: 429 Too Many Requests, retry in 60s"
    lines = [*often(410, hours(5), 30, "warn", [text]), *often(300, hours(5), 9, "info", ["pushed {n} rooms"])]
    log(w, channel, 0, "logfmt", lines)
    log(w, clean, 0, "python", often(60, minutes(21), 3, "info", ["room {n} marked clean"], "housekeeping.board"))
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


def lives(starts: Sequence[float]) -> Shape:
    """Return memory that grows to its limit in each life of a container; lives begin these minutes ago."""

    def shape(age: float) -> float:
        begun = min(minutes(each) for each in starts if minutes(each) >= age)
        return min(0.992, 0.55 + 0.44 * (begun - age) / minutes(20.8))

    return shape


def counted(ends: Sequence[float]) -> Shape:
    """Return restarts so far, of a container that ended these minutes ago."""
    return lambda age: sum(age < minutes(each) for each in ends)


def dips(ends: Sequence[Sequence[float]], low: float, high: float) -> Shape:
    """Return errors that are high for two minutes after each end."""
    moments = [minutes(each) for past in ends for each in past]
    return lambda age: high if any(age <= each < age + 120 for each in moments) else low


@case(
    "heap-raised-beyond-what-the-container-may-hold",
    "crew-roster",
    "2026-04-29T12:18:00",
    title="All pods of the roster planner die in turn; its heap may now grow larger than its container's memory",
    drawn_from="-Xmx raised against slow collections and the container's limit forgotten: OOMKilled, no line in a log",
    why="Same image and the same limit of 2Gi; -Xmx went from 1400m to 2600m an hour ago. The JVM never complains, the "
    "kernel kills it each time it fills its heap. Load is as ever, and other JVMs beside it are well.",
    expect=[Fault("Deployment/planner", "configuration_error", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/crew-app"},
    ],
)
def heap(w: World) -> None:
    nodes(w, "cr-n1", "cr-n2", "cr-n3", cpu="8", memory="32780512Ki")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(200))
    base = postgres(w, "roster-db", image="postgres:16.3")
    image, at = "nexus.crew.example/roster", minutes(68)
    specs = [
        pod_spec(container("planner", f"{image}/planner:5.11.2", cpu=("500m", "2"), memory=("2Gi", "2Gi"),
                 ready="/actuator/health/readiness", live="/actuator/health/liveness",
                 env={"JAVA_TOOL_OPTIONS": f"-Xms1g -Xmx{most} -XX:+UseG1GC", "SPRING_PROFILES_ACTIVE": "prod",
                      "DB_PASSWORD": from_secret("postgres-auth", "POSTGRES_PASSWORD")}))
        for most in ("1400m", "2600m")
    ]  # fmt: skip
    deaths = ((47.3, 26.2, 5.1), (43.9, 21.8, 1.4), (53.0, 31.5, 11.3))
    pods = [
        P(restarts=3, state=running(minutes(ended) - 2), ready=ended > 2, last=oom(started=minutes(begun) - 2,
          finished=minutes(ended)), unready=minutes(ended) - (24 if ended > 2 else 0))
        for _, begun, ended in deaths
    ]  # fmt: skip
    note = "helm upgrade roster 5.11.2 --reuse-values (CREW-771 planner: long GC)"
    planner = deployment(w, "planner", [Rev(specs[0], days(20)), Rev(specs[1], at, cause=note)], pods)
    service(w, "planner")
    app = well(w, "crew-app", f"{image}/crew-app:301", pods=3, age=minutes(50), before=f"{image}/crew-app:300",
               env={"PLANNER_URL": "http://planner"})  # fmt: skip
    rules = well(w, "rest-rules", f"{image}/rest-rules:1.9", age=days(75),
                 env={"JAVA_TOOL_OPTIONS": "-Xmx160m"})  # fmt: skip
    ingress(w, "crew", "crew.airline.example", [("/", "crew-app", 80)])
    for index, (first_end, _, ended) in enumerate(deaths):
        one = planner.pods[index]
        event(w, one, "Started", "Started container planner", kind="Normal", container="planner", count=3,
              first=minutes(first_end) - 2, last=minutes(ended) - 2)  # fmt: skip
        text = "pairing {n} solved in 812ms (hard 0, soft -41)"
        told = often(21, minutes(ended) - 40, 1, "info", [text], "c.a.roster.solver.PairingSolver")
        up = L(minutes(ended) - 24, "info", "Started PlannerApplication in 19.4 seconds (process running for 21.0)",
               "c.a.roster.PlannerApplication")  # fmt: skip
        first = L(minutes(ended) - 2, "", "Picked up JAVA_TOOL_OPTIONS: -Xms1g -Xmx2600m -XX:+UseG1GC")
        log(w, planner, index, "plain", [first])
        log(w, planner, index, "logback", [up, *told])
        told = often(14, minutes(ended + 17), minutes(ended) + 3, "info", [text], "c.a.roster.solver.PairingSolver")
        log(w, planner, index, "logback", told, previous=True)
    for index in range(3):
        text = "GET /roster/{n} 503: planner: connect ECONNREFUSED"
        lines = often(
            16, minutes(14) - 5 * index, 1, "info", ["GET /roster/{n} 200 in 240ms", "POST /swap 200 in 912ms"]
        )
        for ago in (minutes(each) for past in deaths for each in past if each < 49):
            lines += often(9, ago - 2 * index, ago - 24, "error", [text])
        log(w, app, index, "pino", [L(minutes(49.7), "info", "crew-app 301 listening on 8080"), *lines])
    log(w, rules, 0, "logback", often(33, minutes(30), 3, "info", ["rest of crew {n} is legal"], "c.a.rules.Check"))
    for index, past in enumerate(deaths):
        labels = {"pod": planner.pod(index), "container": "planner"}
        signal(w, "memory_share", labels, lives([68, *past]), noise=0.01)
        signal(w, "cpu_share", labels, flat(0.44), noise=0.05)
        exact(w, "restarts", labels, counted(past))
    requests(w, "crew-app", rate=flat(34), errors=dips(deaths, 0.0015, 0.062), p95=flat(1.2))
    requests(w, "planner", rate=flat(11), errors=flat(0.002), p95=flat(0.98))
    measured(w, app, 0.21)
    measured(w, rules, 0.15)
    measured(w, base, 0.2)
    calls(w, "crew-app", "planner", 1.0, dips(deaths, 0.001, 0.18))
    exact(w, "replicas_wanted", {"component": "planner"}, flat(3))
    exact(w, "replicas_available", {"component": "planner"}, step(3, 2, minutes(1.4), over=1))
    machines(w, 0.3)
    alert(w, "CrewAppErrorRatio", minutes(44), "2% of requests to crew.airline.example failed in 1h (objective 0.5%)",
          service="crew-app", severity="warning")  # fmt: skip
