"""Queues and a planner of queries: more consumers than partitions, a prefetch without end, figures of yesterday."""

from __future__ import annotations

from functools import partial

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import restarting
from tests.diagnosis.casemaker.jobs import job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import digest, fraction
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.pods import P, oom, running, suffix, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "twice-as-many-readers-as-partitions",
    "smart-meter",
    "2026-01-19T18:52:00",
    title="Readings pile up though the readers were doubled; the topic has six partitions and six readers sit idle",
    drawn_from="consumer lag that no scaling cures: members of a group without a partition",
    why="Since the gateways of another region report, each of the six readers with a partition is at its limit of CPU; "
    "the six that were added half an hour ago are assigned none and do nothing. More partitions or faster readers "
    "are a person's work.",
    expect=[Fault("Deployment/ingest", "capacity", "page_human")],
    acceptable=[
        ("capacity", "page_human", "StatefulSet/kafka"),
        ("configuration_error", "page_human", "StatefulSet/kafka"),
        ("configuration_error", "page_human"),
        ("resource_exhaustion", "page_human"),
    ],
    forbidden=["scale_workload", "restart_workload", "rollback_workload", "no_action", "scale_database"],
)
def partitions(w: World) -> None:
    nodes(w, "sm-1", "sm-2", "sm-3", "sm-4", cpu="8")
    spec = pod_spec(container("kafka", "quay.io/strimzi/kafka:0.45.0-kafka-3.9.0", port=9092, cpu=("1", "4"),
                              memory=("4Gi", "4Gi"), ready={"tcpSocket": {"port": 9092}}))  # fmt: skip
    broker = statefulset(w, "kafka", spec, 3, claim="data")
    for index in range(3):
        claim(w, f"data-kafka-{index}", size="500Gi")
    service(w, "kafka", port=9092, target=9092, headless=True)
    image, env = "cr.smart-meter.example", {"KAFKA_BOOTSTRAP": "kafka:9092", "GROUP_ID": "ingest"}
    spec = pod_spec(container("ingest", f"{image}/ingest:2.30.1", env=env, cpu=("500m", "1"), memory=("768Mi", "1Gi")))
    since = minutes(28)
    pods = [P(age=days(15) + n) for n in range(6)] + [P(age=since) for _ in range(6)]
    top = deployment(w, "ingest", [Rev(spec, days(44))], pods, scaled=since)
    gate = well(w, "mqtt-bridge", f"{image}/mqtt-bridge:1.12.0", pods=3, age=days(30), env=env)
    tidy = well(w, "tariffs", f"{image}/tariffs:340", age=minutes(50), before=f"{image}/tariffs:339")
    base = postgres(w, "readings-db", image="timescale/timescaledb:2.17.2-pg16")
    assigned = "[Consumer clientId=consumer-ingest-1, groupId=ingest] "
    where = "o.a.k.c.c.internals.ConsumerRebalanceListenerInvoker"
    for index in range(12):
        told = [L(since - 31, "info", f"{assigned}Successfully joined group with generation Generation{{"
                  f"generationId=412, memberId='consumer-ingest-1-{digest(index)[:8]}', protocol='range'}}",
                  "o.a.k.c.c.internals.ConsumerCoordinator")]  # fmt: skip
        name = f"meter.readings-{index}" if index < 6 else ""
        told.append(L(since - 32, "info", f"{assigned}Adding newly assigned partitions: {name}", where))
        if index < 6:
            texts = ["stored 500 readings in 611 ms (decode 480 ms, copy 122 ms)", "stored 500 readings in 590 ms "
                     "(decode 467 ms, copy 114 ms)"]  # fmt: skip
            told += often(21, since - 40 - 3 * index, 1, "info", texts, "e.s.ingest.BatchWriter")
        log(w, top, index, "logback", told)
    for index in range(3):
        told = [
            L(age, "info", f"published={int(much * (0.96 + 0.08 * fraction(age, index)))} last_minute region={region}",
              "bridge/stats.go:31")
            for age in range(3240 - 7 * index, 2, -120)
            for region, much in (("north", 48_000), ("east", 100_000))
            if region == "north" or age < minutes(50)
        ]  # fmt: skip
        log(w, gate, index, "zap", told)
        text = "[GroupCoordinator {}]: Stabilized group ingest generation 412 (__consumer_offsets-31) with 12 members"
        lines = [L(since - 30, "info", text.format(index), "kafka.coordinator.group.GroupCoordinator")]
        if index != 1:
            lines = [L(2200, "info", f"[LocalLog partition=meter.readings-{index}, dir=/var/lib/kafka/data] Rolled "
                       "new log segment at offset 88120774 in 3 ms.", "kafka.log.LocalLog")]  # fmt: skip
        log(w, broker, index, "kafka", lines)
    log(w, tidy, 0, "logfmt", often(31, 1500, 2, "info", ["GET /tariffs 200 6ms"]))
    begun = minutes(51)
    signal(w, "queue_depth", {"component": "kafka", "queue": "ingest/meter.readings"}, ramp(2100, 7_450_000, begun, 0))
    busy = {n: {"cpu_share": step(0.41, 0.985, begun) if n < 6 else flat(0.012),
                "throttled_share": step(0.01, 0.62, begun) if n < 6 else flat(0.0)} for n in range(12)}  # fmt: skip
    measured(w, top, 0.4, 0.55, pods=busy)
    measured(w, broker, step(0.12, 0.2, begun), 0.7)
    measured(w, gate, step(0.14, 0.38, begun), 0.4)
    measured(w, tidy)
    measured(w, base, step(0.2, 0.34, begun), 0.6)
    signal(w, "network_receive", {"pod": gate.pod(0)}, step(410_000, 1_190_000, begun))
    calls(w, "ingest", "readings-db", 0.12)
    machines(w, step(0.28, 0.44, begun))
    alert(w, "ConsumerGroupLag", minutes(39), "group ingest is 15 minutes behind and grows", consumergroup="ingest",
          severity="warning")  # fmt: skip


