"""A roll-back goes to a named target, never to the running one, never back to what was left."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.revisions import (
    last_good_configmap,
    list_revisions,
    rollback_target,
)
from ansible_collections.tuheg.ir.plugins.module_utils.templates import normalised, template_hash, template_of
from ansible_collections.tuheg.ir.plugins.module_utils.workloads import LEFT, left_templates
from hypothesis import given
from hypothesis import strategies as st

from tests.collection.objects import NOW, deployment, replicaset, template

INCIDENT = "INC-20251105-001"
KEY = f"{INCIDENT}/1/rollback_workload"
V1, V2, V3 = template("app:1"), template("app:2"), template("app:3")
SETS = [
    replicaset("web-v1", V1, number=1),
    replicaset("web-v2", V2, number=2),
    replicaset("web-v3", V3, number=3),
    replicaset("api-v9", template("app:9"), number=9, owner="d-2"),
]


def good(pod_template: dict[str, Any], revision: str = "web-v1") -> dict[str, Any]:
    made = last_good_configmap(deployment(pod_template), SETS, incident="INC-20251101-001", now=NOW)
    made["data"]["revision"] = revision
    return made


def applied(workload: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    """The workload and its annotations after the target's JSON patch."""
    after: dict[str, Any] = json.loads(json.dumps(workload))
    for step in target["patch"]:
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
        holder = after
        for part in parents:
            holder = holder[part]
        if step["op"] == "test":
            assert holder[last] == step["value"]
        else:
            holder[last] = step["value"]
    return after


def test_the_recorded_last_good_template_is_the_target_even_if_a_newer_one_is_there() -> None:
    target = rollback_target(deployment(V3), SETS, good(V1), incident=INCIDENT, key=KEY)
    assert (target["action"], target["target"], target["proven"]) == ("rollback", "web-v1", True)
    assert target["reason"] == "web-v1 was recorded as good at 2025-11-05T14:30:00.000000Z"


def test_a_recorded_template_is_used_although_its_replicaset_is_gone() -> None:
    target = rollback_target(deployment(V3), SETS[1:], good(V1, "web-v1"), incident=INCIDENT)
    assert (target["action"], target["target"], target["proven"]) == ("rollback", "web-v1", True)
    assert target["template"] == normalised(V1)


def test_without_a_record_it_is_the_newest_older_one_and_marked_unproven() -> None:
    target = rollback_target(deployment(V3), SETS, {}, incident=INCIDENT)
    assert (target["target"], target["proven"]) == ("web-v2", False)
    assert "unproven" in target["reason"]


def test_a_neighbour_with_the_same_labels_is_never_the_target() -> None:
    only = [SETS[2], SETS[3]]
    target = rollback_target(deployment(V3), only, None, incident=INCIDENT)
    assert target["action"] == "refuse"
    assert target["next"] == "name one of: web-v3"


def test_a_restart_on_top_is_not_another_template() -> None:
    restarted = template("app:3", annotations={"ir.tuheg.com/restarted-by": "x"})
    sets = [*SETS, replicaset("web-v4", restarted, number=4)]
    assert rollback_target(deployment(restarted), sets, None)["target"] == "web-v2"


def test_the_running_template_recorded_as_good_means_nothing_to_go_back_to() -> None:
    target = rollback_target(deployment(V3), SETS, good(V3))
    assert target["action"] == "none"
    assert "rolling back is no cure" in target["reason"]


def test_a_recorded_template_that_this_incident_left_is_not_gone_back_to() -> None:
    left = json.dumps({INCIDENT: [template_hash(V1)]})
    target = rollback_target(deployment(V3, annotations={LEFT: left}), SETS, good(V1), incident=INCIDENT)
    assert (target["target"], target["proven"]) == ("web-v2", False)


def test_what_an_earlier_incident_left_is_no_fallback_either() -> None:
    left = json.dumps({"INC-20251101-001": [template_hash(V2)]})
    assert (
        rollback_target(deployment(V3, annotations={LEFT: left}), SETS, None, incident=INCIDENT)["target"] == "web-v1"
    )


@pytest.mark.parametrize("name", ["web-v1", "v1", template_hash(V1)])
def test_a_person_may_name_it_by_name_by_pod_template_hash_or_by_our_hash(name: str) -> None:
    target = rollback_target(deployment(V3), SETS, good(V2), to=name)
    assert (target["action"], target["target"]) == ("rollback", "web-v1")


def test_a_named_one_that_runs_already_is_nothing_to_do_and_an_unknown_one_lists_what_there_is() -> None:
    assert rollback_target(deployment(V3), SETS, None, to="web-v3")["action"] == "none"
    unknown = rollback_target(deployment(V3), SETS, None, to="web-v8")
    assert (unknown["action"], unknown["next"]) == ("refuse", "name one of: web-v3, web-v2, web-v1")


def test_a_paused_workload_is_refused() -> None:
    assert rollback_target(deployment(V3, paused=True), SETS, good(V1))["action"] == "refuse"


