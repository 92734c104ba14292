"""All sources are asked at once; what fails or is late is a note, never a crash."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.diagnosis.objects import NAMESPACE, SERVICES, ended, pod
from tuheg_ir.diagnosis.collect import collect
from tuheg_ir.diagnosis.diagnose import UTILS, diagnose
from tuheg_ir.diagnosis.sources import SOURCES, Context, NotConfigured, asked_at, log
from tuheg_ir.errors import ClusterError, UsageError
from tuheg_ir.project import find_project

UTILITIES = find_project().module_utils(*UTILS)


class Client:
    """Answers logs only."""

    def __init__(self, text: str = "first line\nlast line\n") -> None:
        self.text = text
        self.asked: list[tuple[str, Any]] = []

    def get_text(self, path: str, query: Any, **_: Any) -> str:
        self.asked.append((path.rsplit("/", 2)[1], query.get("previous")))
        return self.text


def context(client: Any = None, seconds: float = 5.0) -> Context:
    return Context(
        client=client or Client(),
        utils=UTILITIES,
        namespace=NAMESPACE,
        service="backend-gateway",
        services=SERVICES,
        prometheus_url="",
        ingress_url="",
        window="",
        end=time.monotonic() + seconds,
    )


def failing(error: Exception) -> Any:
    def ask(_context: Context) -> Any:
        raise error

    return ask


def notes(found: Any) -> dict[str, tuple[bool, str]]:
    return {source.source: (source.ok, source.note) for source in found.sources}


def test_a_source_that_fails_is_a_note() -> None:
    found = collect(
        context(),
        {
            "pods": lambda _: [],
            "usage": failing(UTILITIES.kube.KubeError("not_found", "the server has no metrics API", "install it")),
            "sessions": failing(RuntimeError("psql ended\nwith 2")),
            "ingress": failing(NotConfigured("the service names no ingress")),
            "events": failing(ZeroDivisionError()),
        },
    )
    assert found.answers == {"pods": []}
    assert notes(found) == {
        "pods": (True, ""),
        "usage": (False, "the server has no metrics API"),
        "sessions": (False, "psql ended with 2"),
        "ingress": (True, "not asked: the service names no ingress"),
        "events": (False, "ZeroDivisionError"),
    }


def test_a_late_source_is_a_note_and_costs_no_more_than_the_deadline() -> None:
    def slow(asked: Context) -> str:
        time.sleep(min(asked.left_s, 30))
        return "too late"

    began = time.monotonic()
    found = collect(context(seconds=0.3), {"pods": lambda _: [], "probes": slow, "events": lambda _: []})
    assert time.monotonic() - began < 2
    assert found.answers.keys() >= {"pods", "events"}


@pytest.mark.parametrize("kind", ["unreachable", "silent", "tls", "unauthorized", "invalid"])
def test_a_cluster_that_cannot_be_reached_is_an_error(kind: str) -> None:
    error = UTILITIES.kube.KubeError(kind, "the API server is gone", "find it")
    with pytest.raises(ClusterError) as caught:
        collect(context(), {"pods": failing(error), "events": failing(error)})
    assert (caught.value.what, caught.value.next) == ("The API server is gone", "Find it.")


@pytest.mark.parametrize("kind", ["forbidden", "busy", "failed"])
def test_a_cluster_that_hides_something_is_not(kind: str) -> None:
    error = UTILITIES.kube.KubeError(kind, "no", "")
    assert notes(collect(context(), {"pods": failing(error)})) == {"pods": (False, "no")}


def test_the_log_that_holds_the_crash_is_read() -> None:
    """A container that has ended keeps its crash in the plain log; one that runs again, in the previous."""
    down = pod(2, "down", ready=False, restarts=2, state=ended(1))
    again = pod(2, "again", restarts=2, last=ended(1))
    fine = pod(2, "fine")
    waiting = pod(2, "new", ready=False, state={"waiting": {"reason": "ContainerCreating"}})
    client = Client()
    found = collect(context(client), {"pods": lambda _: [fine, down, again, waiting]})
    assert sorted(client.asked, key=str) == [
        ("backend-gateway-h2-again", "true"),
        ("backend-gateway-h2-again", None),
        ("backend-gateway-h2-down", None),
        ("backend-gateway-h2-fine", None),
    ]
    assert {(entry["pod"], entry["previous"]) for entry in found.logs} == {
        ("backend-gateway-h2-again", True),
        ("backend-gateway-h2-again", False),
        ("backend-gateway-h2-down", False),
        ("backend-gateway-h2-fine", False),
    }
    assert found.logs[0]["lines"] == ["first line", "last line"]


def test_only_the_services_own_logs_are_read() -> None:
    other = pod(2, "x")
    other["metadata"]["ownerReferences"][0]["name"] = "backend-gateway-extra-h2"
    client = Client()
    collect(context(client), {"pods": lambda _: [other]})
    assert client.asked == []


def test_an_error_text_is_no_log() -> None:
    lost = Client("unable to retrieve container logs for containerd://abc")
    with pytest.raises(RuntimeError, match="unable to retrieve"):
        log(context(lost), "p", "gateway", previous=True)


def test_every_source_has_a_name_of_its_own_and_reads_only() -> None:
    assert set(SOURCES) >= {"pods", "events", "usage", "sessions", "probes", "revisions", "autoscalers", "ingress"}
    assert len(set(SOURCES.values())) == len(SOURCES)


def test_a_question_about_the_past() -> None:
    assert asked_at("rate(x[1m])", 1762352999.6) == "last_over_time((rate(x[1m]))[2s:1s] @ 1762353000)"


def test_an_unknown_service_is_refused() -> None:
    with pytest.raises(UsageError, match="There is no service 'shop'"):
        diagnose(auth={}, cluster="lab", namespace=NAMESPACE, service="shop", services=SERVICES)
