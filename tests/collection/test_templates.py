"""Templates are compared by what runs, and belong to a workload by uid, never by labels."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.templates import (
    current_revision,
    normalised,
    owned_by,
    selector_text,
    template_hash,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.collection.objects import deployment, replicaset, template

RESTARTS = ["ir.tuheg.com/restarted-by", "kubectl.kubernetes.io/restartedAt"]


@given(
    restarts=st.dictionaries(st.sampled_from(RESTARTS), st.text(max_size=5)),
    code=st.text(alphabet="abc", min_size=1, max_size=5),
)
def test_restarts_and_hash_labels_do_not_change_what_runs(restarts: dict[str, str], code: str) -> None:
    plain, marked = template(), template(annotations=restarts, **{"pod-template-hash": code})
    assert normalised(plain) == normalised(marked)
    assert template_hash(plain) == template_hash(marked)
    assert normalised(normalised(marked)) == normalised(marked)


@pytest.mark.parametrize(
    "other",
    [template("app:2"), template(tier="x"), template(annotations={"note": "1"})],
)
def test_anything_else_does(other: dict[str, Any]) -> None:
    assert template_hash(template()) != template_hash(other)


def test_normalising_leaves_its_input_alone() -> None:
    marked = template(annotations={RESTARTS[0]: "k"})
    normalised(marked)
    assert marked == template(annotations={RESTARTS[0]: "k"})


def test_a_neighbours_revisions_are_not_ours_though_the_labels_are_the_same() -> None:
    sets = [replicaset("web-a"), replicaset("api-b", owner="d-2")]
    assert [each["metadata"]["name"] for each in owned_by(deployment(), sets)] == ["web-a"]


def test_the_current_revision_is_found_by_its_exact_template_not_by_its_number() -> None:
    restarted = template(annotations={RESTARTS[0]: "k"})
    sets = [replicaset("web-a", number=9), replicaset("web-b", restarted, number=2)]
    found = current_revision(deployment(restarted), sets)
    assert found is not None
    assert found["metadata"]["name"] == "web-b"
    assert current_revision(deployment(template("app:7")), sets) is None


def test_every_operator_of_a_selector_is_written_as_the_api_reads_it() -> None:
    workload = deployment()
    workload["spec"]["selector"]["matchExpressions"] = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "zone", "operator": "NotIn", "values": ["c"]},
        {"key": "x", "operator": "Exists"},
        {"key": "y", "operator": "DoesNotExist"},
    ]
    assert selector_text(workload) == "app=web,tier in (a,b),zone notin (c),x,!y"
