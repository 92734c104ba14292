"""Killed with -9 before, in and after each change of each playbook, an incident reaches the same end.

Each story is one incident. In the first kind the run is killed before its first change is stored; what
goes on is killed when the change is stored and nobody knows; the next before the second change, and so
on. In the second kind it is killed once, when the outcome is on record and nothing more. What then goes
on has to end as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.incidents.simulated import OUTCOME, Shop, prepare
from tuheg_ir.incidents.policy import WELL
from tuheg_ir.journal import Incident, open_journal

pytestmark = [pytest.mark.ansible, pytest.mark.slow]

RESTARTED = "ir.tuheg.com/restarted-by"


def restarted(shop: Shop) -> bool:
    return RESTARTED in (shop.deployment()["spec"]["template"]["metadata"].get("annotations") or {})


def first_release(shop: Shop) -> bool:
    return bool(shop.deployment()["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1")


def scaled(shop: Shop) -> bool:
    return int(shop.deployment()["spec"]["replicas"]) >= 5


@dataclass(frozen=True)
class Case:
    """A fault, what makes the shop well again, and the changes that must be made, each once.

    ``enough``: after how many of them the cluster itself does the rest, if nobody goes on.
    """

    fault: str
    well: Callable[[Shop], bool]
    changes: tuple[str, ...]
    release: str = ""
    leaked: int = 0
    autoscaler: bool = True
    enough: int | None = None


CASES = [
    Case("high-error-rate", first_release, ("patch deployments/web",), release="web:2"),
    Case("service-crash", lambda _shop: True, ("patch deployments/web",), release="crash:2"),
    Case("memory-leak", restarted, ("patch deployments/web",)),
    Case(
        "response-timeout",
        scaled,
        ("patch horizontalpodautoscalers/web", "patch deployments/web"),
        enough=1,
    ),
    Case("response-timeout", scaled, ("patch deployments/web",), autoscaler=False),
    Case("database-connection", restarted, ("end sessions", "patch deployments/web"), leaked=15),
]


@dataclass
class Story:
    """What was kept of one incident."""

    case: Case
    killer: str
    kills: list[str]
    end: tuple[int, dict[str, Any]] = (-1, {})
    changes: list[str] = field(default_factory=list)
    incident: Incident | None = None
    again: tuple[int, dict[str, Any]] = (-1, {})
    changes_again: list[str] = field(default_factory=list)


def kill_at_changes(case: Case, shop: Shop) -> Iterator[str]:
    """Kill before and in each change; what was killed is taken up by `resume`."""
    order = ["respond", case.fault, "--severity", "P0"]
    for change in case.changes[: case.enough]:
        for moment in ("before", "in"):
            shop.kill_at = moment
            code, told = shop.respond(*order)
            assert code == -9, f"it was never killed {moment} '{change}': {told}"
            yield f"{moment} {change}"
            order = ["resume"]


def kill_at_outcome(case: Case, shop: Shop) -> Iterator[str]:
    """Kill when all is done and on record, before the run could say so."""
    shop.kill_at = OUTCOME
    code, told = shop.respond("respond", case.fault, "--severity", "P0")
    assert code == -9, f"it was never killed at its outcome: {told}"
    yield "after the outcome"


KILLERS = {"changes": kill_at_changes, "outcome": kill_at_outcome}
# At its outcome one run is like another: one that acted through the cluster alone, and one that ended sessions too.
KILLED = [*(("changes", case) for case in CASES), ("outcome", CASES[0]), ("outcome", CASES[-1])]


def named(killed: tuple[str, Case]) -> str:
    killer, case = killed
    return f"{case.fault}{'' if case.autoscaler else '-alone'}-{killer}"


def live_through(case: Case, shop: Shop, killer: str) -> Story:
    story = Story(case, killer, list(KILLERS[killer](case, shop)))
    story.end = shop.respond("resume")
    story.changes = list(shop.changes)
    with open_journal(shop.folder / "journal") as journal:
        (story.incident,) = journal.incidents()
    story.again = shop.respond("respond", case.fault, "--severity", "P0", "--incident", story.incident.number)
    story.changes_again = shop.changes[len(story.changes) :]
    return story


@pytest.fixture(scope="module", params=KILLED, ids=named)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    killer, case = request.param
    folder = tmp_path_factory.mktemp(case.fault)
    shop = Shop(folder, case.well, case.release, autoscaler=case.autoscaler)
    shop.leaked = case.leaked
    with pytest.MonkeyPatch.context() as monkeypatch:
        shop.start()
        try:
            prepare(folder, shop, monkeypatch)
            yield live_through(case, shop, killer)
        finally:
            shop.stop()


def test_it_ends_as_if_nothing_had_happened(story: Story) -> None:
    code, told = story.end
    assert (code, told.get("status") in WELL) == (0, True), told
    assert set(told["messages"]) == {"internal_update", "user_notice", "summary"}


def test_each_change_was_made_once_and_in_order(story: Story) -> None:
    # Where the cluster does the rest by itself, a run that comes in between may still do it, or find it done.
    least = len(story.case.changes) if story.killer == "outcome" else story.case.enough or len(story.case.changes)
    # The proven template is kept by a run that sees the roll-out end, not by one that comes when all is well.
    acts = [change for change in story.changes if change != "post configmaps"]
    assert len(acts) >= least
    assert acts == list(story.case.changes[: len(acts)])


def test_the_attempt_stays_and_every_dead_run_is_closed(story: Story) -> None:
    assert story.incident is not None
    assert {run.attempt for run in story.incident.runs} == {1}
    assert [run.status for run in story.incident.runs[:-1]] == ["interrupted"] * len(story.kills)


def test_a_cure_that_buys_time_leaves_its_task_once(story: Story) -> None:
    assert story.incident is not None
    tasks = [task.task for task in story.incident.followups]
    assert len(tasks) == (1 if story.case.fault == "memory-leak" else 0), tasks


def test_the_same_incident_again_changes_nothing(story: Story) -> None:
    code, told = story.again
    assert (code, told.get("status")) == (0, "nothing_to_do"), told
    assert story.changes_again == []
