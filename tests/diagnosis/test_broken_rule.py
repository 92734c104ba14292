"""A bug in one rule keeps no other from naming the cause, and is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.diagnosis.rules.scenes import logs, shop
from tests.diagnosis.rules.test_former_pods_misread import HOLDS
from tests.diagnosis.rules.tiny import figure, secret_key, snapshot
from tuheg_ir.cli.findings import lines
from tuheg_ir.diagnosis import decide as decider
from tuheg_ir.diagnosis import look
from tuheg_ir.diagnosis.answer import for_service
from tuheg_ir.diagnosis.beside import silent
from tuheg_ir.diagnosis.model import Diagnosis, Evidence, Snapshot
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules import all_rules
from tuheg_ir.diagnosis.view.view import View

TOLD = decider.broken


def breaks(view: View) -> Iterator[Match]:
    """Hold at the shop, and break then."""
    evidence = (Evidence("logs", "Pod/shop", "password=hunter2"),)
    yield Match("Deployment/shop", evidence, 0.9)
    raise ZeroDivisionError("password=hunter2")


BROKEN = Rule("no_such_thing", "A rule that breaks", "capacity", "scale_workload", Tier.STATED, breaks, "it holds")
WORLD = snapshot(
    shop(env={"PASSWORD": secret_key("gone")}, waiting="CreateContainerConfigError"), logs=logs("shop", "ok")
)
ILL = HOLDS[0].world
WELL = snapshot(shop(), logs=logs("shop", "ok"), figures=[figure("error_ratio", 0.0, 0.0, component="shop")])


def calms(view: View) -> Iterator[Match]:
    """Hold that the shop is well."""
    yield Match("Deployment/shop", (Evidence("objects", "Deployment/shop", "it is well"),), 0.9)


CALM = Rule("calm", "A rule that calls all well", "no_fault", "no_action", Tier.STATED, calms, "it holds")


def looked_at(monkeypatch: pytest.MonkeyPatch) -> look.Looked:
    monkeypatch.setattr(decider, "broken", TOLD)
    monkeypatch.setattr(decider, "all_rules", lambda: (*all_rules(), BROKEN))
    return look.decided(WORLD, 0.0)


def broken_beside(monkeypatch: pytest.MonkeyPatch, world: Snapshot) -> Diagnosis:
    monkeypatch.setattr(decider, "broken", TOLD)
    return decider.decide(world, (*all_rules(), BROKEN))


def test_the_others_answer_as_if_it_were_not_there_but_less_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    found = broken_beside(monkeypatch, ILL)
    whole = decider.decide(ILL, all_rules()).findings
    tiers = {rule.name: rule.tier for rule in all_rules()}
    assert found.findings == tuple(
        each._replace(confidence=round(each.confidence * decider.BLIND[tiers[each.rule]], 2)) for each in whole
    )
    assert found.findings[0].confidence < whole[0].confidence
    assert BROKEN.name not in {each.rule for each in found.considered}


def test_nothing_is_called_well_where_a_rule_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decider.decide(WELL, all_rules()).verdict == "healthy"
    found = broken_beside(monkeypatch, WELL)
    (finding,) = found.findings
    assert (found.verdict, finding.rule) == ("unknown", "nothing_known")
    assert (finding.root_cause, finding.remedy) == ("unknown", "page_human")
    assert for_service(found, WELL, "Deployment/shop")["verdict"] == "unknown"
    assert any("rule no_such_thing was not judged" in each.fact for each in finding.evidence)


def test_what_another_rule_calls_well_is_not_known_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decider, "broken", TOLD)
    found = decider.decide(WELL, (CALM, BROKEN))
    assert decider.decide(WELL, (CALM,)).verdict == "healthy"
    assert (found.verdict, found.findings[0].remedy) == ("unknown", "page_human")
    assert CALM.name in {each.rule for each in found.considered}


def test_it_is_told_where_it_broke_without_what_the_error_says(monkeypatch: pytest.MonkeyPatch) -> None:
    told = looked_at(monkeypatch).as_dict()["sources"][-1]
    assert (told["source"], told["ok"], told["kind"]) == ("rule no_such_thing", False, "bug")
    assert told["note"].startswith("ZeroDivisionError in test_broken_rule.py, line ")
    assert "hunter2" not in told["note"]


def test_people_read_that_it_was_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    found = looked_at(monkeypatch).as_dict()
    assert any(line.startswith("not judged: rule no_such_thing: ") for line in lines(found))


def test_it_is_not_among_the_rules_that_did_not_fire(monkeypatch: pytest.MonkeyPatch) -> None:
    diagnosis = looked_at(monkeypatch).diagnosis._replace(considered=())
    broke = diagnosis._replace(broken=tuple(each._replace(source="rule crashes") for each in diagnosis.broken))
    assert "crashes" in {each["rule"] for each in silent(diagnosis)}
    assert "crashes" not in {each["rule"] for each in silent(broke)}
