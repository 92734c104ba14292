"""The client ends in bounded time with one sentence and a next step, whatever the server does."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.kube import Client, KubeError, Limits, connect

from tests.collection.servers import Answer, Request, answering, authority, closed_port, silent

PATIENT = Limits(connect_s=10.0, read_s=10.0, overall_s=20.0)
"""For answers that come: on a busy machine they take a while."""
QUICK = Limits(connect_s=1.0, read_s=0.5, overall_s=2.0)
PODS = "/api/v1/namespaces/ns/pods"


def client_of(url: str, limits: Limits = PATIENT, **auth: Any) -> Client:
    return connect({"host": url, "api_key": "token-of-the-test", **auth}, environ={}, limits=limits)


def always(status: int, body: Any = None, **headers: str) -> Callable[[Request], Answer]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: (status, {} if body is None else body, named)


def status_body(message: str, **more: Any) -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "message": message, **more}


def trouble(client: Client) -> tuple[KubeError, float]:
    """The error of a read and how long it took; the client is closed afterwards."""
    started = time.monotonic()
    with client, pytest.raises(KubeError) as caught:
        client.get(PODS)
    return caught.value, time.monotonic() - started


def test_an_object_is_read_with_path_query_and_credentials() -> None:
    with answering(always(200, {"items": []})) as server, client_of(server.url) as client:
        assert client.get(PODS, {"labelSelector": "app in (a, b)", "limit": None}) == {"items": []}
    (request,) = server.requests
    assert (request.path, request.query) == (PODS, {"labelSelector": "app in (a, b)"})
    assert request.headers["Authorization"] == "Bearer token-of-the-test"


def test_threads_share_connections_that_stay_open() -> None:
    with answering(always(200, {"x": "y" * 100_000})) as server, client_of(server.url) as client:
        for _ in range(5):
            client.get(PODS)
        assert server.connections == 1
        threads = [threading.Thread(target=client.get, args=(PODS,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.connections <= 4


def test_a_connection_that_comes_back_after_the_end_is_closed() -> None:
    with answering(always(200, {})) as server:
        client = client_of(server.url)
        connection, _ = client.network.borrow()
        client.close()
        client.network.give_back(connection)
        assert connection.sock is None


def test_a_connection_that_the_server_has_left_is_replaced() -> None:
    with answering(always(200, {}, Connection="close")) as server, client_of(server.url) as client:
        client.get(PODS)
    with answering(always(200, {})) as server, client_of(server.url) as client:
        client.get(PODS)
        client.network._idle[0].sock.shutdown(socket.SHUT_RDWR)
        assert client.get(PODS) == {}


@pytest.mark.parametrize(
    ("status", "body", "kind", "says", "next_step"),
    [
        (401, status_body("Unauthorized"), "unauthorized", "our credentials (401 Unauthorized)", "log in again"),
        (404, status_body('pods "x" not found'), "not_found", 'pods "x" not found (404)', "check the name"),
        (409, status_body("it has been modified"), "conflict", "it has been modified (409)", "read the object again"),
        (422, status_body("spec is invalid"), "invalid", "spec is invalid (422)", "correct the request"),
        (500, b"oops", "failed", "oops (500)", "see the API server's log"),
    ],
)  # fmt: skip
def test_each_refusal_is_one_sentence_and_a_next_step(
    status: int, body: Any, kind: str, says: str, next_step: str
) -> None:
    with answering(always(status, body)) as server:
        error, took = trouble(client_of(server.url))
    assert error.kind == kind
    assert says in error.message
    assert next_step in error.next
    assert took < 1


def test_a_forbidden_read_names_verb_and_resource() -> None:
    text = 'pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "ns"'
    with answering(always(403, status_body(text))) as server:
        error, _ = trouble(client_of(server.url))
    assert (error.kind, error.verb, error.resource) == ("forbidden", "list", "pods")
    assert error.message == f"our account lacks the right to list pods (403: {text})"
    assert error.next == "give it the rights in rbac/"


@pytest.mark.parametrize("status", [429, 503])
def test_an_overloaded_server_is_asked_again_as_it_wishes(status: int) -> None:
    answers: Iterator[Answer] = iter([(status, {}, {"Retry-After": "0.2"}), (200, {"items": []})])
    with answering(lambda _: next(answers)) as server, client_of(server.url) as client:
        assert client.get(PODS) == {"items": []}
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_stays_overloaded_is_given_up_in_time(status: int) -> None:
    with answering(always(status, status_body("busy"), Retry_After="1")) as server:
        error, took = trouble(client_of(server.url, QUICK))
    assert error.kind == "busy"
    assert took < QUICK.overall_s
    assert len(server.requests) <= 3


def test_a_server_that_wants_us_to_wait_longer_than_we_have_is_not_waited_for() -> None:
    with answering(always(429, {}, Retry_After="60")) as server:
        _, took = trouble(client_of(server.url))
    assert took < 5
    assert len(server.requests) == 1


def test_no_other_error_is_repeated() -> None:
    with answering(always(500, {})) as server:
        trouble(client_of(server.url))
    assert len(server.requests) == 1


def test_a_silent_server_is_named_after_the_read_limit() -> None:
    with silent() as url:
        error, took = trouble(client_of(url, QUICK))
    assert error.kind == "silent"
    assert f"the API server {url} took the connection but stayed silent for 0.5 s" in error.message
    assert 0.4 < took < 1.5


def test_a_server_that_stops_in_the_middle_of_its_answer_is_silent_too() -> None:
    with silent(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") as url:
        error, took = trouble(client_of(url, QUICK))
    assert error.kind == "silent"
    assert took < 1.5


def test_a_server_that_drips_is_cut_off_at_the_overall_limit() -> None:
    stop = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not stop.wait(0.1):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        limits = Limits(connect_s=1, read_s=1, overall_s=0.7)
        error, took = trouble(client_of(f"http://127.0.0.1:{listener.getsockname()[1]}", limits))
        stop.set()
        thread.join()
    assert error.kind == "silent"
    assert "did not finish its answer in time" in error.message
    assert took < 1.5


def test_an_answer_that_ends_early_is_not_taken_for_whole() -> None:
    short: dict[str, str] = {"Content-Length": "500", "Connection": "close"}
    with answering(lambda _: (200, b'{"items": []}', short)) as server:
        error, _ = trouble(client_of(server.url))
    assert error.kind in ("unreachable", "silent")


def test_nobody_at_the_address_is_told_at_once() -> None:
    port = closed_port()
    error, took = trouble(client_of(f"http://127.0.0.1:{port}"))
    assert error.kind == "unreachable"
    assert error.message == f"the API server http://127.0.0.1:{port} cannot be reached (Connection refused)"
    assert "check that the cluster is up" in error.next
    assert took < 1


def test_a_name_that_does_not_resolve_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error, _ = trouble(client_of("https://no-such-host.invalid:6443"))
    assert error.message == "the name of the API server https://no-such-host.invalid:6443 cannot be resolved"


def test_something_else_than_an_api_server_is_told_as_such() -> None:
    with answering(always(200, b"<html>")) as server:
        error, _ = trouble(client_of(server.url))
    assert "with something that is not JSON" in error.message
    with silent(b"220 mail ready\r\n") as url:
        error, _ = trouble(client_of(url))
    assert "does not speak HTTP" in error.message


# TLS


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python 3.13 does by default, also on earlier ones."""
    make = ssl.create_default_context

    def stricter(*args: Any, **options: Any) -> ssl.SSLContext:
        context = make(*args, **options)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", stricter)


