"""The watching loop: it ends with a verdict, at a change it cannot judge, or with the time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.kube import Client, KubeError, Limits, connect
from ansible_collections.tuheg.ir.plugins.module_utils.look import Look
from ansible_collections.tuheg.ir.plugins.module_utils.rollout import watch_rollout

from tests.collection.objects import deployment, pod, replicaset, template, waiting
from tests.collection.servers import Answer, Request, answering, closed_port

APPS, CORE = "/apis/apps/v1/namespaces/ns", "/api/v1/namespaces/ns"
LIMITS = Limits(connect_s=1, read_s=1, overall_s=2)


class Cluster:
    """An API server's view of one Deployment that tests change while it is watched."""

    def __init__(self) -> None:
        self.workload: dict[str, Any] | None = deployment(template("app:2"), observed=2)
        self.sets = [replicaset("web-new", template("app:2"), number=2), replicaset("web-old", number=1)]
        self.pods = [pod("old-1", "web-old"), pod("old-2", "web-old")]
        self.forbidden = ""
        self.down = False
        self.lists_s = 0.0
        self.changed = threading.Event()

    def finish(self) -> None:
        """The roll-out is complete."""
        self.workload = deployment(template("app:2"))
        self.pods = [pod("new-1", "web-new"), pod("new-2", "web-new")]
        self.changed.set()

    def answer(self, request: Request) -> Answer:
        if self.down:
            return 500, {"message": "down"}
        if self.forbidden and request.path.endswith(self.forbidden):
            return 403, {"message": f'x: User "u" cannot watch resource "{self.forbidden}"'}
        if request.path == f"{APPS}/deployments/web":
            return (200, self.workload) if self.workload else (404, {"message": "not found"})
        if "watch" in request.query:
            time.sleep(0.05 if self.changed.wait(0.2) else 0)
            gone = {"type": "ERROR", "object": {"code": 410, "message": "too old"}}
            return 200, [gone], {"Connection": "close"}
        time.sleep(self.lists_s)
        items = {
            f"{APPS}/deployments": [self.workload] if self.workload else [],
            f"{APPS}/replicasets": self.sets,
            f"{CORE}/pods": self.pods,
        }[request.path]
        return 200, {"metadata": {"resourceVersion": "1"}, "items": items}


@contextmanager
def served(cluster: Cluster) -> Iterator[Client]:
    with (
        answering(cluster.answer) as server,
        connect({"host": server.url, "api_key": "t"}, environ={}, limits=LIMITS) as client,
    ):
        yield client


def watch(client: Client, **options: Any) -> tuple[Look, float]:
    started = time.monotonic()
    look = watch_rollout(client, "Deployment", "ns", "web", **({"timeout_s": 10.0} | options))
    return look, time.monotonic() - started


def test_the_end_of_a_roll_out_is_noticed_when_it_comes() -> None:
    cluster = Cluster()
    threading.Timer(0.7, cluster.finish).start()
    with served(cluster) as client:
        look, took = watch(client, generation=3)
    assert (look.verdict, look.revision) == ("healthy", "web-new")
    assert 0.6 < took < 3


def test_a_pod_that_cannot_start_is_named_long_before_any_deadline() -> None:
    cluster = Cluster()
    cluster.workload = deployment(template("app:2"), updatedReplicas=1)
    cluster.pods.append(pod("new-1", "web-new", ready=False, state=waiting("ErrImagePull", "not found")))
    with served(cluster) as client:
        look, took = watch(client, since=datetime.now(UTC))
    assert (look.verdict, look.cause) == ("unhealthy", "ErrImagePull")
    assert 2.0 <= took < 5


def test_the_end_of_the_time_is_unknown_and_says_how_far_it_got() -> None:
    with served(Cluster()) as client:
        look, took = watch(client, timeout_s=3.0)
    assert (look.verdict, look.cause) == ("unknown", "timeout")
    assert look.reason.startswith("not over after 3 s: its controller has not seen generation 3 yet")
    assert took < 6


def test_a_watch_that_was_too_old_is_no_reason_to_tell() -> None:
    cluster = Cluster()
    cluster.lists_s = 0.4
    with served(cluster) as client:
        look, _ = watch(client, timeout_s=3.0)
    assert (look.verdict, look.cause) == ("unknown", "timeout")
    assert "too old" not in look.reason


