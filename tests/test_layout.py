"""The tree keeps its shape: names agree, interfaces are declared, laws that text can show are kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests import layout

# Ways around kubernetes.core: check mode, diff and review would not see what they do.
FORBIDDEN_ACTIONS = {
    f"{prefix}{name}"
    for prefix in ("", "ansible.builtin.", "ansible.legacy.")
    for name in ("command", "shell", "raw", "script", "expect", "uri", "get_url")
}
CHANGING = {f"kubernetes.core.{name}" for name in ("k8s", "k8s_scale", "k8s_json_patch", "k8s_drain", "k8s_taint")}
REFUSED = {f"kubernetes.core.{name}" for name in ("k8s_rollback", "kubectl", "helm")}
MACHINE_PATH = re.compile(r"/(?<![\w.${}~-]/)(?:work/|root/\.|Users/\w)")
TASK_FILES = layout.task_files()


def relative(path: Path) -> str:
    return str(path.relative_to(layout.ROOT))


def interface(role: str) -> tuple[dict[str, Any], dict[str, Any]]:
    specs = layout.load(layout.ROLES / role / "meta" / "argument_specs.yml")["argument_specs"]
    defaults = layout.ROLES / role / "defaults" / "main.yml"
    return specs["main"].get("options", {}), layout.load(defaults) or {}


def test_there_are_roles_and_playbooks() -> None:
    assert layout.roles()
    assert layout.playbooks()


def test_every_role_has_its_playbook_and_every_playbook_its_role_or_fault() -> None:
    names = set(layout.playbooks())
    single = {name for name in names if not name.startswith("respond_")}
    assert single == set(layout.roles())


def test_playbooks_lie_flat() -> None:
    assert [relative(path) for path in layout.PLAYBOOKS.rglob("*") if path.is_dir()] == []
    assert {path.suffix for path in layout.PLAYBOOKS.iterdir()} <= {".yml", ".md"}


@pytest.mark.parametrize("name", layout.playbooks())
def test_a_playbook_is_one_play_on_the_named_cluster_that_runs_the_shared_room(name: str) -> None:
    plays = layout.load(layout.PLAYBOOKS / f"{name}.yml")
    assert len(plays) == 1
    play = plays[0]
    # Ansible finds its filters once for all tasks by the one that is in it.
    assert play["hosts"] == layout.ONE_CLUSTER
    assert play["gather_facts"] is False
    assert "roles" not in play
    calls = [task["ansible.builtin.import_role"] for task in layout.tasks(play["tasks"])]
    assert calls == [{"name": "tuheg.ir.common", "tasks_from": calls[0]["tasks_from"]}]


@pytest.mark.parametrize("role", layout.roles())
@pytest.mark.parametrize(
    "part", ["README.md", "defaults/main.yml", "meta/argument_specs.yml", "meta/main.yml", "tasks/main.yml"]
)
def test_every_role_has_the_skeleton(role: str, part: str) -> None:
    assert (layout.ROLES / role / part).is_file()


@pytest.mark.parametrize("part", ["README.md", "meta/main.yml", "meta/argument_specs.yml"])
def test_the_shared_room_is_publishable_and_has_no_main_entry(part: str) -> None:
    assert (layout.ROLES / "common" / part).is_file()
    assert not (layout.ROLES / "common" / "tasks" / "main.yml").exists()


@pytest.mark.parametrize("role", layout.roles())
def test_defaults_are_the_specs_defaults(role: str) -> None:
    options, defaults = interface(role)
    assert {name: option["default"] for name, option in options.items() if "default" in option} == defaults


@pytest.mark.parametrize("role", layout.roles())
def test_inputs_carry_the_roles_name_and_are_described(role: str) -> None:
    options, _ = interface(role)
    for name, option in options.items():
        assert name.startswith(f"{role}_")
        assert option["description"]
        assert not (option.get("required") and "default" in option)


@pytest.mark.parametrize("path", TASK_FILES, ids=relative)
def test_tasks_go_through_kubernetes_core_alone(path: Path) -> None:
    actions = {layout.action(task) for task in layout.tasks(layout.load(path))}
    assert actions & (FORBIDDEN_ACTIONS | REFUSED) == set()


@pytest.mark.parametrize("path", TASK_FILES, ids=relative)
def test_tasks_do_not_lie_about_change_and_do_not_ignore_errors(path: Path) -> None:
    for task in layout.tasks(layout.load(path)):
        assert "ignore_errors" not in task, task
        if layout.action(task) in CHANGING:
            assert task.get("changed_when") is not False, task


@pytest.mark.parametrize("path", TASK_FILES, ids=relative)
def test_diffs_of_changes_hide_managed_fields(path: Path) -> None:
    for task in layout.tasks(layout.load(path)):
        if layout.action(task) == "kubernetes.core.k8s":
            hidden = task["kubernetes.core.k8s"].get("hidden_fields", [])
            assert "metadata.managedFields" in hidden, task


def test_plugins_start_no_programs() -> None:
    plugins = (layout.ROOT / "collection" / "plugins").rglob("*.py")
    starts = re.compile(r"^\s*(?:import|from)\s+subprocess\b|os\.(?:system|popen|exec)|run_command", re.MULTILINE)
    assert [relative(path) for path in plugins if starts.search(path.read_text(encoding="utf-8"))] == []


# --- molecule: every playbook proven


def test_every_playbook_has_its_scenario_and_every_scenario_its_playbook() -> None:
    assert layout.scenarios() == layout.playbooks()


def test_the_converge_step_is_the_production_playbook_itself() -> None:
    playbooks = layout.load(layout.MOLECULE / "config.yml")["ansible"]["playbooks"]
    assert playbooks["converge"] == "${MOLECULE_PROJECT_DIRECTORY}/playbooks/${MOLECULE_SCENARIO_NAME}.yml"
    for step in ("create", "prepare", "verify", "destroy"):
        assert playbooks[step] == f"${{MOLECULE_PROJECT_DIRECTORY}}/.config/molecule/{step}.yml"
        assert (layout.MOLECULE / f"{step}.yml").is_file()


@pytest.mark.parametrize("name", layout.scenarios())
def test_a_scenario_says_what_breaks_and_looks_afterwards_and_nothing_else(name: str) -> None:
    place = layout.SCENARIOS / name
    files = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert files == {"molecule.yml", "tasks/verify.yml"}
    said = layout.load(place / "molecule.yml")
    assert set(said) <= {"provisioner", "scenario"}
    assert said["provisioner"] == {"inventory": {"group_vars": {"clusters": layout.scenario_inputs(name)}}}
    assert "broken_by" in layout.scenario_inputs(name) or name == "verify_service"
    assert set(said.get("scenario", {})) <= {"test_sequence"}


@pytest.mark.parametrize("name", layout.scenarios())
def test_a_scenario_breaks_runs_twice_and_looks(name: str) -> None:
    shared = layout.load(layout.MOLECULE / "config.yml")["scenario"]
    steps = {**shared, **layout.load(layout.SCENARIOS / name / "molecule.yml").get("scenario", {})}["test_sequence"]
    again = "idempotence" if name != "collect_evidence" else "converge"
    assert steps == ["destroy", "create", "prepare", "converge", again, "verify", "destroy"]


@pytest.mark.parametrize("path", sorted(layout.SCENARIOS.glob("*/tasks/*.yml")), ids=relative)
def test_looking_afterwards_changes_nothing(path: Path) -> None:
    actions = {layout.action(task) for task in layout.tasks(layout.load(path))}
    assert actions <= {f"ansible.builtin.{name}" for name in ("assert", "find", "include_tasks")}


# --- what AWX makes of the tree

AWX_PLAYBOOK = re.compile(r"^[^\S\n]*-?[^\S\n]*(?:hosts|include|(?:ansible\.builtin\.)?import_playbook):", re.MULTILINE)
AWX_SKIPS = {"roles", "tasks", "group_vars", "host_vars"}


def awx_lists(path: Path) -> bool:
    """Whether AWX offers a file as a playbook: any YAML with such a line, at any depth but in these folders."""
    folders = path.relative_to(layout.ROOT).parts[:-1]
    skipped = any(folder.startswith(".") or folder in AWX_SKIPS for folder in folders)
    return not skipped and AWX_PLAYBOOK.search(path.read_text(encoding="utf-8")) is not None


def test_awx_finds_the_playbooks_and_nothing_else() -> None:
    files = [path for path in layout.tracked() if path.suffix in {".yml", ".yaml"} and path.is_file()]
    listed = [path for path in files if awx_lists(path)]
    assert sorted(path.stem for path in listed) == layout.playbooks()
    assert all(path.parent == layout.PLAYBOOKS for path in listed)


@pytest.mark.parametrize("place", ["inventories/example", "lab/inventory"])
def test_an_inventory_is_ini_and_variables_and_nothing_else(place: str) -> None:
    """Any other YAML file beside them would be read as inventory too."""
    top = {path.name for path in (layout.ROOT / place).iterdir()}
    assert top <= {"hosts", "group_vars", "host_vars"}
    assert "hosts" in top


def test_tracked_files_name_no_place_on_one_machine() -> None:
    found = []
    for path in layout.tracked():
        made = path.suffix == ".json" and path.with_suffix(".yml").exists()  # of words that are looked at there
        if made or path.suffix in {".sum", ".svg", ".png", ".gz"} or path.is_symlink() or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        for place in MACHINE_PATH.finditer(text):
            number = text.count("\n", 0, place.start()) + 1
            found.append(f"{relative(path)}:{number}: {text.splitlines()[number - 1].strip()}")
    assert found == []
