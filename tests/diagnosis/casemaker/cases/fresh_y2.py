"""Releases and settings: a driver that wants UTC, a call that its server does not know, a time-out in another unit."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, config_map, nodes, secret
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "new-driver-writes-no-local-time",
    "fleet-rental",
    "2026-09-29T07:33:00",
    title="No reservation can be saved since a release: its new database driver refuses times that are not UTC",
    drawn_from="Npgsql 6 and later: Cannot write DateTime with Kind=Unspecified to 'timestamp with time zone'",
    why="Every save of the new version ends in the driver, before a statement reaches the database; reads are well. "
    "The database logs no error and has two hundred sessions of which twenty are taken, all idle. Two neighbours "
    "write to it as before, one of them released half an hour earlier.",
    expect=[Fault("Deployment/booking-api", "code_defect", "rollback_workload")],
    acceptable=[("configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/pricing"},
    ],
)
def local_time(w: World) -> None:
    nodes(w, "fr-1", "fr-2")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(150))
    base = postgres(w, "fleet-pg", image="postgres:16.8")
    image, age = "fleetrental.azurecr.example", minutes(36)
    env = {"ConnectionStrings__Fleet": "Host=fleet-pg;Database=fleet", "ASPNETCORE_ENVIRONMENT": "Production"}
    specs = [
        pod_spec(container("booking-api", f"{image}/booking-api:{tag}", env=env | {"TZ": "Europe/Lisbon"},
                           memory=("256Mi", "512Mi"), ready="/health/ready", live="/health/live"))
        for tag in ("5.22.3", "6.0.0")
    ]  # fmt: skip
    note = "booking-api 6.0.0: .NET 8, EF Core 8, Npgsql 8"
    api = deployment(w, "booking-api", [Rev(specs[0], days(26)), Rev(specs[1], age, cause=note)], 3)
    service(w, "booking-api")
    track = well(w, "fleet-tracker", f"{image}/fleet-tracker:3.3.0", pods=2, age=days(19), env=env)
    price = well(w, "pricing", f"{image}/pricing:2.14.1", pods=2, age=hours(1.1), before=f"{image}/pricing:2.14.0",
                 env=env)  # fmt: skip
    desk = well(w, "counter-ui", f"{image}/counter-ui:440", pods=2, age=days(6), port=3000)
    ingress(w, "desk", "desk.fleet.example", [("/api", "booking-api", 80), ("/", "counter-ui", 80)])
    stack = (
        "An exception occurred in the database while saving changes for context type 'Fleet.Booking.BookingContext'.\n"
        "      Microsoft.EntityFrameworkCore.DbUpdateException: An error occurred while saving the entity changes. See "
        "the inner exception for details.\n"
        "       ---> System.ArgumentException: Cannot write DateTime with Kind=Unspecified to PostgreSQL type "
        "'timestamp with time zone', only UTC is supported. Note that it's not possible to mix DateTimes with "
        "different Kinds in an array, range, or multirange. (Parameter 'value')\n"
        "         at Npgsql.Internal.Converters.DateTimeConverterResolver`1.Get(DateTime value, Nullable`1 "
        "expectedPgTypeId, Boolean validateOnly)\n"
        "         at Npgsql.NpgsqlParameter.ResolveConverter(PgTypeInfo typeInfo)\n"
        "         at Fleet.Booking.Reservations.SaveAsync(Reservation draft) in /src/Booking/Reservations.cs:line 88"
    )
    for index in range(3):
        begun = age - 9 * index - 7
        told_by = [("info", "Microsoft.Hosting.Lifetime[14]", L(begun, "", "Now listening on: http://[::]:8080"))]
        told_by += [
            ("fail", "Microsoft.EntityFrameworkCore.Update[10000]", each)
            for each in often(270, begun - 14, 2, "", [stack])
        ]
        told = [
            "HTTP POST /api/reservations responded 500 in 21.4 ms",
            "HTTP GET /api/reservations/{n} responded 200 in 8.1 ms",
            "HTTP GET /api/vehicles responded 200 in 11.6 ms",
        ]
        told_by += [
            ("info", "Serilog.AspNetCore.RequestLogging[0]", each) for each in often(95, begun - 13, 2, "", told)
        ]
        shown = [
            L(each.age, "", f"{w.at(each.age)[:-1]}Z {level}: {logger}\n      {each.text}")
            for level, logger, each in told_by
        ]
        log(w, api, index, "plain", shown)
    for index in range(2):
        good = ["HTTP POST /positions responded 201 in 4.0 ms", "HTTP GET /positions/{n} responded 200 in 3.1 ms"]
        log(w, track, index, "logfmt", often(22, 1500, 2, "info", good))
        good = ["pricing 2.14.1: tariff of group {n} saved", "HTTP GET /quote responded 200 in 6.2 ms"]
        log(w, price, index, "logfmt", often(50, hours(1), 2, "info", good))
        told = ["POST /api/reservations 500", "GET /api/reservations/{n} 200", "GET /api/vehicles 200"]
        log(w, desk, index, "pino", often(24, age - 60, 2, "info", told))
    lines = often(300, 3500, 20, "log", ["checkpoint starting: time"])
    lines += [L(age - 30, "log", "could not receive data from client: Connection reset by peer", "fleet@fleet")]
    log(w, base, 0, "postgres", lines)
    rows = []
    for top, count in ((api, 4), (track, 2), (price, 2)):
        rows += [
            session(pod["status"]["podIP"], f"Deployment/{top.name}", "idle", count, age=7 + 3 * number, user="fleet",
                    application=top.name, wait="Client:ClientRead")
            for number, pod in enumerate(top.pods)
        ]  # fmt: skip
    sessions(w, "StatefulSet/fleet-pg", 200, rows)
    alert(w, "ReservationsFailing", minutes(29), "all POST /api/reservations of the last 5 minutes answered 500",
          service="booking-api")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), ("database", True, ""), NO_METRICS)


@case(
    "caller-was-released-before-its-server",
    "quick-grocer",
    "2026-06-16T20:14:00",
    title="Orders fail since the intake's release: it calls a gRPC method that the stock service does not have yet",
    drawn_from="grpc Unimplemented, unknown method: a client that is deployed ahead of the server's new contract",
    why="The new intake asks for ReserveBatch, and the stock service, five days old, answers at once that it knows no "
    "such method; the picking service uses Reserve on the same pods without an error. The older intake called Reserve "
    "too. The storefront's release came nine minutes before and served well until the intake was rolled out.",
    expect=[Fault("Deployment/order-intake", "code_defect", "rollback_workload")],
    acceptable=[
        ("configuration_error", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "restart_connection_pool",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/stock"},
        {"remedy": "rollback_workload", "target": "Deployment/storefront"},
    ],
)
def ahead_of_server(w: World) -> None:
    nodes(w, "qg-1", "qg-2", "qg-3")
    image, age = "europe-docker.pkg.example/grocer", minutes(19)
    stock = well(w, "stock", f"{image}/stock:3.8.2", pods=3, age=days(5), before=f"{image}/stock:3.8.1", port=9090)
    env = {"STOCK_ADDR": "dns:///stock:80", "PAYMENTS_URL": "http://payments"}
    intake = well(w, "order-intake", f"{image}/order-intake:2.31.0", pods=3, age=age,
                  before=f"{image}/order-intake:2.30.4", env=env)  # fmt: skip
    front = well(w, "storefront", f"{image}/storefront:1207", pods=3, age=minutes(28), port=3000,
                 before=f"{image}/storefront:1206", env={"INTAKE_URL": "http://order-intake"})  # fmt: skip
    pick = well(w, "picking", f"{image}/picking:4.1.0", pods=2, age=days(16), env={"STOCK_ADDR": "dns:///stock:80"})
    pay = well(w, "payments", f"{image}/payments:9.6.3", pods=2, age=days(24), talk=True)
    ingress(w, "shop", "shop.grocer.example", [("/", "storefront", 80)])
    unknown = "rpc error: code = Unimplemented desc = unknown method ReserveBatch for service grocer.stock.v1.Stock"
    for index in range(3):
        begun = age - 9 * index - 6
        lines = [L(begun, "info", "order-intake 2.31.0 serving on :8080, stock by batch", "cmd/main.go:61")]
        lines += often(
            19, begun - 8, 1, "error", [f"place order {{n}}: reserve stock: {unknown}"], "order/place.go:142"
        )
        lines += often(60, begun - 8, 3, "info", ["GET /orders/{n} 200"])
        log(w, intake, index, "zap", lines)
        done = {"grpc.code": "OK", "grpc.service": "grocer.stock.v1.Stock", "grpc.method": "Reserve"}
        lines = [
            L(each.age, each.level, each.text, "grpc_zap/server.go:39", done)
            for each in often(50, 3300 - 13 * index, 2, "info", ["finished unary call with code OK"])
        ]
        log(w, stock, index, "zap", lines)
        told = ["POST /orders failed: 502 from order-intake (basket {n})", "GET /aisles/{n} 200", "GET /slots 200"]
        lines = [L(minutes(27.5), "info", "storefront 1207 ready")]
        lines += often(
            45, minutes(27) - 8 * index, age, "info", ["POST /orders 201", "GET /aisles/{n} 200", "GET /slots 200"]
        )
        log(w, front, index, "pino", lines + often(20, age - 25 - 3 * index, 1, "info", told))
    for index in range(2):
        log(w, pick, index, "zap", often(30, 1900, 2, "info", ["pick list {n}: 12 lines reserved one by one, 41ms"]))
    bad = age - 20
    requests(w, "storefront", rate=flat(64), errors=step(0.0011, 0.21, bad, over=90), p95=flat(0.19))
    requests(w, "order-intake", rate=flat(17), errors=step(0.0009, 0.77, bad, over=90), p95=step(0.12, 0.03, bad))
    requests(w, "stock", rate=step(31, 28, bad), errors=flat(0.0003), p95=flat(0.012))
    requests(w, "payments", rate=step(12, 0.9, bad), errors=flat(0.0004), p95=flat(0.24))
    calls(w, "storefront", "order-intake", 0.1, step(0.0009, 0.77, bad, over=90))
    calls(w, "order-intake", "stock", step(0.014, 0.003, bad), step(0.0003, 1.0, bad, over=90))
    calls(w, "picking", "stock", 0.012)
    for of in (stock, intake, front, pick, pay):
        measured(w, of, 0.21)
    machines(w)
    alert(w, "OrdersPlacedDrop", minutes(13), "orders per minute fell from 610 to below 10", service="storefront")


@case(
    "five-minutes-written-without-a-unit",
    "course-market",
    "2026-11-11T13:05:00",
    title="Heavy pages fail after a release that is innocent: the database cancels what takes longer than 300 ms",
    drawn_from="statement_timeout without a unit is in milliseconds; a reload applies it to every session at once",
    why="The shop was released seven minutes before and was well until the database read its settings again and logged "
    "the new statement_timeout; from that second it also cancels the statements of the payouts, which nobody released. "
    "The map says 300 beside a remark about five minutes. A person has to correct it; nothing is to be rolled back.",
    expect=[Fault("ConfigMap/market-pg-conf", "configuration_error", "page_human")],
    acceptable=[("configuration_error", "page_human", "StatefulSet/market-pg")],
    forbidden=[
        "rollback_workload",
        "restart_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "no_action",
        "isolate_workload",
    ],
)
def no_unit(w: World) -> None:
    nodes(w, "cm-1", "cm-2", "cm-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(330))
    changed, loaded = minutes(20), minutes(18.7)
    conf = (
        "listen_addresses = '*'\nmax_connections = 200\nshared_buffers = 2GB\nwork_mem = 16MB\n"
        "log_min_duration_statement = 2s\n# OPS-771: nobody needs more than five minutes\nstatement_timeout = 300\n"
    )
    config_map(w, "market-pg-conf", {"postgresql.conf": conf}, age=days(330), changed=changed)
    mounts = {"data": "/var/lib/postgresql/data", "conf": "/etc/postgresql"}
    main = container("postgres", "postgres:16.4", port=5432, env_from=("secret/postgres-auth",), cpu=("1", "4"),
                     memory=("4Gi", "6Gi"), mounts=mounts, args=("-c", "config_file=/etc/postgresql/postgresql.conf"),
                     ready={"exec": {"command": ["pg_isready", "-U", "postgres"]}, "periodSeconds": 10,
                            "failureThreshold": 3})  # fmt: skip
    reload = container("config-reload", "registry.market.example/pg-config-reload:0.4", port=0, ready=None,
                       mounts={"conf": "/etc/postgresql"})  # fmt: skip
    base = statefulset(w, "market-pg", pod_spec(main, reload, volumes={"conf": "configmap/market-pg-conf"},
                                                shareProcessNamespace=True), claim="data")  # fmt: skip
    claim(w, "data-market-pg-0", size="100Gi")
    service(w, "market-pg", base.labels, port=5432, target=5432, headless=True)
    image, env = "registry.market.example", {"DATABASE_HOST": "market-pg", "RAILS_ENV": "production"}
    web = well(w, "market-web", f"{image}/market-web:2026.11.2", pods=3, age=minutes(26), port=3000, env=env,
               before=f"{image}/market-web:2026.11.1")  # fmt: skip
    pays = well(w, "payouts", f"{image}/payouts:1.31.0", pods=2, age=days(31), env={"DATABASE_HOST": "market-pg"})
    video = well(w, "video-api", f"{image}/video-api:77", age=days(8), talk=True)
    ingress(w, "market", "www.market.example", [("/", "market-web", 80), ("/video", "video-api", 80)])
    log(w, base, 0, "logfmt", [L(loaded + 0.4, "info", "postgresql.conf changed, SIGHUP sent to postmaster")],
        container="config-reload")  # fmt: skip
    said = [
        L(loaded, "log", "received SIGHUP, reloading configuration files"),
        L(loaded, "log", 'parameter "statement_timeout" changed to "300"'),
    ]
    asked = [
        ("market", 'SELECT "courses".* FROM "courses" INNER JOIN "enrolments" ON "enrolments"."course_id" = '
                   '"courses"."id" WHERE "courses"."topic" = $1 GROUP BY "courses"."id" ORDER BY COUNT(*) DESC'),
        ("payouts", 'SELECT SUM("ledger_entry"."amount") FROM "ledger_entry" WHERE "ledger_entry"."teacher_id" = 4471'),
        ("market", 'SELECT COUNT(*) FROM "reviews" WHERE "reviews"."course_id" IN (SELECT id FROM courses)'),
    ]  # fmt: skip
    cancelled: list[L] = []
    for turn, when in enumerate(range(int(loaded) - 6, 3, -38)):
        user, text = asked[turn % 3]
        head = f"{w.at(when)[:-1].replace('T', ' ')}.{100 + 7 * turn} UTC [{4410 + turn % 9}] {user}@market"
        cancelled.append(L(when, "", f"{head} ERROR:  canceling statement due to statement timeout"))
        cancelled.append(L(when, "", f"{head} STATEMENT:  {text}"))
    said += [L(when, "log", "checkpoint starting: time") for when in (3400, 3100, 2800, 2500, 2200, 1900, 1600, 1300)]
    log(w, base, 0, "postgres", said)
    log(w, base, 0, "plain", cancelled)
    for index in range(3):
        lines = [L(minutes(25.5) - 9 * index, "info", "* Listening on http://0.0.0.0:3000 (market-web 2026.11.2)")]
        good = ["Completed 200 OK in 611ms (ActiveRecord: 548.2ms) GET /topics/{n}", "Completed 200 OK in 14ms GET /"]
        lines += often(50, minutes(25) - 11 * index, loaded + 5, "info", good)
        bad = (
            "GET /topics/{n} 500 ActiveRecord::QueryCanceled (PG::QueryCanceled: ERROR:  canceling statement due to "
            "statement timeout): app/models/course.rb:87:in 'Course.popular'"
        )
        lines += often(32, loaded - 7 - 4 * index, 2, "error", [bad])
        lines += often(
            48, loaded - 9, 2, "info", ["Completed 200 OK in 14ms GET /", "Completed 200 OK in 22ms GET /me"]
        )
        log(w, web, index, "logfmt", lines)
    for index in range(2):
        lines = often(
            110, 3500 - 40 * index, loaded + 9, "info", ["statement of teacher {n} computed in 1.9 s"], "payouts.run"
        )
        bad = "statement of teacher {n}: django.db.utils.OperationalError: canceling statement due to statement timeout"
        log(w, pays, index, "python", lines + often(95, loaded - 30 - 21 * index, 4, "error", [bad], "payouts.run"))
    rows = [
        session(
            pod["status"]["podIP"], f"Deployment/{top.name}", state, count, age=seen, user=user, application=top.name
        )
        for top, user in ((web, "market"), (pays, "payouts"))
        for pod in top.pods
        for state, count, seen in (("idle", 4, 6), ("active", 1, 0.2))
    ]
    sessions(w, "StatefulSet/market-pg", 200, rows)
    requests(w, "market-web", rate=flat(44), errors=step(0.0012, 0.27, loaded, over=60), p95=step(0.74, 0.36, loaded))
    requests(w, "video-api", rate=flat(19), errors=flat(0.0004), p95=flat(0.04))
    signal(w, "db_connections", {"component": "market-pg"}, flat(25))
    exact(w, "db_max_connections", {"component": "market-pg"}, flat(200))
    measured(w, base, 0.31, 0.6)
    for of in (web, pays, video):
        measured(w, of, 0.22)
    machines(w)
    alert(w, "MarketErrorRateHigh", minutes(15), "27% of requests to market-web are answered with 5xx",
          service="market-web")  # fmt: skip
