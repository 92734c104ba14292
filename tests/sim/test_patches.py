"""Patches do what their content type says, and never change what they were given."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuheg_ir.sim.patches import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, apply_patch, merge_patch, strategic_merge
from tuheg_ir.sim.status import ApiError

KEYS = st.sampled_from(["a", "b", "c", "labels", "spec"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("xyz", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value


def diff(old: Any, new: Any) -> Any:
    """Return a merge patch that leads from one object to the other."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    gone = {key: None for key in old if key not in new}
    return gone | {key: diff(old.get(key), value) for key, value in new.items() if key not in old or old[key] != value}


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_made_of_two_objects_leads_from_one_to_the_other(old: Any, new: Any) -> None:
    old, new = without_nulls(old), without_nulls(new)
    assert merge_patch(old, diff(old, new)) == new


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_applied_twice_is_applied_once(obj: Any, patch: Any) -> None:
    once = merge_patch(obj, patch)
    assert merge_patch(once, patch) == once


@given(OBJECTS, OBJECTS)
def test_patching_leaves_the_given_object_alone(obj: Any, patch: Any) -> None:
    kept = copy.deepcopy(obj)
    merge_patch(obj, patch)
    strategic_merge(obj, patch)
    assert obj == kept


@given(OBJECTS, OBJECTS)
def test_without_named_lists_a_strategic_patch_is_a_merge_patch(obj: Any, patch: Any) -> None:
    assert strategic_merge(obj, patch) == merge_patch(obj, patch)


