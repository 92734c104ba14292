"""Every module and action of modules.yml returns the same in each place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.conftest import Kept
from tests.contract.places import NAMESPACE, PLACES, Server, everywhere
from tests.contract.plays import Task, run_tasks
from tests.contract.values import at, comparable

pytestmark = [pytest.mark.ansible, pytest.mark.slow]

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "modules.yml").read_text(encoding="utf-8"))
#: Of no meaning to who reads a result, and different from one ansible-core to the next.
NOISE = {"ansible_facts", "deprecations", "exception", "failed_when_result", "invocation", "warnings"}


def named(case: dict[str, Any]) -> str:
    """Return the variable under which later tasks find a result."""
    return "result_of_" + re.sub(r"\W", "_", case["name"])


def task_of(case: dict[str, Any], server: Server) -> Task:
    """Return the task of a case; `{ns}` filled in."""
    task: Task = json.loads(json.dumps(case["task"]).replace("{ns}", NAMESPACE))
    if case.get("check"):
        task["check_mode"] = True
    if case.get("as") == "account":
        task["environment"] = {"K8S_AUTH_KUBECONFIG": str(server.account), "KUBECONFIG": str(server.account)}
    return task


@pytest.fixture
def played(server: Server, kept: Kept) -> dict[str, Task]:
    """What every case that the place can run has returned, by name; all ran in one play."""

    def play(folder: Path) -> dict[str, Task]:
        cases = [case for case in CASES if server.name in PLACES[case.get("needs", "")]]
        tasks = [task_of(case, server) for case in cases]
        results = run_tasks(server.kubeconfig, folder, *tasks, names=[named(case) for case in cases])
        return {case["name"]: result for case, result in zip(cases, results, strict=True)}

    return kept.once("modules", server.name, play)


@pytest.mark.parametrize(("server", "case"), everywhere(CASES), indirect=["server"])
def test_a_task_returns_the_same(server: Server, played: dict[str, Task], case: dict[str, Any]) -> None:
    result = {key: value for key, value in played[case["name"]].items() if key not in NOISE}
    expected: dict[str, Any] = json.loads(json.dumps(case["expect"]).replace("{ns}", NAMESPACE))
    told = json.dumps(result, indent=1, sort_keys=True)
    assert result["changed"] is expected.get("changed", False), told
    assert result.pop("failed", False) is expected.get("failed", False), told
    if "returns" in expected:
        assert comparable(result) == {"changed": result["changed"], **expected["returns"]}
    if "keys" in expected:
        assert sorted(result) == sorted({"changed", *expected["keys"]}), told
    for path, value in expected.get("has", {}).items():
        assert comparable(at(result, path)) == value, told


def test_every_case_says_what_it_expects() -> None:
    known = {"changed", "failed", "returns", "keys", "has"}
    assert [case["name"] for case in CASES if not set(case["expect"]) <= known] == []
    assert len({named(case) for case in CASES}) == len(CASES)
