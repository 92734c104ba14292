"""A database without a free session has many causes, each with its own remedy."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.tiny import (
    answers,
    database,
    event,
    excluded,
    figure,
    log,
    pod,
    postgres,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.rules import (
    session_limit_lowered,
    sessions_all_taken,
    sessions_held_by_another,
    sessions_outgrown,
)
from tuheg_ir.diagnosis.rules.sessions_leaked import RULE as LEAKED

SHOP, DB, REPORT = "Deployment/shop", "StatefulSet/postgres", "Deployment/report"
URL = {"DATABASE_URL": "postgres://shop@postgres:5432/shop"}
REFUSED = log(
    pod("shop"),
    'psycopg.OperationalError: connection to server at "postgres" (10.96.0.7), port 5432 failed: '
    "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
)
FORGOTTEN = session(SHOP, "idle in transaction", 80, age_s=900)
BUSY = session(SHOP, "active", 15, age_s=0.2)


def shop(**more: Any) -> list[dict[str, Any]]:
    return workload("shop", env=URL, **more)


def world(*more: Any, sessions: Any = (), **rest: Any) -> Snapshot:
    base = [] if any(isinstance(m, list) and m[0]["metadata"]["name"] == "shop" for m in more) else [shop()]
    return snapshot(
        *base, postgres(), *more, logs=[REFUSED], databases=[database(*sessions)] if sessions else [], **rest
    )


class TestLeaked:
    def test_own_idle_transactions_are_ended_by_restarting_the_pool(self) -> None:
        assert answers(LEAKED, world(sessions=[FORGOTTEN, BUSY])) == [
            (SHOP, "database_connection", "restart_connection_pool", SHOP)
        ]

    def test_a_leak_that_came_with_an_image_is_rolled_back(self) -> None:
        released = shop(before={"image": "registry.example/shop:0"}, released=1800)
        assert answers(LEAKED, world(released, sessions=[FORGOTTEN, BUSY])) == [
            (SHOP, "code_defect", "rollback_workload", SHOP)
        ]

    def test_a_release_of_last_week_is_innocent(self) -> None:
        released = shop(before={"image": "registry.example/shop:0"}, released=7 * 86400, started=7 * 86400)
        assert answers(LEAKED, world(released, sessions=[FORGOTTEN, BUSY]))[0][2] == "restart_connection_pool"

    def test_a_released_worker_that_nobody_calls_is_rolled_back_as_well(self) -> None:
        worker = workload("sync", env=URL, service=False, before={"image": "registry.example/sync:0"}, released=3000)
        held = [session("Deployment/sync", "idle in transaction", 80, age_s=2000), BUSY]
        snap = world(worker, sessions=held)
        assert answers(LEAKED, snap)[0][:3] == ("Deployment/sync", "code_defect", "rollback_workload")
        assert answers(sessions_held_by_another.RULE, snap) == []

    def test_more_replicas_are_excluded(self) -> None:
        assert ("scale_workload", SHOP) in excluded(LEAKED, world(sessions=[FORGOTTEN, BUSY]))

    def test_figures_tell_it_where_the_database_cannot_be_read(self) -> None:
        figures = [
            figure("db_connections", 30, 98, component="postgres"),
            figure("db_max_connections", 100, 100, component="postgres"),
            figure("db_connections_by_state", 1, 80, component="postgres", state="idle in transaction"),
        ]
        assert answers(LEAKED, world(figures=figures)) == [
            (SHOP, "database_connection", "restart_connection_pool", SHOP)
        ]

    def test_it_shows_in_the_own_pool_long_before_the_database_is_full(self) -> None:
        waits = log(pod("shop"), "HikariPool-1 - Connection is not available, request timed out after 30000ms.")
        snap = snapshot(
            shop(),
            postgres(),
            logs=[waits],
            databases=[database(session(SHOP, "idle in transaction", 20, age_s=600), most=300)],
        )
        assert answers(LEAKED, snap)[0][:3] == (SHOP, "database_connection", "restart_connection_pool")

    @pytest.mark.parametrize(
        "sessions",
        [
            [session(SHOP, "active", 95, age_s=1)],
            [session(SHOP, "idle in transaction", 80, age_s=2), session(SHOP, "active", 15)],
            [session(SHOP, "idle", 95, age_s=900)],
            [session("", "idle in transaction", 90, age_s=900, application="psql")],
        ],
        ids=["busy", "fresh transactions", "idle", "somebody else's"],
    )
    def test_other_sessions_are_no_leak_of_a_service(self, sessions: list[Any]) -> None:
        assert answers(LEAKED, world(sessions=sessions)) == []

    def test_a_database_with_room_is_left_alone(self) -> None:
        snap = snapshot(shop(), postgres(), databases=[database(session(SHOP, "idle in transaction", 9, age_s=900))])
        assert answers(LEAKED, snap) == []


class TestHeldByAnother:
    RULE = sessions_held_by_another.RULE

    @pytest.mark.parametrize("state", ["idle", "idle in transaction", "active"])
    def test_a_job_that_nobody_calls_holds_them(self, state: str) -> None:
        report = workload("report", env=URL, pods=1, service=False)
        held = [session(REPORT, state, 80, age_s=700), BUSY]
        assert answers(self.RULE, world(report, sessions=held)) == [
            (REPORT, "database_connection", "scale_database", DB)
        ]

    def test_a_client_outside_the_namespace_is_told_of_the_database(self) -> None:
        held = [session("", "idle", 80, application="bi-tool"), BUSY]
        assert answers(self.RULE, world(sessions=held)) == [(DB, "database_connection", "scale_database", DB)]

    def test_an_idle_service_that_is_not_refused_holds_them(self) -> None:
        tool = workload("metrics-ui", env=URL)
        held = [session("Deployment/metrics-ui", "idle", 78), BUSY]
        assert answers(self.RULE, world(tool, sessions=held))[0][0] == "Deployment/metrics-ui"

    def test_nothing_done_to_the_sufferer_helps(self) -> None:
        report = workload("report", env=URL, pods=1, service=False)
        found = excluded(self.RULE, world(report, sessions=[session(REPORT, "idle", 80), BUSY]))
        assert {("restart_workload", SHOP), ("rollback_workload", SHOP), ("restart_connection_pool", SHOP)} <= found

    def test_the_sufferer_itself_is_not_another(self) -> None:
        assert answers(self.RULE, world(sessions=[session(SHOP, "idle", 95)])) == []

    def test_the_inventory_says_what_a_service_is(self) -> None:
        worker = workload("worker", env=URL, service=False)
        held = [session("Deployment/worker", "idle in transaction", 80, age_s=900), BUSY]
        known = {"shop": {"kind": "Deployment"}, "worker": {"kind": "Deployment"}}
        snap = world(worker, sessions=held, services=known)
        assert answers(self.RULE, snap) == []
        assert answers(LEAKED, snap)[0][:3] == ("Deployment/worker", "database_connection", "restart_connection_pool")


class TestOutgrown:
    RULE = sessions_outgrown.RULE
    POOLS = (session(SHOP, "idle", 70), session(SHOP, "active", 26))

    @pytest.mark.parametrize(
        "grew",
        [
            {"figures": [figure("replicas_wanted", 2, 6, since=900, component="shop")]},
            {"figures": [figure("hpa_replicas", 2, 6, since=900, component="shop")]},
            {"events": "Scaled up replica set shop-r1 to 6 from 2"},
            {"events": "Scaled up replica set shop-r1 from 2 to 6"},
        ],
        ids=["wanted", "autoscaler", "event", "event of newer clusters"],
    )
    def test_pools_times_replicas_need_a_person(self, grew: dict[str, Any]) -> None:
        more = [event(SHOP, "ScalingReplicaSet", grew["events"], kind="Normal")] if "events" in grew else []
        snap = world(shop(pods=6), *more, sessions=self.POOLS, figures=grew.get("figures", ()))
        assert answers(self.RULE, snap) == [(SHOP, "database_connection", "page_human", SHOP)]
        assert ("scale_workload", SHOP) in excluded(self.RULE, snap)

    def test_replicas_that_never_changed_are_not_the_cause(self) -> None:
        snap = world(sessions=self.POOLS, figures=[figure("replicas_wanted", 2, 2, component="shop")])
        assert answers(self.RULE, snap) == []

    def test_a_roll_out_scales_as_well_and_is_no_growth(self) -> None:
        released = shop(before={"image": "registry.example/shop:0"}, released=600)
        scaled = event(SHOP, "ScalingReplicaSet", "Scaled up replica set shop-r2 to 2 from 1", kind="Normal")
        assert answers(self.RULE, world(released, scaled, sessions=self.POOLS)) == []


class TestLimitLowered:
    RULE = session_limit_lowered.RULE
    TAKEN = (session(SHOP, "idle", 30), session(SHOP, "active", 8))

    def test_a_release_of_the_database_is_rolled_back(self) -> None:
        lowered = postgres(args=["-c", "max_connections=40"], before={"args": ["-c", "max_connections=200"]})
        snap = snapshot(shop(), lowered, logs=[REFUSED], databases=[database(*self.TAKEN, most=40)])
        assert answers(self.RULE, snap) == [(DB, "configuration_error", "rollback_workload", DB)]

    def test_a_fallen_figure_without_a_release_needs_a_person(self) -> None:
        figures = [
            figure("db_max_connections", 200, 40, component="postgres"),
            figure("db_connections", 80, 39, component="postgres"),
        ]
        snap = snapshot(shop(), postgres(), logs=[REFUSED], figures=figures)
        assert answers(self.RULE, snap) == [(DB, "configuration_error", "page_human", DB)]

    def test_a_changed_config_map_tells_it(self) -> None:
        settings = thing("ConfigMap", "pg", written=900, data={"postgresql.conf": "max_connections = 40\n"})
        volume = {"volumes": [{"name": "c", "configMap": {"name": "pg"}}]}
        snap = snapshot(
            shop(), postgres(spec=volume), settings, logs=[REFUSED], databases=[database(*self.TAKEN, most=40)]
        )
        assert answers(self.RULE, snap) == [(DB, "configuration_error", "page_human", DB)]

    def test_a_limit_that_never_changed_is_not_to_blame(self) -> None:
        snap = snapshot(shop(), postgres(), logs=[REFUSED], databases=[database(*self.TAKEN, most=40)])
        assert answers(self.RULE, snap) == []


def test_a_full_database_of_which_nothing_is_known_needs_a_person() -> None:
    assert answers(sessions_all_taken.RULE, world()) == [(DB, "database_connection", "page_human", DB)]


@pytest.mark.parametrize(
    "line",
    [
        "FATAL:  sorry, too many clients already",
        "ERROR 1040 (HY000): Too many connections",
        "FATAL: remaining connection slots are reserved for non-replication superuser connections",
        'org.postgresql.util.PSQLException: FATAL: too many connections for role "shop"',
        "pq: sorry, too many clients already",
        "error: SQLSTATE 53300",
    ],
)
def test_it_is_told_in_many_words(line: str) -> None:
    snap = snapshot(shop(), postgres(), logs=[log(pod("shop"), line)])
    assert [a[0] for a in answers(sessions_all_taken.RULE, snap)] == [DB]


def test_a_refusal_or_two_while_users_feel_nothing_is_a_moments() -> None:
    well = figure("error_ratio", 0.001, 0.001, component="shop")
    assert answers(sessions_all_taken.RULE, world(figures=[well])) == []


def test_one_fault_is_one_finding_and_the_remedy_is_not_excluded() -> None:
    for sessions in ([FORGOTTEN, BUSY], [session("", "idle", 80, application="bi"), BUSY]):
        diagnosis = decide(world(sessions=sessions))
        assert len(diagnosis.findings) == 1
        finding = diagnosis.findings[0]
        assert (finding.remedy, finding.target) not in {(e.remedy, e.target) for e in finding.excluded}
