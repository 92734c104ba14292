"""A store whose memory is all in use, by the work of those who ask it as ever."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

BREAKER = (
    'ERROR search failed: [429] {"type":"circuit_breaking_exception","reason":"[parent] Data too large, data for '
    "[<http_request>] would be [2074229719/1.9gb], which is larger than the limit of [2040109465/1.8gb], real usage: "
    '[2074220407/1.9gb], new bytes reserved: [9312/9.1kb]"}'
)
OF_ONE = BREAKER.replace("[parent]", "[request]")
TOTAL = (
    "Code: 241. DB::Exception: Memory limit (total) exceeded: would use 14.10 GiB (attempt to allocate chunk of "
    "4219924 bytes), maximum: 14.10 GiB. (MEMORY_LIMIT_EXCEEDED)"
)
BUDGET = (
    "ERROR pq: root: memory budget exceeded: 184320 bytes requested, 1024000000 currently allocated, "
    "1024000000 bytes in budget"
)
OF_A_QUERY = TOTAL.replace("(total)", "(for query)")
SOLR = (
    "ERROR o.a.s.h.RequestHandlerBase Memory Circuit Breaker triggered as JVM heap usage values are greater than "
    "allocated threshold.Seen JVM heap memory usage 4080218932 and allocated threshold 3865470566"
)
POOL = "ERROR There is insufficient system memory in resource pool 'default' to run this query."
FOUND = "INFO 24 products found"


def store(name: str = "search", image: str = "elasticsearch:8.19.7", port: int = 9200, **more: Any) -> list[Obj]:
    return workload(name, image, kind="StatefulSet", pods=3, port=port, **more)


def world(
    *told: Log,
    of: list[Obj] | None = None,
    name: str = "search",
    port: int = 9200,
    besides: list[Obj] | None = None,
    growth: float = 1.0,
    **client: Any,
) -> Snapshot:
    """Return a shop that asks a store, and fails; ``growth``: how many times its requests grew."""
    asks = shop(env={"STORE": f"{name}:{port}"}, **client)
    figures = [errors("shop", since=600), rate("shop", 50, 50 * growth)]
    return snapshot(asks, store() if of is None else of, besides or [], logs=told, figures=figures)


def said(line: str = BREAKER, since: float = 650) -> tuple[Log, ...]:
    return tuple(logs("shop", line, 0, 1, since=since))


def by_itself(line: str = BREAKER, name: str = "search") -> tuple[Log, ...]:
    return tuple(log(f"{name}-{n}", *[line] * 9, since=650, of=name) for n in range(2))


ES = "StatefulSet/search"
FULL: tuple[str, str, str] = (ES, "resource_exhaustion", "page_human")
ACTS = ("rollback_workload", "restart_workload", "scale_workload")
RUN = workload("reindex", kind="Job", pods=1, env={"STORE": "search:9200"}, started=700, service=False)
HOLDS = [
    Holds(
        "its clients repeat that it refuses them for memory",
        world(*said()),
        FULL,
        excludes=(
            *no("restart_workload", "rollback_workload", at=ES),
            *no("restart_workload", "scale_workload", at=SHOP),
        ),
        harmful=ACTS,
        began=650,
    ),
    Holds(
        "more is asked of who asks, and it says so itself",
        world(*said(), *by_itself(), growth=1.6),
        FULL,
        harmful=ACTS,
        sure=(0.85, 1.0),
    ),
    *(
        Holds(
            f"another server: {line[:40]}",
            world(*said(line), of=store(name, image, port), name=name, port=port),
            (f"StatefulSet/{name}", "resource_exhaustion", "page_human"),
            harmful=ACTS,
        )
        for name, image, port, line in (
            ("events", "clickhouse/clickhouse-server:25.8", 9000, TOTAL),
            ("ledger", "cockroachdb/cockroach:v25.2", 26257, BUDGET),
            ("catalog", "solr:9.9", 8983, SOLR),
            ("stock", "mcr.microsoft.com/mssql/server:2022-latest", 1433, POOL),
        )
    ),
    Holds(
        "only its own log was read, and an alert is about who asks it",
        snapshot(
            shop(env={"STORE": "search:9200"}), store(), logs=by_itself(), alerts=[alert("Errors", service="shop")]
        ),
        FULL,
        harmful=ACTS,
    ),
    Holds(
        "it was released in the summer",
        world(*said(), of=store(before={"image": "elasticsearch:8.18.0"}, released=90 * DAY)),
        FULL,
    ),
]
FOR_A_MOMENT = log(pod("shop"), BREAKER, BREAKER, *[FOUND] * 30, since=650)
NEW: dict[str, Any] = {"before": {"image": "registry.example/shop:0"}, "released": 700}
DOES_NOT_HOLD = [
    DoesNotHold("who asks was released just before", world(*said(), **NEW), ("code_defect", "rollback_workload")),
    DoesNotHold(
        "one request is too large",
        world(*said(OF_ONE)),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "one query is too large",
        world(
            *said(OF_A_QUERY), of=store("events", "clickhouse/clickhouse-server:25.8", 9000), name="events", port=9000
        ),
        harmful=("restart_workload",),
    ),
    DoesNotHold("it was full for a moment", world(FOR_A_MOMENT)),
    DoesNotHold("a run works on it that asks more than others", world(*said(), besides=RUN), harmful=ACTS),
    DoesNotHold("nobody suffers", snapshot(shop(env={"STORE": "search:9200"}), store(), logs=by_itself())),
    DoesNotHold(
        "its own limit was cut the hour before",
        world(*said(), of=store(before={"env": {"ES_JAVA_OPTS": "-Xmx4g"}}, released=7200)),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "which of two such stores has none, nobody tells",
        snapshot(
            shop(env={"STORE": "search:9200", "OTHER": "offers:9200"}),
            store(),
            store("offers"),
            logs=said(),
            figures=[errors("shop", since=600)],
        ),
        harmful=("restart_workload", "rollback_workload"),
    ),
]
