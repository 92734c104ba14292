"""One hand at a time: a Lease is taken only when nobody else can be holding it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.lease import lease_decision, lease_release
from ansible_collections.tuheg.ir.plugins.module_utils.times import format_time
from hypothesis import given
from hypothesis import strategies as st

from tests.collection.objects import NOW

INCIDENT = "INC-20251105-001"
ME, OTHER = f"{INCIDENT}/run-2", f"{INCIDENT}/run-1"
MARK = f"ir.tuheg.com/{INCIDENT}"


def lease(
    holder: str = OTHER, *, age_s: float = 10, annotations: dict[str, str] | None = None, **spec: Any
) -> dict[str, Any]:
    renewed = format_time(NOW - timedelta(seconds=age_s))
    return {
        "metadata": {"name": "l", "namespace": "ns", "resourceVersion": "77", "annotations": annotations or {}},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": 300,
            "acquireTime": renewed,
            "renewTime": renewed,
            "leaseTransitions": 4,
            **spec,
        },
    }


def decide(found: dict[str, Any] | None, **options: Any) -> dict[str, Any]:
    words: dict[str, Any] = {"name": "l", "namespace": "ns", "me": ME, "incident": INCIDENT, "now": NOW}
    decision: dict[str, Any] = lease_decision(found, **(words | options))
    return decision


@pytest.mark.parametrize(
    ("found", "options", "why"),
    [
        (None, {}, "absent"),
        ({}, {}, "absent"),
        (lease(""), {}, "free"),
        (lease(ME), {}, "mine"),
        (lease(age_s=301), {}, "expired"),
        (lease(), {"takeover": OTHER}, "takeover"),
        (lease(), {"takeover": f"INC-20251105-001/x, {OTHER}"}, "takeover"),
    ],
)
def test_it_is_taken(found: dict[str, Any] | None, options: dict[str, Any], why: str) -> None:
    decision = decide(found, **options)
    assert (decision["action"], decision["why"], decision["wait_s"]) == ("take", why, 0)
    assert decision["definition"]["spec"]["holderIdentity"] == ME


@pytest.mark.parametrize(
    ("found", "options", "wait_s"),
    [
        (lease(), {}, 290),
        (lease(age_s=299), {}, 2),
        (lease(), {"takeover": "INC-20251105-001/run"}, 290),
        (lease(renewTime=None, acquireTime=None), {"seconds": 60}, 60),
        (lease(leaseDurationSeconds=None), {"seconds": 60}, 60),
        (lease(renewTime="yesterday"), {"seconds": 60}, 60),
    ],
)
def test_it_is_refused_while_another_may_hold_it(found: dict[str, Any], options: dict[str, Any], wait_s: int) -> None:
    decision = decide(found, **options)
    assert (decision["action"], decision["why"], decision["holder"]) == ("refuse", "held", OTHER)
    assert decision["wait_s"] == pytest.approx(wait_s, abs=1)
    assert decision["definition"] == {}


def test_a_refusal_names_the_holder_until_when_and_what_to_do() -> None:
    decision = decide(lease())
    assert decision["reason"] == f"{OTHER} holds l until 2025-11-05T14:34:50.000000Z"
    assert decision["next"].endswith(f"-e ir_lock_takeover={OTHER}")


def test_the_number_of_another_incident_is_refused_even_if_the_lease_is_free() -> None:
    decision = decide(lease("", annotations={MARK: "uid-1"}), uid="uid-2")
    assert (decision["action"], decision["why"]) == ("refuse", "other_incident")
    assert decision["reason"] == f"{INCIDENT} is already the number of another incident here (uid uid-1)"
    assert decide(lease("", annotations={MARK: "uid-1"}), uid="uid-1")["action"] == "take"
    assert decide(lease("", annotations={MARK: "uid-1"}))["action"] == "take"


def test_what_is_written_is_a_compare_and_swap_with_microseconds() -> None:
    fresh = decide(None, uid="uid-1", seconds=60)["definition"]
    assert fresh["metadata"] == {
        "name": "l",
        "namespace": "ns",
        "resourceVersion": "0",
        "annotations": {MARK: "uid-1"},
    }
    assert fresh["spec"] == {
        "holderIdentity": ME,
        "leaseDurationSeconds": 60,
        "acquireTime": "2025-11-05T14:30:00.000000Z",
        "renewTime": "2025-11-05T14:30:00.000000Z",
        "leaseTransitions": 0,
    }
    taken = decide(lease("", annotations={"ir.tuheg.com/INC-20251101-001": "u", "x": "y"}), uid="uid-1")["definition"]
    assert taken["metadata"]["resourceVersion"] == "77"
    assert taken["metadata"]["annotations"] == {"ir.tuheg.com/INC-20251101-001": "u", "x": "y", MARK: "uid-1"}
    assert taken["spec"]["leaseTransitions"] == 5


def test_renewing_keeps_when_it_was_acquired() -> None:
    spec = decide(lease(ME))["definition"]["spec"]
    assert (spec["acquireTime"], spec["renewTime"]) == ("2025-11-05T14:29:50.000000Z", "2025-11-05T14:30:00.000000Z")
    assert spec["leaseTransitions"] == 4


def test_the_memory_of_incidents_does_not_grow_for_ever_but_keeps_the_newest_and_our_own() -> None:
    many = {f"ir.tuheg.com/INC-2024{number:04d}-001": "u" for number in range(200)}
    kept = decide(lease("", annotations=many | {"x": "y"}), uid="uid-1")["definition"]["metadata"]["annotations"]
    assert len(kept) == 101
    assert {MARK, "x", "ir.tuheg.com/INC-20240199-001"} <= kept.keys()


def test_only_its_holder_gives_it_back() -> None:
    released = lease_release(lease(ME, annotations={MARK: "u"}), ME)
    assert released["action"] == "release"
    assert released["definition"]["spec"] == {"holderIdentity": "", "leaseDurationSeconds": 300, "leaseTransitions": 4}
    assert released["definition"]["metadata"]["resourceVersion"] == "77"
    assert released["definition"]["metadata"]["annotations"] == {MARK: "u"}
    assert lease_release(lease(), ME)["action"] == "none"
    assert lease_release({}, ME)["action"] == "none"


HOLDERS = st.sampled_from(["", "a/1", "b/1"])


@given(holder=HOLDERS, age_s=st.floats(-100, 1000), takeover=HOLDERS)
def test_of_two_that_see_the_same_lease_at_most_one_may_take_it_without_a_race(
    holder: str, age_s: float, takeover: str
) -> None:
    """Unless it is free for anyone, and then both write with the same resourceVersion."""
    found = lease(holder, age_s=age_s)
    both = [decide(found, me=me, takeover=takeover) for me in ("a/1", "b/1")]
    if holder and age_s <= 300 and takeover != holder:
        assert [each["action"] for each in both].count("take") == 1
    for each in both:
        if each["action"] == "take":
            assert each["definition"]["metadata"]["resourceVersion"] == "77"
