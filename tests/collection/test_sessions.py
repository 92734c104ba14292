"""Who holds the database's slots, and that only the sessions meant are ended."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.sessions import (
    SESSIONS_SQL,
    Session,
    decide,
    decide_sessions,
    end_sql,
    parse,
    parse_ended,
    pod_owner,
    psql_command,
    psql_words,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.collection.objects import pod

IDLE, LEAK, ACTIVE = "idle", "idle in transaction", "active"
PODS: list[dict[str, Any]] = [
    {"name": "gw-1", "ip": "10.0.0.1", "service": "gateway"},
    {"name": "rep-1", "ip": "10.0.0.9", "service": "reports"},
]
LOST = "10.0.3.3"
WITH_LOST: list[dict[str, Any]] = [*PODS, {"name": "gw-2", "ip": LOST, "service": "gateway", "lost": True}]


def row(pid: int, client: str | None, state: str, age_s: float = 100) -> dict[str, Any]:
    return {
        "pid": pid,
        "backend_start": f"2025-11-05T14:00:00.{pid:06d}Z",
        "client": client,
        "user": "u",
        "database": "d",
        "application": "a",
        "state": state,
        "age_s": age_s,
    }


def output(*groups: tuple[int, str | None, str], max_connections: int = 40, age_s: float = 100) -> str:
    rows = [row(0, client, state, age_s) for count, client, state in groups for _ in range(count)]
    for pid, each in enumerate(rows, start=1):
        each |= {"pid": pid, "backend_start": f"2025-11-05T14:00:00.{pid:06d}Z"}
    return json.dumps({"max": max_connections, "reserved": 3, "sessions": rows})


OWN, OTHER, LOCAL = "10.0.0.1", "10.0.0.9", "127.0.0.1"


@pytest.mark.parametrize(
    ("groups", "holder", "exhausted"),
    [
        ([(10, OWN, IDLE)], "nobody", False),
        ([(30, OWN, LEAK), (6, OWN, IDLE)], "own", True),
        ([(12, OWN, LEAK)], "own", False),
        ([(30, OTHER, IDLE), (5, OWN, IDLE)], "other", True),
        ([(30, OTHER, IDLE), (5, OWN, LEAK)], "other", True),
        ([(20, OTHER, IDLE), (5, OWN, IDLE)], "nobody", False),
        ([(35, OWN, ACTIVE)], "load", True),
        ([(34, None, IDLE), (2, OWN, IDLE)], "load", True),
        ([(30, "192.168.7.7", IDLE), (5, OWN, IDLE)], "other", True),
        ([], "nobody", False),
    ],
)
def test_the_holder_of_the_slots_is_named(groups: list[Any], holder: str, exhausted: bool) -> None:
    decision = decide_sessions(output(*groups), pods=PODS, service="gateway")
    assert (decision["holder"], decision["exhausted"]) == (holder, exhausted)
    assert "of 37 usable connections are taken" in decision["reason"]


def test_another_client_is_named_with_figures() -> None:
    decision = decide_sessions(output((30, OTHER, IDLE), (5, OWN, IDLE)), pods=PODS, service="gateway")
    assert decision["reason"] == "reports holds 30 sessions, gateway 5; 35 of 37 usable connections are taken"


def test_ending_our_own_takes_only_those_that_leak_for_long_enough() -> None:
    rows = [row(1, OWN, LEAK, 31), row(2, OWN, LEAK, 29), row(3, OWN, IDLE), row(4, OTHER, LEAK), row(5, OWN, ACTIVE)]
    rows.append(row(6, OWN, "idle in transaction (aborted)", 99))
    text = json.dumps({"max": 40, "reserved": 3, "sessions": rows})
    decision = decide_sessions(text, pods=PODS, service="gateway", min_age_s=30)
    assert [each["pid"] for each in decision["end"]] == [1, 6]
    assert (decision["count"], decision["class"], decision["clients"]) == (2, "safe", ["gateway"])
    assert decision["sql"].count("'idle in transaction%'") == 2


@pytest.mark.parametrize(
    ("groups", "holder", "count"),
    [
        ([(30, LOST, IDLE), (6, OWN, IDLE)], "lost", 30),
        ([(8, LOST, IDLE), (2, LOST, LEAK), (6, OWN, IDLE)], "lost", 10),
        ([(8, LOST, IDLE), (8, OWN, LEAK)], "own", 16),
        ([(8, LOST, ACTIVE), (6, OWN, IDLE)], "nobody", 0),
        ([(2, LOST, IDLE), (34, OTHER, IDLE)], "other", 2),
        ([(20, LOST, IDLE), (16, OTHER, IDLE)], "lost", 20),
        ([(1, LOST, IDLE), (36, OWN, ACTIVE)], "load", 1),
    ],
)
def test_what_lost_pods_left_idle_is_ended_where_that_makes_room(groups: list[Any], holder: str, count: int) -> None:
    decision = decide_sessions(output(*groups), pods=WITH_LOST, service="gateway")
    assert (decision["holder"], decision["count"], decision["class"]) == (holder, count, "safe")
    if holder == "lost":
        assert f"{count} of " in decision["reason"]
        assert "of pods that are lost, idle for up to 100 s" in decision["reason"]


def test_an_address_that_another_pod_has_by_now_is_not_lost() -> None:
    pods = [*WITH_LOST, {"name": "gw-3", "ip": LOST, "service": "gateway"}]
    decision = decide_sessions(output((30, LOST, IDLE)), pods=pods, service="gateway")
    assert (decision["holder"], decision["count"], decision["own_lost"]) == ("nobody", 0, 0)


def test_each_session_is_ended_only_while_it_is_as_it_was_chosen() -> None:
    decision = decide_sessions(output((1, OWN, LEAK), (1, LOST, IDLE)), pods=WITH_LOST, service="gateway")
    assert re.findall(r"\((\d+), timestamptz '[^']+', '([^']+)'\)", decision["sql"]) == [
        ("1", "idle in transaction%"),
        ("2", "idle%"),
    ]


def test_ending_others_takes_the_largest_holders_until_half_is_free_and_never_ours_or_local_ones() -> None:
    text = output((20, OTHER, IDLE), (8, "10.9.9.9", ACTIVE), (4, OWN, LEAK), (4, LOCAL, IDLE))
    decision = decide_sessions(text, pods=PODS, service="gateway", whose="other")
    assert (decision["count"], decision["clients"], decision["class"]) == (20, ["reports"], "irreversible")
    assert {each["pid"] for each in decision["end"]} == set(range(1, 21))


def test_a_session_of_another_client_that_is_at_work_is_spared() -> None:
    text = output((12, OTHER, ACTIVE), (12, OTHER, LEAK), (12, OWN, IDLE))
    decision = decide_sessions(text, pods=PODS, service="gateway", whose="other")
    assert {each["pid"] for each in decision["end"]} == set(range(13, 25))
    assert decision["sql"].count("'idle%'") == 12


def test_others_are_left_alone_while_there_is_room() -> None:
    decision = decide_sessions(output((20, OTHER, IDLE)), pods=PODS, service="gateway", whose="other")
    assert (decision["count"], decision["sql"]) == (0, "")


@pytest.mark.parametrize("text", ["", "psql: error: connection refused", "[]", '{"max": 1}', "null"])
def test_an_answer_that_cannot_be_read_is_unknown_not_nobody(text: str) -> None:
    decision = decide_sessions(text, pods=PODS, service="gateway")
    assert (decision["holder"], decision["sql"], decision["count"]) == ("unknown", "", 0)
    assert decision["reason"].startswith("the database's answer cannot be read")


def test_the_groups_are_told_largest_first_without_query_texts() -> None:
    groups = decide_sessions(output((2, OWN, IDLE), (3, OTHER, ACTIVE)), pods=PODS, service="gateway")["groups"]
    assert groups == [
        {"client": "reports", "user": "u", "state": "active", "application": "a", "count": 3, "oldest_s": 100.0},
        {"client": "gateway", "user": "u", "state": "idle", "application": "a", "count": 2, "oldest_s": 100.0},
    ]
    assert not re.search(r"\bquery\b", SESSIONS_SQL)


def test_the_declared_query_only_reads() -> None:
    assert SESSIONS_SQL.startswith("SELECT ")
    words = "pg_terminate|pg_cancel|insert|update|delete|drop|alter|set|create|copy|do|call"
    assert not re.search(rf"\b({words})", SESSIONS_SQL, re.IGNORECASE)


def test_a_pod_belongs_to_the_workload_that_made_it() -> None:
    assert pod_owner(pod("web-5d4f-abc", "web-5d4f")) == "web"
    assert pod_owner(pod("db-0", "db", owner_kind="StatefulSet")) == "db"
    alone = pod("alone", "x")
    alone["metadata"]["ownerReferences"] = []
    assert pod_owner(alone) == "alone"


def test_whole_pods_and_slim_ones_name_the_same_clients() -> None:
    whole = [pod("gateway-5d4f-a", "gateway-5d4f")]
    whole[0]["status"]["podIP"] = OWN
    text = output((3, OWN, LEAK))
    assert decide_sessions(text, pods=whole, service="gateway") == decide_sessions(text, pods=PODS, service="gateway")


def test_the_command_survives_being_split_again() -> None:
    assert shlex.split(psql_command(SESSIONS_SQL, "u", "d")) == psql_words(SESSIONS_SQL, "u", "d")


def test_what_was_ended_is_counted() -> None:
    assert parse_ended('{"asked" : 5, "ended" : 3}\n') == {"asked": 5, "ended": 3, "gone": 2}
    with pytest.raises(ValueError, match="cannot be read"):
        parse_ended("ERROR")


def test_only_own_or_other_can_be_asked_for() -> None:
    with pytest.raises(ValueError, match="it must be own or other"):
        decide_sessions(output(), pods=PODS, service="gateway", whose="all")


CLIENTS, STATES = st.sampled_from([OWN, OTHER, LOCAL, None]), st.sampled_from([IDLE, LEAK, ACTIVE])
SESSIONS = st.builds(row, st.integers(1, 9), CLIENTS, STATES, st.floats(0, 99))


@given(
    rows=st.lists(SESSIONS, max_size=40, unique_by=lambda each: each["pid"]), whose=st.sampled_from(["own", "other"])
)
def test_each_session_is_ended_by_pid_and_start_together_so_a_reused_pid_is_never_hit(
    rows: list[dict[str, Any]], whose: str
) -> None:
    report = parse(json.dumps({"max": 10, "reserved": 1, "sessions": rows}), {OWN: "gateway", OTHER: "reports"})
    decision = decide(report, "gateway", whose=whose)
    named = re.findall(r"\((\d+), timestamptz '([^']+)', ", decision.sql)
    assert named == [(str(each.pid), each.backend_start) for each in decision.end]
    assert ("a.state LIKE v.state" in decision.sql) is bool(decision.end)
    assert ("a.pid = v.pid AND a.backend_start = v.start" in decision.sql) is bool(decision.end)
    for each in decision.end:
        assert (each.client == "gateway") is (whose == "own")
        assert each.client != "local"
        assert each.leaking or whose == "other"


@pytest.mark.parametrize("start", ["", "2025-11-05", "2025-11-05T14:00:00.000000Z'); DROP TABLE x; --"])
def test_a_start_that_is_none_never_reaches_the_database(start: str) -> None:
    with pytest.raises(ValueError, match="is not the start of a session"):
        end_sql([Session(1, start, "c", "u", LEAK, 99)], only_leaking=True)
