"""A remedy that the diagnosis rules out: skipped, or run because a person ordered it, on record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import layout
from tuheg_ir.catalogue import load_catalogue
from tuheg_ir.incidents import Order, Report, Shop, ordered, respond
from tuheg_ir.incidents.drill import DrillOrder
from tuheg_ir.incidents.drill.embedded import embedded
from tuheg_ir.journal import Journal, open_journal
from tuheg_ir.project import find_project
from tuheg_ir.sim.scenario import scenarios

pytestmark = [pytest.mark.ansible, pytest.mark.slow]

WHY = "the lead wants fresh pods whatever the diagnosis says"
AGAINST = "ConfigMap gateway-settings is missing: pods that run could not start again"


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(layout.ROOT)
    monkeypatch.setenv("TUHEG_IR_HOME", str(tmp_path / "journal"))
    return tmp_path


def actions(report: Report) -> list[tuple[str, bool, str]]:
    return [(each["remedy"], each["changed"], each["override"].get("by", "")) for each in report.result["actions"]]


def recorded(journal: Journal, report: Report, *kinds: str) -> list[dict[str, Any]]:
    return [event.data for event in journal.events(report.incident) if event.kind in kinds]


def test_an_excluded_rung_is_skipped_and_runs_on_a_persons_order(user: Path) -> None:
    project = find_project(layout.ROOT)
    drill = DrillOrder(scenarios()["settings-are-missing"], "P1", "kim")
    with embedded(project, drill) as ground, open_journal() as journal:
        shop = Shop(project, load_catalogue(), journal)
        plain = Order(
            fault="service-crash",
            severity="P1",
            inventory=ground.inventory,
            cluster=ground.cluster,
            actor="kim",
            extra=dict(ground.extra),
            lang="en",
            drill=True,
        )
        skipped = respond(shop, plain)
        assert actions(skipped) == [("restart_workload", False, ""), ("rollback_workload", False, "")]
        assert skipped.result["actions"][0]["reason"] == AGAINST
        assert skipped.status == "refused", "a rollback needs approval at P1"

        order = ordered(["restart_workload"], by="kim", reason=WHY)
        before = len(ground.written())
        planned = respond(shop, replace(plain, plan=True, override=order))
        assert (planned.status, ground.written()[before:]) == ("planned", [])
        assert f"ordered by kim, who says: {WHY}; against the diagnosis" in planned.result["actions"][0]["reason"]

        again = replace(plain, number=skipped.incident, override=order)
        run = respond(shop, again)
        assert actions(run) == [("restart_workload", True, "kim"), ("rollback_workload", False, "")]
        assert run.status == "refused", "the order approves its own rung and no other"
        said = {"by": "kim", "reason": WHY, "against": AGAINST}
        assert run.result["actions"][0]["override"] == said
        (intent,) = recorded(journal, run, "intent")
        assert (intent["remedy"], intent["approved_by"], intent["override"]) == ("restart_workload", "kim", said)
        kinds = [event.kind for event in journal.events(run.incident)]
        assert kinds.index("intent") < kinds.index("outcome"), "on record before the act"
        told = {stage: Path(path).read_text("utf-8") for stage, path in run.messages.items()}
        assert WHY in told["internal_update"]
        assert WHY not in told["user_notice"]

        before = len(ground.written())
        second = respond(shop, again)
        assert [changed for _, changed, _ in actions(second)] == [False, False]
        assert ground.written()[before:] == []

        milder = replace(again, severity="P2", override=ordered(["rollback_workload"], by="kim", reason=WHY))
        healed = respond(shop, milder)
        assert healed.status == "healed", "P2 runs what was ordered, though nothing else was approved"
        assert actions(healed)[-1] == ("rollback_workload", True, "kim")
        assert WHY in Path(healed.messages["summary"]).read_text("utf-8")
        assert WHY not in Path(healed.messages["user_notice"]).read_text("utf-8")