@pytest.mark.usefixtures("strict")
def test_a_server_of_the_trusted_authority_is_believed(tmp_path: Path) -> None:
    ours = authority(tmp_path)
    with (
        answering(always(200, {"a": 1}), ours.context) as server,
        client_of(server.url, ca_cert=str(ours.ca)) as client,
    ):
        assert client.get(PODS) == {"a": 1}


@pytest.mark.usefixtures("strict")
def test_a_ca_without_key_usage_is_named_with_its_cure(tmp_path: Path) -> None:
    ours = authority(tmp_path, key_usage=False)
    with answering(always(200, {}), ours.context) as server:
        error, _ = trouble(client_of(server.url, ca_cert=str(ours.ca)))
    assert error.kind == "tls"
    assert "has no key usage extension (kubectl and Python before 3.13 accept that)" in error.message
    assert "keyUsage=critical,keyCertSign,cRLSign" in error.next


def test_another_authority_is_not_believed(tmp_path: Path) -> None:
    ours, theirs = authority(tmp_path / "ours"), authority(tmp_path / "theirs")
    with answering(always(200, {}), theirs.context) as server:
        error, _ = trouble(client_of(server.url, ca_cert=str(ours.ca)))
        with client_of(server.url, validate_certs=False) as client:
            assert client.get(PODS) == {}
    assert error.kind == "tls"
    assert "is not signed by the CA we trust" in error.message
    assert error.next.startswith("take the cluster's own CA certificate")


