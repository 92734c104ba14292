"""Some pods among many, with all figures: pods that age, a second version, a new node, pinned streams."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, nginx, nginx_error, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import hpa, node, nodes
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, redis, well
from tests.diagnosis.casemaker.signals import Shape, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


def split(w: World, of: Workload, index: int, rate: Shape, p95: Shape, errors: float = 0.0003) -> None:
    """Add what a pod counts itself."""
    labels = {"pod": of.pod(index)}
    signal(w, "request_rate_by_pod", labels, rate, noise=0.04)
    signal(w, "latency_p95_by_pod", labels, p95, noise=0.05)
    signal(w, "error_ratio_by_pod", labels, flat(errors), noise=0.2)


FLOWS = (("1.9", "1.8"), ("0.3", "0.2"), ("2.0", "1.9"), ("1.8", "1.7"))


@case(
    "velocity-checks-slow-down-with-the-age-of-their-pods",
    "card-auth",
    "2026-09-17T13:38:00",
    title="Authorisations creep over their objective; the velocity check is slow in all pods but this morning's",
    drawn_from="in-memory windows that never drop an entry: each check scans more, until fresh processes cure it",
    why="Same image, same share of requests: pods of two and a half days need ten times as long as the one of this "
    "morning, and their own lines count what they keep. All rise evenly; the release of 50 minutes ago is no step.",
    expect=[Fault("Deployment/velocity", "resource_exhaustion", "restart_workload")],
    acceptable=[("code_defect", "restart_workload")],
    tolerated=["scale_workload", "page_human"],
    forbidden=["rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def aged(w: World) -> None:
    nodes(w, "ca-1", "ca-2", "ca-3", "ca-4", cpu="8")
    image = "registry.card-auth.example"
    spec = pod_spec(container("velocity", f"{image}/velocity:2.31.0", cpu=("500m", "1"), memory=("1Gi", "4Gi")))
    ages = [hours(61), hours(61) - 40, hours(61) - 75, hours(5.5)]
    velocity = deployment(w, "velocity", [Rev(spec, days(26))], [P(age=age) for age in ages])
    service(w, "velocity")
    bins = well(w, "bin-lookup", f"{image}/bin-lookup:18", age=days(44), talk=True)
    env = {"VELOCITY_URL": "http://velocity", "BINS_URL": "http://bin-lookup", "CHECK_TIMEOUT": "2500ms"}
    before = f"{image}/authoriser:9.0.3"
    auth = well(w, "authoriser", f"{image}/authoriser:9.0.4", pods=4, age=minutes(50), before=before, env=env)
    edge = well(
        w, "acquirer-edge", f"{image}/acquirer-edge:5.2", pods=3, age=days(17), env={"AUTH_URL": "http://authoriser"}
    )
    ledger = well(w, "ledger-writer", f"{image}/ledger-writer:3.3.1", age=days(8), talk=True)
    store = redis(w, "limits-cache")
    for index in range(4):
        kept, took = (4_180, 1.7) if index < 3 else (378, 0.15)
        text = [
            f"check card=**{{n}} verdict=ok took={took + 0.04 * extra:.2f}s window_entries={1000 * (kept + index) + n}"
            for extra, n in ((1, 118), (3, 244), (0, 301), (2, 367), (2, 409))
        ]
        lines = often(9, minutes(14) - 4 * index, 1, "info", text)
        lines += often(
            200, minutes(14), 5, "info", [f"window sweep: expired 0 of {1000 * (kept + index)} entries in 3ms"]
        )
        old = index < 3
        rise = ramp(1.79, 1.83) if old else flat(0.19)
        split(w, velocity, index, flat(31), rise)
    for index in range(4):
        text = [f"auth {{n}} approved in {whole}s (velocity {part}s, bins 4ms)" for whole, part in FLOWS]
        start = L(minutes(49.5), "info", "authoriser 9.0.4 up, ISO 8583 field 48 parser v2")
        log(w, auth, index, "zap", [start, *often(12, minutes(17) - 4 * index, 1, "info", text, "auth/flow.go:211")])
    for index in range(3):
        log(
            w,
            edge,
            index,
            "logfmt",
            often(21, minutes(25) - 4 * index, 1, "info", ["0110 sent after 2.0s stan={n}", "0110 sent after 0.4s"]),
        )
    requests(w, "acquirer-edge", rate=flat(126), errors=flat(0.002), p95=ramp(1.97, 2.05))
    requests(w, "authoriser", rate=flat(126), errors=flat(0.002), p95=ramp(1.92, 1.99))
    requests(w, "velocity", rate=flat(125), errors=flat(0.0004), p95=ramp(1.76, 1.8))
    requests(w, "bin-lookup", rate=flat(126), errors=flat(0.0001), p95=flat(0.005))
    requests(w, "ledger-writer", rate=flat(119), errors=flat(0.0002), p95=flat(0.02))
    young = {"cpu_share": flat(0.13), "memory_share": flat(0.11)}
    measured(w, velocity, ramp(0.88, 0.91), ramp(0.83, 0.844), 0.03, {3: young})
    for each in (bins, auth, edge, ledger):
        measured(w, each, 0.19)
    measured(w, store, 0.08, 0.5)
    calls(w, "acquirer-edge", "authoriser", ramp(1.93, 2.0))
    calls(w, "authoriser", "velocity", ramp(1.78, 1.82), 0.002)
    calls(w, "authoriser", "bin-lookup", 0.005)
    calls(w, "velocity", "limits-cache", 0.001)
    machines(w, 0.33)
    alert(w, "AuthorisationP95TooHigh", minutes(18), "0100 to 0110 takes more than 2 s at p95", service="acquirer-edge")


@case(
    "second-version-answers-200-and-its-caller-fails",
    "grocer-prices",
    "2026-06-23T16:17:00",
    title="A sixth of the checkouts fails in the cart; it cannot read the prices of the one pod of the next version",
    drawn_from="canaries judged by their own error ratio: a changed type breaks the strictest caller only",
    why="Pricing counts no error, old or new; each failed line of the cart names the address of the canary, and it "
    "began with it. A tolerant reader goes on; the shop's release twelve minutes later does not matter.",
    expect=[Fault("Deployment/pricing-next", "code_defect", "switch_traffic")],
    acceptable=[
        ("code_defect", "page_human"),
        ("configuration_error", "switch_traffic"),
        ("code_defect", "switch_traffic", "Service/pricing"),
        ("code_defect", "page_human", "Service/pricing"),
    ],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        *({"remedy": "rollback_workload", "target": f"Deployment/{name}"} for name in ("cart", "shop-web", "pricing")),
    ],
)
def next_version(w: World) -> None:
    nodes(w, "gp-1", "gp-2", "gp-3")
    image = "europe-docker.pkg.dev/grocer-example/prod"
    spec = pod_spec(container("pricing", f"{image}/pricing:10.7.3", cpu=("200m", "1")))
    stable = deployment(w, "pricing", [Rev(spec, days(22))], 5, labels={"app": "pricing", "track": "stable"})
    spec = pod_spec(container("pricing", f"{image}/pricing:11.0.0-rc.2", cpu=("200m", "1")))
    labels = {"app": "pricing", "track": "next"}
    born = minutes(43)
    canary = deployment(w, "pricing-next", [Rev(spec, born)], [P(age=born)], labels=labels, age=born, number=1)
    service(w, "pricing", headless=True)
    env = {"PRICING_URL": "http://pricing", "STOCK_URL": "http://stock"}
    cart = well(w, "cart", f"{image}/cart:4.4.0", pods=3, age=hours(27), before=f"{image}/cart:4.3.9", env=env)
    shop = well(w, "shop-web", f"{image}/shop-web:812", pods=3, age=minutes(31), before=f"{image}/shop-web:811",
                env={"CART_URL": "http://cart"})  # fmt: skip
    tags = well(
        w, "shelf-labels", f"{image}/shelf-labels:29", pods=2, age=days(70), env={"PRICING_URL": "http://pricing"}
    )
    stock = well(w, "stock", f"{image}/stock:7.1", pods=2, age=days(15), talk=True)
    ingress(w, "shop", "shop.grocer.example", [("/", "shop-web", 80)])
    bad = canary.pods[0]["status"]["podIP"]
    for index in range(3):
        text = (
            f"quote from {bad}:8080: json: cannot unmarshal string into Go struct field Item.unit_price of type int64"
        )
        fails = often(9, minutes(12), 1, "error", [text, f"POST /cart/{{n}}/checkout 500: {text}"], "cart/quote.go:64")
        fine = ["POST /cart/{n}/checkout 201 88ms", "PUT /cart/{n}/lines 200 61ms"]
        log(w, cart, index, "zap", [*fails, *often(17, minutes(12) - 4 * index, 1, "info", fine, "cart/http.go:38")])
        text = "POST /checkout 500 cart answered 500"
        lines = [
            *often(16, minutes(14) - 4 * index, 1, "error", [text]),
            *often(13, minutes(14) - 4 * index, 1, "info", ["GET /aisle/{n} 200"]),
        ]
        log(w, shop, index, "pino", [L(minutes(30.6), "info", "shop-web 812 listening on 8080"), *lines])
    for index in range(5):
        log(
            w,
            stable,
            index,
            "logback",
            often(13, minutes(18) - 4 * index, 1, "info", ["POST /quote 200 {n} items=9 31ms"], "g.p.Quote"),
        )
    said = [
        L(minutes(42.6), "info", "Started PricingApplication in 9.412 seconds (money type: decimal string)", "g.p.App")
    ]
    said += often(13, minutes(18), 1, "info", ["POST /quote 200 {n} items=9 29ms"], "g.p.Quote")
    log(w, canary, 0, "logback", said)
    for index in range(2):
        log(w, tags, index, "python", often(24, minutes(35) - 4 * index, 1, "info", ["label {n} drawn"], "labels.draw"))
    at = minutes(42)
    requests(w, "shop-web", rate=flat(93), errors=step(0.001, 0.034, at), p95=flat(0.21))
    requests(w, "cart", rate=flat(36), errors=step(0.0008, 0.165, at), p95=flat(0.12))
    requests(w, "pricing", rate=flat(61), errors=flat(0.0002), p95=flat(0.04))
    requests(w, "shelf-labels", rate=flat(3), errors=flat(0.0002), p95=flat(0.09))
    requests(w, "stock", rate=flat(44), errors=flat(0.0003), p95=flat(0.03))
    for index in range(5):
        split(w, stable, index, step(12.2, 10.1, at), flat(0.04), 0.0002)
    signal(w, "request_rate_by_pod", {"pod": canary.pod(0)}, flat(10.2), since=at)
    signal(w, "latency_p95_by_pod", {"pod": canary.pod(0)}, flat(0.038), since=at)
    signal(w, "error_ratio_by_pod", {"pod": canary.pod(0)}, flat(0.0002), since=at, noise=0.2)
    for each in (stable, canary, cart, shop, tags, stock):
        measured(w, each, 0.22)
    calls(w, "cart", "pricing", 0.04, step(0.0004, 0.166, at))
    calls(w, "cart", "stock", 0.03)
    calls(w, "shop-web", "cart", 0.12, step(0.0008, 0.165, at))
    calls(w, "shelf-labels", "pricing", 0.04)
    machines(w, 0.29)
    alert(
        w, "ShopCheckoutFailures", minutes(36), "one checkout in six ends in 500", service="shop-web", severity="page"
    )


@case(
    "new-node-lets-only-small-answers-through",
    "photo-prints",
    "2026-04-08T20:12:00",
    title="Some calls hang for half a minute: answers of more than a packet do not leave pods of the newest node",
    drawn_from="a node with another MTU than the overlay: probes and short answers pass, long ones never arrive",
    why="What hangs are long answers of pods of three services on the node that joined 53 minutes ago; "
    "their short answers arrive, their siblings of the same revision are well, and no template explains it.",
    expect=[Fault("Node/pp-4", "network_fault", "page_human")],
    acceptable=[("configuration_error", "page_human")],
    forbidden=["rollback_workload", "scale_workload", "no_action", "scale_database"],
)
def small_only(w: World) -> None:
    nodes(w, "pp-1", "pp-2", "pp-3", cpu="8")
    new = node(w, "pp-4", age=minutes(53), cpu="8")
    text = "Node pp-4 event: Registered Node pp-4 in Controller"
    event(w, new, "RegisteredNode", text, kind="Normal", last=minutes(53))
    event(w, new, "NodeReady", "Node pp-4 status is now: NodeReady", kind="Normal", last=minutes(52), writer="kubelet")
    image, made = "registry.photo-prints.example", dict[str, Workload]()
    for name, before, tag, old in (
        ("albums", "6.19.0", "6.19.1", minutes(62)),
        ("render", "3.7.4", "3.8.0", days(20)),
        ("pricelist", "50", "51", days(90)),
    ):
        specs = [pod_spec(container(name, f"{image}/{name}:{each}")) for each in (before, tag)]
        there = [P(age=old - 20, node="pp-1"), P(age=old - 45, node="pp-3"), P(age=minutes(51), node="pp-4")]
        made[name] = deployment(w, name, [Rev(specs[0], old + days(9)), Rev(specs[1], old)], there, scaled=minutes(51))
        service(w, name, headless=True)
        hpa(w, made[name], low=2, high=6, now=3, used=52, scaled=minutes(51))
    spec = pod_spec(container("web", "nginx:1.28.0", cpu=("100m", "1"), ready="/healthz"))
    web = deployment(w, "web", [Rev(spec, days(40))], [P(node="pp-1"), P(node="pp-2"), P(node="pp-3")])
    service(w, "web")
    orders = well(w, "orders", f"{image}/orders:14.2", pods=2, age=days(5), talk=True)
    store = redis(w, "sessions")
    ingress(w, "prints", "photo-prints.example", [("/", "web", 80)])
    where = {name: each.pods[2]["status"]["podIP"] for name, each in made.items()}
    good = {name: each.pods[0]["status"]["podIP"] for name, each in made.items()}
    paths = {"albums": "/api/albums/77{n}", "render": "/api/preview/{n}.jpg", "pricelist": "/api/prices"}
    for index in range(3):
        lines = []
        for name, path in paths.items():
            bad, well_pod = f"{where[name]}:8080", f"{good[name]}:8080"
            late = (
                "upstream timed out (110: Connection timed out) while reading response header from upstream, client: "
                f'10.244.0.7, server: _, request: "GET {path} HTTP/1.1", upstream: "http://{bad}{path}"'
            )
            lines += [L(x.age, "", nginx_error(w, x)) for x in often(41, minutes(16) - 4 * index, 1, "error", [late])]
            access = [
                f'"GET {path} HTTP/1.1" 200 {{n}} rt=30.041 upstream="{bad}, {well_pod}" us="504, 200"',
                f'"GET {path} HTTP/1.1" 200 {{n}} rt=0.038 upstream="{well_pod}" us="200"',
                f'"HEAD {path} HTTP/1.1" 200 0 rt=0.003 upstream="{bad}" us="200"',
            ]
            lines += [L(x.age, "", nginx(w, x)) for x in often(17, minutes(16) - 4 * index, 1, "info", access)]
        log(w, web, index, "plain", lines)
    for name, each in made.items():
        for index in range(3):
            said = [f"GET /{name} 200 {{n}} bytes 22ms", f"GET /{name}/etag 304 0 bytes 2ms"]
            lines = often(14, minutes(14) - 4 * index, 1, "info", said)
            if index == 2:
                to = web.pods[0]["status"]["podIP"]
                lost = f"GET /{name}/all: write tcp {where[name]}:8080->{to}:48122: i/o timeout"
                lines += often(49, minutes(14) - 4 * index, 1, "warn", [lost])
            log(w, each, index, "golang", lines)
            since = minutes(51) if index == 2 else 3600
            signal(w, "request_rate_by_pod", {"pod": each.pod(index)}, step(12, 9.4, minutes(51)), since=since)
            signal(w, "latency_p95_by_pod", {"pod": each.pod(index)}, flat(0.024), since=since)
        measured(w, each, 0.31)
        at = minutes(51)
        requests(w, name, rate=ramp(24, 28), errors=flat(0.0004), p95=flat(0.03))
        calls(w, "web", name, step(0.03, 30.0, at), step(0.0004, 0.21, at))
    requests(w, "web", rate=ramp(92, 104), errors=step(0.001, 0.008, minutes(50.5)), p95=step(0.1, 30.0, minutes(50.5)))
    for quiet in (web, orders, store):
        measured(w, quiet, 0.17)
    calls(w, "orders", "sessions", 0.001)
    machines(w, 0.38, odd={"pp-4": flat(0.09)})
    w.metrics["node_cpu_share"][3]["values"] = w.metrics["node_cpu_share"][3]["values"][-104:]
    alert(w, "PrintsSiteSlow", minutes(44), "p95 of photo-prints.example is 30 s", service="web")
