# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can go wrong between us and the API server, each as one sentence and a next step."""

from __future__ import annotations

import json
import re
import socket
import ssl
from typing import Any

_FORBIDDEN = re.compile(r'cannot (\S+) resource "([^"]+)"')
_TOO_OLD_STATUS = 410


class KubeError(Exception):
    """A request that got no usable answer.

    kind: unreachable, silent, tls, unauthorized, forbidden, not_found, conflict, invalid, busy
    (429, 503), gone (a watch that must start anew), failed (any other answer).
    message: what happened, one sentence. next: what the reader can do about it.
    verb and resource: only for forbidden, as in "get" and "deployments".
    """

    def __init__(
        self,
        kind: str,
        message: str,
        next: str = "",  # noqa: A002 - the word every error of this project uses
        *,
        verb: str = "",
        resource: str = "",
    ) -> None:
        super().__init__(f"{message}: {next}" if next else message)
        self.kind = kind
        self.message = message
        self.next = next
        self.verb = verb
        self.resource = resource

    def as_dict(self) -> dict[str, str]:
        """The error as results carry it."""
        return {"kind": self.kind, "message": self.message, "next": self.next}


def from_connecting(error: Exception, server: str, source: str, limit_s: float) -> KubeError:
    """Name the cause of a connection that could not be made."""
    if isinstance(error, ssl.SSLError):
        return _from_tls(error, server, source)
    if isinstance(error, TimeoutError):
        return KubeError(
            "unreachable",
            f"the API server {server} did not take a connection within {limit_s:g} s",
            f"check the address ({source}), the network and the VPN",
        )
    if isinstance(error, socket.gaierror):
        return KubeError(
            "unreachable",
            f"the name of the API server {server} cannot be resolved",
            f"check the address ({source}), DNS and the VPN",
        )
    cause = getattr(error, "strerror", None) or str(error)
    return KubeError(
        "unreachable",
        f"the API server {server} cannot be reached ({cause})",
        f"check that the cluster is up and that the address ({source}) is right",
    )


def silent(server: str, limit_s: float) -> KubeError:
    """The server took the connection and then said nothing."""
    return KubeError(
        "silent",
        f"the API server {server} took the connection but stayed silent for {limit_s:g} s",
        "check the API server's own health and what lies between (load balancer, proxy)",
    )


def unfinished(server: str) -> KubeError:
    """The server was still answering when the time for the whole request was over."""
    return KubeError(
        "silent",
        f"the API server {server} did not finish its answer in time",
        "check the network, or ask for less at once",
    )


def no_workload(error: KubeError, kind: str, namespace: str, name: str) -> KubeError:
    """A workload's 404 in the words of the inventory; any other error as it is."""
    if error.kind != "not_found":
        return error
    text = f"there is no {kind} {name} in namespace {namespace}"
    return KubeError("not_found", text, "check ir_service and ir_namespace")


def broken_off(server: str, error: Exception) -> KubeError:
    """The connection ended in the middle of an answer."""
    return KubeError(
        "unreachable",
        f"the API server {server} broke the connection off ({error})",
        "check the API server's own health and try again",
    )


def _from_tls(error: ssl.SSLError, server: str, source: str) -> KubeError:
    cause = getattr(error, "verify_message", "") or error.reason or str(error)
    for sign, message, cure in _TLS_CAUSES:
        if sign in f"{cause} {error}":
            return KubeError("tls", message.format(server=server, cause=cause), cure.format(source=source))
    return KubeError(
        "tls",
        f"no trusted connection to the API server {server} ({cause})",
        f"check the CA and the certificates ({source})",
    )


# sign in OpenSSL's text -> sentence, cure
_TLS_CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        "key usage extension",
        "Python refuses the CA certificate of {server} because it has no key usage extension "
        "(kubectl and Python before 3.13 accept that)",
        "issue the CA certificate again, same key and subject, with "
        "keyUsage=critical,keyCertSign,cRLSign, and put it in place of the client's copy ({source})",
    ),
    (
        "Hostname mismatch",
        "the certificate of {server} is for another name ({cause})",
        "use an address the certificate names, or set tls-server-name in the kubeconfig ({source})",
    ),
    (
        "IP address mismatch",
        "the certificate of {server} is for another address ({cause})",
        "use an address the certificate names, or set tls-server-name in the kubeconfig ({source})",
    ),
    (
        "has expired",
        "the certificate of {server} has expired",
        "renew the API server's certificate, or correct this machine's clock",
    ),
    (
        "issuer certificate",
        "the certificate of {server} is not signed by the CA we trust ({cause})",
        "take the cluster's own CA certificate ({source})",
    ),
    (
        "self-signed certificate",
        "the certificate of {server} is not signed by the CA we trust ({cause})",
        "take the cluster's own CA certificate ({source})",
    ),
    (
        "WRONG_VERSION_NUMBER",
        "{server} does not speak TLS",
        "check the address ({source}): http, or another program's port?",
    ),
    (
        "ALERT",
        "the API server {server} refuses our client certificate ({cause})",
        "renew the client certificate ({source})",
    ),
)


def from_status(status: int, body: bytes, path: str, source: str) -> KubeError:
    """Name the cause of an answer that is not a success."""
    detail = status_message(body)
    if status == 401:
        return KubeError(
            "unauthorized",
            "the API server does not accept our credentials (401 Unauthorized)",
            f"log in again or renew the token ({source})",
        )
    if status == 403:
        return _forbidden(detail, path)
    if status == _TOO_OLD_STATUS:
        return KubeError("gone", detail or "the watch is too old", "list and watch again")
    kinds = {404: "not_found", 409: "conflict", 400: "invalid", 422: "invalid", 429: "busy", 503: "busy"}
    kind = kinds.get(status, "failed")
    nexts = {
        "not_found": "check the name and the namespace",
        "conflict": "read the object again and repeat",
        "invalid": "correct the request",
        "busy": "wait a little; the API server is overloaded or starting",
        "failed": "see the API server's log",
    }
    return KubeError(kind, f"{detail or path} ({status})", nexts[kind])


def _forbidden(detail: str, path: str) -> KubeError:
    found = _FORBIDDEN.search(detail)
    verb, resource = found.groups() if found else ("", "")
    if not found and path.endswith("/exec"):
        # A server that grants get without create refuses the command without saying what is missing.
        verb, resource = "create", "pods/exec"
    right = f"the right to {verb} {resource}" if verb else f"the right to read {path}"
    return KubeError(
        "forbidden",
        f"our account lacks {right} (403: {detail})" if detail else f"our account lacks {right} (403)",
        "give it the rights in rbac/",
        verb=verb,
        resource=resource,
    )


def status_message(body: bytes) -> str:
    """The message of a Kubernetes Status, or the first 200 characters of anything else."""
    text = body.decode("utf-8", "replace").strip()
    try:
        parsed: Any = json.loads(text)
    except ValueError:
        return text[:200]
    if isinstance(parsed, dict) and parsed.get("message"):
        return str(parsed["message"])
    return text[:200]