def test_a_certificate_for_another_address_is_named(tmp_path: Path) -> None:
    ours = authority(tmp_path, host="127.0.0.2")
    with answering(always(200, {}), ours.context) as server:
        error, _ = trouble(client_of(server.url, ca_cert=str(ours.ca)))
    assert "is for another address" in error.message


def test_an_expired_certificate_is_named(tmp_path: Path) -> None:
    ours = authority(tmp_path, days=-1)
    with answering(always(200, {}), ours.context) as server:
        error, _ = trouble(client_of(server.url, ca_cert=str(ours.ca)))
    assert "has expired" in error.message


def test_a_server_without_tls_is_named() -> None:
    with answering(always(200, {})) as server:
        error, _ = trouble(client_of(server.url.replace("http:", "https:")))
    assert error.kind == "tls"
    assert "does not speak TLS" in error.message


def test_a_file_that_is_no_certificate_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    wrong = tmp_path / "ca.crt"
    wrong.write_text("not a certificate")
    with pytest.raises(KubeError, match="the CA or client certificate cannot be used"):
        client_of("https://127.0.0.1:1", ca_cert=str(wrong))


def test_no_credential_is_shown_by_an_error_or_a_repr() -> None:
    client = client_of(f"http://127.0.0.1:{closed_port()}")
    error, _ = trouble(client)
    assert "token-of-the-test" not in f"{error!r} {error} {client.access!r}"


# Watches


def watched(*events: dict[str, Any]) -> Callable[[Request], Answer]:
    return lambda _: (200, list(events), {"Connection": "close"})


def named(kind: str, name: str) -> dict[str, Any]:
    return {"type": kind, "object": {"metadata": {"name": name, "uid": name, "resourceVersion": "5"}}}


def test_a_watch_gives_its_events_in_order_and_ends_with_the_server() -> None:
    with answering(watched(named("ADDED", "a"), named("DELETED", "a"))) as server, client_of(server.url) as client:
        watch = client.watch(PODS, {"resourceVersion": "4"}, deadline=time.monotonic() + 5)
        assert [event["type"] for event in watch] == ["ADDED", "DELETED"]
    assert server.requests[0].query["watch"] == "1"
    assert server.requests[0].query["resourceVersion"] == "4"


def test_a_watch_that_is_too_old_says_so() -> None:
    gone = {"type": "ERROR", "object": status_body("too old resource version", code=410)}
    with answering(watched(gone)) as server, client_of(server.url) as client, pytest.raises(KubeError) as caught:
        list(client.watch(PODS, {}, deadline=time.monotonic() + 5))
    assert caught.value.kind == "gone"


def test_a_quiet_watch_ends_at_its_deadline_and_when_closed_by_another_thread() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with silent(head) as url, client_of(url) as client:
        started = time.monotonic()
        assert list(client.watch(PODS, {}, deadline=started + 0.5)) == []
        assert time.monotonic() - started < 1.5
        watch = client.watch(PODS, {}, deadline=time.monotonic() + 60)
        threading.Timer(0.3, watch.close).start()
        started = time.monotonic()
        assert list(watch) == []
        assert time.monotonic() - started < 1.5


def test_the_clusters_clock_is_learned_from_its_answers() -> None:
    client = client_of("http://127.0.0.1:1")
    for ahead, skew in ((0.5, 0.0), (90.0, 90.0), (-90.0, -90.0)):
        date = formatdate(time.time() + ahead, usegmt=True)
        client._learn_skew(date)
        assert client.skew_s == pytest.approx(skew, abs=1.1)
