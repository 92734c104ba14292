"""Keys and certificates of the lab: made anew for every `up`, by the openssl program."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab import settings
from lab.errors import LabError

DAYS = "30"


@dataclass(frozen=True)
class Certificate:
    """A certificate of the lab's authority: file name, subject, and the names it is valid for."""

    file: str
    subject: str
    names: tuple[str, ...] = ()


CERTIFICATES = (
    Certificate(
        "apiserver",
        "/CN=kube-apiserver",
        (
            "DNS:kubernetes",
            "DNS:kubernetes.default",
            "DNS:kubernetes.default.svc",
            "DNS:kubernetes.default.svc.cluster.local",
            "DNS:localhost",
            "IP:127.0.0.1",
            f"IP:{settings.API_SERVICE_ADDRESS}",
            f"IP:{settings.NODE_ADDRESS}",
        ),
    ),
    Certificate("apiserver-kubelet", "/O=system:masters/CN=kube-apiserver-kubelet-client"),
    Certificate("front-proxy", "/CN=front-proxy"),
    Certificate("admin", "/O=system:masters/CN=admin"),
    Certificate("controller-manager", "/CN=system:kube-controller-manager"),
    Certificate("scheduler", "/CN=system:kube-scheduler"),
    Certificate("proxy", "/CN=system:kube-proxy"),
    Certificate(
        "kubelet",
        f"/O=system:nodes/CN=system:node:{settings.NODE}",
        (f"DNS:{settings.NODE}", f"IP:{settings.NODE_ADDRESS}"),
    ),
)

#: kubeconfig -> where its server is; all but `admin` are used inside.
KUBECONFIGS = {
    "admin": f"127.0.0.1:{settings.API_PORT}",
    "controller-manager": settings.API_ADDRESS,
    "scheduler": settings.API_ADDRESS,
    "proxy": settings.API_ADDRESS,
    "kubelet": settings.API_ADDRESS,
}


#: The same for a control plane alone, whose API has one port for all.
PLANE_KUBECONFIGS = ("admin", "controller-manager", "scheduler")


def openssl_configuration() -> str:
    """Return the extensions of every certificate; Python 3.13 refuses an authority without key usage."""
    sections = [
        "[req]\ndistinguished_name = name\n[name]\n",
        "[authority]\nbasicConstraints = critical,CA:TRUE\n"
        "keyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash\n",
    ]
    for certificate in CERTIFICATES:
        section = (
            f"[{certificate.file}]\nbasicConstraints = critical,CA:FALSE\n"
            "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n"
            "keyUsage = critical,digitalSignature\nextendedKeyUsage = serverAuth,clientAuth\n"
        )
        if certificate.names:
            section += f"subjectAltName = {','.join(certificate.names)}\n"
        sections.append(section)
    return "\n".join(sections)


def make_pki(folder: Path) -> None:
    """Write the authority, all certificates and the service account's key pair into `folder`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "openssl.cnf").write_text(openssl_configuration())
    _certificate(folder, "ca", "/CN=tuheg-lab", "authority")
    for one in CERTIFICATES:
        _certificate(folder, one.file, one.subject, one.file, "-CA", "ca.crt", "-CAkey", "ca.key")
    _openssl(
        folder, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-out", "service-account.key",
    )  # fmt: skip
    _openssl(folder, "pkey", "-in", "service-account.key", "-pubout", "-out", "service-account.pub")


def write_kubeconfigs(run: Path, servers: Mapping[str, str] = KUBECONFIGS) -> None:
    """Write NAME.conf into the run folder, for every name and the server that it is for."""
    pki = run / "pki"
    for name, server in servers.items():
        user = {
            "client-certificate-data": _base64(pki / f"{name}.crt"),
            "client-key-data": _base64(pki / f"{name}.key"),
        }
        write_private(run / f"{name}.conf", kubeconfig(pki / "ca.crt", server, name, user))


def kubeconfig(authority: Path, server: str, name: str, user: dict[str, str], namespace: str = "default") -> str:
    """Return a kubeconfig with one context, called `lab` (JSON, which is YAML)."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "lab",
                "cluster": {
                    "server": f"https://{server}",
                    "certificate-authority-data": _base64(authority),
                },
            }
        ],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": name, "namespace": namespace}}],
        "current-context": "lab",
    }
    return json.dumps(config, indent=1)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)


def _certificate(folder: Path, file: str, subject: str, section: str, *signer: str) -> None:
    _openssl(
        folder, "req", "-x509", "-new", "-nodes", "-newkey", "ec",
        "-pkeyopt", "ec_paramgen_curve:P-256", "-config", "openssl.cnf", "-extensions", section,
        "-subj", subject, "-days", DAYS, *signer, "-keyout", f"{file}.key", "-out", f"{file}.crt",
    )  # fmt: skip


def _openssl(folder: Path, *args: str) -> None:
    done = subprocess.run(["openssl", *args], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"openssl {args[0]} failed: {done.stderr.strip()}")


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
