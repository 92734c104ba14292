"""A disk stood still for seconds: the tries of one caller that set out then keep down who is well since."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Answer, Holds, no
from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.scenes import CALLS_CART, CART, DB, IMAGE, SHOP, URL, latency, rate
from tests.diagnosis.rules.test_retry_storm__after_trouble import GO, JAVA, PYTHON, SINCE, echo, spent, storm, tries
from tests.diagnosis.rules.test_retry_storm__left_a_moment import GRPC, SPRING, caller
from tests.diagnosis.rules.test_retry_storm__tries_otherwise import AT_ONCE
from tests.diagnosis.rules.tiny import DAY, Obj, figure, pod, postgres, series, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

SET: Answer = (SHOP, "configuration_error", "rollback_workload")
LEFT: Answer = (SHOP, "configuration_error", "page_human")
ECHO: Answer = (CART, "dependency_failure", "page_human")
HARM = ("scale_workload", "restart_workload", "restart_connection_pool", "scale_database")
CHECKPOINT = (
    "LOG:  checkpoint complete: wrote 31844 buffers (24.3%%); 0 WAL file(s) added, 0 removed, 11 recycled; "
    "write=236.110 s, sync=%s s, total=248.412 s; sync files=61, longest=10.982 s"
)
LONG, SHORT = CHECKPOINT % "11.803", CHECKPOINT % "0.094"
CLEANER = "[Note] [MY-011953] [InnoDB] Page cleaner took 18240ms to flush 2000 and evict 0 pages"
LOOP = "[Note] InnoDB: page_cleaner: 1000ms intended loop took 15312ms. The settings might not be optimal."
KEEPER = (
    "WARN fsync-ing the write ahead log in SyncThread:1 took 11023ms which will adversely effect operation latency."
)
ETCD = '{"level":"warn","caller":"wal/wal.go:805","msg":"slow fdatasync","took":"1m2.4s","expected-duration":"1s"}'
MSSQL = "SQL Server has encountered 41 occurrence(s) of I/O requests taking longer than 15 seconds to complete on file"
FSYNC_OF_ETCD = ETCD.replace("1m2.4s", "1.2s")
WORKER: dict[str, Any] = {"env": {**CALLS_CART, "KAFKA_BROKERS": "b-1.kafka.eu-central-1.amazonaws.com:9092"}}
GRANTS = workload("grants", **WORKER)


def still(*lines: tuple[float, str], store: str = "postgres-0") -> Log:
    """Return what a store tells; that it was held up as the storm began, by default."""
    return timed(store, *(lines or ((SINCE + 800, SHORT), (SINCE + 15, LONG), (SINCE - 600, SHORT))))


def works(*times: float) -> tuple[tuple[str, Series], ...]:
    """Return how many times the processor time of before the pods use who ask the cart for what a broker gives them."""
    return tuple(figure("cpu_share", 0.2, 0.2 * each, SINCE, pod=pod("grants", n)) for n, each in enumerate(times))


def world(*more: tuple[str, Series], said: Log | None = None, by: dict[str, str] = SPRING, **given: Any) -> Snapshot:
    """Return a storm since the database of the cart stood still, by a caller that a release let try more often."""
    return storm(*more, **{"store": postgres(), "said": (said or still(),), **caller(by), **given})


def unchanged(line: str = "", **given: Any) -> Snapshot:
    """Return the same by a caller whose template is as old as itself."""
    return storm(store=postgres(), said=(still((SINCE + 15, line)) if line else still(),), **given)


def otherwise(was: dict[str, str], now: dict[str, str]) -> Snapshot:
    """Return the same by a caller of whose tries at the cart a release set something otherwise."""
    return world(env={**CALLS_CART, **now}, before={"env": {**CALLS_CART, **was}}, told=tries(AT_ONCE))


def collected(*pauses: tuple[float, int], memory: float = 0.7) -> Snapshot:
    """Return the same since the cart itself stood still to collect its garbage."""
    full = (figure("memory_share", 0.6, memory, SINCE, pod=pod("cart", n), container="cart") for n in (0, 1))
    return world(*full, said=timed(pod("cart"), *((age, PAUSE % (ms, ms - 20)) for age, ms in pauses)))


def crashed(objects: list[Obj]) -> list[Obj]:
    """Return a cart one of whose pods ended by itself just before the storm."""
    put(pods_of(objects)[0], again("Error", 1, age=SINCE + 60))
    return objects


def younger(age: float = 900, **more: Any) -> dict[str, Any]:
    """Return a cart of another version, that was released so long before the storm."""
    return {"env": URL, "before": IMAGE, "released": SINCE + age, "started": SINCE + age - 20, **more}


def pressed(*more: Any, was: float = 0.3, said: Log | None = None, released: float = DAY) -> Snapshot:
    """Return a storm that reaches the database itself: the cart waits for it, and is idle."""
    figures = [
        *(rate("shop", since=SINCE), rate("cart", 60, 240, since=SINCE)),
        latency("cart", 0.05, 4.0, since=SINCE),
        figure("error_ratio", 0.0, 0.4, SINCE - 30, component="shop"),
        figure("cpu_share", was, 0.98, SINCE - 30, pod="postgres-0", container="postgres"),
    ]
    shop = workload("shop", **caller(SPRING, released))
    logs = [*tries(JAVA), said or still()]
    return snapshot(shop, workload("cart", env=URL), postgres(), *more, figures=figures, logs=logs)


PACED = {"name": "CART_RETRY_BACKOFF", "was": "exp:200ms", "now": "none"}
OTHERS = {**PACED, "name": "LEDGER_RETRY_BACKOFF"}
WAITS = AT_ONCE.replace('"0s"', '"400ms"')
WAITED, HURRIES = {"CART_RETRY_BACKOFF": "exp:200ms"}, {"CART_RETRY_BACKOFF": "none"}
TWENTY, FIVE = {"CART_MAX_ATTEMPTS": "20"}, {"CART_MAX_ATTEMPTS": "5"}
PAUSE = (
    "INFO util.JvmPauseMonitor: Detected pause in JVM or host machine (eg GC): pause of approximately %dms GC pool "
    "'G1 Old Generation' had collection(s): count=1 time=%dms"
)
LATE = CHECKPOINT % "4.802"
RESTARTPOINTS = [
    (age, line.replace("checkpoint", "restartpoint")) for age, line in ((SINCE + 20, LONG), (SINCE - 280, SHORT))
]
SLOWER = [(SINCE + 800, SHORT), (SINCE + 15, LONG), *((SINCE - 280 * n, LATE) for n in (1, 2, 3, 4))]
GARBAGE = [(SINCE + 20, 11023), *((SINCE - 60 * n, 4300) for n in range(1, 20))]
SIX = workload("grants", pods=6, **WORKER)
MORE_PODS = figure("replicas_wanted", 2, 6, SINCE + 30, component="grants")
MEASURED = series({"pod": pod("grants", 1)}, (3600, 0.2))
NEW_POD = ("cpu_share", MEASURED._replace(points=MEASURED.points[-40:]))
GROWN = figure("replicas_wanted", 1, 2, SINCE - 30, component="cart")
READS = {"envFrom": [{"configMapRef": {"name": "cart"}}]}
WRITTEN = thing("ConfigMap", "cart", written=SINCE + 120, data={"PRICE_CACHE": "off"})
UNCACHED = {**younger(), "env": {**URL, "PRICE_CACHE_TTL": "0"}, "before": {"env": {**URL, "PRICE_CACHE_TTL": "600"}}}
OUT = "ERROR HikariPool-1 - Connection is not available, request timed out after 30000ms (total=10, active=10, idle=0)"
POOL = timed(pod("cart"), *((SINCE - 5 - 20 * n, OUT) for n in range(58)))
OFFICE = "Deployment/office"
FEWER: dict[str, Any] = {"env": {**CALLS_CART, "CART_RETRIES": "3"}}
OF_BOTH = [*tries(JAVA), *tries(JAVA, name="office")]


def beside(
    released: float = SINCE + 900, line: str = "", told: list[Log] | None = None, before: dict[str, Any] = IMAGE
) -> Snapshot:
    """Return the same by a caller whose template is old, beside another caller that was released a while before."""
    office = workload("office", env={**CALLS_CART, "CART_RETRIES": "9"}, before=before, released=released)
    return unchanged(line, also=(office,), mine=[rate("shop"), rate("office")], told=told)


HOLDS = [
    Holds(
        "another caller was released a quarter of an hour before, and asked as ever until a disk stood still",
        beside(),
        LEFT,
        harmful=("rollback_workload", *HARM),
    ),
    Holds(
        "another caller was released a while before, and ZooKeeper stood still",
        beside(SINCE + 600, KEEPER),
        LEFT,
        harmful=("rollback_workload", *HARM),
    ),
    *(
        Holds(f"another caller was released before that, and may ask more: {what}", found, (OFFICE, *of), harmful=HARM)
        for what, of, found in (
            ("a minute before", ("code_defect", "rollback_workload"), beside(SINCE + 60)),
            ("it was set to try more often", ("configuration_error", "rollback_workload"), beside(before=FEWER)),
            ("it tries itself", ("code_defect", "rollback_workload"), beside(told=OF_BOTH)),
            ("the disk did not stand still", ("code_defect", "rollback_workload"), beside(line=SHORT)),
        )
    ),
    *(
        Holds(f"a release lets it try more often, and the disk stood still: {what}", found, SET, harmful=HARM)
        for what, found in (
            ("a checkpoint of PostgreSQL", world()),
            ("MySQL", world(said=still((SINCE + 20, CLEANER)))),
            ("an older MySQL", world(said=still((SINCE + 90, LOOP)), told=tries(GO))),
            ("SQL Server", world(said=still((SINCE - 20, MSSQL)), by=GRPC, told=tries(PYTHON))),
            ("a restartpoint", world(said=still(*RESTARTPOINTS))),
            (
                "it tells so twice within a minute",
                world(said=still((SINCE + 50, LONG), (SINCE + 10, LONG), (90, SHORT))),
            ),
            (
                "it was slow for some minutes more",
                world(said=still((SINCE + 15, LONG), (SINCE - 280, LATE), (90, SHORT))),
            ),
            ("its own virtual machine", collected((SINCE + 20, 11023))),
            ("another version of who is asked had served well", world(cart=younger())),
            ("a worker that nobody counts works as much as ever", world(*works(1, 1), also=(GRANTS,))),
            ("a pod of a worker does what another did", world(*works(0.4, 1.6), also=(GRANTS,))),
            ("the database behind has too much to do by that", pressed()),
            ("it tries as often, and waits no more", world(by=PACED, told=tries(AT_ONCE))),
        )
    ),
    *(
        Holds(f"no release lets it try more often: {what}", found, LEFT, harmful=("rollback_workload", *HARM))
        for what, found in (
            ("PostgreSQL", unchanged()),
            ("ZooKeeper", unchanged(KEEPER)),
            ("etcd", unchanged(ETCD, told=tries(GO))),
            ("it was of a pause at somebody else", world(by=OTHERS, told=tries(AT_ONCE))),
            ("the pause is another", world(by={**PACED, "now": "fixed:300ms"}, told=tries(AT_ONCE))),
            ("it had no pause before", world(by={**PACED, "was": "0s"}, told=tries(AT_ONCE))),
            ("it tells of a pause still", world(by=PACED, told=tries(WAITS))),
            ("it may try less often", world(by={**SPRING, "was": "9"})),
            ("it tries less often, and waits no more", otherwise({**WAITED, **TWENTY}, {**HURRIES, **FIVE})),
            ("it waits no more, and its tries are set no more", otherwise({**WAITED, **TWENTY}, HURRIES)),
            ("it waits no more, and its tries were not set", otherwise(WAITED, {**HURRIES, **FIVE})),
            (
                "all its pauses are alike",
                otherwise({"CART_RETRY_BACKOFF_JITTER": "0.5"}, {"CART_RETRY_BACKOFF_JITTER": "0"}),
            ),
        )
    ),
    Holds(
        "neither who is asked nor its database is to be started anew",
        world(),
        SET,
        excludes=(*no("restart_workload", at=CART), *no("restart_workload", "scale_database", at=DB)),
        alone=True,
    ),
    *(
        Holds(f"no moment's trouble began it: {what}", found, ECHO, believed=believed, harmful=("rollback_workload",))
        for what, believed, found in (
            ("the disk stood still an hour before", "cpu_saturated", world(said=still((SINCE + 3600, LONG)))),
            ("the disk stood still when it went on for long", "cpu_saturated", world(said=still((SINCE - 400, LONG)))),
            ("a checkpoint as ever", "cpu_saturated", world(said=still((SINCE + 15, SHORT)))),
            ("etcd was a second late", "cpu_saturated", world(said=still((SINCE + 15, FSYNC_OF_ETCD)))),
            ("the disk is slow until now", "cpu_saturated", world(said=still((SINCE + 15, LONG), (60, LONG)))),
            (
                "a store that the cart does not need",
                "cpu_saturated",
                world(
                    said=still((SINCE + 15, LONG), store="ledger-0"),
                    also=(workload("ledger", "postgres:17", kind="StatefulSet", pods=1, port=5432),),
                ),
            ),
            (
                "a worker that nobody counts works more as well",
                "cpu_saturated",
                world(*works(1.6, 1.6), also=(GRANTS,)),
            ),
            ("one pod of a worker works more", "cpu_saturated", world(*works(1.0, 4.5), also=(GRANTS,))),
            (
                "a worker has more pods, each as busy",
                "cpu_saturated",
                world(*works(*[1.0] * 6), MORE_PODS, also=(SIX,)),
            ),
            ("nobody measures most pods of a worker", "cpu_saturated", world(*works(1, 1), also=(SIX,))),
            (
                "a pod of a worker is measured only since",
                "cpu_saturated",
                world(*works(1.0), NEW_POD, also=(GRANTS,)),
            ),
            ("what the cart reads was written just before", "cpu_saturated", world(cart=READS, also=(WRITTEN,))),
            ("the cart was to have one more pod", "cpu_saturated", world(GROWN)),
            ("the disk is better, and slow until now", "cpu_saturated", world(said=still(*SLOWER))),
            ("nobody tells of a checkpoint since", "cpu_saturated", world(said=still((SINCE + 15, LONG)))),
            ("and no release lets it try more often", "cpu_saturated", unchanged(LONG)),
            ("its virtual machine stands still until now", "cpu_saturated", collected(*GARBAGE)),
            ("its virtual machine has no memory left", "cpu_saturated", collected((SINCE + 20, 11023), memory=0.97)),
            ("nobody knows what a worker does", "cpu_saturated", world(also=(GRANTS,))),
            (
                "its database has too much to do, and had before",
                "data_service_saturated",
                pressed(was=0.97),
            ),
            (
                "its database has too much to do, and no disk stood still",
                "data_service_saturated",
                pressed(said=still((SINCE + 15, SHORT))),
            ),
        )
    ),
    *(
        echo(f"another version of who is asked: {what}", found, believed)
        for what, believed, found in (
            ("no release of its caller", "errors_since_release", unchanged(cart=younger())),
            ("it came just before", "neighbour_released", world(cart=younger(180))),
            ("it was busy from its start", "errors_since_release", world(cart=younger(), use=spent(0.98, 0.6))),
            ("it keeps nothing any more", "errors_since_release", world(cart=UNCACHED)),
            (
                "its pool runs out",
                "errors_since_release",
                storm(store=postgres(), said=(still(), POOL), cart=younger(), **caller(SPRING)),
            ),
            (
                "it ends by itself",
                "errors_since_release",
                world(cart=crashed(workload("cart", **younger()))),
            ),
        )
    ),
]