def test_who_changes_the_spec_while_we_watch_is_someone_else() -> None:
    cluster = Cluster()

    def meddle() -> None:
        cluster.workload = deployment(template("app:2"), generation=4)
        cluster.changed.set()

    threading.Timer(0.5, meddle).start()
    with served(cluster) as client:
        look, _ = watch(client)
    assert (look.verdict, look.cause) == ("unknown", "spec_changed")


def test_a_paused_one_is_told_at_once() -> None:
    cluster = Cluster()
    cluster.workload = deployment(template("app:2"), paused=True)
    with served(cluster) as client:
        look, took = watch(client)
    assert (look.verdict, look.cause) == ("unknown", "paused")
    assert took < 1


def test_one_that_is_deleted_meanwhile_is_told() -> None:
    cluster = Cluster()

    def delete() -> None:
        cluster.workload = None
        cluster.changed.set()

    threading.Timer(0.5, delete).start()
    with served(cluster) as client:
        assert watch(client)[0].cause == "missing"


def test_one_that_was_never_there_is_an_error() -> None:
    cluster = Cluster()
    cluster.workload = None
    with served(cluster) as client, pytest.raises(KubeError, match="there is no Deployment web in namespace ns"):
        watch(client)


def test_a_right_that_is_missing_is_an_error_at_once() -> None:
    cluster = Cluster()
    cluster.forbidden = "pods"
    with served(cluster) as client, pytest.raises(KubeError, match="the right to watch pods"):
        watch(client)


def test_a_server_that_is_away_for_a_moment_is_waited_for() -> None:
    cluster = Cluster()
    cluster.down = True
    cluster.finish()

    def back() -> None:
        cluster.down = False

    threading.Timer(0.8, back).start()
    with served(cluster) as client:
        assert watch(client)[0].verdict == "healthy"


def test_a_server_that_goes_away_in_the_middle_and_stays_away_is_unknown_not_healthy() -> None:
    cluster = Cluster()

    def fall() -> None:
        cluster.down = True
        cluster.changed.set()

    threading.Timer(0.3, fall).start()
    with served(cluster) as client:
        look, _ = watch(client, timeout_s=2.0)
    assert (look.verdict, look.cause) == ("unknown", "timeout")
    assert "down (500)" in look.reason


def test_healthy_is_said_only_if_a_fresh_read_agrees() -> None:
    """The mirrors see a complete roll-out; by the time of the confirming read a pod is gone."""
    cluster = Cluster()
    cluster.finish()
    listed: set[str] = set()

    def answer(request: Request) -> Answer:
        if "watch" not in request.query and request.path == f"{CORE}/pods":
            if request.path in listed:
                return 200, {"metadata": {"resourceVersion": "1"}, "items": cluster.pods[:1]}
            listed.add(request.path)
        return cluster.answer(request)

    with (
        answering(answer) as server,
        connect({"host": server.url, "api_key": "t"}, environ={}, limits=LIMITS) as client,
    ):
        assert watch(client, timeout_s=1.0)[0].verdict == "unknown"


def test_an_unreachable_server_is_an_error_after_the_time_and_not_later() -> None:
    client = connect({"host": f"http://127.0.0.1:{closed_port()}", "api_key": "t"}, environ={}, limits=LIMITS)
    started = time.monotonic()
    with pytest.raises(KubeError, match="cannot be reached"):
        watch(client, timeout_s=1.5)
    assert time.monotonic() - started < 2.5


def test_no_thread_is_left_behind() -> None:
    before = set(threading.enumerate())
    cluster = Cluster()
    cluster.finish()
    with served(cluster) as client:
        watch(client)
    end = time.monotonic() + 10
    while (left := set(threading.enumerate()) - before) and time.monotonic() < end:
        time.sleep(0.02)
    assert {thread.name for thread in left} == set()


def test_another_kind_is_refused() -> None:
    with served(Cluster()) as client, pytest.raises(ValueError, match="kind is 'DaemonSet'"):
        watch_rollout(client, "DaemonSet", "ns", "web", timeout_s=1)