def steps(old: Any, new: Any, at: str = "") -> list[dict[str, Any]]:
    """Return a JSON patch that leads from one object to the other, and tests what it leaves."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return [{"op": "test", "path": at, "value": old}, {"op": "replace", "path": at, "value": new}]
    found: list[dict[str, Any]] = [{"op": "remove", "path": f"{at}/{key}"} for key in old if key not in new]
    for key, value in new.items():
        if key not in old:
            found.append({"op": "add", "path": f"{at}/{key}", "value": value})
        elif old[key] != value or type(old[key]) is not type(value):
            found += steps(old[key], value, f"{at}/{key}")
    return found


@given(OBJECTS, OBJECTS)
def test_a_json_patch_made_of_two_objects_leads_from_one_to_the_other(old: Any, new: Any) -> None:
    assert apply_patch(JSON_PATCH, old, steps(old, new)) == new


PLACES = st.sampled_from(["", "/a", "/b", "/labels/a", "/spec/b/0", "/a/-", "/a/0", "/a/1", "/c/c/c"])
OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": PLACES},
        optional={"from": PLACES, "value": VALUES},
    ),
    max_size=4,
)


@given(OBJECTS, OPERATIONS)
def test_any_json_patch_is_applied_or_refused_whole_and_leaves_the_given_object_alone(obj: Any, patch: Any) -> None:
    kept = copy.deepcopy(obj)
    with suppress(ApiError):
        assert isinstance(apply_patch(JSON_PATCH, obj, patch), dict)
    assert obj == kept


@given(OBJECTS, st.sampled_from(["a", "b", "labels"]), VALUES)
def test_what_a_json_patch_adds_it_can_test_copy_move_and_take_away(obj: Any, key: str, value: Any) -> None:
    added = apply_patch(JSON_PATCH, obj, [{"op": "add", "path": f"/{key}", "value": value}])
    assert apply_patch(JSON_PATCH, added, [{"op": "test", "path": f"/{key}", "value": value}]) == added
    copied = apply_patch(JSON_PATCH, added, [{"op": "copy", "from": f"/{key}", "path": "/new"}])
    assert copied == {**added, "new": value}
    moved = apply_patch(JSON_PATCH, added, [{"op": "move", "from": f"/{key}", "path": "/new"}])
    assert moved == apply_patch(JSON_PATCH, copied, [{"op": "remove", "path": f"/{key}"}])


NAMES = st.lists(st.sampled_from("abcd"), unique=True, max_size=4)
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abcd")}, optional={"image": st.sampled_from("xyz"), "env": st.none()}
    ),
    unique_by=lambda entry: entry["name"],
    max_size=4,
)


@given(ENTRIES, ENTRIES)
def test_a_strategic_patch_applied_twice_is_applied_once(old: Any, new: Any) -> None:
    once = strategic_merge({"containers": old}, {"containers": new})
    assert strategic_merge(once, {"containers": new}) == once


@given(ENTRIES, ENTRIES, NAMES)
def test_strategic_patches_of_different_containers_do_not_mind_their_order(old: Any, new: Any, mine: list[str]) -> None:
    parts = [[entry for entry in new if (entry["name"] in mine) is one] for one in (True, False)]
    ends = []
    for order in (parts, parts[::-1]):
        obj = {"containers": old}
        for part in order:
            obj = strategic_merge(obj, {"containers": part})
        ends.append(sorted(obj["containers"], key=lambda entry: str(entry["name"])))
    assert ends[0] == ends[1]


@given(NAMES, NAMES)
def test_a_strategic_patch_deletes_the_containers_that_it_names_and_no_other(old: list[str], gone: list[str]) -> None:
    before = {"containers": [{"name": name} for name in old]}
    patch = {"containers": [{"name": name, "$patch": "delete"} for name in gone]}
    assert strategic_merge(before, patch) == {"containers": [{"name": name} for name in old if name not in gone]}


@given(NAMES, NAMES, st.randoms())
def test_a_strategic_patch_puts_containers_into_the_order_that_it_names(
    old: list[str], new: list[str], random: Any
) -> None:
    named = [*dict.fromkeys([*old, *new])]
    random.shuffle(named)
    patch = {
        "containers": [{"name": name} for name in new],
        "$setElementOrder/containers": [{"name": name} for name in named],
    }
    after = strategic_merge({"containers": [{"name": name} for name in old]}, patch)
    assert [entry["name"] for entry in after["containers"]] == named


@given(NAMES, NAMES)
def test_a_strategic_patch_merges_containers_by_name(old: list[str], new: list[str]) -> None:
    before = {"containers": [{"name": name, "image": "old", "tty": True} for name in old]}
    patch = {"containers": [{"name": name, "image": "new"} for name in new]}
    after = {item["name"]: item for item in strategic_merge(before, patch)["containers"]}
    assert set(after) == {*old, *new}
    for name, item in after.items():
        assert item["image"] == ("new" if name in new else "old")
        assert item.get("tty", False) == (name in old)


CONTAINERS = [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ([{"name": "a", "$patch": "delete"}], [{"name": "b", "image": "1"}]),
        ([{"$patch": "replace"}, {"name": "c"}], [{"name": "c"}]),
        ([{"name": "b", "image": None}], [{"name": "a", "image": "1"}, {"name": "b"}]),
    ],
)
def test_directives_of_a_strategic_patch_are_followed(patch: list[Any], expected: list[Any]) -> None:
    assert strategic_merge({"containers": CONTAINERS}, {"containers": patch}) == {"containers": expected}


def test_a_strategic_patch_keeps_the_order_that_it_names() -> None:
    patch = {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}
    assert [item["name"] for item in strategic_merge({"containers": CONTAINERS}, patch)["containers"]] == ["b", "a"]


def test_retained_keys_are_all_that_is_left_of_a_strategy() -> None:
    old = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}
    patch = {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}
    assert strategic_merge(old, patch) == {"strategy": {"type": "Recreate"}}


def test_ports_are_merged_by_what_names_them_in_their_place() -> None:
    service = strategic_merge({"spec": {"ports": [{"port": 80}]}}, {"spec": {"ports": [{"port": 80, "name": "web"}]}})
    assert service == {"spec": {"ports": [{"port": 80, "name": "web"}]}}
    old = {"containers": [{"name": "a", "ports": [{"containerPort": 80}]}]}
    patch = {"containers": [{"name": "a", "ports": [{"containerPort": 81}]}]}
    assert strategic_merge(old, patch)["containers"][0]["ports"] == [{"containerPort": 80}, {"containerPort": 81}]


def test_finalizers_are_a_set_that_grows_and_shrinks() -> None:
    assert strategic_merge({"finalizers": ["a"]}, {"finalizers": ["a", "b"]}) == {"finalizers": ["a", "b"]}
    gone = {"$deleteFromPrimitiveList/finalizers": ["a"]}
    assert strategic_merge({"finalizers": ["a", "b"]}, gone) == {"finalizers": ["b"]}


OBJECT = {"metadata": {"uid": "u", "annotations": {"a/b": "1"}}, "list": [1, 2]}


@pytest.mark.parametrize(
    ("operations", "path", "expected"),
    [
        ([{"op": "add", "path": "/x", "value": 1}], ("x",), 1),
        ([{"op": "add", "path": "/list/-", "value": 3}], ("list",), [1, 2, 3]),
        ([{"op": "add", "path": "/list/0", "value": 0}], ("list",), [0, 1, 2]),
        (
            [{"op": "replace", "path": "/metadata/annotations/a~1b", "value": "2"}],
            ("metadata", "annotations", "a/b"),
            "2",
        ),
        ([{"op": "remove", "path": "/list/0"}], ("list",), [2]),
        ([{"op": "test", "path": "/metadata/uid", "value": "u"}], ("metadata", "uid"), "u"),
        ([{"op": "copy", "from": "/list/1", "path": "/x"}], ("x",), 2),
        ([{"op": "move", "from": "/list/0", "path": "/list/1"}], ("list",), [2, 1]),
    ],
)
def test_operations_of_a_json_patch(operations: list[Any], path: tuple[str, ...], expected: Any) -> None:
    found: Any = apply_patch(JSON_PATCH, OBJECT, operations)
    for step in path:
        found = found[step]
    assert found == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/metadata/uid", "value": "other"},
        {"op": "test", "path": "/list/0", "value": True},
        {"op": "replace", "path": "/nosuch", "value": 1},
        {"op": "replace", "path": "/list/9", "value": 1},
        {"op": "remove", "path": "/metadata/nosuch"},
        {"op": "add", "path": "/nosuch/deeper", "value": 1},
        {"op": "add", "path": "/list/9", "value": 1},
        {"op": "shuffle", "path": "/list"},
        {"op": "remove", "path": ""},
        {"op": "add", "path": "list", "value": 1},
    ],
)
def test_a_json_patch_that_cannot_be_applied_is_refused_without_a_cause(operation: Any) -> None:
    with pytest.raises(ApiError) as refused:
        apply_patch(JSON_PATCH, OBJECT, [operation])
    assert (refused.value.code, refused.value.reason) == (422, "Invalid")
    assert refused.value.message == "the server rejected our request due to an error in our request"


def test_a_json_patch_is_applied_whole_or_not_at_all() -> None:
    kept = copy.deepcopy(OBJECT)
    with pytest.raises(ApiError):
        apply_patch(JSON_PATCH, OBJECT, [{"op": "remove", "path": "/list"}, {"op": "remove", "path": "/nosuch"}])
    assert kept == OBJECT


@pytest.mark.parametrize(
    ("kind", "patch", "code", "message"),
    [
        (JSON_PATCH, {"a": 1}, 400, "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),  # noqa: E501 - the whole sentence
        (MERGE_PATCH, [], 400, "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"),  # noqa: E501 - the whole sentence
        (STRATEGIC_PATCH, {"containers": [{"image": "x"}]}, 400, "map: {'image': 'x'} does not contain declared merge key: name"),  # noqa: E501 - the whole sentence
        ("application/json", {}, 415, "415: Unsupported Media Type"),
    ],
)  # fmt: skip
def test_patches_that_are_none_are_refused(kind: str, patch: Any, code: int, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        apply_patch(kind, {"containers": []}, patch)
    assert (refused.value.code, refused.value.message) == (code, message)
