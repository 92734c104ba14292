"""Scenario files: what comes with the program is whole, what is wrong is named with file, line and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import layout
from tuheg_ir.diagnosis.rule import REMEDIES
from tuheg_ir.diagnosis.rule import ROOT_CAUSES as DIAGNOSED
from tuheg_ir.errors import UsageError
from tuheg_ir.sim.scenario import ROOT_CAUSES, parse, scenarios

GOOD = """\
title: {en: A break, zh: 故障}
fault: high-error-rate
break:
  - release: {env: {A: b}}
expected: {exit: 0, status: healed}
allowed: [rollback_workload]
"""
FAULTS: dict[str, Any] = yaml.safe_load((layout.ROOT / "lab" / "faults.yml").read_text(encoding="utf-8"))


def test_a_scenario_is_read() -> None:
    found = parse(GOOD, "folder/a-break.yml")
    assert (found.name, found.service, found.minutes, found.speed) == ("a-break", "backend-gateway", 3.0, 20.0)
    assert found.breaks == ({"release": {"env": {"A": "b"}}},)


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        (("fault: high", "fualt: high"), "bad.yml, line 2", "fualt is not a field of scenarios"),
        (("title: {en: A break, zh: 故障}\n", ""), "bad.yml, line 1", "title is missing"),
        (("allowed: [rollback_workload]", "allowed: rollback"), "bad.yml, line 6", "allowed is str, which"),
        (("- release:", "- explode:"), "bad.yml, line 4", "break has a step that is none: {'explode': "),
        (("{env: {A: b}}", "now"), "bad.yml, line 4", "break has a release that is no mapping: 'now'"),
        (("env: {A: b}", "evn: {}"), "bad.yml, line 4", "break has a release with evn, which it does not know"),
        (("env: {A: b}", "env: A"), "bad.yml, line 4", "break has a release whose env is no mapping"),
        (("release: {env: {A: b}}", "client: {image: x}"), "bad.yml, line 4", "break has a client without name"),
        (("release: {env: {A: b}}", "load: {/: many}"), "bad.yml, line 4", "break has a load that is not in"),
        ((", zh: 故障", ""), "bad.yml, line 1", "title is not in both languages"),
        (("allowed: [rollback_workload]", "allowed: [1]"), "bad.yml, line 6", "allowed is no list of remedies"),
        (("allowed:", "findings: x\nallowed:"), "bad.yml, line 6", "findings is str, which it cannot be"),
        (("allowed:", "findings: [{remedy: x}]\nallowed:"), "bad.yml, line 6", "findings has {'remedy': 'x'}"),
        (("allowed:", "findings:\n- {root_cause: capacity}\n- {root_cause: capcity}\nallowed:"),
         "bad.yml, line 8", "findings has {'root_cause': 'capcity'}"),
        (("allowed:", "findings: [{root_cause: capacity, target: x}]\nallowed:"), "bad.yml, line 6", "findings has {"),
        (("release: {env: {A: b}}", "wait: {}"), "bad.yml, line 4", "break has a wait without minutes"),
        (("release: {env: {A: b}}", "wait: {minutes: -1}"), "bad.yml, line 4", "break has a wait of -1 minutes"),
        (("release: {env: {A: b}}", "wait: {minutes: x}"), "bad.yml, line 4", "break has a wait of 'x' minutes"),
        (("release: {env: {A: b}}", "apply: {kind: x}"), "bad.yml, line 4", "break has an apply without apiVersion"),
        (("release: {env: {A: b}}", "apply: {apiVersion: v1, kind: Secret, metadata: x}"), "bad.yml, line 4",
         "break has an apply without apiVersion, kind and metadata.name"),
        (("allowed:", "minutes: -1\nallowed:"), "bad.yml, line 6", "minutes is -1"),
        (("allowed:", "speed: 0\nallowed:"), "bad.yml, line 6", "speed is 0"),
        (("allowed:", "speed: true\nallowed:"), "bad.yml, line 6", "speed is bool, which it cannot be"),
        (("status: healed", "status: healed, P1: {exit: 5}"), "bad.yml, line 5", "expected needs exit"),
        (("status: healed", "status: healed, P9: 1"), "bad.yml, line 5", "expected has P9"),
        (("status: healed", "status: fine"), "bad.yml, line 5", "expected needs exit (a number) and status"),
        (("{exit: 0, status: healed}", "{exit: 0"), "bad.yml, line 6", "The scenario cannot be read"),
        ((GOOD, "- a list"), "bad.yml, line 1", "A scenario is a mapping of fields"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_named_with_line_and_field(change: tuple[str, str], where: str, what: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(GOOD.replace(*change), "bad.yml")
    assert refused.value.which == where
    assert refused.value.what.startswith(what)
    assert refused.value.next


def test_the_end_can_differ_by_severity() -> None:
    end = "{exit: 0, status: healed, temporary: true, P1: {exit: 5, status: refused}}"
    found = parse(GOOD.replace("{exit: 0, status: healed}", end), "ours.yml")
    assert found.end("P0") == {"exit": 0, "status": "healed", "temporary": True}
    assert found.end("P1") == {"exit": 5, "status": "refused", "temporary": True}


def test_every_kind_of_break_of_the_lab_is_a_scenario_with_the_same_end() -> None:
    ends = {name: scenario.expected["exit"] for name, scenario in scenarios().items()}
    assert {name: ends[name] for name in FAULTS} == {name: fault["ends"]["exit"] for name, fault in FAULTS.items()}
    assert {name: scenarios()[name].fault for name in FAULTS} == {
        name: fault["fault"] for name, fault in FAULTS.items()
    }


def test_root_causes_are_the_words_of_the_diagnosis() -> None:
    assert ROOT_CAUSES == DIAGNOSED


def test_there_are_scenarios_that_the_lab_cannot_make() -> None:
    assert len(scenarios()) >= 12
    assert {"nothing-is-wrong", "metrics-vanish"} <= set(scenarios())


@pytest.mark.parametrize("name", sorted(scenarios()))
def test_a_scenario_speaks_the_projects_words(name: str) -> None:
    scenario = scenarios()[name]
    assert set(scenario.title) == {"en", "zh"}
    assert (layout.PLAYBOOKS / f"respond_{scenario.fault.replace('-', '_')}.yml").is_file()
    assert set(scenario.allowed) <= set(layout.roles())
    assert {finding.get("remedy", "no_action") for finding in scenario.findings} <= set(REMEDIES)
    assert Path(scenario.file).stem == name


@pytest.mark.parametrize("name", sorted(scenarios()))
def test_what_heals_at_p0_is_a_plan_at_p2(name: str) -> None:
    scenario = scenarios()[name]
    ill = scenario.end("P0")["status"] in ("healed", "refused")
    # It acts, and a person has to do the rest.
    acts = any(found["remedy"] in scenario.allowed for found in scenario.findings)
    assert (scenario.end("P2")["status"] == "planned") == (ill or acts)
    assert scenario.end("P0") == {key: value for key, value in scenario.expected.items() if key not in ("P1", "P2")}
