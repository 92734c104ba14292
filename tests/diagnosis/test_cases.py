"""The made cases are shaped as a cluster would show them: owners, times, counts and logs agree."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.diagnosis.casemaker.__main__ import main
from tests.diagnosis.casemaker.every import CASES
from tests.diagnosis.over import over

pytestmark = pytest.mark.corpus

Obj = dict[str, Any]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
AHEAD = {"Certificate"}
"""Kinds that may name a time to come."""


each_case = over(sorted(CASES), str)


def ref(obj: Obj) -> tuple[str, str, str]:
    return obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


@each_case
def test_no_object_is_there_twice(name: str) -> None:
    world = CASES[name].world
    refs = [ref(obj) for obj in world.objects]
    assert len(refs) == len(set(refs))


@each_case
def test_every_owner_is_there_with_its_uid(name: str) -> None:
    world = CASES[name].world
    uids = {obj["metadata"]["uid"]: obj["metadata"]["name"] for obj in world.objects}
    for obj in world.objects:
        for owner in obj["metadata"].get("ownerReferences", []):
            assert uids.get(owner["uid"]) == owner["name"], ref(obj)


@each_case
def test_every_event_is_about_an_object_that_is_there_or_a_pod_or_node_that_was(name: str) -> None:
    world = CASES[name].world
    uids = {obj["metadata"]["uid"] for obj in world.objects}
    names = {obj["metadata"]["name"] for obj in world.objects}
    for obj in world.objects:
        if obj["kind"] == "Event":
            about = obj["involvedObject"]
            gone = about["kind"] in ("Pod", "Node") and about["name"] not in names
            assert about["uid"] in uids or gone, obj["message"]


@each_case
def test_nothing_happened_after_the_snapshot_and_events_are_kept_an_hour(name: str) -> None:
    world = CASES[name].world
    for obj in world.objects:
        if obj["kind"] in AHEAD:
            continue
        text = repr({key: value for key, value in obj.items() if key != "message"} if obj["kind"] == "Event" else obj)
        for found in TIME.finditer(re.sub(r"'message': (?:'[^']*'|\"[^\"]*\")", "", text)):
            moment = datetime.fromisoformat(found[0]).astimezone(UTC)
            assert moment <= world.now, (ref(obj), found[0])
        last = obj.get("lastTimestamp") or (obj.get("series") or {}).get("lastObservedTime") or obj.get("eventTime")
        if obj["kind"] == "Event" and last:
            assert world.now - datetime.fromisoformat(last) <= timedelta(hours=1), obj["message"]


@each_case
def test_counts_of_a_deployment_agree_with_its_pods(name: str) -> None:
    world = CASES[name].world
    for obj in world.objects:
        if obj["kind"] != "Deployment":
            continue
        sets = [
            each["metadata"]["name"]
            for each in world.objects
            if each["kind"] == "ReplicaSet" and each["metadata"]["ownerReferences"][0]["uid"] == obj["metadata"]["uid"]
        ]
        mine = [
            each
            for each in world.objects
            if each["kind"] == "Pod"
            and (each["metadata"].get("ownerReferences") or [{"name": ""}])[0]["name"] in sets
            and each["status"]["phase"] not in {"Failed", "Succeeded"}
        ]
        ready = sum(
            any(c["type"] == "Ready" and c["status"] == "True" for c in each["status"]["conditions"]) for each in mine
        )
        assert obj["status"]["replicas"] == len(mine)
        assert obj["status"].get("readyReplicas", 0) == ready


@each_case
def test_logs_belong_to_containers_that_are_there(name: str) -> None:
    world = CASES[name].world
    containers = {
        (obj["metadata"]["name"], each["name"])
        for obj in world.objects
        if obj["kind"] == "Pod"
        for each in [*obj["spec"]["containers"], *obj["spec"].get("initContainers", [])]
    }
    for path in world.logs:
        pod, _, rest = path.partition("/")
        assert (pod, re.sub(r"(\.previous)?\.log$", "", rest)) in containers, path


@each_case
def test_a_secret_shows_hashes_only(name: str) -> None:
    world = CASES[name].world
    for obj in world.objects:
        if obj["kind"] == "Secret":
            assert all(re.fullmatch(r"sha256:[0-9a-f]{16}", value) for value in obj["data"].values())


@each_case
def test_series_are_within_the_last_hour_and_share_values_within_one(name: str) -> None:
    world = CASES[name].world
    end = world.now.timestamp()
    for signal, rows in world.metrics.items():
        for row in rows:
            times = [moment for moment, _ in row["values"]]
            assert times, (signal, row["metric"])
            assert end - 3600 <= times[0] <= times[-1] <= end
            if signal.endswith(("_ratio", "_ratio_by_pod", "_share")):
                assert all(0 <= float(value) <= 1 for _, value in row["values"]), signal


def test_the_maker_refuses_a_name_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-case"]) == 2
    assert "no such case: no-such-case" in capsys.readouterr().err
