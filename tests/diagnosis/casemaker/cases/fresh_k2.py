"""Chains of services: the one that complains is not the one that broke."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_k import NO_METRICS
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, nodes, secret
from tests.diagnosis.casemaker.scene import access, alert, taken, well
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "reader-fails-since-its-supplier-renamed-a-field",
    "plant-market",
    "2026-03-05T11:19:00",
    title="Two unchanged readers find no price in what the catalogue sends; the catalogue itself answers 200",
    drawn_from="breaking changes of an internal API in a minor release: ZodError in one client, KeyError in another",
    why="Both readers fail since the minute of the catalogue's release and miss the same field, whose move it logs "
    "itself. Its own figures are spotless; going back with the readers would change nothing.",
    expect=[Fault("Deployment/catalogue", "code_defect", "rollback_workload")],
    acceptable=[
        ("configuration_error", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
        ("dependency_failure", "rollback_workload", "Deployment/storefront-bff"),
        ("code_defect", "rollback_workload", "Deployment/storefront-bff"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        {"remedy": "rollback_workload", "target": "Deployment/storefront-bff"},
        {"remedy": "rollback_workload", "target": "Deployment/price-feed"},
    ],
)
def renamed(w: World) -> None:
    nodes(w, "pm-1", "pm-2", "pm-3")
    image = "europe-west1-docker.pkg.dev/plant-market/shop"
    specs = [pod_spec(container("catalogue", f"{image}/catalogue:{v}", ready="/readyz")) for v in ("6.4.1", "6.5.0")]
    top = deployment(w, "catalogue", [Rev(specs[0], days(20)), Rev(specs[1], minutes(23))], 3)
    service(w, "catalogue")
    url = {"CATALOGUE_URL": "http://catalogue", "NODE_ENV": "production"}
    bff = well(w, "storefront-bff", f"{image}/bff:1902", pods=3, age=hours(44), before=f"{image}/bff:1899", env=url)
    feed = well(w, "price-feed", f"{image}/price-feed:31", pods=1, age=days(74), env={"SOURCE": "http://catalogue"})
    ingress(w, "storefront", "www.plant-market.example", [("/", "storefront-bff", 80)], tls="www-tls")
    moved = L(minutes(22.8), "info", "api v1 schema 2026-03: items[].price is now items[].offers[0].amount")
    for index in range(3):
        log(
            w,
            top,
            index,
            "logfmt",
            [moved, *often(9, 700 - 3.7 * index, 1, "info", ["GET /v1/items 200 11ms bytes={n}"])],
        )
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "catalogue"}, flat(0.21), since=minutes(22))
    issue = (
        '[{"code":"invalid_type","expected":"number","received":"undefined","path":["items",0,"price"],'
        '"message":"Required"}]'
    )
    text = "GET http://catalogue/v1/items?page={n} answered 200 but did not parse: ZodError: " + issue
    for index in range(3):
        lines = often(6, minutes(22.5) - 3.7 * index, 1, "error", [text])
        lines += often(90, minutes(50) - 3.7 * index, 5, "warn", ["cookie consent of version 1 found, asking again"])
        log(w, bff, index, "pino", lines)
    trace = (
        "feed run {n} aborted\nTraceback (most recent call last):\n"
        '  File "/srv/feed/build.py", line 63, in row\n    cents = item["price"]\nKeyError: \'price\''
    )
    log(w, feed, 0, "python", often(120, minutes(22), 10, "error", [trace], "feed.build"))
    access(w, well(w, "images", "nginx:1.27.3", pods=2, age=days(140), port=80), 0, ["/p/81.webp"], codes=[200, 304])
    requests(w, "storefront-bff", rate=flat(58), errors=step(0.001, 0.62, minutes(23)), p95=flat(0.11))
    requests(w, "catalogue", rate=flat(66), errors=flat(0.0003), p95=flat(0.015))
    alert(w, "StorefrontErrors", minutes(17), "62% of storefront-bff's answers are 500", service="storefront-bff")


@case(
    "slow-leaf-of-a-chain-and-a-middle-released-later",
    "ride-pool",
    "2026-07-03T18:12:00",
    title="Bookings time out three services deep: the last one rebuilds an index for each request since its release",
    drawn_from="cascading timeouts with retries: a cache key that holds a request id, calls at the leaf tripled",
    why="The leaf became slow with its own release; its rate rose after that, by its callers' retries, for users come "
    "as ever. The middle was released when all was burning; the leaf's processor is idle, so more pods do not help.",
    expect=[Fault("Deployment/zones", "code_defect", "rollback_workload")],
    acceptable=[
        ("resource_exhaustion", "rollback_workload"),
        ("configuration_error", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
        ("dependency_failure", "rollback_workload", "Deployment/booking"),
        ("dependency_failure", "rollback_workload", "Deployment/fares"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        {"remedy": "rollback_workload", "target": "Deployment/fares"},
        {"remedy": "rollback_workload", "target": "Deployment/booking"},
    ],
)
def leaf(w: World) -> None:
    nodes(w, "rp-1", "rp-2", "rp-3")
    image = "registry.ride-pool.example"
    specs = [pod_spec(container("zones", f"{image}/zones:{v}", port=8000, ready="/up")) for v in ("1.8.3", "1.9.0")]
    zones = deployment(w, "zones", [Rev(specs[0], days(41)), Rev(specs[1], minutes(42))], 3)
    service(w, "zones", target=8000)
    env = {"ZONES_URL": "http://zones", "ZONES_TIMEOUT": "3s", "ZONES_RETRIES": "2"}
    specs = [pod_spec(container("fares", f"{image}/fares:{v}", env=env)) for v in ("88", "89")]
    fares = deployment(w, "fares", [Rev(specs[0], days(6)), Rev(specs[1], minutes(24))], 3)
    service(w, "fares")
    env = {"FARES_URL": "http://fares", "FARES_TIMEOUT": "10s"}
    booking = well(w, "booking", f"{image}/booking:412", pods=4, age=days(3), before=f"{image}/booking:411", env=env)
    slow = ["GET /zones/at 200 took 8.4s", "zone index rebuilt in 8.31s, cache key zones:v1:req-{n} was not there"]
    for index in range(3):
        said = [L(minutes(41.5), "info", "Uvicorn running on http://0.0.0.0:8000", "uvicorn.error")]
        log(w, zones, index, "python", [*said, *often(9, minutes(41) - 3.7 * index, 1, "info", slow, "zones.index")])
        texts = [
            'Get "http://zones/zones/at?lat=52.5&lon=13.4": context deadline exceeded (Client.Timeout exceeded while '
            "awaiting headers), try 1 of 3",
            "giving up on zones after 3 tries, ride {n} has no fare",
        ]
        log(w, fares, index, "zap", often(5, minutes(23.5) - 3.7 * index, 1, "error", texts, "zones/client.go:71"))
        signal(w, "cpu_share", {"pod": zones.pod(index), "container": "zones"}, flat(0.24), since=minutes(41))
        signal(w, "memory_share", {"pod": zones.pod(index), "container": "zones"}, flat(0.45), since=minutes(41))
    for index in range(4):
        lines = often(
            6, minutes(40) - 3.7 * index, 1, "error", ["POST /bookings 504: fares answered 502 after 9.0s (ride {n})"]
        )
        log(w, booking, index, "logfmt", lines)
    well(w, "drivers", f"{image}/drivers:77", pods=2, age=days(15), talk=True)
    requests(w, "booking", rate=flat(31), errors=step(0.002, 0.71, minutes(40)), p95=step(0.3, 9.4, minutes(41)))
    requests(w, "fares", rate=flat(33), errors=step(0.001, 0.73, minutes(40)), p95=step(0.2, 9.1, minutes(41)))
    requests(w, "zones", rate=step(34, 98, minutes(40)), errors=flat(0.002), p95=step(0.04, 8.7, minutes(42)))
    requests(w, "drivers", rate=flat(120), errors=flat(0.0004), p95=flat(0.03))
    alert(w, "BookingErrors", minutes(35), "71% of bookings fail", service="booking")


@case(
    "minute-in-which-the-providers-certificate-ended",
    "concert-hall",
    "2026-05-30T11:03:00",
    title="No card can be charged or refunded: both clients find the payment provider's certificate expired",
    drawn_from="30 May 2020, AddTrust External CA Root: cURL error 60 in one shop, x509: certificate has expired in Go",
    why="Two programs of two languages refuse the same host outside since the same minute, which is the certificate's "
    "own NotAfter; the release was an hour and a half before. Only the provider can renew it.",
    expect=[Fault("Deployment/checkout", "dependency_failure", "page_human")],
    acceptable=[("dependency_failure", "page_human", "*"), ("network_fault", "page_human", "*")],
    tolerated=["switch_traffic"],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
    ],
)
def expired(w: World) -> None:
    nodes(w, "ch-1", "ch-2")
    secret(w, "hall-tls", ["tls.crt", "tls.key"], changed=days(21), by="cert-manager", kind="kubernetes.io/tls")
    secret(w, "pay-keys", ["api_key", "hook_key"], age=days(500), changed=days(160))
    image = "registry.concert-hall.example"
    env = {"PAY_URL": "https://api.kassapay.example"}
    shop = well(
        w, "checkout", f"{image}/checkout:9.12", pods=3, age=minutes(101), before=f"{image}/checkout:9.11", env=env
    )
    refunds = well(w, "refunds", f"{image}/refunds:2.0.7", pods=1, age=days(88), env=env)
    ingress(w, "hall", "tickets.concert-hall.example", [("/checkout", "checkout", 80)], tls="hall-tls")
    text = (
        "production.ERROR: cURL error 60: SSL certificate problem: certificate has expired (see "
        "https://curl.haxx.se/libcurl/c/libcurl-errors.html) for https://api.kassapay.example/v2/charges "
        '{"exception":"[object] (GuzzleHttp\\\\Exception\\\\RequestException(code: 0)","order":{n}}'
    )
    for index in range(3):
        lines = often(16, minutes(14) - 3.7 * index, 1, "", [text])
        lines += often(
            45, minutes(90) - 3.7 * index, minutes(14.4), "", ["production.INFO: charge of order {n} is settled"]
        )
        lines += often(
            110, minutes(14) - 3.7 * index, 4, "", ["production.INFO: seats of order {n} held for 15 minutes"]
        )
        log(w, shop, index, "plain", [L(x.age, "", f"[{w.time(x.age):%Y-%m-%d %H:%M:%S}] {x.text}") for x in lines])
    lines = []
    for line in often(40, minutes(13.5), 3, "error", ["refund failed"]):
        now = w.at(line.age)
        cause = (
            'Post "https://api.kassapay.example/v2/refunds": tls: failed to verify certificate: x509: certificate has '
            f"expired or is not yet valid: current time {now} is after 2026-05-30T10:48:38Z"
        )
        lines.append(L(line.age, "error", line.text, "pay/client.go:140", {"error": cause}))
    log(w, refunds, 0, "zap", lines)
    well(w, "seat-plan", f"{image}/seat-plan:40", pods=2, age=days(12), talk=True)
    alert(w, "ChargesFail", minutes(9), "no charge was settled for 5 minutes", service="checkout")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "two-faults-empty-baskets-panic-and-a-geocoder-is-out",
    "meal-kit",
    "2026-10-20T17:33:00",
    title="Coupons panic on one path since a release, and deliveries have no estimate: a geocoder outside is down",
    drawn_from="net/http: panic serving ... nil pointer dereference on rare input, on a day of a maps API's 503",
    why="The coupons fail in /v1/apply only and since their release; the estimates fail since a quarter of an hour, "
    "without a release, and each line names the host outside.",
    expect=[
        Fault("Deployment/coupons", "code_defect", "rollback_workload"),
        Fault("Deployment/eta", "dependency_failure", "page_human"),
    ],
    acceptable=[
        ("service_crash", "rollback_workload", "Deployment/coupons"),
        ("configuration_error", "rollback_workload", "Deployment/coupons"),
        ("dependency_failure", "page_human", "*", "Deployment/eta"),
        ("network_fault", "page_human", "Deployment/eta"),
    ],
    tolerated=[],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        {"remedy": "rollback_workload", "target": "Deployment/eta"},
        {"remedy": "rollback_workload", "target": "Deployment/app-api"},
    ],
)
def twice(w: World) -> None:
    nodes(w, "mk-1", "mk-2", "mk-3")
    image = "registry.meal-kit.example"
    config_map(w, "app-api", {"BANNER": "Pumpkin week"}, changed=hours(2))
    specs = [pod_spec(container("coupons", f"{image}/coupons:{v}", ready="/readyz")) for v in ("3.2.0", "3.3.0")]
    top = deployment(w, "coupons", [Rev(specs[0], days(37)), Rev(specs[1], minutes(39))], 2)
    service(w, "coupons")
    eta = well(w, "eta", f"{image}/eta:0.58", pods=2, age=days(50), env={"GEOCODER": "https://api.geocode.example"})
    api = well(w, "app-api", f"{image}/app-api:640", pods=3, age=hours(7), before=f"{image}/app-api:639")
    panic = (
        "http: panic serving 10.244.1.23:40512: runtime error: invalid memory address or nil pointer dereference\n"
        "goroutine {n} [running]:\nnet/http.(*conn).serve.func1()\n"
        "mealkit/coupons/apply.(*Basket).FirstLine(...)\n\t/src/apply/basket.go:88\n"
        "mealkit/coupons/apply.Handler({0xb1e2a0, 0xc00042e0e0}, 0xc0001c4500)\n\t/src/apply/handler.go:41 +0x2d1"
    )
    for index in range(2):
        lines = often(25, minutes(38) - 3.7 * index, 2, "", [panic])
        lines += often(60, minutes(38) - 3.7 * index, 4, "", ["GET /v1/coupons/{n} 200 2ms", "POST /v1/redeem 200 6ms"])
        log(w, top, index, "golang", lines)
        failed = (
            "httpx.HTTPStatusError: Server error '503 Service Unavailable' for url "
            "'https://api.geocode.example/v6/search?q=Hauptstr+{n}' - no estimate for delivery"
        )
        log(w, eta, index, "python", often(7, minutes(16) - 3.7 * index, 1, "error", [failed], "eta.geo"))
    for index in range(3):
        lines = often(
            25, minutes(38) - 3.7 * index, 2, "error", ["POST http://coupons/v1/apply: EOF (basket {n} is empty)"]
        )
        lines += often(
            12, minutes(16) - 3.7 * index, 2, "warn", ["eta answered 502, delivery {n} shown without a time"]
        )
        log(w, api, index, "pino", lines)
    requests(w, "coupons", rate=flat(12), errors=step(0.001, 0.16, minutes(39)), p95=flat(0.01))
    requests(w, "eta", rate=flat(20), errors=step(0.002, 0.93, minutes(16)), p95=step(0.21, 0.09, minutes(16)))
    requests(w, "app-api", rate=flat(75), errors=step(0.001, 0.03, minutes(39)), p95=flat(0.2))
    labels = {"component": "eta", "dependency": "api.geocode.example"}
    signal(w, "dependency_error_ratio", labels, step(0.001, 0.97, minutes(16)))
    alert(w, "AppApiErrors", minutes(12), "app-api: errors and missing estimates", service="app-api")
