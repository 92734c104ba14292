"""A store has too many pieces to join since the settings of a client let it gather many times less before it writes."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pieces import HOUSE, STORE, outrun, writes
from tests.diagnosis.rules.scenes import SHOP, errors, logs
from tests.diagnosis.rules.tiny import snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

GO = (
    '{"level":"error","msg":"batch insert failed, will retry","rows":225,"error":"code: 252, message: Too many parts '
    "(3004 with average size of 26.42 KiB) in table 'shop.facts (7c1be0a4)'. Merges are processing significantly "
    'slower than inserts"}'
)
ROCKS = "ERROR 1064 (HY000): Too many versions. tablet_id: 221090, version_count: 1230, limit: 1000, replica_state: 0"
BACK = (SHOP, "configuration_error", "rollback_workload")


def told(was: dict[str, str], now: dict[str, str], **more: Any) -> Snapshot:
    """Return a store that refuses writes, whose log tells of no write, since some variables of a client changed."""
    return outrun(env={**HOUSE, **now}, before={"env": {**HOUSE, **was}, **more.pop("with_it", {})}, **more)


def flags(was: list[str], now: list[str]) -> Snapshot:
    return outrun(env=HOUSE, args=now, before={"args": was})


def client(line: str, image: str, *, name: str = "house", env: dict[str, str] | None = None) -> Snapshot:
    """Return a store whose own log nobody has: one client tells of it, and another one was released as well."""
    asks = {"STORE_HOST": name, **(env or {"SINK_BATCH_ROWS": "20"})}
    return snapshot(
        workload(name, image, kind="StatefulSet", pods=1, port=9030),
        workload("shop", env=asks, before={"env": {**asks, "SINK_BATCH_ROWS": "5000"}}, released=7200),
        workload("cart", env={"STORE_HOST": name}, before={"image": "registry.example/cart:0"}, released=1100),
        figures=[errors("shop", 0.4, 900)],
        logs=logs("shop", line, since=900),
    )


HOLDS = [
    *(
        Holds(
            f"it gathers many times less: {what}",
            world,
            BACK,
            excludes=(
                *no("rollback_workload", "restart_workload", at="Deployment/cart"),
                *no("restart_workload", "scale_workload", at=SHOP),
            ),
            harmful=("scale_workload", "restart_workload", "scale_database"),
            alone=True,
        )
        for what, world in (
            (
                "rows and time",
                told(
                    {"SINK_BATCH_MAX_ROWS": "50000", "SINK_FLUSH_INTERVAL": "10s"},
                    {"SINK_BATCH_MAX_ROWS": "500", "SINK_FLUSH_INTERVAL": "200ms"},
                ),
            ),
            ("time alone", told({"LINGER_MS": "5000"}, {"LINGER_MS": "100"})),
            (
                "an image came with it",
                told({"bulkSize": "10k"}, {"bulkSize": "100"}, with_it={"image": "registry.example/shop:0"}),
            ),
            ("flags", flags(["--batch-size=8000", "--workers=4"], ["--batch-size=100", "--workers=4"])),
            ("flags of two words", flags(["--flush.interval", "30s"], ["--flush.interval", "1s"])),
            ("its own words, and those of the store are not there", client(GO, "clickhouse/clickhouse-server:24.8")),
            ("another store", client(ROCKS, "starrocks/fe-ubuntu:3.3", name="starrocks-fe")),
            (
                "the store tells of its writes as well, which are as small",
                outrun(
                    writes("10.1.9.9", 5000, 7700),
                    writes("shop", 50, 4000),
                    env={**HOUSE, "BATCH_ROWS": "50"},
                    before={"env": {**HOUSE, "BATCH_ROWS": "5000"}},
                ),
            ),
        )
    ),
    *(
        Holds(what, world, STORE, harmful=("rollback_workload", "restart_workload"))
        for what, world in (
            ("what it gathers was cut by half", told({"BATCH_ROWS": "5000"}, {"BATCH_ROWS": "2500"})),
            ("it gathers more", told({"BATCH_ROWS": "500"}, {"BATCH_ROWS": "50000"})),
            (
                "it gathers fewer rows, and for longer",
                told({"BATCH_ROWS": "5000", "FLUSH_MS": "100"}, {"BATCH_ROWS": "100", "FLUSH_MS": "5000"}),
            ),
            ("it reads fewer at a time", told({"FETCH_BATCH_SIZE": "5000"}, {"FETCH_BATCH_SIZE": "100"})),
            (
                "it tells its figures more often",
                told({"METRICS_FLUSH_INTERVAL": "60s"}, {"METRICS_FLUSH_INTERVAL": "1s"}),
            ),
            ("it has fewer workers", told({"WORKER_COUNT": "40"}, {"WORKER_COUNT": "2"})),
            ("that was a week ago", told({"BATCH_ROWS": "5000"}, {"BATCH_ROWS": "50"}, released=7 * 86400)),
            ("it refused before", told({"BATCH_ROWS": "5000"}, {"BATCH_ROWS": "50"}, released=800)),
            (
                "two clients gather less",
                told(
                    {"BATCH_ROWS": "5000"},
                    {"BATCH_ROWS": "50"},
                    beside=(
                        workload(
                            "feed",
                            env={**HOUSE, "BATCH_ROWS": "50"},
                            before={"env": {**HOUSE, "BATCH_ROWS": "5000"}},
                            released=3000,
                        ),
                    ),
                ),
            ),
            (
                "the store tells that another one writes as small",
                outrun(
                    writes("cart", 2, 4000, user="prices"),
                    env={**HOUSE, "BATCH_ROWS": "50"},
                    before={"env": {**HOUSE, "BATCH_ROWS": "5000"}},
                ),
            ),
            (
                "the store tells that it wrote as much at a time before",
                outrun(
                    writes("10.1.9.9", 60, 7700),
                    writes("shop", 50, 4000),
                    env={**HOUSE, "BATCH_ROWS": "50"},
                    before={"env": {**HOUSE, "BATCH_ROWS": "5000"}},
                ),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it gathers less, and the store refuses nothing",
        snapshot(
            workload("house", "clickhouse/clickhouse-server:24.8", kind="StatefulSet", pods=1, port=8123),
            workload("shop", env={**HOUSE, "BATCH_ROWS": "50"}, before={"env": {**HOUSE, "BATCH_ROWS": "5000"}}),
            logs=logs("shop", "WARN upload of dump.tar aborted: too many parts (10001), at most 10000 are allowed"),
        ),
        harmful=("rollback_workload",),
    ),
]
