# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the API server is and how to log in to it, found the way kubernetes.core finds it.

Module arguments win over K8S_AUTH_* variables. A host with credentials needs no kubeconfig
(AWX gives only those); otherwise a named kubeconfig or context, then the pod's own service
account, then KUBECONFIG or ~/.kube/config.

A plain kubeconfig (certificates, tokens) is read here, because importing `kubernetes` costs
0.2 s; credential plugins and OIDC are left to that library.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .kubeerror import KubeError

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

# our word -> the names it has as a module argument and, upper-cased, behind K8S_AUTH_
_NAMES: dict[str, tuple[str, ...]] = {
    "kubeconfig": ("kubeconfig",),
    "context": ("context",),
    "host": ("host",),
    "api_key": ("api_key",),
    "username": ("username",),
    "password": ("password",),
    "validate_certs": ("validate_certs", "verify_ssl"),
    "ca_cert": ("ca_cert", "ssl_ca_cert"),
    "client_cert": ("client_cert", "cert_file"),
    "client_key": ("client_key", "key_file"),
    "proxy": ("proxy",),
    "no_proxy": ("no_proxy",),
    "impersonate_user": ("impersonate_user",),
    "impersonate_groups": ("impersonate_groups",),
}
AUTH_ARGUMENTS = tuple(name for names in _NAMES.values() for name in names)


@dataclass(frozen=True)
class Access:
    """All that a connection needs; `source` says in words where it was found."""

    server: str
    source: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ca_file: str = ""
    ca_data: str = ""
    cert_file: str = ""
    key_file: str = ""
    cert_data: str = field(default="", repr=False)
    key_data: str = field(default="", repr=False)
    verify: bool = True
    server_name: str = ""
    proxy: str = field(default="", repr=False)


def find_access(auth: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Access:
    """Find the cluster. Raises KubeError(kind="invalid") that says what is missing."""
    env = os.environ if environ is None else environ
    given = given_access(auth, env)
    if given.get("host") and _has_credentials(given):
        base = Access(server=given["host"].rstrip("/"), source="K8S_AUTH_HOST and its credentials")
    elif given.get("kubeconfig") or given.get("context"):
        base = _from_kubeconfig(given, env)
    elif env.get("KUBERNETES_SERVICE_HOST") and (ACCOUNT / "token").exists():
        base = _from_service_account(env)
    else:
        base = _from_kubeconfig(given, env)
    return _overridden(base, given)


def given_access(auth: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """What arguments and K8S_AUTH_* say, under our names and with their types."""
    given: dict[str, Any] = {}
    for word, names in _NAMES.items():
        values = [auth.get(name) for name in names]
        values += [env.get(f"K8S_AUTH_{name.upper()}") for name in names]
        value = next((each for each in values if each not in (None, "")), None)
        if value is not None:
            given[word] = value
    if isinstance(given.get("validate_certs"), str):
        given["validate_certs"] = given["validate_certs"].lower() not in ("0", "false", "no")
    if isinstance(given.get("impersonate_groups"), str):
        given["impersonate_groups"] = [g for g in given["impersonate_groups"].split(",") if g]
    return given


def _has_credentials(given: Mapping[str, Any]) -> bool:
    pairs = (("api_key",), ("username", "password"), ("client_cert", "client_key"))
    return any(all(given.get(name) for name in names) for names in pairs)


def _overridden(base: Access, given: Mapping[str, Any]) -> Access:
    """What was given by argument or K8S_AUTH_* wins over what a file says."""
    access = base
    if given.get("host"):
        access = replace(access, server=str(given["host"]).rstrip("/"))
    if "validate_certs" in given:
        access = replace(access, verify=bool(given["validate_certs"]))
    if given.get("ca_cert"):
        access = replace(access, ca_file=_existing(given["ca_cert"], "ca_cert"), ca_data="")
    if given.get("client_cert") and given.get("client_key"):
        access = replace(
            access,
            cert_file=_existing(given["client_cert"], "client_cert"),
            key_file=_existing(given["client_key"], "client_key"),
            cert_data="",
            key_data="",
        )
    if given.get("proxy") and not _bypassed(access.server, str(given.get("no_proxy", ""))):
        access = replace(access, proxy=str(given["proxy"]))
    return replace(access, headers=_headers(access.headers, given))


def _headers(found: tuple[tuple[str, str], ...], given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    headers = list(found)
    authorization = ""
    if given.get("api_key"):
        authorization = f"Bearer {given['api_key']}"
    elif given.get("username") and given.get("password"):
        authorization = basic(given["username"], given["password"])
    if authorization:
        headers = [each for each in headers if each[0] != "Authorization"]
        headers.append(("Authorization", authorization))
    if given.get("impersonate_user"):
        headers.append(("Impersonate-User", str(given["impersonate_user"])))
    headers += [("Impersonate-Group", str(group)) for group in given.get("impersonate_groups", [])]
    return tuple(headers)


def _from_service_account(env: Mapping[str, str]) -> Access:
    host, port = env["KUBERNETES_SERVICE_HOST"], env.get("KUBERNETES_SERVICE_PORT", "443")
    token = (ACCOUNT / "token").read_text(encoding="utf-8").strip()
    return Access(
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        source="the pod's service account",
        headers=(("Authorization", f"Bearer {token}"),),
        ca_file=str(ACCOUNT / "ca.crt"),
    )


def _from_kubeconfig(given: Mapping[str, Any], env: Mapping[str, str]) -> Access:
    from .kubeconfig import read_access

    kubeconfig = given.get("kubeconfig")
    if not kubeconfig:
        home = Path(env["HOME"]) if env.get("HOME") else Path.home()
        kubeconfig = env.get("KUBECONFIG") or str(home / ".kube" / "config")
    return read_access(kubeconfig, str(given.get("context") or ""))


def basic(username: str, password: str) -> str:
    """The value of a basic Authorization header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")


def _existing(path: str, argument: str) -> str:
    expanded = Path(path).expanduser()
    if not expanded.is_file():
        raise KubeError("invalid", f"{argument} names a file that does not exist: {path}", "correct the path")
    return str(expanded)


def _bypassed(server: str, no_proxy: str) -> bool:
    from urllib.parse import urlsplit

    host = urlsplit(server).hostname or ""
    names = [name.strip().lstrip("*") for name in no_proxy.split(",") if name.strip()]
    return any(host == name or (name.startswith(".") and host.endswith(name)) for name in names)
