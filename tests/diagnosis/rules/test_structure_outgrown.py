"""A store takes no more fields or topics: whose release it grew with is taken back, and none that stood near."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, OLD, SHOP, alert, errors
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

FIELDS = "ERROR bulk item 7: Limit of total fields [1000] has been exceeded while adding new fields [2]"
SHARDS = "ERROR Elasticsearch: this action would add [2] shards, but this cluster currently has [3000]/[3000] maximum"
SHARDS += " normal shards open;"
TOPICS = "ERROR kafka: exceeds the maximum number of partitions: limit of partitions exceeded"
COLUMNS = "ERROR add column failed: (1117) Too many columns (mysql)"
MAPPED = '{"log.level":"INFO","message":"[wares_v7/pT7mQ2vYRrK0d2bQ5m1ZxA] update_mapping [_doc]"}'
INDEXED = (
    "[INFO ][o.e.c.m.MetadataCreateIndexService] [es-0] [log-71] creating index, cause [auto(bulk api)], templates []"
)
CREATED = "INFO [Controller id=0] Created topic tenant-71 with ID 9 (kafka.controller.KafkaController)"
ADDED = "[Note] adding column tenant_71 to attributes"
CALM = "INFO [gc][41] overhead, spent [412ms] collecting in the last [1s]"
ES_URL = {"ES_URL": "http://search:9200"}
KAFKA = {"KAFKA_BROKERS": "kafka.streams:9092"}
SEARCH = "StatefulSet/search"


def search(**more: Any) -> list[Obj]:
    return workload("search", "elasticsearch:8.15", kind="StatefulSet", pods=1, port=9200, **more)


def broker() -> list[Obj]:
    return workload("kafka", "apache/kafka:3.9.0", kind="StatefulSet", pods=1, port=9092)


def mysql() -> list[Obj]:
    return workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306)


def grows(
    line: str = MAPPED, *, since: float = 5300, until: float = 1300, of: str = "search-0", before: Sequence[float] = ()
) -> Log:
    """Return the log of a store that is calm since long, and then tells of one after another."""
    ages = range(int(since), int(until), -100)
    calm = [(age, CALM) for age in (20000, 15000, 12000)]
    told = [*calm, *((age, line) for age in before), *((age, line) for age in ages)]
    return timed(of, *sorted(told, reverse=True), of=of.rpartition("-")[0])


def cut(log: Log) -> Log:
    """Return a log without what is older than the growth in it."""
    return log._replace(lines=tuple(line for line in log.lines if CALM not in line))


def refused(line: str = FIELDS, *, since: float = 1200, of: str = "shop") -> Log:
    ages = range(int(since), 10, -60)
    return timed(pod(of), (5390, "INFO listening"), *((age, line) for age in ages))


def world(
    *logs: Log, store: list[Obj] | None = None, beside: Sequence[Any] = (), released: float | None = 5400, **more: Any
) -> Snapshot:
    """Return a shop that was released before its store began to grow, long before that refuses one more."""
    given = {"env": ES_URL, **({"before": OLD, "released": released} if released else {}), **more}
    objects = [search() if store is None else store, workload("shop", **given), *beside]
    return snapshot(*objects, logs=logs or (grows(), refused()), alerts=[alert("IndexStale", service="shop")])


NEAR = workload("api", before=OLD, released=1500, env={"SHOP_URL": "http://shop:8080"})
BACK = (SHOP, "code_defect", "rollback_workload")
ASKED = (SEARCH, "resource_exhaustion", "page_human")
HOLDS = [
    *(
        Holds(
            f"a store grew since a release until it takes no more: {what}",
            seen,
            (SHOP, cause, "rollback_workload"),
            excludes=no("restart_workload", "scale_workload", at=SHOP),
            harmful=("restart_workload", "scale_workload", "scale_database"),
        )
        for what, cause, seen in (
            ("fields of an index", "code_defect", world()),
            ("shards, an index for each customer", "code_defect", world(grows(INDEXED), refused(SHARDS))),
            (
                "topics",
                "code_defect",
                world(
                    grows(CREATED, of="kafka-0"), refused(TOPICS), store=broker(), env={"KAFKA_BROKERS": "kafka:9092"}
                ),
            ),
            (
                "columns",
                "code_defect",
                world(grows(ADDED, of="mysql-0"), refused(COLUMNS), store=mysql(), env={"DB_HOST": "mysql"}),
            ),
            ("nobody knows where it writes", "code_defect", world(env={})),
            ("some came with a new day", "code_defect", world(grows(before=(14000, 13900)), refused())),
            ("its log begins with the first of them", "code_defect", world(cut(grows()), refused())),
            (
                "a setting",
                "configuration_error",
                world(env={**ES_URL, "FLATTEN": "true"}, before={"env": {**ES_URL, "FLATTEN": "false"}}),
            ),
        )
    ),
    Holds(
        "a release stood near the refusals, and one near the growth",
        world(beside=[NEAR]),
        BACK,
        excludes=no("rollback_workload", at=API),
        alone=True,
    ),
    Holds(
        "who is refused passes on what a release hands it by a broker",
        world(
            grows(),
            refused(of="ship"),
            beside=[workload("ship", env={**ES_URL, **KAFKA})],
            env=KAFKA,
        ),
        BACK,
        excludes=no("rollback_workload", "restart_workload", at="Deployment/ship"),
    ),
    Holds(
        "nobody was released as it began to grow",
        world(released=None, beside=[NEAR]),
        ASKED,
        excludes=(*no("rollback_workload", at=API), *no("restart_workload", at=SEARCH)),
        harmful=("rollback_workload",),
    ),
    Holds(
        "it grew as much before the release",
        world(grows(since=14000), refused()),
        ASKED,
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "two that write were released as it began to grow",
        world(
            grows(),
            refused(),
            refused(of="cart"),
            beside=[workload("cart", env=ES_URL, before=OLD, released=5500)],
        ),
        ASKED,
        harmful=("restart_workload",),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, seen, instead)
        for what, seen, instead in (
            ("it makes all anew as it starts", world(cut(grows()), refused(), store=search(age=5310)), ()),
            ("its log begins amid it, and nobody was released then", world(cut(grows()), refused(), released=None), ()),
            ("it refuses nothing", world(grows()), ()),
            ("it grew a few times", world(grows(since=1800), refused()), ()),
            ("it refused long before it grew", world(grows(since=900, until=10), refused(since=1200)), ()),
        )
    ),
    DoesNotHold(
        "a line of another one",
        snapshot(
            search(), workload("shop", env=ES_URL), logs=[grows(CALM), refused()], figures=[errors("shop", 0.4, 1200)]
        ),
    ),
]
