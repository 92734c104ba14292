"""A database that is locked, slow, moved, full or down: what it is, and what its clients need not suffer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.tiny import (
    answers,
    at,
    database,
    event,
    excluded,
    figure,
    log,
    pod,
    postgres,
    redis,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.rules import (
    data_service_out_of_memory,
    database_disk_full,
    database_down,
    database_failed_over,
    deadlocks,
    pool_too_small,
    replication_lag,
    slow_queries_since_release,
    waiting_for_a_lock,
)

SHOP, DB = "Deployment/shop", "StatefulSet/postgres"
URL = {"DATABASE_URL": "postgres://shop@postgres:5432/shop"}
ENDED = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "startedAt": at(400), "finishedAt": at(200)}}


def shop(**more: Any) -> list[dict[str, Any]]:
    return workload("shop", **{"env": URL, **more})


class TestPoolTooSmall:
    RULE = pool_too_small.RULE
    WAITS = log(pod("shop"), "QueuePool limit of size 2 overflow 0 reached, connection timed out, timeout 30.00")

    def test_a_release_that_cut_it_is_rolled_back(self) -> None:
        cut = shop(env={**URL, "DB_POOL_SIZE": "2"}, before={"env": {**URL, "DB_POOL_SIZE": "20"}})
        snap = snapshot(cut, postgres(), logs=[self.WAITS], databases=[database(session(SHOP, "active", 4))])
        assert answers(self.RULE, snap) == [(SHOP, "configuration_error", "rollback_workload", SHOP)]

    @pytest.mark.parametrize(
        "line",
        [
            "HikariPool-1 - Connection is not available, request timed out after 30000ms (total=2, active=2)",
            "psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec",
            "Error: timeout exceeded when trying to connect",
            "Error: Timeout - timeout exceeded when trying to acquire a connection",
        ],
    )
    def test_without_a_release_a_person_has_to_raise_it(self, line: str) -> None:
        snap = snapshot(
            shop(), postgres(), logs=[log(pod("shop"), line)], databases=[database(session(SHOP, "idle", 4))]
        )
        assert answers(self.RULE, snap) == [(SHOP, "configuration_error", "page_human", SHOP)]

    def test_a_full_database_is_another_matter(self) -> None:
        snap = snapshot(shop(), postgres(), logs=[self.WAITS], databases=[database(session(SHOP, "active", 97))])
        assert answers(self.RULE, snap) == []


class TestLock:
    RULE = waiting_for_a_lock.RULE
    WAITING = session(SHOP, "active", 30, wait="Lock", age_s=60, query="UPDATE orders SET ...")

    def test_somebody_elses_open_transaction_needs_a_person(self) -> None:
        console = session("", "idle in transaction", 1, application="psql", age_s=900, query="ALTER TABLE orders ...")
        snap = snapshot(shop(), postgres(), databases=[database(self.WAITING, console)])
        assert answers(self.RULE, snap) == [(DB, "database_connection", "page_human", DB)]
        assert {("restart_workload", SHOP), ("scale_workload", SHOP)} <= excluded(self.RULE, snap)

    def test_the_services_own_forgotten_transaction_goes_with_its_pool(self) -> None:
        own = session(SHOP, "idle in transaction", 1, age_s=900)
        snap = snapshot(shop(), postgres(), databases=[database(self.WAITING, own)])
        assert answers(self.RULE, snap) == [(SHOP, "database_connection", "restart_connection_pool", SHOP)]

    def test_figures_alone_tell_of_it(self) -> None:
        snap = snapshot(shop(), postgres(), figures=[figure("db_locks_waiting", 0, 25, component="postgres")])
        assert answers(self.RULE, snap) == [(DB, "database_connection", "page_human", DB)]

    def test_one_wait_is_ordinary(self) -> None:
        snap = snapshot(shop(), postgres(), databases=[database(session(SHOP, "active", 1, wait="Lock"))])
        assert answers(self.RULE, snap) == []


class TestDeadlocks:
    RULE = deadlocks.RULE
    LINES = ("ERROR:  deadlock detected", "DETAIL:  Process 81 waits for ShareLock", "ERROR:  deadlock detected")

    def test_since_a_release_it_is_the_releases(self) -> None:
        released = shop(before={"image": "registry.example/shop:0"}, released=600)
        snap = snapshot(released, postgres(), logs=[log("postgres-0", *self.LINES)])
        assert answers(self.RULE, snap) == [(SHOP, "code_defect", "rollback_workload", SHOP)]

    def test_without_one_a_person_looks(self) -> None:
        snap = snapshot(shop(), postgres(), figures=[figure("db_deadlocks", 0, 2, component="postgres")])
        assert answers(self.RULE, snap) == [(DB, "database_connection", "page_human", DB)]


class TestFailover:
    RULE = database_failed_over.RULE

    @pytest.mark.parametrize(
        "line",
        [
            "ERROR: cannot execute INSERT in a read-only transaction",
            "ERROR 1290 (HY000): The MySQL server is running with the --read-only option so it cannot execute this",
            "org.postgresql.util.PSQLException: SQLSTATE 25006",
        ],
    )
    def test_clients_with_old_sessions_are_restarted(self, line: str) -> None:
        moved = log("postgres-0", "LOG:  received promote request")
        snap = snapshot(shop(), postgres(), logs=[log(pod("shop"), line), moved])
        assert answers(self.RULE, snap) == [(SHOP, "database_connection", "restart_workload", SHOP)]
        assert ("rollback_workload", SHOP) in excluded(self.RULE, snap)

    def test_clients_that_came_after_it_and_fail_as_well_are_not(self) -> None:
        moved = log("postgres-0", "LOG:  received promote request", since=1800)
        fails = log(pod("shop"), "ERROR: cannot execute INSERT in a read-only transaction")
        assert answers(self.RULE, snapshot(shop(started=300), postgres(), logs=[fails, moved])) == []


class TestDown:
    def test_its_clients_are_not_touched(self) -> None:
        refused = log(pod("shop"), "dial tcp: lookup postgres: connect: connection refused")
        down = postgres(ready=0, status={"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 4})
        snap = snapshot(shop(ready=0), down, logs=[refused])
        assert answers(database_down.RULE, snap) == [(DB, "dependency_failure", "page_human", DB)]
        assert ("restart_workload", SHOP) in excluded(database_down.RULE, snap)
        assert [f.component for f in decide(snap).findings] == [DB]

    def test_a_ready_database_is_not_down(self) -> None:
        assert answers(database_down.RULE, snapshot(shop(), postgres())) == []

    @pytest.mark.parametrize("made", [postgres, redis], ids=["database", "cache"])
    def test_killed_for_memory_a_person_gives_it_more(self, made: Any) -> None:
        snap = snapshot(shop(), made(status={"lastState": ENDED, "restartCount": 3}))
        assert [a[1:3] for a in answers(data_service_out_of_memory.RULE, snap)] == [
            ("resource_exhaustion", "page_human")
        ]

    def test_a_release_that_cut_its_limit_is_another_matter(self) -> None:
        cut = redis(
            resources={"limits": {"memory": "64Mi"}},
            before={"resources": {"limits": {"memory": "512Mi"}}},
            status={"lastState": ENDED, "restartCount": 3},
        )
        assert answers(data_service_out_of_memory.RULE, snapshot(cut)) == []


class TestDisk:
    RULE = database_disk_full.RULE

    @pytest.mark.parametrize(
        "line",
        [
            'PANIC:  could not write to file "pg_wal/xlogtemp.31": No space left on device',
            'ERROR:  could not extend file "base/16384/24601": No space left on device',
            "[ERROR] [MY-010584] Disk is full writing './binlog.000042' (OS errno 28 - No space left on device)",
        ],
    )
    def test_the_database_says_so(self, line: str) -> None:
        snap = snapshot(shop(), postgres(), logs=[log("postgres-0", line)])
        assert answers(self.RULE, snap) == [(DB, "resource_exhaustion", "page_human", DB)]
        assert {("restart_workload", DB), ("restart_workload", SHOP)} <= excluded(self.RULE, snap)

    def test_its_volume_shows_it(self) -> None:
        claim = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data-postgres-0"}}]}
        full = figure("volume_used_share", 0.7, 0.99, persistentvolumeclaim="data-postgres-0")
        assert answers(self.RULE, snapshot(shop(), postgres(spec=claim), figures=[full]))[0][0] == DB

    def test_a_search_cluster_past_its_watermark_refuses_writes(self) -> None:
        line = "ApiError(429, 'cluster_block_exception: blocked by: disk usage exceeded flood-stage watermark')"
        search = workload("search", "docker.elastic.co/elasticsearch/elasticsearch:8.15", kind="StatefulSet", port=9200)
        snap = snapshot(workload("shop", env={"SEARCH": "http://search:9200"}), search, logs=[log(pod("shop"), line)])
        where = "StatefulSet/search"
        assert answers(self.RULE, snap) == [(where, "resource_exhaustion", "page_human", where)]

    def test_another_volume_is_another_matter(self) -> None:
        full = figure("volume_used_share", 0.7, 0.99, persistentvolumeclaim="uploads")
        assert answers(self.RULE, snapshot(shop(), postgres(), figures=[full])) == []


class TestSlow:
    RULE = slow_queries_since_release.RULE
    SLOW = session(SHOP, "active", 12, age_s=25, query="SELECT * FROM orders WHERE note LIKE ...")

    def test_the_client_that_was_released_is_rolled_back(self) -> None:
        released = shop(before={"image": "registry.example/shop:0"}, released=600)
        snap = snapshot(released, postgres(), databases=[database(self.SLOW)])
        assert answers(self.RULE, snap) == [(SHOP, "code_defect", "rollback_workload", SHOP)]
        assert ("scale_workload", SHOP) in excluded(self.RULE, snap)

    def test_slow_statements_of_somebody_else_are_not_its_fault(self) -> None:
        released = shop(before={"image": "registry.example/shop:0"}, released=600)
        other = session("Deployment/report", "active", 12, age_s=25)
        snap = snapshot(released, postgres(), workload("report", env=URL), databases=[database(other)])
        assert answers(self.RULE, snap) == []

    def test_without_a_release_it_does_not_hold(self) -> None:
        assert answers(self.RULE, snapshot(shop(), postgres(), databases=[database(self.SLOW)])) == []


def test_a_replica_far_behind_needs_a_person() -> None:
    replica = workload("postgres-replica", "postgres:16", kind="StatefulSet", pods=1, port=5432)
    lag = figure("db_replication_lag", 0.5, 240, component="postgres-replica")
    snap = snapshot(shop(), postgres(), replica, figures=[lag])
    assert answers(replication_lag.RULE, snap) == [
        ("StatefulSet/postgres-replica", "database_connection", "page_human", "StatefulSet/postgres-replica")
    ]
    assert answers(replication_lag.RULE, snapshot(replica, figures=[("db_replication_lag", lag[1])][:0])) == []


def test_an_event_of_an_eviction_goes_with_a_database_that_is_down() -> None:
    evicted = event("Pod/postgres-0", "Evicted", "The node was low on resource: ephemeral-storage.")
    snap = snapshot(shop(), postgres(ready=0), evicted, thing("Namespace", "town"))
    found = decide(snap).findings
    assert [f.component for f in found] == [DB]
