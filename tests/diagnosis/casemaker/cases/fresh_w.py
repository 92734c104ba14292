"""What the databases and caches of ordinary months bring: entries that end together, a password of three days ago."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import machines, measured
from tests.diagnosis.casemaker.jobs import job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, redis, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import Shape, flat, ramp, requests, signal
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

BURSTS = (95, 695, 1296, 1897, 2497, 3097)
"""When (seconds ago) all entries of the cache ended."""


def bursts(low: float, high: float, lasts: float = 75) -> Shape:
    """Be high for a while after each end of the entries, and low else."""
    return lambda age: high if any(start - lasts < age <= start for start in BURSTS) else low


@case(
    "entries-of-one-age-end-together-every-ten-minutes",
    "outdoor-shop",
    "2026-11-09T20:18:10",
    title="The shop is slow for a minute every ten minutes, since all entries of its cache end in the same moment",
    drawn_from="thundering herds after a release that wrote all cache entries with one time to live and no spread",
    why="Load and latency come in bursts ten minutes apart, from the start of the pods whose template cut the time to "
    "live to 600 s and dropped the spread; between them all is well. The stock import runs at other minutes and takes "
    "three seconds, the search was released when three bursts had been already, and users come as ever.",
    expect=[Fault("Deployment/catalog", "configuration_error", "rollback_workload")],
    acceptable=[
        (cause, "rollback_workload")
        for cause in ("code_defect", "resource_exhaustion", "database_connection", "capacity")
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "restart_connection_pool",
        {"remedy": "rollback_workload", "target": "Deployment/search"},
    ],
)
def same_age(w: World) -> None:
    nodes(w, "od-1", "od-2", "od-3", cpu="8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(260))
    base, cache = postgres(w, "catalog-db", image="postgres:16.8"), redis(w, "catalog-cache")
    image, common = "registry.outdoor.example", {"DB_HOST": "catalog-db", "REDIS_ADDR": "catalog-cache:6379"}
    olds = common | {"CACHE_TTL_SECONDS": "3600", "CACHE_TTL_SPREAD_SECONDS": "900", "HIKARI_MAX_POOL": "20"}
    news = common | {"CACHE_TTL_SECONDS": "600", "HIKARI_MAX_POOL": "20"}
    specs = [
        pod_spec(container("catalog", f"{image}/catalog:{v}", env=env, memory=("1Gi", "1Gi"), cpu=("500m", "2")))
        for v, env in (("5.11.3", olds), ("5.12.0", news))
    ]
    cause = "SHOP-4410 fresher prices before Black Week"
    catalog = deployment(w, "catalog", [Rev(specs[0], days(17)), Rev(specs[1], minutes(52), cause=cause)], 3)
    service(w, "catalog")
    search = well(w, "search", f"{image}/search:88", age=minutes(26), before=f"{image}/search:87", env={"LANG": "C"})
    shop = well(w, "shopfront", f"{image}/shopfront:3.40.2", pods=3, age=days(6), env={"CATALOG": "http://catalog"})
    ingress(w, "shop", "shop.outdoor.example", [("/", "shopfront", 80)])
    spec = pod_spec(container("import", f"{image}/stock-import:2.2", port=0, ready=None, env=common))
    done = terminated(0, "Completed", started=487, finished=484)
    pod = P(age=490, phase="Succeeded", state=done, ready=False, unready=484)
    run = job(w, "stock-import-29709850", spec, age=490, pods=[pod], cron="stock-import", schedule="*/10 * * * *")
    cron = next(obj for obj in w.objects if obj["kind"] == "CronJob")
    cron["status"]["lastSuccessfulTime"] = w.at(484)
    log(w, run, 0, "python", [L(486, "info", "feed of warehouse 3: 612 changed", "stock"),
                              L(485, "info", "612 rows upserted in 1.9s", "stock")])  # fmt: skip
    who = "n.o.catalog.cache.ProductCache"
    for index in range(3):
        lines = [L(3098 - 6 * index, "info", "catalog 5.12.0 started, cache ttl=600s spread=0s", "n.o.catalog.App")]
        lines += [L(3096 - 5 * index, "info", "warm-up wrote 41872 entries in 4s", who)] if not index else []
        lines += often(50, 3080, 5, "info", ["GET /products/{n} 200 9ms hit", "GET /categories/tents 200 6ms hit"])
        for start in BURSTS[:-1]:
            slow = [
                "GET /products/{n} 200 4120ms miss",
                "GET /categories/boots 200 6377ms miss",
                "GET /products/{n} 200 3508ms miss",
            ]
            lines += often(9, start - index, start - 70, "info", slow)
            text = (
                "HikariPool-1 - Connection is not available, request timed out after 5000ms "
                "(total=20, active=20, idle=0, waiting=143)"
            )
            lines += [L(start - 14 - 11 * n, "error", text, "n.o.catalog.web.Errors") for n in range(3 - index)]
        log(w, catalog, index, "logback", lines)
        late = ["GET /p/{n} 504 catalog: timeout of 6000ms exceeded", "GET /c/boots 200 6590ms"]
        told = often(60, 3500 - 17 * index, 3, "info", ["GET /p/{n} 200 44ms", "GET / 200 21ms"])
        for start in BURSTS[:-1]:
            told += often(12, start - 8 - index, start - 70, "warn", late)
        log(w, shop, index, "pino", told)
    log(w, search, 0, "logfmt", often(21, 1500, 3, "info", ["GET /search?q=zelt 200 31ms", "suggest 200 4ms"]))
    said = often(300, 3400, 20, "log", ["checkpoint starting: time"])
    select = "select p.*, v.* from products p left join variants v on v.product_id = p.id where p.id = $1"
    for start in BURSTS:
        said += [L(start - 22 - 9 * n, "log", f"duration: {2304 + 311 * n}.118 ms  execute S_3: {select}",
                   "catalog@catalog") for n in range(5)]  # fmt: skip
    log(w, base, 0, "postgres", said)
    tell = [f"{n} changes in 60 seconds. Saving..." for n in (10000, 10412)]
    log(w, cache, 0, "redis", often(420, 3300, 30, "info", tell))
    requests(w, "shopfront", rate=flat(71), errors=bursts(0.001, 0.16), p95=bursts(0.19, 6.1))
    requests(w, "catalog", rate=flat(143), errors=bursts(0.0004, 0.11), p95=bursts(0.03, 5.4))
    measured(w, catalog, bursts(0.16, 0.58), 0.6)
    measured(w, shop, 0.2)
    measured(w, base, bursts(0.09, 0.98), 0.5)
    measured(w, cache, bursts(0.07, 0.12), 0.44)
    signal(w, "db_connections", {"component": "catalog-db"}, bursts(27, 64))
    for name, value in (("cache_up", 1), ("cache_memory_share", 0.52), ("cache_evictions", 0)):
        signal(w, name, {"component": "catalog-cache"}, flat(value), noise=0)
    machines(w, bursts(0.24, 0.41))
    alert(w, "ShopSlowRequests", 40, "p95 of shop.outdoor.example above 2 s (5th time in an hour)", service="shopfront")


def refusals(w: World, broker: Workload, of: Workload, well_known: Sequence[Mapping[str, Any]]) -> None:
    """Write the broker's log since its start: who logs in once, and who is refused again and again."""
    here = f"{broker.pods[0]['status']['podIP']}:5672"
    said = [L(minutes(37.6), "info", "Server startup complete; 1 plugins started.\n * rabbitmq_prometheus")]
    for pod in well_known:
        text = f"connection <0.812.0> ({pod['status']['podIP']}:40118 -> {here}): user 'photoprint' authenticated "
        said.append(L(minutes(37.1), "info", f"{text}and granted access to vhost 'print'"))
    for number, age in enumerate(range(int(minutes(37.2)), 4, -45)):
        place = f"{of.pods[number % 3]['status']['podIP']}:{41000 + 7 * number} -> {here}"
        text = f"Error on AMQP connection <0.{1400 + 9 * number}.0> ({place}, state: starting):\nPLAIN login "
        said.append(L(age, "error", f"{text}refused: user 'photoprint' - invalid credentials"))
    log(w, broker, 0, "rabbitmq", said)


