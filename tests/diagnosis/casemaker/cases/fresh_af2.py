"""Chains of services with the cause two behind the alert."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.scene import alert, postgres, redis, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "last-of-three-writes-every-step-into-its-log",
    "hill-railway",
    "2026-08-08T10:37:00",
    title="The kiosks time out; two services behind, the fares log at TRACE since a roll-out and have no CPU left",
    drawn_from="a root logger that was set to TRACE in production for a rounding error and left there",
    why="The fares changed one variable, the level of the root logger, and in that minute their answers became eighty "
    "times slower at a full, throttled CPU, under the traffic of every Saturday; their log is TRACE and nothing else. "
    "The tickets between them and the kiosks were released twenty minutes earlier and were well until then; their only "
    "complaint is that the fares do not answer in time.",
    expect=[Fault("Deployment/fares", "configuration_error", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload"), ("code_defect", "rollback_workload")],
    tolerated=["page_human", "scale_workload"],
    forbidden=[
        "restart_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/tickets"},
        {"remedy": "rollback_workload", "target": "Deployment/kiosk-bff"},
        {"remedy": "scale_workload", "target": "Deployment/tickets"},
        {"remedy": "scale_workload", "target": "Deployment/kiosk-bff"},
    ],
)
def every_step(w: World) -> None:
    nodes(w, "hr-1", "hr-2", "hr-3", cpu="8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(260))
    image, rolled, middle = "registry.hill-railway.example", minutes(36), minutes(56)
    base = postgres(w, "fares-pg", image="postgres:17.5")
    env = {"SPRING_DATASOURCE_URL": "jdbc:postgresql://fares-pg:5432/fares"}
    specs = [
        pod_spec(container("fares", f"{image}/fares:6.11.0", env=env | {"LOGGING_LEVEL_ROOT": level},
                           cpu=("300m", "1"), memory=("768Mi", "1Gi"), ready="/actuator/health"))
        for level in ("INFO", "TRACE")
    ]  # fmt: skip
    fares = deployment(
        w, "fares", [Rev(specs[0], days(12)), Rev(specs[1], rolled, cause="HR-2207 see what the rounding does")], 3
    )
    service(w, "fares")
    tickets = well(w, "tickets", f"{image}/tickets:19.3.0", pods=3, age=middle, before=f"{image}/tickets:19.2.4",
                   env={"FARES_URL": "http://fares", "SEATS_URL": "http://seats"})  # fmt: skip
    kiosk = well(w, "kiosk-bff", f"{image}/kiosk-bff:2.60", pods=2, age=days(8), env={"TICKETS_URL": "http://tickets"})
    seats = well(w, "seats", f"{image}/seats:4.1.9", pods=2, age=days(55), talk=True)
    ingress(w, "kiosks", "kiosk.hill-railway.example", [("/", "kiosk-bff", 80)])
    steps = (
        ("o.s.web.servlet.DispatcherServlet", 'GET "/v2/quote?from=talstation&to=gipfel&day=2026-08-08", '
         "parameters={masked}, headers={masked} in DispatcherServlet 'dispatcherServlet'"),
        ("s.w.s.m.m.a.RequestMappingHandlerMapping", "Mapped to railway.fares.web.QuoteController#quote(String)"),
        ("o.s.t.i.TransactionInterceptor", "Getting transaction for [railway.fares.Quotes.of]"),
        ("org.hibernate.orm.jdbc.bind", "binding parameter (1:VARCHAR) <- [talstation]"),
        ("org.hibernate.orm.jdbc.extract", "extracted value (6:NUMERIC) -> [38.00]"),
        ("o.s.t.i.TransactionInterceptor", "Completing transaction for [railway.fares.Quotes.of]"),
        ("o.s.web.servlet.DispatcherServlet", "No view rendering, null ModelAndView returned."),
    )  # fmt: skip
    for index in range(3):
        lines = []
        for turn in range(100):
            logger, text = steps[turn % 7]
            stamp = f"{w.at(1)[:-1]}.{11 + 4 * index + 9 * turn:03}Z TRACE 1 --- [nio-8080-exec-{1 + turn // 7 % 9}]"
            lines.append(L(1, "", f"{stamp} {logger:<40} : {text}"))
        log(w, fares, index, "plain", lines)
        start = L(middle - 60, "info", "Started TicketsApplication in 14.8 seconds", "railway.tickets.App")
        good = often(
            90, middle - 65 - 19 * index, rolled + 20, "info", ["POST /tickets 201 118ms"], "railway.tickets.Web"
        )
        late = (
            "POST /tickets 502: org.springframework.web.client.ResourceAccessException: I/O error on GET request for "
            '"http://fares/v2/quote": Read timed out'
        )
        lines = [start, *good, *often(24, rolled - 40 - 9 * index, 1, "error", [late], "railway.tickets.Web")]
        log(w, tickets, index, "logback", lines)
    for index in range(2):
        texts = ["POST /kiosk/buy 502 3014ms tickets answered 502", "POST /kiosk/buy 201 2890ms", "GET /kiosk/home 200"]
        log(w, kiosk, index, "pino", often(21, rolled - 45 - 10 * index, 1, "info", texts))
    since = {"over": 90.0}
    requests(
        w, "kiosk-bff", rate=flat(34), errors=step(0.001, 0.38, rolled, **since), p95=step(0.21, 3.1, rolled, **since)
    )
    requests(
        w, "tickets", rate=flat(23), errors=step(0.001, 0.55, rolled, **since), p95=step(0.13, 3.0, rolled, **since)
    )
    requests(
        w, "fares", rate=flat(25), errors=step(0.0004, 0.012, rolled, **since), p95=step(0.04, 3.3, rolled, **since)
    )
    requests(w, "seats", rate=flat(22), errors=flat(0.0003), p95=flat(0.02))
    calls(w, "kiosk-bff", "tickets", step(0.14, 3.0, rolled, **since), step(0.001, 0.55, rolled, **since))
    calls(w, "tickets", "fares", step(0.04, 3.0, rolled, **since), step(0.0004, 0.54, rolled, **since))
    calls(w, "tickets", "seats", 0.02)
    measured(w, fares, 0.98, 0.61, 0.74, prior=0.22)
    measured(w, tickets, 0.19, prior=0.2)
    for of in (kiosk, seats, base):
        measured(w, of, 0.18)
    signal(w, "db_connections", {"component": "fares-pg"}, flat(31))
    exact(w, "db_max_connections", {"component": "fares-pg"}, flat(100))
    machines(w, 0.4)
    alert(w, "KioskSalesFailing", minutes(29), "38% of the requests to kiosk-bff fail", service="kiosk-bff")


@case(
    "points-turn-callers-away-since-a-limit-was-written",
    "fuel-club",
    "2026-03-19T17:24:00",
    title="The shop fails for members; two services behind it the points refuse their callers above twelve a second",
    drawn_from="a service that protects itself by a rate for each caller, set for a report and met by the checkout",
    why="The shop passes on what the basket says, and the basket is told 429 by the points. The points have no error "
    "of their own and idle; since their last roll-out, which changed nothing but the rate they allow a caller, from "
    "120 to 12 a second, they turn most requests away. The basket asks no more often than before.",
    expect=[Fault("Deployment/points", "configuration_error", "rollback_workload")],
    acceptable=[("capacity", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/basket"},
        {"remedy": "rollback_workload", "target": "Deployment/shop-web"},
        {"remedy": "scale_workload", "target": "Deployment/basket"},
        {"remedy": "scale_workload", "target": "Deployment/shop-web"},
    ],
)
def turned_away(w: World) -> None:
    nodes(w, "fc-1", "fc-2", "fc-3")
    image, rolled = "europe-north1-docker.pkg.dev/fuel-club/apps", minutes(33)
    cache = redis(w, "points-cache")
    specs = [
        pod_spec(container("points", f"{image}/points:3.4.6", env={"REDIS_ADDR": "points-cache:6379",
                                                                 "RATE_LIMIT_RPS_PER_CALLER": rate}))
        for rate in ("120", "12")
    ]  # fmt: skip
    cause = "FC-914 keep the monthly report from crowding out the others"
    points = deployment(w, "points", [Rev(specs[0], days(21)), Rev(specs[1], rolled, cause=cause)], 2)
    service(w, "points")
    basket = well(w, "basket", f"{image}/basket:8.1.0", pods=3, age=days(5), before=f"{image}/basket:8.0.7",
                  env={"POINTS_URL": "http://points", "PRICES_URL": "http://prices"})  # fmt: skip
    shop = well(w, "shop-web", f"{image}/shop-web:702", pods=3, age=hours(27), before=f"{image}/shop-web:698",
                port=3000, env={"BASKET_URL": "http://basket"})  # fmt: skip
    prices = well(w, "prices", f"{image}/prices:1.30", pods=2, age=days(90), talk=True)
    report = well(
        w, "points-report", f"{image}/points-report:0.9", pods=1, age=days(60), env={"POINTS_URL": "http://points"}
    )
    ingress(w, "shop", "shop.fuel-club.example", [("/", "shop-web", 80)])
    for index in range(2):
        start = L(rolled - 4 - 9 * index, "info", "points 3.4.6 listening on :8080, limit per caller 12/s")
        refused = ["GET /v1/balances/{n} 429 caller=basket over 12/s", "GET /v1/balances/{n} 200 3ms caller=basket",
                   "GET /v1/balances/{n} 429 caller=basket over 12/s"]  # fmt: skip
        log(w, points, index, "logfmt", [start, *often(22, rolled - 30 - 9 * index, 1, "info", refused)])
    for index in range(3):
        told = (
            "POST /baskets/{n}/total 502: org.springframework.web.client.HttpClientErrorException$TooManyRequests: 429 "
            'Too Many Requests on GET request for "http://points/v1/balances/{n}": '
            '"{"error":"rate limit exceeded","caller":"basket"}"'
        )
        lines = often(23, rolled - 35 - 9 * index, 1, "error", [told], "club.basket.TotalController")
        lines += often(
            45, rolled - 41 - 14 * index, 2, "info", ["POST /baskets/{n}/total 200 41ms"], "club.basket.TotalController"
        )
        log(w, basket, index, "logback", lines)
        texts = ["GET /checkout/{n} 502 basket answered 502", "GET / 200", "GET /checkout/{n} 200", "GET /stations 200"]
        log(w, shop, index, "pino", often(19, 1800 - 9 * index, 1, "info", texts))
    log(w, report, 0, "python", often(700, 3500, 40, "info", ["nothing to report before the 1st"], "report"))
    log(w, cache, 0, "redis", often(400, 3400, 20, "info", ["100 changes in 300 seconds. Saving..."]))
    requests(w, "shop-web", rate=flat(88), errors=step(0.001, 0.23, rolled), p95=flat(0.2))
    requests(w, "basket", rate=flat(61), errors=step(0.001, 0.58, rolled), p95=step(0.06, 0.04, rolled))
    requests(w, "points", rate=flat(63), errors=flat(0.0003), p95=step(0.008, 0.004, rolled))
    signal(w, "rate_limited_ratio", {"component": "points"}, step(0, 0.6, rolled))
    requests(w, "prices", rate=flat(61), errors=flat(0.0004), p95=flat(0.01))
    calls(w, "shop-web", "basket", 0.06, step(0.001, 0.58, rolled))
    calls(w, "basket", "points", 0.008, step(0.0004, 0.6, rolled))
    calls(w, "basket", "prices", 0.01)
    measured(w, points, 0.11, prior=0.24)
    for of in (basket, shop, prices, cache):
        measured(w, of, 0.21)
    machines(w)
    alert(w, "ShopErrorBudgetBurn", minutes(27), "23% of the requests to shop-web fail", service="shop-web")
