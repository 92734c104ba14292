# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a kubeconfig: certificates, tokens and passwords here, anything else by `kubernetes`."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .kubeauth import Access, basic
from .kubeerror import KubeError

# user entries that a program or an identity provider has to be asked for
_DYNAMIC = ("exec", "auth-provider")


def read_access(kubeconfig: str | Mapping[str, Any], context: str = "") -> Access:
    """Read paths (separated by the system's path separator) or an already parsed kubeconfig.

    Raises KubeError(kind="invalid") when there is none, or it does not say what is needed.
    """
    if isinstance(kubeconfig, str):
        config = _read_files(kubeconfig)
        where = f"kubeconfig {kubeconfig}"
    else:
        config, where = dict(kubeconfig), "the kubeconfig given as a dictionary"
    name = context or config.get("current-context") or ""
    if not name:
        raise _bad(where, "has no current-context", _known(config, "contexts"))
    chosen = _entry(config, "contexts", "context", name, where)
    source = f"{where}, context {name}"
    cluster = _entry(config, "clusters", "cluster", str(chosen.get("cluster", "")), source)
    user: Mapping[str, Any] = {}
    if chosen.get("user"):
        user = _entry(config, "users", "user", str(chosen["user"]), source)
    if any(user.get(key) for key in _DYNAMIC):
        return _by_library(config, name, cluster, source)
    return _access(cluster, user, source)


def _read_files(paths: str) -> dict[str, Any]:
    import yaml

    merged: dict[str, Any] = {}
    found = False
    for path in [Path(each).expanduser() for each in paths.split(os.pathsep) if each]:
        if not path.exists():
            continue
        try:
            part = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise KubeError("invalid", f"kubeconfig {path} cannot be read ({error})", "correct the file") from error
        if part is None:
            continue
        if not isinstance(part, dict):
            raise KubeError("invalid", f"kubeconfig {path} is not a kubeconfig", "name the right file")
        found = True
        _merge(merged, _rooted(part, path.parent.absolute()))
    if not found:
        raise KubeError(
            "invalid",
            f"no cluster access is configured: there is no kubeconfig at {paths}",
            "set KUBECONFIG, or K8S_AUTH_HOST with K8S_AUTH_API_KEY and K8S_AUTH_SSL_CA_CERT",
        )
    return merged


def _rooted(part: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Relative file names in a kubeconfig count from its own folder."""
    keys = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
    for section, inner in (("clusters", "cluster"), ("users", "user")):
        for entry in part.get(section) or []:
            values = entry.get(inner) or {}
            for key in keys:
                if values.get(key):
                    values[key] = str(folder / Path(values[key]).expanduser())
    return part


def _merge(into: dict[str, Any], part: Mapping[str, Any]) -> None:
    """The first file that names something wins, as with kubectl."""
    if part.get("current-context"):
        into.setdefault("current-context", part["current-context"])
    for section in ("contexts", "clusters", "users"):
        known = {entry.get("name") for entry in into.setdefault(section, [])}
        into[section] += [e for e in part.get(section) or [] if e.get("name") not in known]


def _entry(config: Mapping[str, Any], section: str, inner: str, name: str, where: str) -> Mapping[str, Any]:
    for entry in config.get(section) or []:
        if entry.get("name") == name:
            return entry.get(inner) or {}
    raise _bad(where, f"has no {inner} named {name!r}", _known(config, section))


def _known(config: Mapping[str, Any], section: str) -> str:
    names = ", ".join(str(entry.get("name")) for entry in config.get(section) or [])
    return f"use one of: {names}" if names else "it lists none"


def _bad(where: str, what: str, cure: str) -> KubeError:
    return KubeError("invalid", f"{where} {what}", cure)


def _access(cluster: Mapping[str, Any], user: Mapping[str, Any], source: str) -> Access:
    if not cluster.get("server"):
        raise _bad(source, "names no server", "add the cluster's server address")
    headers: list[tuple[str, str]] = []
    token = user.get("token") or ""
    if not token and user.get("tokenFile"):
        token = _text_of(str(user["tokenFile"]), source)
    if token:
        headers.append(("Authorization", f"Bearer {token}"))
    elif user.get("username") and user.get("password"):
        headers.append(("Authorization", basic(user["username"], user["password"])))
    if user.get("as"):
        headers.append(("Impersonate-User", str(user["as"])))
    headers += [("Impersonate-Group", str(group)) for group in user.get("as-groups") or []]
    for key, holder in (("certificate-authority", cluster), ("client-certificate", user), ("client-key", user)):
        if holder.get(key) and not holder.get(f"{key}-data") and not Path(holder[key]).is_file():
            raise _bad(source, f"names a {key} that does not exist: {holder[key]}", "correct the path")
    return Access(
        server=str(cluster["server"]).rstrip("/"),
        source=source,
        headers=tuple(headers),
        ca_file="" if cluster.get("certificate-authority-data") else cluster.get("certificate-authority") or "",
        ca_data=_decoded(cluster, "certificate-authority-data", source),
        cert_file="" if user.get("client-certificate-data") else user.get("client-certificate") or "",
        key_file="" if user.get("client-key-data") else user.get("client-key") or "",
        cert_data=_decoded(user, "client-certificate-data", source),
        key_data=_decoded(user, "client-key-data", source),
        verify=not cluster.get("insecure-skip-tls-verify", False),
        server_name=str(cluster.get("tls-server-name") or ""),
        proxy=str(cluster.get("proxy-url") or ""),
    )


def _text_of(path: str, source: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise _bad(source, f"names a tokenFile that cannot be read ({error})", "renew it") from error


def _decoded(holder: Mapping[str, Any], key: str, source: str) -> str:
    if not holder.get(key):
        return ""
    try:
        return base64.b64decode(holder[key], validate=True).decode("ascii")
    except ValueError as error:
        raise _bad(source, f"has a {key} that is not base64", "write the kubeconfig again") from error


def _by_library(config: Mapping[str, Any], context: str, cluster: Mapping[str, Any], source: str) -> Access:
    try:
        from kubernetes import client
        from kubernetes import config as loader
    except ImportError as error:
        raise KubeError(
            "invalid", f"{source} needs the Python package kubernetes", "pip install 'kubernetes>=32'"
        ) from error
    configuration = client.Configuration()
    try:
        loader.load_kube_config_from_dict(dict(config), context=context, client_configuration=configuration)
    except Exception as error:  # the library raises whatever its plugins raise
        raise KubeError(
            "unauthorized", f"the login of {source} failed ({error})", "log in again (the program it names must work)"
        ) from error
    # the key's name changed between versions of the library
    token = configuration.get_api_key_with_prefix("BearerToken", "authorization") or ""
    if not token and not configuration.cert_file:
        # the library only logs a plugin that fails
        raise KubeError("unauthorized", f"the login of {source} gave no credentials", "log in again")
    return Access(
        server=str(configuration.host).rstrip("/"),
        source=source,
        headers=(("Authorization", token),) if token else (),
        ca_file=configuration.ssl_ca_cert or "",
        cert_file=configuration.cert_file or "",
        key_file=configuration.key_file or "",
        verify=bool(configuration.verify_ssl),
        server_name=str(configuration.tls_server_name or cluster.get("tls-server-name") or ""),
        proxy=str(cluster.get("proxy-url") or ""),
    )
