"""Keys and certificates that the strictest client accepts."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from lab import pki, settings

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl program")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    pki.make_pki(folder / "pki")
    pki.write_kubeconfigs(folder)
    return folder


def test_the_authority_says_what_its_key_is_for(run: Path) -> None:
    text = subprocess.run(
        ["openssl", "x509", "-in", run / "pki/ca.crt", "-noout", "-text"], capture_output=True, text=True, check=True
    ).stdout
    assert "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign" in text
    assert "X509v3 Basic Constraints: critical\n                CA:TRUE" in text


@pytest.mark.parametrize("certificate", pki.CERTIFICATES, ids=lambda c: c.file)
def test_every_certificate_passes_the_strict_check(run: Path, certificate: pki.Certificate) -> None:
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-CAfile", "ca.crt", f"{certificate.file}.crt"],
        cwd=run / "pki", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == f"{certificate.file}.crt: OK", done.stderr


def test_a_strict_python_client_and_the_api_server_trust_each_other(run: Path) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(run / "pki/ca.crt"))
    server.load_cert_chain(run / "pki/apiserver.crt", run / "pki/apiserver.key")
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=str(run / "pki/ca.crt"))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    client.load_cert_chain(run / "pki/admin.crt", run / "pki/admin.key")
    ours, theirs = socket.socketpair()
    seen: dict[str, object] = {}

    def serve() -> None:
        with server.wrap_socket(theirs, server_side=True) as link:
            seen["subject"] = dict(pair[0] for pair in link.getpeercert()["subject"])  # type: ignore[index, misc]
            link.sendall(b"hello")

    thread = threading.Thread(target=serve)
    thread.start()
    with client.wrap_socket(ours, server_hostname="127.0.0.1") as link:
        assert link.recv(5) == b"hello"
    thread.join()
    assert seen["subject"] == {"organizationName": "system:masters", "commonName": "admin"}


def test_private_files_are_for_their_owner_only(run: Path) -> None:
    assert (run / "admin.conf").stat().st_mode & 0o077 == 0
    assert (run / "pki").stat().st_mode & 0o077 == 0


def test_the_admins_way_in_is_loopback_and_carries_its_certificate(run: Path) -> None:
    config = json.loads((run / "admin.conf").read_text())
    assert config["clusters"][0]["cluster"]["server"] == f"https://127.0.0.1:{settings.API_PORT}"
    user = config["users"][0]["user"]
    assert base64.b64decode(user["client-certificate-data"]) == (run / "pki/admin.crt").read_bytes()


def test_the_api_server_is_called_by_every_name_it_has(run: Path) -> None:
    text = (run / "pki/openssl.cnf").read_text()
    for name in ("DNS:kubernetes.default.svc", "IP:127.0.0.1", f"IP:{settings.NODE_ADDRESS}"):
        assert name in text
