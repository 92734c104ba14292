"""Only the wrapper is killed: its ansible-playbook lives on without a terminal, and soon waits for nothing."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.incidents.simulated import Shop, prepare
from tests.incidents.test_kill import restarted
from tuheg_ir.journal import open_journal
from tuheg_ir.runner import processes

pytestmark = [pytest.mark.ansible, pytest.mark.slow]


def kill_wrapper_at(shop: Shop, kind: str, *command: str) -> None:
    """Run a command, and kill its wrapper, nothing else, when an event of a kind is on record."""

    def watch() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not any(event.kind == kind for event in shop.events()):
            time.sleep(0.05)
        if shop.child is not None:
            shop.child.kill()

    watcher = threading.Thread(target=watch)
    watcher.start()
    shop.respond(*command)
    watcher.join()


def test_what_it_left_undone_is_done_without_waiting_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path, restarted, "", autoscaler=False)
    shop.start()
    try:
        prepare(tmp_path, shop, monkeypatch)
        kill_wrapper_at(shop, "diagnosis", "respond", "memory-leak", "--severity", "P0")
        began = time.monotonic()
        code, told = shop.respond("resume", "--wait", "300")
        took = time.monotonic() - began
    finally:
        shop.stop()
    assert (code, told["status"]) == (0, "healed"), told
    assert took < 100, "the orphan was waited for"
    assert shop.acts == ["patch deployments/web"]
    with open_journal(tmp_path / "journal") as journal:
        (incident,) = journal.incidents()
    assert [run.status for run in incident.runs] == ["interrupted", "healed"]
    assert processes.of_run(incident.runs[0].id) == []
