"""A store whose program was renewed: whether the version before still reads its data."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.pods import pods_of, put, waiting
from tests.diagnosis.rules.tiny import Obj, snapshot, workload
from tuheg_ir.diagnosis.harm import harms
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.stores import of_a_store, upgraded
from tuheg_ir.diagnosis.view.view import View

CLAIM: dict[str, Any] = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]}


def store(now: str, before: str, **more: Any) -> list[Obj]:
    return workload("data", now, kind="StatefulSet", pods=1, before={"image": before}, **{"spec": CLAIM, **more})


def view(objects: list[Obj]) -> View:
    return View(snapshot(objects))


@pytest.mark.parametrize(
    ("before", "now", "is_so"),
    [
        ("mysql:8.0.39", "mysql:8.4.5", True),
        ("mysql:8.0.38", "mysql:8.0.39", False),
        ("mysql:8.4.5", "mysql:8.0.39", False),
        ("postgres:15.6", "postgres:16.2-alpine", True),
        ("postgres:16.2", "postgres:16.4", False),
        ("registry:5000/mongo:6.0.1", "registry:5000/mongo:7.0.2", True),
        ("mysql:latest", "mysql:8.4.5", False),
        ("registry.example/shop:1.0", "registry.example/shop:2.0", False),
    ],
)
def test_a_newer_version_that_serves_has_opened_the_data(before: str, now: str, *, is_so: bool) -> None:
    world = view(store(now, before))
    assert upgraded(world, world.workloads["StatefulSet/data"]) is is_so
    barred = {each.remedy for each in harms(world, "StatefulSet/data")}
    assert ("rollback_workload" in barred) is is_so


def test_one_that_never_got_ready_may_be_taken_back() -> None:
    objects = store("postgres:16.2", "postgres:15.6")
    for each in pods_of(objects):
        put(each, waiting("CrashLoopBackOff"), ready=False)
    world = view(objects)
    assert not upgraded(world, world.workloads["StatefulSet/data"])


def test_a_cache_without_a_volume_may_be_taken_back() -> None:
    world = view(store("redis:7.2", "redis:7.0", spec={}))
    assert not upgraded(world, world.workloads["StatefulSet/data"])


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("org.postgresql.util.PSQLException: ERROR: out of memory", "database"),
        ("failed: ERROR: out of memory (SQLSTATE 53200)", "database"),
        ("error: out of memory { code: '53200' }", "database"),
        ("** (Postgrex.Error) ERROR 53200 (out_of_memory) out of memory", "database"),
        ("asyncpg.exceptions.OutOfMemoryError: out of memory", "database"),
        ("report: pq: out of memory", "database"),
        ("error returned from database: out of memory", "database"),
        ("429 circuit_breaking_exception: [parent] Data too large, data for [<agg [brand]>]", "search"),
        ("java.lang.OutOfMemoryError: Java heap space", ""),
        ("Out of memory: Killed process 53200 (java), insufficient memory for the Java runtime", ""),
        ("CircuitBreaker 'cart' is open: java.lang.OutOfMemoryError", ""),
    ],
)
def test_whose_memory_is_missing_is_told_by_the_words_of_its_kind(line: str, kind: str) -> None:
    assert tells("out_of_memory", line)
    assert of_a_store(line) is bool(kind)
    assert [each for each in ("database", "search") if of_a_store(line, each)] == [kind] * bool(kind)


def test_a_number_is_no_code_of_missing_memory() -> None:
    assert not tells("out_of_memory", "INFO order 53200 packed")
