"""Killed with -9 before, in and after each change, `resume` reaches the same end and acts once.

The tests watch the journal and the API server's audit log from outside and kill; the product has no
hooks for it. Each kind is broken once and its ladder is killed at every point in turn: what one
resume began, the next one goes on with.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.api import Api
from lab.paths import CHECKOUT, Lab
from lab.settings import NAMESPACE
from tests.lab.world import Audit, Done, Responder, lab_command, reset_platform, responder_at
from tuheg_ir.incidents.policy import WELL
from tuheg_ir.journal import Event, open_journal
from tuheg_ir.runner import processes

pytestmark = pytest.mark.lab

GATEWAY = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/backend-gateway"
PATIENCE_S = 240.0


@dataclass(frozen=True)
class Kill:
    """When to kill: ``at`` an event of the journal, or the ``stored`` change of the audit log.

    ``orphan``: only the wrapper dies, ansible-playbook goes on without it.
    """

    what: str
    at: str = ""
    stored: str = ""
    count: int = 1
    orphan: bool = False


@dataclass(frozen=True)
class Case:
    """A break, the order that answers it, when it is killed, and the changes that must be made once."""

    kind: str
    fault: str
    kills: tuple[Kill, ...]
    changes: dict[str, int]


CASES = [
    Case(
        "bad-release",
        "high-error-rate",
        (
            Kill("before the rollback", at="intent"),
            Kill("in the rollback", stored="patch deployments/backend-gateway"),
            Kill("after the rollback", at="outcome"),
        ),
        {"patch deployments/backend-gateway": 1},
    ),
    Case(
        "cpu-starvation",
        "response-timeout",
        (
            Kill("before anything, leaving ansible-playbook alone", at="diagnosis", orphan=True),
            Kill(
                "between raising the HPA's minimum and scaling", stored="patch horizontalpodautoscalers/backend-gateway"
            ),
            Kill("after scaling", at="outcome"),
        ),
        {"patch horizontalpodautoscalers/backend-gateway": 1},
    ),
]


@dataclass
class Story:
    """What was kept of one break, its kills and its end."""

    case: Case
    number: str
    killed: list[str]
    end: Done
    events: list[Event]
    stored: list[str]
    generation_after: int
    again: Done
    again_stored: list[str]
    generation_again: int


class Scene:
    """A responder at work, watched from outside."""

    def __init__(self, responder: Responder, audit: Audit) -> None:
        self.responder = responder
        self.audit = audit

    def events(self) -> list[Event]:
        with open_journal(self.responder.home) as journal:
            return journal.events()

    def count(self, kill: Kill) -> int:
        """Return how often what the kill waits for has happened so far."""
        if kill.at:
            return sum(event.kind == kill.at for event in self.events())
        return self.audit.stored().count(kill.stored)

    def run_and_kill(self, kill: Kill, *command: str) -> str:
        """Start a command, kill it when its time has come; "" if it ended before that."""
        already = self.count(kill)
        child = self.start(*command)
        deadline = time.monotonic() + PATIENCE_S
        while self.count(kill) < already + kill.count:
            if child.poll() is not None:
                out, err = child.communicate()
                raise AssertionError(f"it ended before it could be killed {kill.what}: {out}\n{err}")
            assert time.monotonic() < deadline, f"the time to kill it {kill.what} never came"
            time.sleep(0.05)
        child.kill()
        child.communicate()
        run = [event.run for event in self.events() if event.kind == "run_started"][-1]
        if not kill.orphan:
            processes.send(processes.of_run(str(run)), signal.SIGKILL)
        return str(run)

    def start(self, *command: str) -> subprocess.Popen[str]:
        program = Path(sys.executable).with_name("tuheg-ir")
        return subprocess.Popen(
            [str(program), *command, "--format", "json"],
            env=dict(self.responder.env),
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


def tell(case: Case, lab: Lab, api: Api, home: Path) -> Story:
    responder, audit = responder_at(lab, home), Audit(lab.run / "audit.log")
    broken = lab_command("break", case.kind, "--wait")
    assert broken.code == 0, broken.told()
    scene = Scene(responder, audit)
    audit.start()
    killed, order = [], ["respond", case.fault, "--severity", "P0"]
    for kill in case.kills:
        killed.append(scene.run_and_kill(kill, *order))
        order = ["resume"]
    end = responder.cli("resume")
    events, stored = scene.events(), audit.stored()
    generation = api.get(GATEWAY)["metadata"]["generation"]
    number = events[0].incident
    audit.start()
    again = responder.cli("respond", case.fault, "--severity", "P0", "--incident", number)
    return Story(
        case=case,
        number=number,
        killed=killed,
        end=end,
        events=events,
        stored=stored,
        generation_after=generation,
        again=again,
        again_stored=audit.stored(),
        generation_again=api.get(GATEWAY)["metadata"]["generation"],
    )


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.kind)
def story(
    request: pytest.FixtureRequest, lab: Lab, load: None, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    try:
        yield tell(request.param, lab, api, tmp_path_factory.mktemp("home"))
    finally:
        reset_platform()


def test_it_reaches_the_same_end(story: Story) -> None:
    assert story.end.code == 0, story.end.told()
    assert story.end.data["status"] in WELL, "what the dead runs did may have healed it already"
    assert set(story.end.data["messages"]) == {"internal_update", "user_notice", "summary"}


def test_every_change_is_made_once(story: Story) -> None:
    for change, times in story.case.changes.items():
        assert story.stored.count(change) == times, story.stored


def test_every_run_has_the_same_attempt_and_the_dead_ones_are_on_record(story: Story) -> None:
    started = [event for event in story.events if event.kind == "run_started"]
    assert {event.data["attempt"] for event in started} == {1}
    closed = {event.run: event.kind for event in story.events if event.kind in ("interrupted", "run_ended")}
    assert [closed[run] for run in story.killed] == ["interrupted"] * len(story.killed)
    assert closed[started[-1].run] == "run_ended"


def test_no_process_of_a_dead_run_is_left(story: Story) -> None:
    assert [process for run in story.killed for process in processes.of_run(run)] == []


def test_every_intent_has_one_key(story: Story) -> None:
    keys = {event.data["key"] for event in story.events if event.kind == "intent"}
    assert keys == {f"{story.number}/1/{key.rsplit('/', 1)[1]}" for key in keys}


def test_the_same_incident_again_changes_nothing(story: Story) -> None:
    assert story.again.code == 0, story.again.told()
    assert story.again.data["status"] == "nothing_to_do"
    assert story.again_stored == []
    assert story.generation_again == story.generation_after