def test_the_patch_tests_what_was_read_and_keeps_every_other_annotation() -> None:
    workload = deployment(V3, annotations={"owner": "team", "a/b": "c"})
    after = applied(workload, rollback_target(workload, SETS, good(V1), incident=INCIDENT, key=KEY))
    assert after["metadata"]["annotations"] == {
        "owner": "team",
        "a/b": "c",
        "ir.tuheg.com/rollback_workload": KEY,
        LEFT: json.dumps({INCIDENT: [template_hash(V3)]}, separators=(",", ":")),
    }
    assert template_of(after) == V1


def test_the_patch_does_not_apply_to_what_someone_changed_meanwhile() -> None:
    target = rollback_target(deployment(V3), SETS, good(V1), incident=INCIDENT, key=KEY)
    with pytest.raises(AssertionError):
        applied(deployment(V3, generation=4), target)


def test_a_status_that_moves_does_not_stop_the_patch() -> None:
    workload = deployment(V3, annotations={"owner": "team"})
    target = rollback_target(workload, SETS, good(V1), incident=INCIDENT, key=KEY)
    workload["metadata"]["resourceVersion"] = "101"
    assert template_of(applied(workload, target)) == V1


def test_an_old_replicaset_is_found_again_because_its_template_comes_back_exactly() -> None:
    restarted = template("app:1", annotations={"kubectl.kubernetes.io/restartedAt": "x"})
    sets = [replicaset("web-v1", restarted, number=1), *SETS[1:]]
    assert rollback_target(deployment(V3), sets, good(V1))["template"] == restarted


def test_the_undo_names_the_revision_that_was_left() -> None:
    undo = rollback_target(deployment(V3), SETS, good(V1))["undo"]
    assert undo["what"] == "go forward again to web-v3"
    assert undo["command"] == "kubectl -n ns rollout undo deployment/web --to-revision=3"


def test_the_record_of_a_good_template_holds_the_template_itself() -> None:
    made = last_good_configmap(deployment(V2), SETS, incident=INCIDENT, now=NOW)
    assert made["metadata"] == {"name": "tuheg-ir-last-good-web", "namespace": "ns"}
    assert json.loads(made["data"].pop("template")) == normalised(V2)
    assert made["data"] == {
        "template_hash": template_hash(V2),
        "revision": "web-v2",
        "recorded_at": "2025-11-05T14:30:00.000000Z",
        "incident": INCIDENT,
    }


@pytest.mark.parametrize("broken", [{"data": {"template": "{"}}, {"data": {}}, {"data": {"template": "[1]"}}])
def test_an_unreadable_record_is_no_record(broken: dict[str, Any]) -> None:
    assert rollback_target(deployment(V3), SETS, broken)["target"] == "web-v2"


def test_a_statefulsets_controllerrevisions_are_its_revisions() -> None:
    workload = deployment(V2) | {"kind": "StatefulSet"}
    owner = [{"uid": "d-1", "controller": True}]
    revisions = [
        {
            "metadata": {
                "name": f"web-{number}",
                "ownerReferences": owner,
                "labels": {"controller-revision-hash": "h"},
            },
            "revision": number,
            "data": {"spec": {"template": each | {"$patch": "replace"}}},
        }
        for number, each in ((1, V1), (2, V2))
    ]
    assert [row.name for row in list_revisions(workload, revisions)] == ["web-2", "web-1"]
    target = rollback_target(workload, revisions, None)
    assert (target["target"], target["template"]) == ("web-1", V1)


@given(
    images=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    recorded=st.none() | st.integers(1, 4),
    steps=st.integers(1, 4),
)
def test_no_number_of_roll_backs_lands_on_the_running_template_or_on_one_that_was_left(
    images: list[int], recorded: int | None, steps: int
) -> None:
    """Each of several rungs of one incident rolls back again; revisions renumber as Kubernetes does."""
    numbers = {image: number for number, image in enumerate(images, start=1)}
    workload = deployment(template(f"app:{images[-1]}"))
    record = good(template(f"app:{recorded}")) if recorded else None
    highest = len(images)
    for step in range(steps):
        sets = [replicaset(f"web-{i}", template(f"app:{i}"), number=n) for i, n in numbers.items()]
        running = template_hash(template_of(workload))
        left = left_templates(workload).get(INCIDENT, [])
        target = rollback_target(workload, sets, record, incident=INCIDENT, rung=f"r{step}", key=f"k{step}")
        if target["action"] != "rollback":
            break
        assert target["template_hash"] != running
        assert target["template_hash"] not in left
        workload = applied(workload, target)
        again = rollback_target(workload, sets, record, incident=INCIDENT, rung=f"r{step}", key=f"k{step}")
        assert again["action"] == "none"
        highest += 1
        image = int(workload["spec"]["template"]["spec"]["containers"][0]["image"].partition(":")[2])
        numbers[image] = highest
