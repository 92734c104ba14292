"""Ordinary months: a setting among releases, survivors that must not fall, one pod that began at a bad moment."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, hpa, nodes, secret
from tests.diagnosis.casemaker.pods import P, oom, running, waiting
from tests.diagnosis.casemaker.scene import alert, redis, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "seconds-written-where-milliseconds-are-read",
    "travel-money",
    "2026-05-19T13:17:00",
    title="The shop cannot quote currencies; the rate service behind two others gives its feed four milliseconds",
    drawn_from="a timeout raised in the wrong unit; stale values hid it until the next team had deployed",
    why="The rate service fails each fetch after 4 ms since the minute its setting changed; its image is two days old "
    "and had fetched well. Users see it ten minutes later, when ticks grew too old, two minutes after the shop's own "
    "release.",
    expect=[Fault("Deployment/fx-rates", "configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "scale_database",
        {"remedy": "rollback_workload", "target": "Deployment/checkout-web"},
        {"remedy": "rollback_workload", "target": "Deployment/quote-api"},
    ],
)
def wrong_unit(w: World) -> None:
    nodes(w, "tm-1", "tm-2", "tm-3")
    secret(w, "feed-token", ["FEED_TOKEN"], age=days(140))
    image, edited = "registry.travel-money.example", minutes(42)
    specs = [
        pod_spec(
            container(
                "fx-rates",
                f"{image}/fx-rates:{tag}",
                env={"FEED_URL": "https://feed.bullion.example/v2", "FEED_TIMEOUT_MS": wait, "MAX_TICK_AGE": "10m"},
                env_from=("secret/feed-token",),
            )
        )
        for tag, wait in (("2.18.0", "2500"), ("2.19.0", "2500"), ("2.19.0", "4"))
    ]
    note = "FX-318 give the feed more time"
    rates = deployment(
        w, "fx-rates", [Rev(specs[0], days(41)), Rev(specs[1], days(2)), Rev(specs[2], edited, cause=note)], 2
    )
    service(w, "fx-rates")
    env = {"RATES_URL": "http://fx-rates", "FEES_URL": "http://fees"}
    quote = well(w, "quote-api", f"{image}/quote-api:5.7.1", pods=3, age=days(6), before=f"{image}/quote-api:5.7.0",
                 env=env)  # fmt: skip
    web = well(w, "checkout-web", f"{image}/checkout-web:1190", pods=3, age=minutes(34), port=3000,
               before=f"{image}/checkout-web:1189", env={"QUOTE_URL": "http://quote-api"})  # fmt: skip
    fees = well(w, "fees", f"{image}/fees:1.4.2", age=days(75), talk=True)
    ingress(w, "shop", "shop.travel-money.example", [("/", "checkout-web", 80)])
    pairs = ("EURGBP", "EURUSD", "EURCHF", "EURSEK", "EURJPY")
    for index in range(2):
        begun = edited - 9 - 9 * index
        lines = [L(begun, "info", "fx-rates 2.19.0 listening on :8080", fields={"pairs": 5})]
        for turn, age in enumerate(range(int(begun) - 20, 2, -31)):
            pair = pairs[turn % 5]
            text = (
                f'fetch {pair}: Get "https://feed.bullion.example/v2/ticks?pair={pair}": context deadline exceeded '
                "(Client.Timeout exceeded while awaiting headers)"
            )
            lines.append(L(age, "warn", text, fields={"took": f"4.{turn % 9}ms", "attempt": 1 + turn % 3}))
        stale = [f"GET /rates/{pair} 503 last tick too old, max age 10m0s" for pair in pairs]
        lines += often(190, minutes(32) - 5 * index, 2, "warn", stale)
        log(w, rates, index, "logfmt", lines)
    for index in range(3):
        fine = "POST /quotes 200 61ms (home currency)"
        late = "POST /quotes 502 rates answered 503 Service Unavailable for EUR/{n}"
        log(
            w,
            quote,
            index,
            "logback",
            often(8, minutes(12) - 5 * index, 1, "info", [late, late, fine], "e.t.quote.Access"),
        )
        start = [L(minutes(33.8), "info", "checkout-web build 1190 ready on :3000")]
        said = ["quote failed: 502 from quote-api (basket {n})", "GET /branches 200", "GET /cart 200"]
        log(w, web, index, "pino", [*start, *often(26, minutes(31.5) - 3 * index, 1, "info", said)])
    bad = minutes(32)
    requests(w, "checkout-web", rate=flat(38), errors=step(0.001, 0.19, bad, over=120), p95=flat(0.24))
    requests(w, "quote-api", rate=flat(13), errors=step(0.001, 0.63, bad, over=120), p95=flat(0.07))
    requests(w, "fx-rates", rate=flat(14), errors=step(0.0006, 0.9, bad, over=120), p95=flat(0.006))
    requests(w, "fees", rate=flat(13), errors=flat(0.0004), p95=flat(0.01))
    for of in (rates, quote, web, fees):
        measured(w, of, 0.17)
    calls(w, "checkout-web", "quote-api", 0.07, step(0.001, 0.63, bad, over=120))
    calls(w, "quote-api", "fx-rates", 0.006, step(0.0006, 0.9, bad, over=120))
    calls(w, "quote-api", "fees", 0.01)
    machines(w)
    summary = "19% of requests to checkout-web are answered with 5xx"
    alert(w, "CheckoutErrorBudgetBurn", minutes(26), summary, service="checkout-web", team="storefront")


@case(
    "leaking-renderers-whose-settings-were-renamed",
    "geo-portal",
    "2026-09-24T06:38:00",
    title="One of four tile renderers does not come back after its weekly kill; the others are near their limit too",
    drawn_from="a ConfigMap renamed by hand under running pods: harmless until the first container starts again",
    why="The pod was killed for memory as it is each few days, and this time could not be created: the map that its "
    "template reads has gone, one of nearly the same name came yesterday. Whoever restarts the rest loses them.",
    expect=[Fault("ConfigMap/tiles-settings", "configuration_error", "page_human")],
    acceptable=[("configuration_error", "page_human", "Deployment/tiles")],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "scale_database",
    ],
)
def renamed_settings(w: World) -> None:
    nodes(w, "gp-a", "gp-b", "gp-c", memory="32831360Ki")
    config_map(w, "portal-settings", {"LOCALE": "nb-NO", "BASEMAP": "topo4"}, age=days(210))
    config_map(
        w,
        "tile-settings",
        {"TILE_SOURCE": "http://vector-store", "TILE_SIZE": "512", "FONT_DIR": "/opt/fonts"},
        age=hours(26),
        changed=hours(26),
        by="kubectl-client-side-apply",
    )
    image = "registry.geo-portal.example"
    specs = [
        pod_spec(
            container(
                "tiles",
                f"{image}/tiles:{tag}",
                port=8090,
                env_from=("configmap/tiles-settings",),
                cpu=("500m", "2"),
                memory=("1Gi", "2Gi"),
                live="/healthz",
            )
        )
        for tag in ("3.6.0", "3.6.1")
    ]
    fell = minutes(17)
    missing = waiting("CreateContainerConfigError", 'configmap "tiles-settings" not found')
    pods = [
        P(age=days(12.2), restarts=2, state=running(days(3.4)), last=oom(started=days(8.1), finished=days(3.4) + 4)),
        P(age=days(12.2), restarts=2, state=missing, last=oom(started=days(4.4), finished=fell), unready=fell),
        P(age=days(12.2), restarts=2, state=running(days(2.9)), last=oom(started=days(7.5), finished=days(2.9) + 3)),
        P(age=days(12.2), restarts=1, state=running(days(4.2)), last=oom(started=days(12.1), finished=days(4.2) + 3)),
    ]
    tiles = deployment(w, "tiles", [Rev(specs[0], days(64)), Rev(specs[1], days(12.3))], pods, replicas=4)
    service(w, "tiles", target=8090)
    store = well(w, "vector-store", f"{image}/vector-store:9.0.4", age=days(50), talk=True)
    portal = well(w, "portal", f"{image}/portal:88", pods=2, age=minutes(52), before=f"{image}/portal:87", port=3000)
    down = tiles.pods[1]
    text = 'Error: configmap "tiles-settings" not found'
    event(w, down, "Failed", text, first=fell - 2, last=6, count=79, container="tiles")
    text = f'Container image "{image}/tiles:3.6.1" already present on machine'
    event(w, down, "Pulled", text, kind="Normal", first=fell - 2, last=6, count=79, container="tiles")
    drawn = ["GET /14/{n}/4811.png 200 38ms", "GET /12/{n}/1190.png 200 71ms", "GET /9/{n}/130.png 200 112ms"]
    for index in (0, 2, 3):
        rss = [f"process stats rss={1700 + 80 * index // 2}MiB heapUsed=212MiB external=1.2GiB"]
        lines = [*often(9, 780, 1, "info", drawn), *often(120, 760, 20, "info", rss)]
        log(w, tiles, index, "pino", lines)
    old = [*often(6, fell + 500, fell + 1, "info", drawn), L(fell + 31, "info", "process stats rss=2019MiB "
           "heapUsed=214MiB external=1.5GiB")]  # fmt: skip
    log(w, tiles, 1, "pino", old, previous=True)
    for index in range(2):
        log(w, portal, index, "pino", often(14, 800, 1, "info", ["GET / 200", "GET /kart/{n} 200", "GET /sok 200"]))
    levels = (ramp(0.9, 0.93), ramp(0.96, 0.99, 3600, fell), ramp(0.84, 0.87), ramp(0.93, 0.955))
    for index, shape in enumerate(levels):
        labels = {"pod": tiles.pod(index), "container": "tiles"}
        signal(w, "memory_share", labels, shape, until=fell if index == 1 else 0, noise=0.005)
        after = step(0.41, 0.55, fell)
        signal(w, "cpu_share", labels, after, until=fell if index == 1 else 0)
        exact(w, "restarts", labels, flat(1 if index == 3 else 2))
    exact(w, "replicas_wanted", {"component": "tiles"}, flat(4))
    exact(w, "replicas_available", {"component": "tiles"}, step(4, 3, fell, over=1))
    requests(w, "tiles", rate=flat(144), errors=flat(0.0006), p95=step(0.19, 0.26, fell))
    requests(w, "portal", rate=flat(31), errors=flat(0.0004), p95=flat(0.11))
    measured(w, store, 0.3)
    machines(w)
    said = "Container tiles of 3 pods has used more than 80% of its memory limit for 15 minutes"
    alert(w, "ContainerMemoryUsageHigh", hours(30), said, severity="warning", container="tiles")


@case(
    "newest-replica-began-while-the-tariffs-were-away",
    "ferry-booking",
    "2026-07-03T16:26:00",
    title="A fifth of all fares is not found, without one server error; the newest of five pods began without tariffs",
    drawn_from="a cache that is filled once at start, from a service that just then was being rolled",
    why="One pod of five loaded nothing as it began, beside a release of its supplier that ended well a minute later, "
    "and answers 404 since. Its sisters of the same template, hours or days older, find every fare.",
    expect=[Fault("Deployment/fares", "service_crash", "restart_workload")],
    acceptable=[
        ("code_defect", "restart_workload"),
        ("dependency_failure", "restart_workload"),
        ("configuration_error", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "scale_workload", "no_action", "scale_database", "restart_connection_pool"],
)
def no_tariffs(w: World) -> None:
    nodes(w, "fb-1", "fb-2", "fb-3", "fb-4")
    image, born = "registry.ferry.example", minutes(41)
    cache = redis(w, "sessions")
    specs = [
        pod_spec(container("fares", f"{image}/fares:{tag}", port=8000, env={"TARIFF_URL": "http://tariff-store"}))
        for tag in ("2026.26", "2026.27")
    ]
    pods = [P(age=days(2) - 20 * n) for n in range(3)] + [P(age=hours(7)), P(age=born - 1)]
    fares = deployment(w, "fares", [Rev(specs[0], days(9)), Rev(specs[1], days(2.01))], pods, scaled=born)
    service(w, "fares", target=8000)
    hpa(w, fares, low=3, high=8, now=5, used=54, scaled=born)
    event(w, next(o for o in w.objects if o["kind"] == "HorizontalPodAutoscaler"), "SuccessfulRescale",
          "New size: 5; reason: cpu resource utilization (percentage of request) above target", kind="Normal",
          last=born)  # fmt: skip
    store = well(w, "tariff-store", f"{image}/tariff-store:118", pods=2, age=born + 25, before=f"{image}/tariff-store"
                 ":117")  # fmt: skip
    env = {"FARES_URL": "http://fares", "REDIS_HOST": "sessions"}
    web = well(w, "booking-web", f"{image}/booking-web:904", pods=3, age=minutes(38), before=f"{image}/booking-web:903",
               port=3000, env=env)  # fmt: skip
    well(w, "checkin", f"{image}/checkin:61", age=days(20), talk=True)
    ingress(w, "book", "book.ferry.example", [("/", "booking-web", 80)])
    routes = ("HEL-TLL", "TKU-STO", "HEL-STO", "VAA-UME")
    for index in range(5):
        good = [f"GET /fares/{route}?dep={{n}} 200 {12 + n}ms" for n, route in enumerate(routes)]
        lines = often(11, 1050 - 7 * index, 1, "info", good, "fares.access")
        if index == 4:
            none = [f"GET /fares/{route}?dep={{n}} 404 2ms" for route in routes]
            lines = [
                L(born - 5, "info", "warming tariffs from http://tariff-store/v1/tariffs?season=2026S", "fares.boot"),
                L(born - 6, "warn", "tariffs: 503 Server Error: Service Unavailable, going on", "fares.boot"),
                L(born - 7, "info", "0 tariffs in memory, 212 sailings", "fares.boot"),
                *often(28, born - 20, 1, "info", none, "fares.access"),
            ]
        log(w, fares, index, "python", lines)
    place = fares.pods[4]["status"]["podIP"]
    others = [pod["status"]["podIP"] for pod in fares.pods[:4]]
    for index in range(3):
        text = [f"fare of sailing {{n}} from {ip}: 200" for ip in others]
        text.insert(2, f"fare of sailing {{n}} from {place}: 404, showing 'sold out'")
        start = [L(minutes(37.5), "info", "booking-web 904 up")]
        log(w, web, index, "pino", [*start, *often(8, 790 - 4 * index, 1, "info", text)])
    for index in range(2):
        lines = [L(born + 4 - 26 * index, "info", "tariff-store 118 serving, 4812 tariffs, season 2026S")]
        log(w, store, index, "zap", [*lines, *often(70, born - 60, 3, "info", ["GET /v1/tariffs/{n} 200"])])
    log(w, cache, 0, "redis", often(400, 3400, 20, "info", ["100 changes in 300 seconds. Saving..."]))
    for index, pod in enumerate(fares.pods):
        more = {"since": born - 30} if index == 4 else {}
        signal(w, "request_rate_by_pod", {"pod": pod["metadata"]["name"]}, flat(8.2), **more)
        signal(w, "error_ratio_by_pod", {"pod": pod["metadata"]["name"]}, flat(0.0004), **more)
        p95 = flat(0.003 if index == 4 else 0.031)
        signal(w, "latency_p95_by_pod", {"pod": pod["metadata"]["name"]}, p95, **more)
    requests(w, "booking-web", rate=flat(57), errors=flat(0.0008), p95=flat(0.22))
    requests(w, "fares", rate=flat(41), errors=flat(0.0004), p95=flat(0.03))
    requests(w, "tariff-store", rate=flat(1.2), errors=step(0.0, 0.0, 1), p95=flat(0.02))
    said = "Bookings of the last 30 minutes are 21% below those of the same time last Friday"
    alert(w, "BookingsBelowForecast", minutes(9), said, severity="warning", product="ferry")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", True, ""))
