"""A database that has no core left on the day of the sale, and a node whose network agent is gone."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, hpa, node, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, redis, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Workload
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "sale-takes-all-four-cores-of-the-only-database",
    "garden-shop",
    "2026-11-27T08:44:00",
    title="The shop is slow since the sale opened: MySQL has used all its processor, and the shop's pods only wait",
    drawn_from="flash sales on one relational primary: web tiers scale, the single database is the limit",
    why="Three times the visitors ask the same fourteen questions for each page as yesterday, each of few rows and "
    "without a lock, and all of them became slow in the minute in which MySQL reached its limit of processor, on a "
    "node that it fills. The shop's pods wait at a third of what they may use and their autoscaler sees no need. More "
    "of them would only ask more at once; a second copy of a single primary is no answer, and a restart empties its "
    "buffer pool. A bigger machine, a read replica or a brake at the edge is for a person to decide.",
    expect=[Fault("StatefulSet/garden-mysql", "capacity", "page_human")],
    acceptable=[
        ("capacity", "scale_database"),
        ("resource_exhaustion", "page_human"),
        ("resource_exhaustion", "scale_database"),
        ("dependency_failure", "page_human"),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "restart_connection_pool",
        "isolate_workload",
        "no_action",
    ],
)
def sale(w: World) -> None:
    nodes(w, "gs-web-1", "gs-web-2", "gs-web-3", cpu="8", memory="32831360Ki")
    node(w, "gs-db-1")
    secret(w, "mysql-auth", ["MYSQL_ROOT_PASSWORD", "MYSQL_PASSWORD"], age=days(400))
    image, rise = "registry.garden-shop.example", minutes(43)
    args = ("--max-connections=500", "--innodb-buffer-pool-size=7G", "--slow-query-log=ON", "--long-query-time=1",
            "--slow-query-log-file=/dev/stdout")  # fmt: skip
    ping = {
        "exec": {"command": ["mysqladmin", "ping"]},
        "periodSeconds": 10,
        "failureThreshold": 3,
        "timeoutSeconds": 5,
    }
    spec = pod_spec(container("mysql", "mysql:8.4.5", port=3306, cpu=("3500m", "3500m"), memory=("10Gi", "10Gi"),
                              env_from=("secret/mysql-auth",), ready=ping, args=args,
                              mounts={"data": "/var/lib/mysql"}))  # fmt: skip
    base = statefulset(w, "garden-mysql", spec, [P(node="gs-db-1")], claim="data")
    claim(w, "data-garden-mysql-0", size="200Gi")
    service(w, "garden-mysql", port=3306, target=3306)
    cache = redis(w, "page-cache", pods=[P(node="gs-web-3")])
    env = {"DB_HOST": "garden-mysql", "CACHE_HOST": "page-cache"}
    front = well(w, "storefront", f"{image}/storefront:2026.47.2", pods=3, age=hours(16.5), env=env,
                 before=f"{image}/storefront:2026.47.1")  # fmt: skip
    cart = well(w, "cart", f"{image}/cart:5.5.0", pods=3, age=days(38), env=env)
    feed = well(w, "price-feed", f"{image}/price-feed:0.9.4", pods=1, age=days(90), env=env, talk=True)
    ingress(w, "shop", "www.garden-shop.example", [("/cart", "cart", 80), ("/", "storefront", 80)])
    hpa(w, front, low=3, high=20, now=3, used=48)
    asked = (
        ("SELECT p.id, p.name, p.price FROM products p JOIN category_products c ON c.product_id = p.id WHERE "
         "c.category_id = {n} ORDER BY c.position LIMIT 24", 24, 48),
        ("SELECT id, sku, qty FROM stock WHERE product_id IN (3811, 3812, 3817, 3820)", 4, 4),
        ("SELECT id, title, stars FROM reviews WHERE product_id = {n} ORDER BY id DESC LIMIT 10", 10, 10),
        ("INSERT INTO cart_items (cart_id, product_id, qty) VALUES ({n}, 3812, 1)", 0, 0),
        ("SELECT code, percent FROM vouchers WHERE code = 'HERBST{n}'", 1, 1),
    )  # fmt: skip
    own = [pod["status"]["podIP"] for pod in (*front.pods, *cart.pods)]
    slow = []
    for n, line in enumerate(often(7, 118, 2, "", ["{n}"])):
        text, sent, seen = asked[n % 5]
        stamp = w.at(line.age)[:-1]
        slow.append(L(line.age, "", f"# Time: {stamp}.{114210 + 7919 * n % 800000:06}Z\n"
            f"# User@Host: shop[shop] @  [{own[n % 6]}]  Id: {4121 + 13 * n}\n"
            f"# Query_time: {1.204113 + 0.31 * (n % 4):.6f}  Lock_time: 0.000004 Rows_sent: {sent}  "
            f"Rows_examined: {seen}\nSET timestamp={int(w.time(line.age).timestamp())};\n"
            + text.replace("{n}", line.text[-4:]) + ";"))  # fmt: skip
    log(w, base, 0, "plain", slow)
    for index in range(3):
        early = ["GET /c/{n} 200 121ms sql=64ms statements=14 cache=hit", "GET /p/{n} 200 98ms sql=51ms statements=9"]
        late = ["GET /c/{n} 200 4216ms sql=4159ms statements=14 cache=hit", "GET /p/{n} 200 2988ms sql=2940ms "
                "statements=9", "GET /c/{n} 200 3870ms sql=3811ms statements=14 cache=hit"]  # fmt: skip
        lines = often(90, hours(1.4), rise + 30, "info", early, "e.g.shop.Access")
        fail = ["GET /c/{n} 503 8001ms: statement cancelled due to timeout or client request"]
        lines += often(90, rise - 200, 4, "error", fail, "e.g.shop.Access")
        log(w, front, index, "logback", [*lines, *often(70, rise - 90, 1, "info", late, "e.g.shop.Access")])
    for index in range(3):
        late = ["POST /cart/{n}/items 201 2104ms sql=2071ms statements=5", "GET /cart/{n} 200 1812ms sql=1790ms "
                "statements=3"]  # fmt: skip
        lines = often(120, hours(1.4), rise + 40, "info", ["POST /cart/{n}/items 201 44ms sql=21ms statements=5"])
        log(w, cart, index, "zap", [*lines, *often(60, rise - 90, 1, "info", late)])
    log(w, cache, 0, "redis", often(400, 3400, 20, "info", ["100 changes in 300 seconds. Saving..."]))
    times = {"storefront": (41, 131, 0.15, 4.4, 0.05), "cart": (9, 29, 0.06, 2.3, 0.012)}
    for name, (before, after, was, p95, wrong) in times.items():
        requests(w, name, rate=step(before, after, rise, over=180), errors=step(0.0006, wrong, rise - 90, over=240),
                 p95=step(was, p95, rise - 30, over=240))  # fmt: skip
        calls(w, name, "garden-mysql", step(0.02, 1.9, rise - 30, over=240), step(0.0002, wrong, rise - 90, over=240))
        calls(w, name, "page-cache", 0.002)
    signal(w, "db_connections", {"component": "garden-mysql"}, step(42, 118, rise, over=300))
    exact(w, "db_max_connections", {"component": "garden-mysql"}, flat(500))
    exact(w, "db_locks_waiting", {"component": "garden-mysql"}, flat(0))
    measured(w, base, step(0.36, 0.995, rise, over=180), 0.82, step(0.01, 0.58, rise, over=180))
    measured(w, front, step(0.21, 0.34, rise))
    measured(w, cart, step(0.13, 0.22, rise))
    measured(w, cache, step(0.07, 0.16, rise), 0.5)
    measured(w, feed, 0.05)
    exact(w, "hpa_replicas", {"component": "storefront"}, flat(3))
    exact(w, "hpa_max", {"component": "storefront"}, flat(20))
    machines(w, step(0.13, 0.21, rise), 0.44, {"gs-db-1": step(0.37, 0.96, rise, over=180)})
    alert(w, "StorefrontLatencyHigh", minutes(36), "p95 of storefront is above 2 s for 5 minutes", service="storefront")


def asked(w: World, forms: Workload, lost: float) -> None:
    """Write what the forms say of their calls: the last pod reaches nobody, the others lose one call of three."""
    for index in range(3):
        born = minutes(51.5) - 9 * index
        lines = [L(born, "info", "forms 731 ready on :3000")]
        lines += often(60, born - 15, lost, "info", ["GET /apply/{n} 200 88ms", "POST /apply/{n} 303 141ms"])
        failing = [("getaddrinfo EAI_AGAIN registry-api", "EAI_AGAIN", 47)]
        if index < 2:
            lines += often(40, lost, 1, "info", ["GET /apply/{n} 200 91ms", "POST /apply/{n} 303 139ms"])
            late = "Connect Timeout Error (attempted address: {}:80, timeout: 5000ms)"
            failing = [
                (late.format(to), "UND_ERR_CONNECT_TIMEOUT", n) for to, n in (("registry-api", 70), ("fees", 110))
            ]
        for text, code, each in failing:
            fields = {"err": {"type": "TypeError", "message": f"fetch failed: {text}", "code": code}}
            ages = [line.age for line in often(each, lost - 20 * index - 10, 2, "error", [text])]
            lines += [L(age, "error", "GET /apply failed: fetch failed", fields=fields) for age in ages]
        if index == 2:
            lines += often(30, lost, 1, "info", ["GET /healthz 200 1ms"])
        log(w, forms, index, "pino", lines)


def answered(w: World, of: Workload, path: str, lost: float) -> None:
    """Write what a service behind the forms says; its last pod has neither names nor a database."""
    for index in range(2):
        log(w, of, index, "zap", often(27, minutes(45), 1, "info", [f"GET {path} 200 14ms"]))
    here = of.pods[2]["status"]["podIP"]
    text = f"pool: lookup permits-pg on 10.96.0.10:53: read udp {here}:4{{n}}->10.96.0.10:53: i/o timeout"
    lines = often(40, minutes(45), lost, "info", [f"GET {path} 200 13ms"])
    lines += often(55, lost - 20, 2, "error", [text.replace(":4{n}", f":4{lost:.0f}")])
    log(w, of, 2, "zap", [*lines, *often(30, lost, 1, "info", ["GET /healthz 200 0ms"])])


def by_pod(w: World, of: Workload, rate: float, others: float, lost: float, born: float = 3600) -> None:
    """Add each pod's figures; ``others`` is the share that fails in pods on sound nodes."""
    for index, pod in enumerate(of.pods):
        labels, cut, since = {"pod": pod["metadata"]["name"]}, index == 2, born - 9 * index
        bad = step(0.001, 1.0 if cut else others, lost, over=60)
        signal(w, "request_rate_by_pod", labels, flat(rate), since=since)
        signal(w, "error_ratio_by_pod", labels, bad, since=since, noise=0 if cut else 0.05)
        signal(w, "network_receive", labels, step(63_000, 310, lost) if cut else flat(64_000), since=since)


