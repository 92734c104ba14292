"""An API server that answers what a test plants, and an inventory that points nowhere else."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
Answer = Callable[[str], tuple[int, object]]


class FakeApi:
    """Answers every GET with what ``answer`` gives for its path; counts what would change things."""

    def __init__(self) -> None:
        self.answer: Answer = lambda path: (404, status(404, f"{path} not found"))
        self.changes: list[str] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                code, content = api.answer(self.path.partition("?")[0])
                body = json.dumps(content).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def changed(self) -> None:
                api.changes.append(f"{self.command} {self.path}")
                self.send_error(403)

            do_POST = do_PUT = do_PATCH = do_DELETE = changed  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def status(code: int, message: str) -> dict[str, object]:
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}


@pytest.fixture
def api() -> Iterator[FakeApi]:
    made = FakeApi()
    yield made
    made.close()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A socket that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example's platform as cluster `lab`, without Prometheus; a journal of its own."""
    inventory = tmp_path / "inventory"
    inventory.joinpath("group_vars").mkdir(parents=True)
    example = CHECKOUT / "inventories" / "example" / "group_vars" / "clusters.yml"
    inventory.joinpath("group_vars", "clusters.yml").write_text(example.read_text())
    inventory.joinpath("hosts").write_text(
        "[clusters]\nlab ir_ingress_url=http://127.0.0.1:9\n\n[clusters:vars]\n"
        "ansible_connection=local\nansible_python_interpreter='{{ ansible_playbook_python }}'\n"
    )
    monkeypatch.chdir(CHECKOUT)
    for name in ("KUBECONFIG", "K8S_AUTH_HOST", "K8S_AUTH_API_KEY", "K8S_AUTH_KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TUHEG_IR_HOME", str(tmp_path / "journal"))
    monkeypatch.setenv("TUHEG_IR_INVENTORY", str(inventory))
    monkeypatch.setenv("TUHEG_IR_CLUSTER", "lab")
    monkeypatch.setenv("COLUMNS", "200")
    return inventory
