"""Mutations change what they say and nothing that decides; removals remove."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.diagnosis import exporters, noise, renaming, shifting
from tests.diagnosis.corpus import ROOT, cases
from tests.diagnosis.corpus import read as read_case
from tests.diagnosis.files import Files, Skipped, parse
from tests.diagnosis.mutations import MUTATIONS, all_at_once, expected, read, removals, without_events, write

pytestmark = pytest.mark.corpus

TUNING = ROOT / "tuning"
SOME = (
    "bad-image-tag", "cluster-dns-down-seen", "foreign-client-holds-sessions", "configmap-changed-crash-loop",
    "node-not-ready-pods-stuck", "policy-blocks-ingress", "redis-blocked-by-a-script", "bare-pod-from-nowhere",
    "certificate-expired-at-the-edge", "two-faults-release-and-sessions",
)  # fmt: skip
"""Cases of every shape; all of them would take a minute."""
EMPTY = "no-evidence-but-an-alert"


def files(name: str) -> Files:
    return read(TUNING / name)


def changed(case: Files, mutation: str) -> Files | Skipped:
    """Return a mutated case; made once, since many tests look at it."""
    return _changed(tuple(case.items()), mutation)


@cache
def _changed(case: tuple[tuple[str, str], ...], mutation: str) -> Files | Skipped:
    return MUTATIONS[mutation](dict(case))


def done(made: Files | Skipped) -> Files:
    assert not isinstance(made, Skipped), made
    return made


def of_kind(made: Files, kind: str) -> list[dict[str, Any]]:
    return [obj for obj in parse(made) if obj["kind"] == kind]


def pods(made: Files) -> set[str]:
    return {obj["metadata"]["name"] for obj in of_kind(made, "Pod")}


@pytest.fixture(params=SOME)
def case(request: pytest.FixtureRequest) -> Files:
    return files(str(request.param))


@pytest.mark.parametrize("mutation", ["other names", "times shifted", "noise added", "labels missing"])
def test_a_mutated_case_is_a_case_again(case: Files, mutation: str, tmp_path: Path) -> None:
    made = done(changed(case, mutation))
    assert made != dict(case)
    again = read_case(write(made, tmp_path / "tuning" / "mutated"))
    before = expected(case)
    assert [answers[0].remedy for answers in again.faults] == [fault["remedy"] for fault in before["expect"]]
    assert parse(made)


def test_a_mutation_leaves_its_input_alone(case: Files) -> None:
    for mutation in MUTATIONS:
        changed(case, mutation)
    assert parse(case) == yaml.load(case["objects.yaml"], Loader=yaml.CSafeLoader)["items"]


def test_renaming_changes_every_name_that_people_chose(case: Files) -> None:
    made = done(changed(case, "other names"))
    old, new = set(renaming.mapping(parse(case))), renaming.mapping(parse(case))
    assert not old & set(new.values())
    for obj in parse(made):
        if obj["metadata"].get("namespace") not in renaming.SYSTEM:
            assert obj["metadata"]["name"] not in old
            assert obj["metadata"].get("namespace") not in old


def test_renaming_keeps_pods_logs_and_containers_together(case: Files) -> None:
    made = done(changed(case, "other names"))
    containers = {
        (obj["metadata"]["name"], each["name"]) for obj in of_kind(made, "Pod") for each in obj["spec"]["containers"]
    }
    for path in made:
        if path.startswith("logs/"):
            pod, _, container = path.removeprefix("logs/").partition("/")
            assert (pod, re.sub(r"(\.previous)?\.log$", "", container)) in containers, path


def test_renaming_keeps_owners_selectors_and_what_is_expected_together(case: Files) -> None:
    made = done(changed(case, "other names"))
    names = {(obj["kind"], obj["metadata"]["name"]) for obj in parse(made)}
    before = {(obj["kind"], obj["metadata"]["name"]) for obj in parse(case)}
    for obj in parse(made):
        for owner in obj["metadata"].get("ownerReferences") or []:
            assert (owner["kind"], owner["name"]) in names
    for fault, old in zip(expect(made), expect(case), strict=True):
        if tuple(old["component"].split("/")) in before:
            assert tuple(fault["component"].split("/")) in names
    assert [selected(made, each) for each in of_kind(made, "Service")] == [
        selected(case, each) for each in of_kind(case, "Service")
    ]


def expect(made: Files) -> list[dict[str, str]]:
    found: list[dict[str, str]] = expected(made)["expect"]
    return found


def selected(made: Files, service: Mapping[str, Any]) -> int:
    """Return how many pods a Service selects."""
    wanted = service["spec"]["selector"].items()
    return sum(wanted <= obj["metadata"].get("labels", {}).items() for obj in of_kind(made, "Pod"))


def test_renaming_keeps_images_and_the_words_of_programs() -> None:
    case = files("redis-blocked-by-a-script")
    made = done(changed(case, "other names"))
    assert {c["image"] for p in of_kind(made, "Pod") for c in p["spec"]["containers"]} == {
        c["image"] for p in of_kind(case, "Pod") for c in p["spec"]["containers"]
    }
    logs = "".join(text for path, text in made.items() if path.startswith("logs/"))
    assert "redis.exceptions.ResponseError: BUSY Redis is busy" in logs


def test_renaming_reaches_host_names_in_logs() -> None:
    case = files("cluster-dns-down-seen")
    made = done(changed(case, "other names"))
    new = renaming.mapping(parse(case))
    logs = "".join(text for path, text in made.items() if path.startswith("logs/"))
    assert f"connecting to {new['redis']}:6379" in logs
    assert "connecting to redis:6379" not in logs


def test_shifting_moves_every_time_by_the_same_span() -> None:
    case = files("secret-rotated-stale-credentials")
    made = done(changed(case, "times shifted"))
    pattern = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
    for path, text in case.items():
        for old, new in zip(pattern.findall(text), pattern.findall(made[path]), strict=True):
            assert shifting._text(old, shifting.SPAN) == new != old


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("2026-01-01T00:00:00.000000Z x", "2026-07-23T07:19:11.000000Z x"),
        ("2026-01-01 00:00:00,123 ERROR", "2026-07-23 07:19:11,123 ERROR"),
        ("on until 2026-01-01 00:00 UTC", "on until 2026-07-23 07:19 UTC"),
        ("2026/01/01 00:00:00 fatal", "2026/07/23 07:19:11 fatal"),
        ("1:M 01 Jan 2026 00:00:00.001 # x", "1:M 23 Jul 2026 07:19:11.001 # x"),
        ("[01/Jan/2026:00:00:00 +0000]", "[23/Jul/2026:07:19:11 +0000]"),
        ('{"level": 50, "time": 1767225600000}', '{"level": 50, "time": 1784791151000}'),
        ("E0101 00:00:00.000000       1 x", "E0723 07:19:11.000000       1 x"),
        ("endsAt: '0001-01-01T00:00:00Z'", "endsAt: '0001-01-01T00:00:00Z'"),
        ("startedAt: '1970-01-01T00:00:00Z'", "startedAt: '1970-01-01T00:00:00Z'"),
        ("2026-13-45T00:00:00Z", "2026-13-45T00:00:00Z"),
        ('m{a="b"} 1.5 1767225600', 'm{a="b"} 1.5 1784791151'),
    ],
)
def test_shifting_knows_the_formats_of_logs(text: str, moved: str) -> None:
    assert shifting._text(text, shifting.SPAN) == moved


def test_shifting_moves_series_and_the_end_of_a_certificate_but_no_other_value() -> None:
    case = files("certificate-expired-at-the-edge")
    made = done(changed(case, "times shifted"))
    span = int(shifting.SPAN.total_seconds())
    for signal, moved in (("certificate_expiry", span), ("request_rate", 0)):
        old, new = (json.loads(each[f"metrics/{signal}.json"])["result"][0]["values"] for each in (case, made))
        assert new[0][0] - old[0][0] == span
        assert float(new[0][1]) - float(old[0][1]) == pytest.approx(moved)


def test_noise_only_adds(case: Files) -> None:
    made = done(changed(case, "noise added"))
    before, after = parse(case), parse(made)
    assert after[: len(before)] == before
    assert len({json.dumps(obj) for obj in after}) == len(after)
    assert set(case) < set(made)
    for path, text in case.items():
        if path.startswith(("logs/", "alert", "database", "expected")):
            assert made[path] == text


def test_noise_is_healthy_and_of_the_same_time(case: Files) -> None:
    made = done(changed(case, "noise added"))
    added = parse(made)[len(parse(case)) :]
    assert {obj["metadata"]["namespace"] for obj in added} == {noise._namespace(parse(case))}
    assert not [obj for obj in added if obj["kind"] == "Event" and obj["type"] != "Normal"]
    newest = max(obj["metadata"]["creationTimestamp"] for obj in parse(case))
    assert max(obj["metadata"]["creationTimestamp"] for obj in added) <= f"{noise._now(case):%Y-%m-%dT%H:%M:%SZ}"
    assert newest <= f"{noise._now(case):%Y-%m-%dT%H:%M:%SZ}"


def test_noise_joins_series_that_are_there() -> None:
    made = done(noise.add(files("one-client-is-rate-limited")))
    rows = json.loads(made["metrics/request_rate.json"])["result"]
    assert {row["metric"]["component"] for row in rows} > {"api-edge", "newsletter"}
    assert "metrics/cache_up.json" not in made


def test_labels_go_but_those_that_select(case: Files) -> None:
    made = done(changed(case, "labels missing"))
    for obj in parse(made):
        if obj["kind"] in {"Deployment", "StatefulSet", "Service"}:
            assert not obj["metadata"].get("labels")
    assert of_kind(made, "Node") == of_kind(case, "Node")
    assert [selected(made, each) for each in of_kind(made, "Service")] == [
        selected(case, each) for each in of_kind(case, "Service")
    ]
    for obj in of_kind(made, "ReplicaSet"):
        assert obj["spec"]["selector"]["matchLabels"].items() <= obj["spec"]["template"]["metadata"]["labels"].items()


def test_other_exporters_act_on_raw_series_only() -> None:
    told = exporters.other(files("bad-image-tag"))
    assert isinstance(told, Skipped)
    assert "raw.prom" in told.reason


def test_other_exporters_rename_metrics_and_labels_and_keep_values() -> None:
    case = files("cpu-saturation-by-traffic")
    made = done(changed(case, "other exporters"))
    old, new = case[exporters.RAW].split("\n"), made[exporters.RAW].split("\n")
    assert [line.rsplit("} ", 1)[-1] for line in old] == [line.rsplit("} ", 1)[-1] for line in new]
    names = {line.split("{")[0] for line in new if "{" in line}
    assert {"istio_requests_total", "container_memory_rss", "kube_pod_container_resource_limits_cpu_cores"} <= names
    first = next(line for line in new if line.startswith("istio_requests_total"))
    assert 'destination_workload="storefront"' in first
    assert 'response_code="200"' in first
    assert 'reporter="destination"' in first


def test_at_least_some_cases_have_raw_series() -> None:
    assert len([case for case in cases("tuning") if (case.folder / exporters.RAW).is_file()]) >= 4


@pytest.mark.parametrize("mutation", ["other names", "noise added", "labels missing"])
def test_a_case_without_objects_is_skipped_with_the_reason(mutation: str) -> None:
    told = MUTATIONS[mutation](files(EMPTY))
    assert isinstance(told, Skipped)
    assert told.reason


def test_all_mutations_can_be_made_at_once(case: Files) -> None:
    made = all_at_once(case)
    old = set(renaming.mapping(parse(case)))
    assert not old & set(renaming.mapping(parse(made)))
    assert len(parse(made)) > len(parse(case)), "noise"
    assert not any(obj["metadata"].get("labels") for obj in of_kind(made, "Deployment"))
    assert {meta["creationTimestamp"] for meta in _dated(made)}.isdisjoint(
        meta["creationTimestamp"] for meta in _dated(case)
    )


def _dated(made: Files) -> list[dict[str, Any]]:
    return [obj["metadata"] for obj in parse(made) if "creationTimestamp" in obj["metadata"]]


def test_evidence_is_taken_away_step_by_step() -> None:
    case = files("bad-image-tag")
    assert [step.name for step in removals(case)] == ["logs", "events"]
    whole = files("idle-in-transaction-leak-after-release")
    steps = list(removals(whole))
    assert [step.name for step in steps] == ["metrics", "logs", "events"]
    assert not [path for path in steps[0].files if path.startswith("metrics/")]
    assert [path for path in steps[0].files if path.startswith("logs/")]
    last = steps[-1].files
    assert not [path for path in last if path.startswith(("metrics/", "logs/"))]
    assert not of_kind(last, "Event")
    assert pods(last) == pods(whole)


def test_a_case_without_events_keeps_them_away() -> None:
    assert isinstance(without_events(files(EMPTY)), Skipped)