Lives = list[tuple[float, float]]


def lives(first: float, lasts: float) -> Lives:
    """Return when a container ran (ages) that dies after so many seconds each time, the kubelet waiting longer each."""
    made, wait = [(first, first - lasts)], 0
    while (begun := made[-1][1] - wait) > 5:
        made.append((begun, begun - lasts))
        wait = min(300, 2 * wait or 10)
    return made


def grown(runs: Lives, age: float) -> float:
    """Return the memory of such a container as a share of its limit, nothing while it does not run."""
    return next((0.07 + 0.92 * (a - age) / (a - b) for a, b in runs if b < age <= a), 0.0)


@case(
    "worker-without-a-prefetch-takes-the-whole-backlog",
    "photo-books",
    "2026-12-08T07:44:00",
    title="Workers of a release die of memory one after another; they take all that waits in the queue at once",
    drawn_from="basic.qos left out: a consumer without a limit of unacknowledged messages meets a backlog of the night",
    why="The release lost AMQP_PREFETCH, which the sister worker on the same broker still has. The backlog fell all "
    "night and stands still since; each new worker is full within a minute, those before held a third of the limit.",
    expect=[Fault("Deployment/composer", "configuration_error", "rollback_workload")],
    acceptable=[
        ("resource_exhaustion", "rollback_workload"),
        ("code_defect", "rollback_workload"),
        ("service_crash", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "scale_database",
        "no_action",
        {"remedy": "rollback_workload", "target": "Deployment/editor"},
    ],
)
def prefetch(w: World) -> None:
    nodes(w, "pb-1", "pb-2", "pb-3", cpu="8")
    spec = pod_spec(container("rabbitmq", "rabbitmq:3.13.7-management", port=5672, cpu=("500m", "2"),
                              memory=("2Gi", "3Gi"), ready={"tcpSocket": {"port": 5672}}))  # fmt: skip
    rabbit = statefulset(w, "rabbitmq", spec, claim="data")
    claim(w, "data-rabbitmq-0", size="50Gi")
    service(w, "rabbitmq", port=5672, target=5672, headless=True)
    image, at = "registry.photo-books.example", minutes(35)
    env = {"AMQP_HOST": "rabbitmq", "AMQP_QUEUE": "compose"}
    specs = [pod_spec(container("composer", f"{image}/composer:{tag}", port=0, ready=None, cpu=("500m", "2"),
             memory=("1Gi", "1536Mi"), env=env | more))
             for tag, more in (("5.12.0", {"AMQP_PREFETCH": "8"}), ("5.13.0", {"AMQP_HEARTBEAT": "30"}))]  # fmt: skip
    runs = [lives(at - 3 - 9 * n, 58 + 9 * n) for n in range(4)]
    pods = [P(restarts=len(each) - 1, last=oom(started=each[-2][0], finished=each[-2][1]), state=running(each[-1][0]))
            if each[-1][1] < 0 else P(restarts=len(each) - 1, backoff="5m0s", unready=each[-1][1],
                                      last=oom(started=each[-1][0], finished=each[-1][1]))
            for each in runs]  # fmt: skip
    made = deployment(w, "composer", [Rev(specs[0], days(23)), Rev(specs[1], at)], pods)
    thumbs = well(w, "thumbs", f"{image}/thumbs:3.0.4", pods=3, age=days(51),
                  env={"AMQP_HOST": "rabbitmq", "AMQP_QUEUE": "thumbs", "AMQP_PREFETCH": "16"})  # fmt: skip
    edit = well(w, "editor", f"{image}/editor:812", pods=3, age=minutes(53), before=f"{image}/editor:811")
    shop = well(w, "order-api", f"{image}/order-api:7.7.0", pods=2, age=days(12))
    ingress(w, "books", "books.example", [("/", "editor", 80), ("/api", "order-api", 80)])
    for index, each in enumerate(runs):
        labels = {"pod": made.pod(index), "container": "composer"}
        restarting(w, made.pods[index], first=minutes(31), last=15 + 13 * index, count=60 + index)
        filled = partial(grown, each)
        for name, shape in (("memory_share", filled), ("cpu_share", lambda age: 0.6 if filled(age) else 0)):  # noqa: B023
            signal(w, name, labels, shape, since=each[0][0])
            rows = w.metrics[name][-1]
            rows["values"] = [one for one in rows["values"] if float(one[1])]
        exact(w, "restarts", labels, lambda age: sum(age < x for x, _ in each[1:]), since=each[0][0])  # noqa: B023
        before = made.sets[0]["metadata"]["name"]
        old, gone = (
            {"pod": f"{before}-{suffix(before, 'old', 4 - index)}", "container": "composer"},
            at - 20 * (index + 1),
        )
        signal(w, "memory_share", old, flat(0.31 + 0.02 * index), until=gone)
        signal(w, "cpu_share", old, flat(0.72), until=gone, noise=0.06)
        exact(w, "restarts", old, flat(0), until=gone)
    exact(w, "replicas_wanted", {"component": "composer"}, flat(4))
    exact(w, "replicas_available", {"component": "composer"},
          lambda age: sum(grown(each, age) > 0 for each in runs) if age < at - 90 else 4)  # fmt: skip
    waiting = ramp(61_400, 38_900, 3600, at)
    signal(w, "queue_depth", {"component": "rabbitmq", "queue": "compose"},
           lambda age: waiting(age) if age > at else 38_900 + (at - age) * 1.1)  # fmt: skip
    signal(w, "queue_depth", {"component": "rabbitmq", "queue": "thumbs"}, flat(7), noise=0.6)
    measured(w, rabbit, 0.22, 0.48)
    measured(w, thumbs, 0.4)
    measured(w, edit, 0.26)
    measured(w, shop)
    requests(w, "editor", rate=flat(71), errors=flat(0.0008), p95=flat(0.21))
    requests(w, "order-api", rate=flat(12), errors=flat(0.0006), p95=flat(0.16))
    machines(w, step(0.41, 0.24, at))
    alert(w, "BooksNotComposedInTime", minutes(16), "oldest order that waits for its book: 9 h 40 min", queue="compose")
    taken(w, ("objects", True, ""), ("logs", False, "forbidden"), ("prometheus", True, ""))


PLAN = """\
duration: {ms}.402 ms  plan:
\tQuery Text: SELECT o.id, o.price, s.qty FROM offers o JOIN stock s ON s.offer_id = o.id WHERE o.season_id = $1 ORDER \
BY o.rank LIMIT 48
\tLimit  (cost=16.91..16.92 rows=1 width=28) (actual time={ms}.370..{ms}.381 rows=48 loops=1)
\t  ->  Sort  (cost=16.91..16.92 rows=1 width=28) (actual time={ms}.369..{ms}.374 rows=48 loops=1)
\t        ->  Nested Loop  (cost=0.86..16.90 rows=1 width=28) (actual time=0.071..{ms}.102 rows=391244 loops=1)
\t              ->  Index Scan using offers_season_id_idx on offers o  (cost=0.43..8.45 rows=1 width=20) (actual \
time=0.038..911.240 rows=412093 loops=1)"""


@case(
    "planner-counts-on-one-row-where-a-season-was-loaded",
    "fashion-outlet",
    "2026-02-25T05:58:00",
    title="Search takes seconds and the database all its CPU; a season was loaded in bulk and never analysed",
    drawn_from="stale statistics after a bulk load: estimated rows=1, actual rows=412093, a nested loop for each page",
    why="The database is at its limit since a load ended, not since a release: the search's is three hours old, the "
    "storefront's came later. Plans expect one row of a season and find 412,093; the load switched autovacuum off.",
    expect=[Fault("StatefulSet/outlet-db", "resource_exhaustion", "page_human")],
    acceptable=[
        *((cause, "page_human") for cause in ("dependency_failure", "capacity", "configuration_error")),
        ("database_connection", "page_human"),
        ("configuration_error", "page_human", "Job/season-load-ss26"),
        ("code_defect", "page_human", "Job/season-load-ss26"),
        ("resource_exhaustion", "page_human", "Job/season-load-ss26"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def statistics(w: World) -> None:
    nodes(w, "fo-1", "fo-2", "fo-3", cpu="8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    base = postgres(w, "outlet-db", image="postgres:16.6")
    image, env, at = "registry.outlet.example", {"PGHOST": "outlet-db", "PGPOOL": "15"}, minutes(37)
    find = well(w, "search-api", f"{image}/search-api:5.20.0", pods=3, age=hours(3), env=env,
                before=f"{image}/search-api:5.19.2")  # fmt: skip
    front = well(w, "storefront", f"{image}/storefront:1204", pods=3, age=minutes(25),
                 before=f"{image}/storefront:1203", env={"SEARCH_URL": "http://search-api"})  # fmt: skip
    carts = well(w, "carts", f"{image}/carts:2.8.8", pods=2, age=days(29), env=env)
    pics = well(w, "image-resizer", f"{image}/image-resizer:44", pods=2, age=days(90), talk=True)
    ingress(w, "outlet", "outlet.example", [("/", "storefront", 80)])
    spec = pod_spec(container("load", f"{image}/season-loader:0.9.3", port=0, ready=None,
                              args=("--season", "SS26", "--fast")))  # fmt: skip
    done = terminated(0, "Completed", started=minutes(44), finished=at)
    run = job(w, "season-load-ss26", spec, age=minutes(44.2), pods=[P(age=minutes(44.2), phase="Succeeded", state=done,
                                                                     ready=False, unready=at)])  # fmt: skip
    lines = [
        L(minutes(43.9), "info", "ALTER TABLE offers SET (autovacuum_enabled = false)", "loader.fast"),
        *(
            L(minutes(43) - 82 * n, "info", f"offers: copied {n * 103_000 + 103_093} rows", "loader.copy")
            for n in range(4)
        ),
        L(at + 20, "info", "stock: copied 412093 rows", "loader.copy"),
        L(at + 1, "info", "season SS26 switched to visible, done in 417 s", "loader"),
    ]
    log(w, run, 0, "python", lines)
    said: list[L] = [L(3300, "log", "checkpoint starting: time"), L(minutes(41), "log", "checkpoints are occurring too "
                     "frequently (22 seconds apart)")]  # fmt: skip
    said += [L(x.age, "log", PLAN.format(ms=5100 + int(x.age) % 2900), "app@outlet") for x in often(
        47, at - 40, 3, "log", ["plan"])]  # fmt: skip
    log(w, base, 0, "postgres", said)
    for index in range(3):
        text = ["GET /search?season=SS26 200 6204ms", "GET /search?season=SS26 500 query canceled: timeout acquiring "
                "connection from pool (8s)", "GET /search?q=boots 200 2911ms"]  # fmt: skip
        log(w, find, index, "zap", often(11, minutes(15) - 4 * index, 1, "info", text, "search/http.go:71"))
        text = ["GET /sale/ss26 504 search timed out after 8000ms", "GET / 200 212ms", "GET /sale/ss26 200 6422ms"]
        start = L(minutes(24.7) - 15 * index, "info", "storefront 1204 ready")
        log(w, front, index, "pino", [start, *often(12, minutes(14), 1, "info", text)])
    for index in range(2):
        log(w, carts, index, "golang", often(24, 1800, 1, "", ["cart {n} saved in 640ms", "cart {n} read in 310ms"]))
    requests(w, "storefront", rate=flat(64), errors=step(0.001, 0.17, at, over=180), p95=step(0.3, 7.9, at, over=180))
    requests(w, "search-api", rate=flat(31), errors=step(0.0008, 0.29, at, over=180), p95=step(0.08, 7.4, at, over=180))
    requests(w, "carts", rate=flat(9), errors=flat(0.002), p95=step(0.03, 0.7, at, over=180))
    measured(w, base, step(0.21, 0.992, at, over=150), 0.7, step(0.004, 0.83, at, over=150))
    for top, cpu in ((find, 0.12), (front, 0.2), (carts, 0.1), (pics, 0.2)):
        measured(w, top, cpu)
    calls(w, "search-api", "outlet-db", step(0.05, 6.9, at, over=180), step(0.0002, 0.27, at, over=180))
    calls(w, "carts", "outlet-db", step(0.008, 0.6, at, over=180))
    signal(w, "db_connections", {"component": "outlet-db"}, step(31, 77, at, over=120))
    exact(w, "db_max_connections", {"component": "outlet-db"}, flat(200))
    exact(w, "db_locks_waiting", {"component": "outlet-db"}, flat(0))
    signal(w, "db_transaction_age", {"component": "outlet-db"}, step(0.4, 7.8, at), noise=0.1)
    rows = [session(pod["status"]["podIP"], "Deployment/search-api", "active", 15, age=5, query="SELECT o.id")
            for pod in find.pods] + [session(pod["status"]["podIP"], "Deployment/carts", "idle", 14, age=20)
            for pod in carts.pods]  # fmt: skip
    sessions(w, "StatefulSet/outlet-db", 200, rows)
    machines(w, step(0.22, 0.4, at))
    alert(w, "StorefrontSlowBurn", minutes(28), "error budget of the storefront burns 14 times too fast",
          service="storefront")  # fmt: skip
