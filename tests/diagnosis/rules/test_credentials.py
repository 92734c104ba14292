"""A rotated password heals with a restart; a wrong one does not, and a restart would cost the pods that still serve."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.tiny import answers, at, excluded, log, pod, postgres, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.rules import credentials_refused, credentials_rotated, role_missing

SHOP, SECRET = "Deployment/shop", "Secret/shop-db"
ENV = {"DB_HOST": "postgres", "DB_PASSWORD": secret_key("shop-db")}
TEXTS = (
    'FATAL:  password authentication failed for user "shop"',
    "ERROR 1045 (28000): Access denied for user 'shop'@'10.1.0.4' (using password: YES)",
    "WRONGPASS invalid username-password pair or user is disabled.",
    "pymongo.errors.OperationFailure: Authentication failed., full error: {'code': 18}",
    "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN",
    "SaslAuthenticationException: Authentication failed during authentication due to invalid credentials",
    'error: failed SASL auth (FATAL: password authentication failed for user "shop" (SQLSTATE 28P01))',
)


def refused(*numbers: int, line: str = TEXTS[0]) -> list[Log]:
    return [log(pod("shop", n), line) for n in numbers]


def secret(written: float | None) -> dict[str, Any]:
    return thing("Secret", "shop-db", written=written, data={"password": "sha256:0123456789abcdef"}, type="Opaque")


@pytest.mark.parametrize("line", TEXTS)
def test_pods_older_than_their_secret_are_restarted(line: str) -> None:
    snap = snapshot(workload("shop", env=ENV), postgres(), secret(900), logs=refused(0, 1, line=line))
    assert answers(credentials_rotated.RULE, snap) == [(SHOP, "database_connection", "restart_workload", SHOP)]
    assert ("rollback_workload", SHOP) in excluded(credentials_rotated.RULE, snap)
    assert answers(credentials_refused.RULE, snap) == []


def test_pods_newer_than_their_secret_show_that_it_is_wrong() -> None:
    snap = snapshot(workload("shop", env=ENV, started=300), postgres(), secret(900), logs=refused(0))
    assert answers(credentials_refused.RULE, snap) == [(SECRET, "configuration_error", "page_human", SECRET)]
    assert {("restart_workload", SHOP), ("restart_connection_pool", SHOP)} <= excluded(credentials_refused.RULE, snap)
    assert answers(credentials_rotated.RULE, snap) == []


def test_a_container_that_was_started_again_reads_its_secret_anew() -> None:
    again = workload("shop", env=ENV)
    for obj in again:
        if obj["kind"] == "Pod":
            obj["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": "2026-03-04T11:55:00Z"}}
    snap = snapshot(again, postgres(), secret(900), logs=refused(0))
    assert [a[2] for a in answers(credentials_refused.RULE, snap)] == ["page_human"]


def test_nothing_was_written_so_somebody_changed_the_other_side() -> None:
    snap = snapshot(workload("shop", env=ENV), postgres(), secret(None), logs=refused(0, 1))
    assert answers(credentials_refused.RULE, snap) == [(SECRET, "configuration_error", "page_human", SECRET)]


def test_a_release_with_another_user_is_rolled_back() -> None:
    released = workload("shop", env={**ENV, "DB_USER": "shop2"}, before={"env": {**ENV, "DB_USER": "shop"}})
    snap = snapshot(released, postgres(), secret(None), logs=refused(0))
    assert answers(credentials_refused.RULE, snap) == [(SHOP, "configuration_error", "rollback_workload", SHOP)]


def test_what_the_database_says_of_its_clients_is_no_complaint_of_its_own() -> None:
    snap = snapshot(workload("shop", env=ENV), postgres(), secret(900), logs=[log("postgres-0", TEXTS[0])])
    assert answers(credentials_rotated.RULE, snap) == answers(credentials_refused.RULE, snap) == []


class TestOutside:
    LINE = "GET https://api.maps.example.com/geocode failed: 401 Unauthorized: token has expired"

    def test_an_expired_token_needs_a_person(self) -> None:
        snap = snapshot(workload("shop", env=ENV), secret(None), logs=refused(0, line=self.LINE))
        assert answers(credentials_refused.RULE, snap) == [(SECRET, "configuration_error", "page_human", SECRET)]

    def test_one_that_was_renewed_already_is_taken_by_a_restart(self) -> None:
        snap = snapshot(workload("shop", env=ENV), secret(900), logs=refused(0, line=self.LINE))
        assert answers(credentials_rotated.RULE, snap) == [(SHOP, "configuration_error", "restart_workload", SHOP)]

    def test_a_users_own_wrong_password_is_nobodys_fault(self) -> None:
        line = '10.0.0.9 - - "POST /login HTTP/1.1" 401 12 "https://town.example/" invalid_grant'
        snap = snapshot(workload("shop", env=ENV), secret(900), logs=refused(0, line=line))
        assert answers(credentials_rotated.RULE, snap) == answers(credentials_refused.RULE, snap) == []


def test_a_crash_loop_reads_the_secret_at_each_start() -> None:
    loop = {
        "restartCount": 6,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"reason": "Error", "exitCode": 1, "startedAt": at(70), "finishedAt": at(60)}},
    }
    crashing = workload("shop", env=ENV, ready=0, status=loop)
    snap = snapshot(crashing, postgres(), secret(900), logs=refused(0))
    assert [f.component for f in decide(snap).findings] == [SECRET]


class TestRole:
    LINE = 'FATAL:  role "shop_v2" does not exist'

    def test_of_a_release_is_rolled_back(self) -> None:
        released = workload("shop", env={**ENV, "DB_USER": "shop_v2"}, before={"env": {**ENV, "DB_USER": "shop"}})
        snap = snapshot(released, postgres(), logs=refused(0, line=self.LINE))
        assert answers(role_missing.RULE, snap) == [(SHOP, "configuration_error", "rollback_workload", SHOP)]

    @pytest.mark.parametrize("line", [LINE, 'FATAL:  database "shop" does not exist', "Unknown database 'shop'"])
    def test_else_somebody_has_to_make_it(self, line: str) -> None:
        snap = snapshot(workload("shop", env=ENV), postgres(), logs=refused(0, line=line))
        assert answers(role_missing.RULE, snap)[0][1:3] == ("configuration_error", "page_human")
