"""What holds for every snapshot, however it came to be."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.diagnosis.rules.tiny import NOW, thing
from tests.diagnosis.worlds import FAULTS, JUNK, broken, joined, shuffled, well, without
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Diagnosis, Log, Series, Snapshot
from tuheg_ir.diagnosis.rule import REMEDIES, ROOT_CAUSES

KINDS = (
    *("Pod", "Event", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ControllerRevision", "Job", "CronJob"),
    *("Service", "EndpointSlice", "Endpoints", "Ingress", "HTTPRoute", "NetworkPolicy", "Node", "ConfigMap", "Secret"),
    *("HorizontalPodAutoscaler", "PersistentVolumeClaim", "ResourceQuota", "LimitRange", "PodDisruptionBudget"),
)
SOURCES = ("metrics", "logs", "events")


@st.composite
def namespaces(draw: st.DrawFn) -> Snapshot:
    """Draw a namespace with some faults and some sources that were not read."""
    chosen = draw(st.lists(st.sampled_from(sorted(FAULTS)), unique=True, max_size=3))
    snap = joined([well(), *(FAULTS[name]() for name in chosen)])
    return without(snap, *draw(st.sets(st.sampled_from(SOURCES))))


def sound(diagnosis: Diagnosis) -> None:
    """Assert what every diagnosis must hold."""
    assert diagnosis.findings
    for each in diagnosis.findings:
        assert each.root_cause in ROOT_CAUSES
        assert each.remedy in REMEDIES
        assert 0 < each.confidence < 1
        assert (each.remedy, each.target) not in {(e.remedy, e.target) for e in each.excluded}
    assert len({each.component for each in diagnosis.findings}) == len(diagnosis.findings)
    surest = [each.confidence for each in diagnosis.findings]
    assert surest == sorted(surest, reverse=True)
    if len(diagnosis.findings) > 1:
        assert all(each.root_cause != "no_fault" for each in diagnosis.findings)


@settings(deadline=None, max_examples=60)
@given(namespaces())
def test_there_is_a_sound_answer_to_every_namespace(snap: Snapshot) -> None:
    sound(decide(snap))


@settings(deadline=None, max_examples=40)
@given(namespaces(), st.randoms(use_true_random=False))
def test_the_order_of_objects_does_not_matter(snap: Snapshot, dice: random.Random) -> None:
    assert decide(shuffled(snap, dice)).findings == decide(snap).findings


@pytest.mark.parametrize("fault", sorted(FAULTS))
@pytest.mark.parametrize("gone", [SOURCES[:1], SOURCES[:2], SOURCES])
def test_taking_sources_away_makes_no_answer_surer(fault: str, gone: tuple[str, ...]) -> None:
    snap = joined([well(), FAULTS[fault]()])
    full, less = decide(snap).findings[0], decide(without(snap, *gone)).findings[0]
    assert less.confidence <= full.confidence
    if (less.component, less.root_cause, less.remedy) != (full.component, full.root_cause, full.remedy):
        assert less.confidence < 0.6


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_one_fault_is_one_finding(fault: str) -> None:
    found = decide(joined([well(), FAULTS[fault]()])).findings
    assert len(found) == 1
    assert found[0].root_cause not in ("no_fault", "unknown")


@pytest.mark.parametrize("other", ["crash", "errors", "room", "configuration", "sessions"])
def test_two_independent_faults_are_two_findings(other: str) -> None:
    found = decide(joined([well(), FAULTS["image"](), FAULTS[other]()])).findings
    alone = {name: decide(joined([well(), FAULTS[name]()])).findings[0].component for name in ("image", other)}
    assert {each.component for each in found} == set(alone.values())


@settings(deadline=None, max_examples=60)
@given(namespaces(), st.randoms(use_true_random=False))
def test_malformed_objects_do_no_harm(snap: Snapshot, dice: random.Random) -> None:
    objects = {kind: tuple(broken(obj, dice) for obj in found) for kind, found in snap.objects.items()}
    kept = {kind: tuple(obj for obj in found if isinstance(obj, dict)) for kind, found in objects.items()}
    sound(decide(replace(snap, objects=kept)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_no_field_of_any_kind_is_trusted(kind: str, junk: object) -> None:
    odd = [{"kind": kind, "metadata": junk}, thing(kind, "odd", spec=junk, status=junk, data=junk), {"kind": kind}]
    snap = joined([well(), Snapshot(NOW, "town", objects={kind: tuple(odd)})])
    sound(decide(snap))


@pytest.mark.parametrize(
    "text",
    ["\x00\x01\xff" * 500, "A" * 2_000_000, "(" * 5000, "://" * 3000, "a.b" * 4000, "1.2.3.4:" * 2000, "\ud800", " "],
    ids=["binary", "long", "brackets", "urls", "dots", "addresses", "surrogate", "blank"],
)
def test_no_log_line_is_trusted(text: str) -> None:
    snap = well()
    pod = snap.objects["Pod"][0]["metadata"]["name"]
    sound(decide(replace(snap, logs=(Log(pod, "shop", (text,) * 3), Log("unknown", "", (text,), previous=True)))))


def test_numbers_that_are_none_are_left_out() -> None:
    nan = Series({"component": "shop"}, ((NOW.timestamp(), float("nan")), (float("inf"), 1.0)))
    snap = replace(well(), metrics={"error_ratio": (nan,), "latency_p95": (Series({}, ()),)})
    sound(decide(snap))


@pytest.mark.parametrize("skew", [timedelta(minutes=-30), timedelta(minutes=3), timedelta(days=400)])
def test_a_clock_that_is_wrong_breaks_nothing(skew: timedelta) -> None:
    for fault in FAULTS.values():
        sound(decide(replace(joined([well(), fault()]), taken_at=NOW + skew)))
