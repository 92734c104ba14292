"""Cause and symptom apart, with all figures: a fan-out, a right-sizing, another mix of requests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import hpa, nodes, secret
from tests.diagnosis.casemaker.pods import is_ready, suffix
from tests.diagnosis.casemaker.scene import alert, postgres, redis, well
from tests.diagnosis.casemaker.signals import Shape, exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


def measured(
    w: World,
    of: Workload,
    cpu: Shape | float = 0.2,
    memory: Shape | float = 0.45,
    throttled: Shape | float = 0.002,
    pods: Mapping[int, Mapping[str, Shape]] | None = None,
    prior: float = 0,
) -> None:
    """Add what is known of a workload's pods; ``pods`` differ in some signals, those before used ``prior`` of a CPU."""
    for left in range(1, len(of.pods) + 1 if prior else 0):
        name, since = of.sets[-2]["metadata"]["name"], of.sets[-1]["metadata"]["creationTimestamp"]
        labels = {"pod": f"{name}-{suffix(name, 'old', left)}", "container": of.name}
        signal(w, "cpu_share", labels, flat(prior), until=(w.now - datetime.fromisoformat(since)).seconds, noise=0.04)
    common = {"cpu_share": cpu, "memory_share": memory, "throttled_share": throttled}
    for index, pod in enumerate(of.pods):
        age = (w.now - datetime.fromisoformat(pod["metadata"]["creationTimestamp"])).total_seconds()
        labels = {"pod": pod["metadata"]["name"], "container": pod["spec"]["containers"][0]["name"]}
        for name, usual in common.items():
            shape = (pods or {}).get(index, {}).get(name, usual)
            chosen = shape if callable(shape) else flat(shape * (0.94 + 0.04 * (index % 4)))
            signal(w, name, labels, chosen, since=age - 30, noise=0.04)
        if not pod["status"]["containerStatuses"][0]["restartCount"]:
            exact(w, "restarts", labels, flat(0), since=age - 30)
    if of.kind in {"Deployment", "StatefulSet"}:
        wanted, ready = of.obj["spec"]["replicas"], sum(is_ready(pod) for pod in of.pods)
        exact(w, "replicas_wanted", {"component": of.name}, flat(wanted))
        exact(w, "replicas_available", {"component": of.name}, flat(ready))


def machines(w: World, cpu: Shape | float = 0.34, memory: float = 0.52, odd: Mapping[str, Shape] | None = None) -> None:
    """Add the nodes' figures."""
    for index, name in enumerate(w.nodes):
        level = cpu if callable(cpu) else flat(cpu * (0.9 + 0.07 * index))
        signal(w, "node_cpu_share", {"node": name}, (odd or {}).get(name, level), noise=0.05)
        signal(w, "node_memory_share", {"node": name}, flat(memory * (0.93 + 0.04 * index)))
        signal(w, "node_disk_share", {"node": name}, flat(0.41 + 0.03 * index), noise=0)
    signal(w, "dns_error_ratio", {}, flat(0.0002), noise=0.3)


def calls(w: World, by: str, to: str, p95: Shape | float, errors: Shape | float = 0.0004) -> None:
    """Add a caller's own figures of one of its dependencies."""
    labels = {"component": by, "dependency": to}
    signal(w, "dependency_latency_p95", labels, p95 if callable(p95) else flat(p95), noise=0.05)
    signal(w, "dependency_error_ratio", labels, errors if callable(errors) else flat(errors), noise=0.1)


