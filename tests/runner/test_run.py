"""A run leaves nothing behind: no process, no file, no secret; and Ctrl-C ends it cleanly."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tuheg_ir.errors import ProjectError
from tuheg_ir.project import Project
from tuheg_ir.runner import RunOutcome, TaskEvent, processes, run_playbook
from tuheg_ir.runner.environment import PREFIX, remove_leftovers

pytestmark = pytest.mark.ansible

CHECKOUT = Path(__file__).resolve().parents[2]
SECRET = "s3cr3t-planted-in-a-test"
RUN = "20251105T143000Z-runner"

PLAYS = {
    "good": """
        - ansible.builtin.debug: {msg: "hello {{ planted | length }}"}
        - ansible.builtin.set_stats:
            data: {ir_result: {status: healed, cluster: "{{ ir_cluster }}"}}
            per_host: false
            aggregate: false
    """,
    "bad": """
        - ansible.builtin.set_stats: {data: {ir_result: {status: refused}}, per_host: false, aggregate: false}
        - ansible.builtin.fail: {msg: "Another run holds the lock. Next: wait for it."}
    """,
    "slow": """
        - ansible.builtin.debug: {msg: started}
        - ansible.builtin.command: sleep 60
    """,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("project")
    books = root / "playbooks"
    books.mkdir()
    for name, tasks in PLAYS.items():
        lines = "\n".join(line[4:] for line in tasks.strip("\n").splitlines())
        books.joinpath(f"{name}.yml").write_text(
            f'- name: Test\n  hosts: "{{{{ ir_cluster }}}}"\n  gather_facts: false\n  tasks:\n{lines}\n'
        )
    root.joinpath("hosts").write_text(
        "[clusters]\nlab ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
    )
    return Project(root, books, root, CHECKOUT / "collections", packaged=False)


def start(
    project: Project,
    playbook: str,
    on_event: Callable[[TaskEvent], None] | None = None,
    **variables: str,
) -> RunOutcome:
    given = {"ir_cluster": "lab", "planted": SECRET, **variables}
    return run_playbook(project, playbook, project.root / "hosts", given, run=RUN, on_event=on_event)


def private_folders() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"{PREFIX}{RUN}-*"))


def test_a_run_gives_its_result_and_leaves_nothing(project: Project) -> None:
    seen: list[str] = []
    modes: set[int] = set()

    def watch(event: TaskEvent) -> None:
        modes.update(stat.S_IMODE(folder.stat().st_mode) for folder in private_folders())
        seen.append(event.kind)

    ended = start(project, "good", watch)
    assert ended.result == {"status": "healed", "cluster": "lab"}
    assert (ended.rc, ended.error, ended.notes) == (0, None, ())
    assert "ok" in seen
    assert modes == {0o700}
    assert private_folders() == []
    assert processes.of_run(RUN) == []


def test_a_warning_before_the_play_does_not_cost_it_its_inputs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", os.devnull)  # Ansible warns that it can make no folder there
    ended = start(project, "good")
    assert ended.result == {"status": "healed", "cluster": "lab"}


def test_a_failed_play_says_what_failed_and_still_gives_its_result(project: Project) -> None:
    ended = start(project, "bad")
    assert ended.status == "failed"
    assert ended.result == {"status": "refused"}
    assert ended.error is not None
    assert ended.error.what == "Another run holds the lock"
    assert ended.error.next == "wait for it."


def test_a_misspelt_cluster_is_an_error_not_a_success(project: Project) -> None:
    ended = start(project, "good", ir_cluster="labb")
    assert ended.rc != 0
    assert ended.error is not None
    assert ended.error.what == "The inventory has no cluster 'labb'"


def test_a_missing_playbook_is_named(project: Project) -> None:
    with pytest.raises(ProjectError, match="There is no playbook 'nosuch'"):
        start(project, "nosuch")


def test_what_watches_a_run_cannot_stop_it(project: Project) -> None:
    def broken(event: TaskEvent) -> None:
        raise OSError("the screen is gone")

    ended = start(project, "good", broken)
    assert ended.result == {"status": "healed", "cluster": "lab"}
    assert ended.notes
    assert "the screen is gone" in ended.notes[0]


def test_a_secret_is_neither_in_the_process_list_nor_on_disk_while_the_play_runs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K8S_AUTH_API_KEY", SECRET)
    found: list[str] = []

    def look(event: TaskEvent) -> None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if SECRET.encode() in path.read_bytes():
                    found.append(str(path))
            except OSError:
                continue
        for folder in private_folders():
            files = [path for path in folder.rglob("*") if path.is_file()]
            found.extend(str(path) for path in files if SECRET.encode() in path.read_bytes())

    ended = start(project, "good", look)
    assert ended.rc == 0
    assert found == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_ansible_and_everything_it_started(project: Project, number: signal.Signals) -> None:
    def press(event: TaskEvent) -> None:
        if event.kind == "task" and event.action.endswith("command"):
            threading.Timer(0.5, os.kill, (os.getpid(), number)).start()

    began = time.monotonic()
    ended = start(project, "slow", press)
    assert ended.status == "interrupted"
    assert time.monotonic() - began < 20
    assert processes.of_run(RUN) == []
    assert private_folders() == []


def leave(pid: int) -> Path:
    left = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{RUN}-{pid}-"))
    left.joinpath("vars.json").write_text(SECRET)
    return left


def gone_pid() -> int:
    """Return the pid of a process that has ended."""
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


def test_what_a_killed_run_left_is_deleted_once_it_is_known_to_be_dead() -> None:
    left = leave(os.getpid())
    remove_leftovers(RUN)
    assert not left.exists()


def test_the_next_run_deletes_what_no_living_process_owns(project: Project) -> None:
    dead, living = leave(gone_pid()), leave(os.getpid())
    try:
        remove_leftovers()
        assert not dead.exists()
        assert living.exists(), "another run may be at work in it"
    finally:
        shutil.rmtree(living)
