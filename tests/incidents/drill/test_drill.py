"""Whole drills on the embedded cluster: the production playbooks, as the account of rbac/, twice."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests import layout
from tuheg_ir.catalogue import load_catalogue
from tuheg_ir.cli.app import run
from tuheg_ir.incidents import Order, Shop, respond
from tuheg_ir.incidents.drill import DrillOrder
from tuheg_ir.incidents.drill import embedded as module
from tuheg_ir.journal import open_journal
from tuheg_ir.project import find_project
from tuheg_ir.runner import processes
from tuheg_ir.sim.scenario import scenarios
from tuheg_ir.sim.simulation import Simulation

pytestmark = pytest.mark.ansible

# All of them are drilled by the installed command: tests/test_wheel.py.
QUICK = ("metrics-vanish", "nothing-is-wrong", pytest.param("bad-release", marks=pytest.mark.slow))
FIELDS = {
    *("scenario", "fault", "severity", "on", "speed", "seed", "incident", "playbook", "status", "reason", "expected"),
    *("expected_end", "expected_findings", "findings", "diagnosed", "actions", "wrong_actions", "repeated_actions"),
    *("second_run", "second_run_findings", "second_run_changes", "changed_again", "times", "limits", "messages"),
    "passed",
}


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody whose environment names clusters that nobody may touch; return their home."""
    monkeypatch.chdir(layout.ROOT)
    monkeypatch.setenv("TUHEG_IR_HOME", str(tmp_path / "journal"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    # A file that cannot be read is an error for whoever reads it; a host without a port listens to nobody.
    monkeypatch.setenv("KUBECONFIG", str(layout.ROOT / "Makefile"))
    monkeypatch.setenv("K8S_AUTH_HOST", "https://127.0.0.1:9")
    monkeypatch.setenv("K8S_AUTH_API_KEY", "a-key-of-production")
    for name in ("TUHEG_IR_INVENTORY", "TUHEG_IR_CLUSTER"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def drilled(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = run(["drill", *arguments, "--format", "json"])
    shown = json.loads(capsys.readouterr().out)
    assert "drills" in shown, shown
    (one,) = shown["drills"]
    return code, one


@pytest.mark.parametrize("name", QUICK)
def test_a_drill_ends_as_its_scenario_says(name: str, user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = drilled(capsys, name)
    assert (code, found["passed"]) == (0, True), found
    assert (found["expected_end"], found["wrong_actions"], found["repeated_actions"]) == (True, [], [])
    assert found["second_run_changes"] == 0
    assert found["expected_findings"] == list(scenarios()[name].findings)
    assert found["diagnosed"] is (True if scenarios()[name].findings else None)
    assert set(found) == FIELDS
    assert all(Path(path).read_text("utf-8").startswith("【演练】") for path in found["messages"].values())
    fixed, verified = found["times"]["fixed"], found["times"]["verified"]
    if scenarios()[name].expected["status"] == "healed":
        assert 0 < fixed < verified, "the roll-out is over before the probes have told"
    else:
        assert (fixed, verified) == (None, None)
    with open_journal() as journal:
        incident = journal.incident(found["incident"])
        assert (incident.drill, incident.number[-4:]) == (True, "9001")
        assert journal.verify() == []
    assert list((user / "tmp").iterdir()) == []
    record = last_drills(capsys)[found["fault"]]
    assert record == {"at": record["at"], "scenario": name, "on": "sim", "passed": True}
    assert run(["incident", "list", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"incidents": []}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "severity", "status"),
    [("bad-release", "P1", "refused"), ("memory-leak", "P1", "healed"), ("memory-leak", "P2", "planned")],
)
def test_a_milder_severity_asks_first(
    name: str, severity: str, status: str, user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = drilled(capsys, name, "--severity", severity)
    assert (code, found["status"], found["severity"]) == (0, status, severity), found
    assert (found["actions"] == []) == (status != "healed")


def last_drills(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return fault -> what `faults` tells of the last drill of its playbook."""
    assert run(["faults", "--format", "json"]) == 0
    return {fault["name"]: fault["last_drill"] for fault in json.loads(capsys.readouterr().out)["faults"]}


@pytest.mark.slow
def test_a_drill_that_goes_otherwise_than_a_teams_own_file_says(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = user / "ours.yml"
    file.write_text(
        "title: {en: Ours, zh: 我们的}\nfault: high-error-rate\nexpected: {exit: 0, status: healed}\nallowed: []\n",
        "utf-8",
    )
    code, found = drilled(capsys, str(file))
    assert code == 3
    assert (found["scenario"], found["status"], found["reason"]) == ("ours", "nothing_to_do", "")
    assert (found["expected_end"], found["passed"]) == (False, False)
    assert last_drills(capsys)["high-error-rate"]["passed"] is False


@pytest.mark.slow
def test_ctrl_c_closes_everything(user: Path) -> None:
    program = str(Path(sys.executable).with_name("tuheg-ir"))
    with subprocess.Popen(
        [program, "drill", "leaked-transactions", "--speed", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=layout.ROOT,
    ) as child:
        assert child.stderr is not None
        told = ""
        while "finding" not in told:
            line = child.stderr.readline()
            assert line, told
            told += line
        child.send_signal(signal.SIGINT)
        out, rest = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, "")
    assert "Error: Interrupted (INC-" in rest
    assert "Next: The drill can be run again." in rest
    with open_journal(user / "journal") as journal:
        (incident,) = journal.incidents()
        (only,) = incident.runs
        assert (incident.drill, only.status) == (True, "interrupted")
        assert journal.events(kind="drill") == []
    assert processes.of_run(only.id) == []
    deadline = time.monotonic() + 10  # Ansible's own workers clear their folders as they end
    while (left := list((user / "tmp").iterdir())) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


@pytest.mark.slow
def test_a_plan_writes_nothing_and_only_the_cure_does(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Simulation] = []

    def simulation(*given: Any, **more: Any) -> Simulation:
        started.append(Simulation(*given, **more))
        return started[-1]

    monkeypatch.setattr(module, "Simulation", simulation)
    project = find_project(layout.ROOT)
    drill = DrillOrder(scenarios()["bad-release"], "P0", "kim")
    with module.embedded(project, drill) as ground, open_journal() as journal:
        shop = Shop(project, load_catalogue(), journal)
        order = Order(
            fault=drill.scenario.fault,
            severity="P0",
            inventory=ground.inventory,
            cluster=ground.cluster,
            actor="kim",
            plan=True,
            extra=dict(ground.extra),
            drill=True,
        )
        assert respond(shop, order).status == "planned"
        assert started[0].cluster.api.audit.entries == [], "not even a lock"
    assert journal_is_empty(user)


def journal_is_empty(user: Path) -> bool:
    with open_journal(user / "journal") as journal:
        return journal.events() == []


def test_the_plays_have_the_rights_of_the_account_and_no_more(user: Path) -> None:
    project = find_project(layout.ROOT)
    with module.embedded(project, DrillOrder(scenarios()["nothing-is-wrong"], "P0", "kim")) as ground:
        from kubernetes import client, config

        config.load_kube_config(os.environ["KUBECONFIG"])
        api = client.AppsV1Api()
        assert api.read_namespaced_deployment("backend-gateway", "tuheg-production").status.ready_replicas == 3
        with pytest.raises(client.ApiException) as refused:
            api.delete_namespaced_deployment("backend-gateway", "tuheg-production")
        assert refused.value.status == 403
        assert re.search(r"system:serviceaccount:tuheg-production:tuheg-ir\W+ cannot delete", str(refused.value.body))
    assert ground.written() == []
