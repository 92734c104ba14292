"""Two replicas of one source in two slots, of which a Service means one, and those who read from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.tiny import Obj, at, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

ORDERS, SPARE = "StatefulSet/orders-a", "StatefulSet/orders-b"
FROM = "[System] [MY-010562] [Repl] Replica I/O thread for channel '': connected to source 'repl@{}:3306'"
MARIA = "[Note] Slave I/O thread: connected to master 'repl@{}:3306',replication started in log 'FIRST'"
STREAMS = "LOG:  started streaming WAL from primary at 3/1A000000 on timeline 2"
NO_ROW = (
    "[ERROR] [MY-010584] [Repl] Replica SQL for channel '': Worker 2 failed executing transaction '7d3c:481' at source "
    "log binlog.000611; Could not execute Update_rows event on table orders.lines; Can't find record in 'lines', 1032"
)
GONE = "FATAL:  could not receive data: ERROR:  requested WAL segment 00000002000000030000001A has already been removed"
UP_TO_DATE = "report rows=940 server=orders-b-0 seconds_behind_source=0"


def track(name: str, image: str, **more: Any) -> list[Obj]:
    """Return one of the replicas."""
    objects = workload(f"orders-{name}", image, kind="StatefulSet", service=False, **{"pods": 1, "port": 3306, **more})
    for each in objects:
        body = each["spec"].get("template", each) if "spec" in each else each
        body["metadata"]["labels"] = {**body["metadata"].get("labels", {}), "app": "orders", "track": name}
    return objects


def told(name: str, *lines: tuple[float, str]) -> Log:
    """Return a log of lines of so many seconds ago."""
    return Log(name, name.rpartition("-")[0], tuple(f"{at(age)} {line}" for age, line in lines))


def replicas(
    *more: Obj,
    image: str = "mysql:8.0.36",
    follows: tuple[str, str] = (FROM.format("orders-db"), FROM.format("orders-db")),
    stopped: tuple[float, str] = (2400, NO_ROW),
    after: tuple[tuple[float, str], ...] = (),
    other: tuple[tuple[float, str], ...] = (),
    reader: tuple[tuple[float, str], ...] = ((900, UP_TO_DATE),),
    key: str = "track",
    figures: tuple[tuple[str, Series], ...] = (),
    first: Mapping[str, Any] | None = None,
    **spare: Any,
) -> Snapshot:
    """Return the replicas, the first of which has stopped; its Service is read by a shop, the other's by reports."""
    objects = [*track("a", image, **(first or {})), *track("b", image, **spare)]
    ways = [service_for(f"orders-{n}", selector={"app": "orders", key: n}, port=3306) for n in "ab"]
    if key != "track":
        for each in objects:
            labels = (each["spec"].get("template", each) if "spec" in each else each)["metadata"]["labels"]
            labels[key] = labels.pop("track")
    users = workload("shop", env={"READ_DB": "orders-a:3306"}), workload("reports", env={"READ_DB": "orders-b:3306"})
    logs = [
        told("orders-a-0", (90000, follows[0]), stopped, *after),
        told("orders-b-0", (90000, follows[1]), *other),
        told("reports-pod0", *reader),
    ]
    return snapshot(objects, ways, *users, more, logs=logs, figures=figures)
