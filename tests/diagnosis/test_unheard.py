"""Where no log was read, what only logs speak against is for a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.decide import UNHEARD, confidence, decide
from tuheg_ir.diagnosis.model import Evidence, Finding, Snapshot, Source
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.view.view import View

SHOP = "Deployment/shop"
SEEN = (Evidence("metrics", SHOP, "it fails"),)


def rule(*, heard: bool, remedy: str = "restart_workload", certainty: float = 0.7) -> Rule:
    """Return a rule that holds at the shop."""

    def when(_: View) -> Iterator[Match]:
        yield Match(SHOP, SEEN, certainty)

    return Rule("some", "Some rule", "service_crash", remedy, Tier.PATTERN, when, "it holds", heard=heard)


def world(*, told: bool = False, read: bool | None = None) -> Snapshot:
    """Return a shop, whose log was read or not: None where nobody says."""
    snap = snapshot(workload("shop"), logs=[log(pod("shop"), "INFO ok")] if told else [])
    sources = () if read is None else (Source("logs", ok=read, note="no right", kind="" if read else "forbidden"),)
    return replace(snap, sources=(*snap.sources, *sources))


def first(snap: Snapshot, which: Rule) -> Finding:
    return decide(snap, [which]).findings[0]


def test_what_logs_speak_against_is_for_a_person_and_less_sure_where_none_was_read() -> None:
    found, acted = first(world(read=False), rule(heard=True)), first(world(), rule(heard=True))
    assert (found.root_cause, found.remedy) == ("service_crash", "page_human")
    assert acted.remedy == "restart_workload"
    assert found.confidence == confidence(Match(SHOP, SEEN, 0.7 * UNHEARD), Tier.PATTERN, 3) < acted.confidence


@pytest.mark.parametrize(
    ("snap", "which"),
    [
        (world(read=False), rule(heard=False)),
        (world(read=True), rule(heard=True)),
        (world(told=True, read=False), rule(heard=True)),
        (world(read=False), rule(heard=True, certainty=0.85)),
    ],
    ids=["a rule that goes by no logs", "pods that say nothing", "some of the logs were read", "it is plain"],
)
def test_otherwise_the_remedy_stands(snap: Snapshot, which: Rule) -> None:
    assert first(snap, which).remedy == "restart_workload"


def test_what_changes_nothing_is_as_sure_as_before() -> None:
    asked = rule(heard=True, remedy="page_human")
    assert first(world(read=False), asked).confidence == first(world(), asked).confidence