@case(
    "network-agent-of-one-node-is-down-and-its-pods-are-islands",
    "permits",
    "2026-07-02T09:33:00",
    title="A third of all calls time out: what runs on one node is reached by nobody since Calico went down there",
    drawn_from="a calico-node that stops: its routes are withdrawn from the peers, the kubelet on the node stays Ready",
    why="All that fails is to or from the pods on pm-3, of three services and in both directions, names and database "
    "included, since the minute in which the node says NetworkUnavailable because Calico is down. The kubelet reaches "
    "its own pods, so they stay Ready and go on getting their share. Siblings of the same templates on other nodes "
    "are well, those of the release of half an hour earlier too. A person has to drain the node or bring its agent "
    "back.",
    expect=[Fault("Node/pm-3", "network_fault", "page_human")],
    acceptable=[("network_fault", "page_human", "*"), ("dependency_failure", "page_human")],
    tolerated=["restart_workload"],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "isolate_workload",
        "no_action",
    ],
)
def islands(w: World) -> None:
    lost = minutes(21)
    up = {"NetworkUnavailable": ("False", "CalicoIsUp", "Calico is running on this node")}
    nodes(w, "pm-1", "pm-2", conditions=up)
    down = {"NetworkUnavailable": ("True", "CalicoIsDown", "Calico is shutting down on this node")}
    node(w, "pm-3", conditions=down, since=lost, taints=("node.kubernetes.io/network-unavailable:NoSchedule",))
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(350))
    base = postgres(w, "permits-pg", image="postgres:16.9")
    image, env = "registry.permits.example", {"DATABASE_HOST": "permits-pg"}
    people = well(w, "registry-api", f"{image}/registry-api:4.0.9", pods=3, age=days(29), env=env)
    links = {"REGISTRY_URL": "http://registry-api", "FEES_URL": "http://fees"}
    forms = well(w, "forms", f"{image}/forms:731", pods=3, age=minutes(52), before=f"{image}/forms:730", port=3000,
                 env=links)  # fmt: skip
    fees = well(w, "fees", f"{image}/fees:2.2.0", pods=3, age=days(64), env=env)
    maps = well(w, "parcels", f"{image}/parcels:1.16", pods=2, age=days(8), talk=True)
    ingress(w, "permits", "permits.city.example", [("/", "forms", 80), ("/parcels", "parcels", 80)])
    asked(w, forms, lost)
    answered(w, people, "/people/{n}", lost)
    answered(w, fees, "/fees/{n}", lost)
    cut = often(40, lost - 620, lost - 780, "log", ["could not receive data from client: Connection timed out"])
    log(w, base, 0, "postgres", [*often(300, 3500, 9, "log", ["checkpoint starting: time"]), *cut])
    by_pod(w, forms, 5.1, 0.29, lost, minutes(51))
    by_pod(w, people, 7.4, 0.001, lost)
    by_pod(w, fees, 3.3, 0.001, lost)
    third, slow = step(0.001, 0.34, lost, over=60), step(0.03, 5.0, lost)
    requests(w, "forms", rate=flat(15), errors=step(0.001, 0.52, lost, over=60), p95=step(0.17, 5.0, lost))
    requests(w, "registry-api", rate=flat(22), errors=third, p95=slow)
    requests(w, "fees", rate=flat(10), errors=third, p95=slow)
    requests(w, "parcels", rate=flat(4), errors=flat(0.0005), p95=flat(0.09))
    calls(w, "forms", "registry-api", slow, third)
    calls(w, "forms", "fees", slow, third)
    for of in (base, people, forms, fees, maps):
        measured(w, of, 0.13)
    machines(w, 0.2)
    alert(w, "FormsErrorRatioHigh", minutes(16), "more than 30% of requests to forms fail", service="forms")
