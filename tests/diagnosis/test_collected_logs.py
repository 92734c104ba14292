"""Which logs are read of a namespace, how far back, and what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.diagnosis.node_logs import NOW, Line, Node, told
from tests.diagnosis.objects import ended
from tuheg_ir.diagnosis.collector import logs
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.project import find_project

KUBE = find_project().module_utils("kube").kube


def pod(name: str, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, "status": status}


def container(state: Mapping[str, Any], restarts: int = 0, name: str = "web", *, ready: bool = False) -> dict[str, Any]:
    return {"name": name, "ready": ready, "restartCount": restarts, "state": dict(state)}


RUNNING: dict[str, Any] = {"running": {}}
WAITING: dict[str, Any] = {"waiting": {"reason": "CrashLoopBackOff"}}


@pytest.mark.parametrize(
    ("status", "previous"),
    [
        (container(RUNNING, ready=True), [False]),
        (container(RUNNING, restarts=2), [False, True]),
        (container(ended(1), restarts=2), [False]),
        (container(WAITING, restarts=2), [True]),
        (container({"waiting": {"reason": "ContainerCreating"}}), []),
        (container({}), []),
    ],
    ids=["well", "restarted", "ended", "waiting-again", "never-ran", "unknown"],
)
def test_the_log_that_holds_the_crash_is_asked_for(status: dict[str, Any], previous: list[bool]) -> None:
    assert [log.previous for log in logs.wanted([pod("web-1", containerStatuses=[status])])] == previous


def test_suspicious_pods_come_first_and_no_workload_takes_all() -> None:
    well = [
        {
            **pod(f"a-{n}", containerStatuses=[container(RUNNING, ready=True)]),
            "metadata": {"name": f"a-{n}", "ownerReferences": [{"uid": "a"}]},
        }
        for n in range(50)
    ]
    ill = [
        {
            **pod(f"b-{n}", containerStatuses=[container(RUNNING, 3)]),
            "metadata": {"name": f"b-{n}", "ownerReferences": [{"uid": "b"}]},
        }
        for n in range(50)
    ]
    found = logs.wanted([*well, *ill])
    far = [log for log in found if log.far]
    assert [log.pod[0] for log in far] == [*"bbbbbbbb", *"aa"]
    assert found[: len(far)] == far
    assert len(found) == logs.MOST


def test_of_pods_that_seem_well_the_oldest_and_the_youngest_are_read_beside_those_that_do_not() -> None:
    def made(number: int, restarts: int = 0) -> dict[str, Any]:
        meta = {
            "name": f"a-{number}",
            "ownerReferences": [{"uid": "a"}],
            "creationTimestamp": f"2026-03-04T1{number}:00:00Z",
        }
        states = [container(RUNNING, restarts, ready=True), container(RUNNING, name="proxy", ready=True)]
        return {**pod(f"a-{number}", containerStatuses=states), "metadata": meta}

    found = logs.wanted([made(1), made(2, restarts=3), made(3), made(4), made(5)])
    assert [log.pod for log in found if log.far] == ["a-2", "a-2", "a-2", "a-1", "a-1", "a-5", "a-5"]
    assert [log.pod for log in found if not log.far] == ["a-3", "a-3", "a-4", "a-4"]


def test_an_init_container_that_fails_is_asked_for() -> None:
    status = {
        "initContainerStatuses": [container(ended(1), name="init")],
        "containerStatuses": [container({"waiting": {}})],
    }
    assert [log.container for log in logs.wanted([pod("web-1", **status)])] == ["init"]


# --- how far back ---


WEB = logs.Wanted("web-1", "web", previous=False, suspicious=False)


def at_pace(seconds: float, number: int, text: str = "INFO poll turn={n}") -> list[Line]:
    begin = NOW - timedelta(seconds=seconds * number)
    return [(begin + timedelta(seconds=seconds * n), text.format(n=n)) for n in range(number)]


def test_a_short_log_is_asked_for_once() -> None:
    node = Node(at_pace(0.1, logs.LINES - 1))
    assert len(told(node, WEB).log.lines) == logs.LINES - 1
    assert len(node.asked) == 1


def test_a_container_that_runs_again_since_its_pod_was_read_is_asked_for_its_last_words() -> None:
    node = Node([], before=at_pace(0.1, 3, "ValueError: no such region"))
    found = told(node, WEB._replace(ended=True)).log
    assert (found.previous, len(found.lines)) == (True, 3)


@pytest.mark.parametrize("again", [Node([]), Node([], fails=KUBE.KubeError("invalid", "no previous one"))])
def test_a_container_that_ended_without_a_word_has_an_empty_log(again: Node) -> None:
    found = told(again, WEB._replace(ended=True))
    assert (found.log.previous, list(found.log.lines), found.note) == (False, [], "")


def test_an_empty_log_of_a_container_that_runs_is_asked_for_once() -> None:
    node = Node([], before=at_pace(0.1, 3))
    assert not told(node, WEB).log.lines
    assert len(node.asked) == 1


def test_newest_lines_of_more_than_an_hour_are_enough() -> None:
    node = Node(at_pace(8, 3000))
    assert len(told(node, WEB).log.lines) == logs.LINES
    assert len(node.asked) == 1


def test_a_busy_log_is_read_an_hour_back_and_what_was_said_once_is_kept() -> None:
    lines = at_pace(0.5, 9000)
    lines[9000 - 3600] = (lines[9000 - 3600][0], "ERROR cannot reach postgres")
    node = Node(lines)
    found = told(node, WEB).log.lines
    first = stamp(found[0])
    assert [query["tailLines"] for query in node.asked] == [logs.LINES, pytest.approx(7200, rel=0.01)]
    assert len(found) <= logs.LINES
    assert any("cannot reach postgres" in line for line in found)
    assert first is not None
    assert timedelta(minutes=58) < NOW - first < timedelta(minutes=62)
    assert [stamp(line) for line in found] == sorted(at for line in found if (at := stamp(line)))


def test_a_very_busy_log_is_read_as_far_back_as_is_bearable() -> None:
    node = Node(at_pace(0.01, 30_000))
    told(node, WEB)
    assert node.asked[1]["tailLines"] == logs.FAR


def test_of_an_answer_that_is_cut_at_its_newest_lines_these_are_not_lost() -> None:
    node = Node(at_pace(0.1, 800, "INFO page {n} " + "x" * 20_000))
    found = told(node, WEB).log.lines
    assert " page 799 " in found[-1]


def test_a_log_of_a_pod_beside_many_others_is_its_newest_lines() -> None:
    node = Node(at_pace(0.1, 5000))
    told(node, WEB._replace(far=False))
    assert len(node.asked) == 1


def test_where_the_long_answer_fails_the_newest_lines_are_kept_and_that_is_said() -> None:
    node = Node(at_pace(0.1, 5000), fails=KUBE.KubeError("silent", "no answer in time"))
    found = told(node, WEB)
    assert len(found.log.lines) == logs.LINES
    assert found.note == f"only its last {logs.LINES} lines were read: no answer in time"