@case(
    "broker-moved-and-asks-for-the-password-of-monday",
    "photo-print",
    "2026-11-19T13:06:00",
    title="Prints wait: since the broker moved it refuses the renderers, whose password is of last week",
    drawn_from="a rotated broker password that long-lived connections never had to show, until the broker restarts",
    why="The Secret changed three days ago; the renderers read it when they started, nineteen days ago, and kept their "
    "connections until the drain. Thumbnails (started yesterday) and checkout (reads a file) log in as the same user.",
    expect=[Fault("Deployment/render-worker", "configuration_error", "restart_workload")],
    acceptable=[
        ("database_connection", "restart_workload"),
        ("dependency_failure", "restart_workload"),
        ("service_crash", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "switch_traffic",
        {"remedy": "restart_workload", "target": "StatefulSet/rabbitmq"},
    ],
)
def old_password(w: World) -> None:
    nodes(w, "pp-1", "pp-2")
    nodes(w, "pp-3", unschedulable=True, taints=["node.kubernetes.io/unschedulable:NoSchedule"], since=minutes(39))
    secret(w, "rabbitmq-app", ["RABBITMQ_USER", "RABBITMQ_PASSWORD"], age=days(300), changed=days(3) + hours(4))
    spec = pod_spec(container("rabbitmq", "rabbitmq:3.13.7-management", port=5672, memory=("1Gi", "2Gi"),
                    ready={"exec": {"command": ["rabbitmq-diagnostics", "-q", "check_port_connectivity"]},
                           "periodSeconds": 20, "timeoutSeconds": 15, "failureThreshold": 3}))  # fmt: skip
    broker = statefulset(w, "rabbitmq", spec, [P(age=minutes(38), node="pp-1")], claim="data")
    claim(w, "data-rabbitmq-0")
    service(w, "rabbitmq", port=5672, target=5672, headless=True)
    image, source = "registry.photo.example", ("secret/rabbitmq-app",)
    spec = pod_spec(container("worker", f"{image}/render-worker:6.3.0", env_from=source, memory=("1Gi", "2Gi"),
                    cpu=("1", "2"), env={"AMQP_HOST": "rabbitmq", "PREFETCH": "4"}))  # fmt: skip
    pods = [P(age=days(19) - 40 * n, node=f"pp-{1 + n % 2}") for n in range(3)]
    render = deployment(w, "render-worker", [Rev(spec, days(19))], pods)
    specs = [
        pod_spec(container("thumbs", f"{image}/thumb-worker:2.0.{v}", env_from=source, env={"AMQP_HOST": "rabbitmq"}))
        for v in (7, 8)
    ]
    pods = [P(age=hours(26) - 30 * n, node=f"pp-{1 + n}") for n in range(2)]
    thumbs = deployment(w, "thumb-worker", [Rev(specs[0], days(50)), Rev(specs[1], hours(26))], pods)
    inner = container("checkout", f"{image}/checkout:41.0", mounts={"amqp": "/etc/amqp"},
                      env={"AMQP_PASSWORD_FILE": "/etc/amqp/RABBITMQ_PASSWORD"})  # fmt: skip
    spec = pod_spec(inner, volumes={"amqp": "secret/rabbitmq-app"})
    pods = [P(age=days(11) - 30 * n, node=f"pp-{1 + n}") for n in range(2)]
    checkout = deployment(w, "checkout", [Rev(spec, days(11))], pods)
    service(w, "checkout")
    spec = pod_spec(container("storefront", f"{image}/storefront:118"))
    shop = deployment(w, "storefront", [Rev(spec, days(44))], [P(node="pp-2"), P(age=minutes(38.4), node="pp-1")])
    service(w, "storefront")
    log(w, shop, 1, "logfmt", often(25, 600, 2, "info", ["GET / 200 31ms", "GET /albums/{n} 200 54ms"]))
    ingress(w, "photo", "print.photo.example", [("/", "storefront", 80), ("/checkout", "checkout", 80)])
    refused = (
        "amqp connect failed, retry in 120s: Handshake terminated by server: 403 (ACCESS-REFUSED) with message "
        '"ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile."'
    )
    closed = 'Error: Connection closed: 320 (CONNECTION-FORCED) with message "CONNECTION_FORCED - broker forced '
    closed += "connection closure with reason 'shutdown'\""
    down = minutes(38.6)
    for index in range(3):
        fine = often(30, 3590, down + 3, "info", ["job {n} rendered in 3.1s", "job {n} rendered in 2.7s"])
        away = L(down - 4, "warn", "amqp connect failed, retry in 60s: getaddrinfo ENOTFOUND rabbitmq")
        lines = [*fine[-25:], L(down, "error", closed), away]
        log(w, render, index, "pino", [*lines, *often(120, minutes(37.3) - 40 * index, 2, "error", [refused])])
    for index in range(2):
        fine = often(40, 3590, down + 3, "info", ["thumbs of {n} done"])
        back = L(minutes(37.2) - index, "info", "amqp connected as photoprint, consuming thumbs")
        rest = often(24, minutes(37), 2, "info", ["thumbs of {n} done"])
        log(w, thumbs, index, "pino", [*fine[-10:], L(down, "error", closed), back, *rest])
        text = "amqp: connection lost (CONNECTION_FORCED), publishing to local outbox"
        lines = [L(down, "warn", text), L(minutes(37.1), "info", "amqp: reconnected, outbox of 6 flushed")]
        lines += often(28, minutes(36), 2, "info", ["order {n} placed, job published"])
        log(w, checkout, index, "zap", lines)
    refusals(w, broker, render, [*thumbs.pods, *checkout.pods])
    signal(w, "queue_depth", {"component": "rabbitmq"}, ramp(3, 1120, minutes(38)), noise=0.01)
    requests(w, "storefront", rate=flat(18), errors=flat(0.001), p95=flat(0.2))
    requests(w, "checkout", rate=flat(2.1), errors=flat(0.0008), p95=flat(0.31))
    alert(w, "PrintJobsWaiting", minutes(22), "oldest print job waits for more than 15 minutes", queue="render")