@case(
    "basket-asks-for-stock-item-by-item-since-its-release",
    "apotheek",
    "2026-03-12T18:49:00",
    title="Product pages are slow; the stock service drowns in single questions of the basket's new release",
    drawn_from="N+1 calls between services: a batch request became a loop, another caller of the leaf felt it first",
    why="Stock has the same template as for weeks and answers sixteen times as many requests, all of one kind that the "
    "basket sends since its release, while users come as ever. The product page was released seven minutes later.",
    expect=[Fault("Deployment/basket", "code_defect", "rollback_workload")],
    acceptable=[
        ("capacity", "rollback_workload"),
        ("resource_exhaustion", "rollback_workload"),
        ("configuration_error", "rollback_workload"),
    ],
    tolerated=["scale_workload", "page_human"],
    forbidden=[
        "restart_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/product-page"},
        {"remedy": "rollback_workload", "target": "Deployment/stock"},
    ],
)
def item_by_item(w: World) -> None:
    nodes(w, "ap-1", "ap-2", "ap-3", cpu="8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    image = "registry.apotheek.example"
    env = {"STOCK_URL": "http://stock", "STOCK_TIMEOUT_MS": "2000"}
    base = postgres(w, "stock-db")
    stock = well(w, "stock", f"{image}/stock:3.14.1", pods=3, age=days(24), env={"DB_HOST": "stock-db"})
    before = [f"{image}/basket:6.3.2", f"{image}/product-page:209"]
    basket = well(w, "basket", f"{image}/basket:6.4.0", pods=2, age=minutes(38), before=before[0], env=env)
    page = well(w, "product-page", f"{image}/product-page:210", pods=4, age=minutes(31), before=before[1], env=env)
    env = {"PAGE_URL": "http://product-page", "BASKET_URL": "http://basket"}
    front = well(w, "storefront", f"{image}/storefront:1.88.0", pods=3, age=days(9), env=env)
    reviews = well(w, "reviews", f"{image}/reviews:55", age=days(60), talk=True)
    ingress(w, "shop", "www.apotheek.example", [("/", "storefront", 80)])
    for index in range(3):
        one = [f"GET /v1/stock/PZN-{{n}} 200 {ms} ms caller=basket" for ms in (1204, 1731, 988, 1502, 1644)]
        text = [*one, "POST /v1/stock/batch (24 items) 200 1902 ms caller=product-page", *one]
        said = "request waited 1.4s for a worker thread (200 of 200 busy)"
        lines = often(3, 260, 1, "info", text, "n.a.stock.api.AccessLog")
        log(w, stock, index, "logback", [*lines, *often(41, 250, 2, "warn", [said], "n.a.stock.api.Saturation")])
    for index in range(2):
        start = "basket 6.4.0 listening on :8080, stock client: per-item lookups (SKU freshness)"
        told = [f"basket {{n}} priced: {count} items, {count} stock calls, 2.9s" for count in (31, 54, 12, 77)]
        lines = [L(minutes(37.7), "info", start), *often(11, minutes(16) - 4 * index, 1, "info", told)]
        log(w, basket, index, "zap", lines)
    for index in range(4):
        late = (
            "stock lookup for page {n} failed: timeout of 2000ms exceeded (POST http://stock/v1/stock/batch), "
            "showing page without availability"
        )
        fine = "GET /p/{n} 200 in 2071ms"
        log(w, page, index, "pino", often(9, minutes(14) - 4 * index, 1 + index, "warn", [late, fine]))
    for index in range(3):
        text = ["GET /p/{n} 504 upstream product-page after 3000ms", "GET /p/{n} 200 2214ms", "GET /basket 200 2988ms"]
        log(w, front, index, "logfmt", often(7, minutes(11) - 4 * index, 1, "info", text))
    at = minutes(37)
    requests(w, "storefront", rate=flat(88), errors=step(0.001, 0.06, at), p95=step(0.31, 2.9, at, over=120))
    requests(w, "product-page", rate=flat(61), errors=step(0.0008, 0.05, at), p95=step(0.18, 2.4, at, over=120))
    requests(w, "basket", rate=flat(22), errors=step(0.0006, 0.02, at), p95=step(0.12, 2.9, at, over=120))
    requests(w, "stock", rate=step(92, 1490, at), errors=step(0.0002, 0.003, at), p95=step(0.02, 1.9, at, over=120))
    requests(w, "reviews", rate=flat(40), errors=flat(0.0003), p95=flat(0.04))
    measured(w, stock, step(0.14, 0.98, at), 0.61, step(0.002, 0.71, at))
    measured(w, basket, 0.33)
    measured(w, page, 0.24)
    measured(w, front, 0.3)
    measured(w, reviews)
    measured(w, base, step(0.11, 0.34, at), 0.55)
    calls(w, "product-page", "stock", step(0.024, 2.0, at), step(0.0004, 0.31, at))
    calls(w, "product-page", "reviews", 0.04)
    calls(w, "basket", "stock", step(0.03, 1.8, at), step(0.0004, 0.02, at))
    calls(w, "stock", "stock-db", step(0.004, 0.007, at))
    signal(w, "db_connections", {"component": "stock-db"}, step(24, 60, at))
    exact(w, "db_max_connections", {"component": "stock-db"}, flat(200))
    machines(w, step(0.31, 0.46, at))
    said = "p95 of product pages is 2.9 s (objective 800 ms)"
    alert(w, "StorefrontLatencyObjectiveMissed", minutes(29), said, service="storefront")


@case(
    "right-sizing-of-five-starves-the-one-that-prices",
    "museum-tickets",
    "2026-07-18T09:52:00",
    title="The ticket site times out; one of five services whose CPU limits were right-sized together is throttled",
    drawn_from="right-sizing by monthly averages: limits of a whole namespace cut in one commit, one service bursts",
    why="All five were cut in the same minute; four use a part of what is left, pricing is throttled in nine of ten "
    "periods and slow since. The site's own release ten minutes later finds it slow already; requests did not change.",
    expect=[Fault("Deployment/pricing", "configuration_error", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload"), ("capacity", "rollback_workload")],
    tolerated=["scale_workload", "page_human"],
    forbidden=[
        "restart_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/web"},
        {"remedy": "rollback_workload", "target": "Deployment/booking"},
    ],
)
def right_sized(w: World) -> None:
    nodes(w, "mt-a", "mt-b", "mt-c", cpu="8")
    image, note, cut = "harbor.museum.example/tickets", "kustomize: right-size limits (FIN-212)", minutes(44)
    made: dict[str, Workload] = {}
    for name, tag, pods, old, new in (
        ("pricing", "4.0.9", 2, ("200m", "2"), ("100m", "250m")),
        ("calendar", "2.7.1", 2, ("200m", "1"), ("50m", "200m")),
        ("qr", "1.3.3", 2, ("200m", "1"), ("50m", "200m")),
        ("mailer", "5.5.0", 1, ("100m", "1"), ("20m", "100m")),
        ("vouchers", "0.19.2", 2, ("200m", "1"), ("50m", "250m")),
    ):
        specs = [pod_spec(container(name, f"{image}/{name}:{tag}", port=8000, cpu=each)) for each in (old, new)]
        made[name] = deployment(w, name, [Rev(specs[0], days(33)), Rev(specs[1], cut, cause=note)], pods)
        service(w, name, target=8000)
    env = {"PRICING_URL": "http://pricing", "CALENDAR_URL": "http://calendar", "UPSTREAM_TIMEOUT": "4"}
    booking = well(w, "booking", f"{image}/booking:7.2.0", pods=3, age=days(12), port=8000, env=env)
    env = {"BOOKING_URL": "http://booking", "UPSTREAM_TIMEOUT": "10"}
    web = well(w, "web", f"{image}/web:31.4.0", pods=3, age=minutes(34), before=f"{image}/web:31.3.2", env=env)
    ingress(w, "tickets", "tickets.museum.example", [("/", "web", 80)])
    for index in range(2):
        text = ["POST /price 200 3811ms groups={n}", "POST /price 200 2904ms", "GET /tariffs 200 640ms"]
        log(w, made["pricing"], index, "python", often(8, minutes(12) - 4 * index, 1, "info", text, "pricing.access"))
        text = ["GET /slots 200 21ms", "GET /closures 200 9ms"]
        log(w, made["calendar"], index, "python", often(12, minutes(15), 2, "info", text, "calendar.access"))
        log(w, made["qr"], index, "python", often(19, minutes(15), 2, "info", ["rendered code {n} in 14ms"], "qr"))
        said = ["voucher {n} checked in 7ms"]
        log(w, made["vouchers"], index, "python", often(31, minutes(20) - 4 * index, 2, "info", said, "vouchers"))
    log(w, made["mailer"], 0, "python", often(37, minutes(30), 2, "info", ["mail {n} handed to relay"], "mailer.send"))
    for index in range(3):
        late = "HTTPConnectionPool(host='pricing', port=80): Read timed out. (read timeout=4)"
        lines = often(10, minutes(16) - 4 * index, 1, "error", [f"offer {{n}}: {late}"], "booking.offers")
        log(w, booking, index, "python", [*lines, *often(14, minutes(14), 2, "info", ["offer {n} made in 3.7s"])])
        text = ["POST /offers 502 after 4.1s: booking answered 502", "GET /visit 200 38ms", "POST /offers 200 4022ms"]
        log(w, web, index, "logfmt", often(9, minutes(13) - 4 * index, 1, "info", text))
    requests(w, "web", rate=flat(47), errors=step(0.002, 0.14, cut - 60), p95=step(0.4, 4.4, cut - 40))
    requests(w, "booking", rate=flat(19), errors=step(0.001, 0.33, cut - 60), p95=step(0.3, 4.1, cut - 40))
    requests(w, "pricing", rate=flat(20), errors=flat(0.0005), p95=step(0.09, 5.2, cut - 40))
    for name, rate, p95 in (("calendar", 24, 0.03), ("qr", 4, 0.02), ("vouchers", 2, 0.01)):
        requests(w, name, rate=flat(rate), errors=flat(0.0004), p95=flat(p95))
    measured(w, made["pricing"], 0.99, 0.4, 0.91, prior=0.13)
    measured(w, made["calendar"], 0.46, 0.38, 0.02, prior=0.1)
    measured(w, made["qr"], 0.41, 0.3, 0.03, prior=0.08)
    measured(w, made["mailer"], 0.22, 0.33, 0.01, prior=0.02)
    measured(w, made["vouchers"], 0.12, 0.35, prior=0.03)
    measured(w, booking, step(0.31, 0.24, cut))
    measured(w, web, 0.2)
    calls(w, "web", "booking", step(0.32, 4.2, cut), step(0.001, 0.33, cut))
    calls(w, "booking", "pricing", step(0.1, 4.0, cut), step(0.0005, 0.33, cut))
    calls(w, "booking", "calendar", 0.03)
    calls(w, "booking", "vouchers", 0.012)
    machines(w, 0.21)
    alert(w, "TicketSiteErrors", minutes(33), "14% of requests to tickets.museum.example fail", service="web")


@case(
    "strike-day-turns-all-questions-into-journeys",
    "city-transit",
    "2026-10-02T07:26:00",
    title="The transit app times out with as many requests as on any day; three times as many are for journeys",
    drawn_from="a shift in the mix of requests: the total is flat and the dearest endpoint trebles on a day of strike",
    why="The planner's three pods are at their CPU limit since its own requests trebled; nothing of it was released, "
    "its answers are right and only late, the nodes are two thirds idle, and the release beside it gets less to do.",
    expect=[Fault("Deployment/journey-planner", "capacity", "scale_workload")],
    acceptable=[("resource_exhaustion", "scale_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def strike(w: World) -> None:
    nodes(w, "ct-1", "ct-2", "ct-3", "ct-4", cpu="16", memory="65856132Ki")
    image = "ghcr.io/city-transit-example"
    spec = pod_spec(
        container("planner", f"{image}/journey-planner:8.8.2", cpu=("1", "2"), memory=("3Gi", "3Gi"), ready="/q/health")
    )
    planner = deployment(w, "journey-planner", [Rev(spec, days(27))], 3)
    service(w, "journey-planner")
    before = f"{image}/departures:140"
    boards = well(w, "departures", f"{image}/departures:141", pods=4, age=minutes(41), before=before)
    names = well(w, "stop-search", f"{image}/stop-search:2.2.0", pods=2, age=days(80), talk=True)
    tickets = well(w, "ticketing", f"{image}/ticketing:12.0.1", pods=3, age=days(6), talk=True)
    cache = redis(w, "realtime-cache")
    env = {"PLANNER_URL": "http://journey-planner", "PLANNER_TIMEOUT": "5s", "BOARDS_URL": "http://departures"}
    bff = well(w, "app-bff", f"{image}/app-bff:77.1", pods=5, age=days(2), env=env)
    hpa(w, bff, low=4, high=12, now=5, used=58)
    ingress(w, "app", "api.city-transit.example", [("/", "app-bff", 80)])
    for index in range(3):
        planned = [
            "POST /plan 200 4871ms from=900{n} legs=4 notice=STRIKE-U6",
            "POST /plan 200 4402ms from=900{n} legs=3",
            "POST /plan 503: java.util.concurrent.RejectedExecutionException: Task rejected from java.util.concurrent."
            "ThreadPoolExecutor@51c3ab[Running, pool size = 16, active threads = 16, queued tasks = 64, completed "
            "tasks = 38{n}]",
        ]
        log(w, planner, index, "logback", often(6, minutes(9), 1, "info", planned, "c.t.planner.PlanResource"))
    for index in range(5):
        text = (
            'POST /v3/journeys 504: Post "http://journey-planner/plan": context deadline exceeded (Client.Timeout '
            "exceeded while awaiting headers)"
        )
        lines = often(8, minutes(12) - 4 * index, 1, "error", [text], "bff/journeys.go:93")
        fine = ["GET /v3/departures 200 41ms", "GET /v3/stops 200 12ms", "POST /v3/journeys 200 4630ms"]
        log(w, bff, index, "zap", [*lines, *often(9, minutes(12) - 4 * index, 1, "info", fine, "bff/access.go:40")])
    for index in range(4):
        start = L(minutes(40.7), "info", "departures 141 ready, feed of realtime-cache joined")
        log(w, boards, index, "logfmt", [start, *often(17, minutes(20), 1, "info", ["board 900{n} 200 23ms"])])
    up = minutes(52)
    more = ramp(41, 127, up, minutes(31))
    requests(w, "app-bff", rate=ramp(231, 246, up, 0), errors=ramp(0.001, 0.22, minutes(44), minutes(30)),
             p95=ramp(0.9, 5.0, minutes(46), minutes(33)))  # fmt: skip
    requests(w, "journey-planner", rate=more, errors=ramp(0.0005, 0.19, minutes(41), minutes(29)),
             p95=ramp(1.1, 5.6, minutes(46), minutes(30)))  # fmt: skip
    requests(w, "departures", rate=ramp(158, 84, up, minutes(31)), errors=flat(0.0004), p95=flat(0.06))
    requests(w, "stop-search", rate=flat(38), errors=flat(0.0002), p95=flat(0.03))
    requests(w, "ticketing", rate=ramp(22, 14, up, 0), errors=flat(0.0006), p95=flat(0.2))
    measured(w, planner, ramp(0.36, 0.995, up, minutes(34)), 0.71, ramp(0.01, 0.78, minutes(45), minutes(31)))
    measured(w, bff, 0.29)
    measured(w, boards, 0.16)
    measured(w, names)
    measured(w, tickets, 0.18)
    measured(w, cache, 0.12, 0.4)
    for by, to, p95 in (("app-bff", "departures", 0.06), ("app-bff", "stop-search", 0.03)):
        calls(w, by, to, p95)
    failing = ramp(0.001, 0.42, minutes(44), minutes(28))
    calls(w, "app-bff", "journey-planner", ramp(1.1, 5.0, minutes(46), minutes(33)), failing)
    calls(w, "journey-planner", "realtime-cache", 0.002)
    calls(w, "departures", "realtime-cache", 0.002)
    exact(w, "hpa_replicas", {"component": "app-bff"}, flat(5))
    exact(w, "hpa_max", {"component": "app-bff"}, flat(12))
    machines(w, 0.31)
    alert(w, "AppApiErrorRate", minutes(26), "22% of the app's requests fail with 5xx", service="app-bff", team="app")
