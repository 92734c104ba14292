"""What a run writes at its end, and what is told of what it could not write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.leaving import left_behind, left_notes
from ansible_collections.tuheg.ir.plugins.module_utils.templates import template_hash, template_of

from tests import layout
from tests.collection.objects import deployment

ME = "INC-20251105-001/run-1"
NOW = datetime(2025, 11, 5, 14, 30, tzinfo=UTC)
LOCK = "tuheg-ir-web"
FORBIDDEN = {"msg": 'Failed to replace object: {"message":"it is forbidden: User \\"x\\" cannot update resource"}'}


def lease(holder: str = ME) -> dict[str, Any]:
    meta = {"name": LOCK, "namespace": "shop", "resourceVersion": "7"}
    return {"metadata": meta, "spec": {"holderIdentity": holder, "leaseDurationSeconds": 300}}


def proved(recorded: str = "") -> dict[str, Any]:
    last_good = {"data": {"template_hash": recorded}} if recorded else {}
    return {"workload": deployment(), "revisions": [], "last_good": last_good}


def same() -> str:
    return template_hash(template_of(deployment()))


@pytest.mark.parametrize(
    ("held", "learnt", "kinds"),
    [
        (lease(), {}, ["Lease"]),
        (lease(), proved(), ["ConfigMap", "Lease"]),
        (lease(), proved("another"), ["ConfigMap", "Lease"]),
        (lease(), proved(same()), ["Lease"]),
        (lease("somebody/else"), {}, []),
        (lease("somebody/else"), proved(), ["ConfigMap"]),
        ({}, {}, []),
        ({}, {"skipped": True}, []),
    ],
    ids=["lock", "new", "other", "on record", "not ours", "not ours, new", "nothing", "skipped"],
)
def test_a_run_leaves_the_lock_if_it_is_its_own_and_a_template_that_is_not_on_record(
    held: dict[str, Any], learnt: dict[str, Any], kinds: list[str]
) -> None:
    left = left_behind(held, learnt, me=ME, incident="INC-20251105-001", now=NOW)
    assert [each["kind"] for each in left] == kinds


def test_the_lock_is_given_back_in_the_version_that_was_read() -> None:
    (given,) = left_behind(lease(), {}, me=ME, incident="INC-20251105-001", now=NOW)
    assert (given["metadata"]["resourceVersion"], given["spec"]["holderIdentity"]) == ("7", "")


def test_what_could_not_be_written_is_told_of_each_by_itself() -> None:
    both = left_behind(lease(), proved(), me=ME, incident="INC-20251105-001", now=NOW)
    fine = {"changed": True, "result": {"kind": "Lease"}}
    refused = {"changed": False, "result": {}, "error": FORBIDDEN}
    assert left_notes({"changed": True, "result": {"results": [fine, fine]}}, both, lock=LOCK, seconds=300) == []
    (record,) = left_notes({"result": {"results": [refused, fine]}}, both, lock=LOCK, seconds=300)
    assert record.startswith("The template that proved good could not be kept: ")
    (lock,) = left_notes(refused, both[1:], lock=LOCK, seconds=300)
    assert lock.startswith(f"The lock {LOCK} could not be given back and runs out by itself within 300 s: ")
    assert len(left_notes({"result": {"results": [refused, refused]}}, both, lock=LOCK, seconds=300)) == 2


def test_a_template_that_could_not_be_read_is_told_of_in_the_same_words_which_stand_in_one_place() -> None:
    (written,) = left_notes({"error": FORBIDDEN}, [{"kind": "ConfigMap"}], lock=LOCK, seconds=300)
    (words, _, _) = written.partition(":")
    roles = layout.ROLES.rglob("*.yml")
    assert not [path.name for path in roles if words in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize(
    ("learnt", "told"),
    [(proved(), ["The template", "The lock"]), (proved(same()), ["The lock"]), ({}, ["The lock"])],
    ids=["new", "on record", "nothing learnt"],
)
def test_when_nothing_could_be_done_the_lock_is_told_and_a_template_that_was_to_be_kept(
    learnt: dict[str, Any], told: list[str]
) -> None:
    failed = {"failed": True, "changed": False, "msg": "Connection refused"}
    left = left_behind({}, learnt, me=ME, incident="INC-20251105-001", now=NOW)
    notes = left_notes(failed, left, lock=LOCK, seconds=300)
    assert [" ".join(note.split()[:2]) for note in notes] == told
    assert all(note.endswith(": the API server cannot be reached") for note in notes)


@pytest.mark.parametrize("written", [{}, {"skipped": True, "changed": False}])
def test_of_what_was_not_tried_nothing_is_told(written: dict[str, Any]) -> None:
    left = left_behind(lease(), {}, me=ME, incident="INC-20251105-001", now=NOW)
    assert left_notes(written, left, lock=LOCK, seconds=300) == []
