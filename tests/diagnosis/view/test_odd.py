"""Pods of a release that stand out from their like: whether it may be the code that all of them run."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.pods import put, rollout
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.view.odd import newest_differ, told_apart
from tuheg_ir.diagnosis.view.view import View

BREAKS = 'level=ERROR msg="basket not saved" err="no such shard"'
SAVED = "level=INFO msg=saved"
BEFORE = {"image": "registry.example/cart:0"}
CART: list[Obj] = workload("cart", before=BEFORE, released=1200)
ILL = log(pod("cart"), *[BREAKS] * 18, since=585)


def says(*lines: str, since: float = 585) -> Log:
    """Return the log of another pod."""
    return log(pod("cart", 1), *lines, since=since)


LONG = says(*[SAVED] * 99, since=1190)
ASKED = '"GET /basket HTTP/1.1" 200 31'


def differ(objects: list[Obj], *logs: Log) -> bool:
    """Tell whether the newest pods of a workload differ."""
    view = View(snapshot(objects, logs=[ILL, *logs]))
    return newest_differ(view, view.workloads["Deployment/cart"])


def test_a_pod_that_works_on_without_the_complaint_is_well() -> None:
    assert differ(CART, says(*[SAVED] * 9))


def test_a_warning_that_all_pods_tell_makes_none_of_them_ill() -> None:
    common = ["level=WARN msg=slow"] * 9
    assert differ(CART, log(pod("cart"), *common, since=585), says(*[SAVED] * 9, *common))


@pytest.mark.parametrize(
    "found",
    [
        says(SAVED, BREAKS, *[SAVED] * 3, BREAKS, *[SAVED] * 9),
        says("level=INFO msg=started"),
        LONG._replace(lines=LONG.lines[:9]),
        says(*[ASKED] * 8, *[ASKED.replace("200", "503")] * 2),
    ],
    ids=["it tells of it as well", "it tells of its start alone", "it has done nothing of late", "it fails requests"],
)
def test_a_pod_may_be_as_ill_as_its_like(found: Log) -> None:
    assert not differ(CART, found)


def test_a_pod_whose_log_nobody_read_is_not_known_to_be_well() -> None:
    made = rollout("cart", None, before=BEFORE, released=1200, old=1, new=2)
    broken = log(pod("cart", 1), *[BREAKS] * 9, since=585)
    old = log(pod("cart"), *[SAVED] * 9, since=585)
    view = View(snapshot(made, logs=[broken, old]))
    assert not newest_differ(view, view.workloads["Deployment/cart"])


def test_a_pod_that_is_not_ready_is_not_well() -> None:
    made = workload("cart", before=BEFORE, released=1200)
    put(next(each for each in made if each["metadata"]["name"] == pod("cart", 1)), {}, ready=False)
    assert not differ(made, says(*[SAVED] * 9))


LONG_AGO = [BREAKS] * 20 + [SAVED] * 80
LOST = "level=ERROR msg=lost"
WARNS = "level=WARN msg=slow"


@pytest.mark.parametrize(
    ("ends", "odd"),
    [
        ([], {pod("cart")}),
        ([WARNS, *[SAVED] * 5] * 9, {pod("cart")}),
        ([LOST] * 9, set()),
        ([*[SAVED] * 9, BREAKS], set()),
    ],
    ids=["it works since", "it warns now and then", "it has other errors", "it has told it again"],
)
def test_who_told_the_same_as_often_is_its_like_if_it_goes_on_complaining(ends: list[str], odd: set[str]) -> None:
    view = View(snapshot(CART, logs=[ILL, says(*LONG_AGO, *ends, since=7000)]))
    assert set(told_apart(view, view.workloads["Deployment/cart"])) == odd


def test_what_is_told_of_who_told_it_before_is_how_often_it_did() -> None:
    lost = says(*LONG_AGO, *[LOST] * 9, since=7000)
    view = View(snapshot(workload("cart", pods=3), logs=[ILL, lost, log(pod("cart", 2), *[SAVED] * 9)]))
    found = told_apart(view, view.workloads["Deployment/cart"])
    assert {name: told.partition(":")[0] for name, told in found.items()} == {
        pod("cart"): "its log repeats (18 lines)",
        pod("cart", 1): "its log repeats (20 lines)",
    }
