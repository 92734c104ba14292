# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Turn the result of any failed task into three sentences: what, which, and what to do next.

kubernetes.core puts headers, bodies and tracebacks into msg; a responder needs one line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_LONGEST = 300
_PARTS = ("status", "what", "which", "next")
_RESOURCE = re.compile(r'cannot (\S+) resource "?\\*"?([\w./-]+)')
_MESSAGE = re.compile(r'"message":"((?:[^"\\]|\\.)*)"')
_BODY = re.compile(r"HTTP response body: (?:b')?(\{.*\})", re.DOTALL)
_RIGHTS = "give the account the rights in rbac/"
_ADDRESS = "check that the cluster is up and that KUBECONFIG or K8S_AUTH_HOST points at it"

# sign in the text -> status, what, next; {0}.. are the groups of the sign. First match wins.
_SIGNS: tuple[tuple[re.Pattern[str], str, str, str], ...] = tuple(
    (re.compile(sign, re.IGNORECASE | re.DOTALL), status, what, cure)
    for sign, status, what, cure in (
        (
            r"timed out after (\d+) second",
            "error",
            "the API server did not answer in time ({0} s)",
            "check the API server and the network, then run it again",
        ),
        # a GET opened the command, and the server asked for the right to create as well
        (r"Failed to execute on pod.*Handshake status 403", "error", "our account may not create pods/exec", _RIGHTS),
        (r"exceeded quota: ([\w.-]+)", "refused", "the quota {0} forbids it", "raise the quota or free what it counts"),
        (
            r"ValidatingAdmissionPolicy '([^']+)'",
            "refused",
            "the admission policy {0} forbids it",
            "ask its owner; the denial says what it allows",
        ),
        (
            r"admission webhook \\*\"([^\"\\]+)",
            "refused",
            "the admission webhook {0} forbids it",
            "ask its owner; the denial says what it allows",
        ),
        (
            r"key usage extension",
            "error",
            "Python refuses the CA certificate because it has no key usage extension",
            "issue the CA certificate again with keyUsage=critical,keyCertSign,cRLSign",
        ),
        (
            r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError",
            "error",
            "the API server's certificate is not trusted",
            "use the cluster's own CA certificate",
        ),
        (
            r"NameResolutionError|Name or service not known|Temporary failure in name resolution",
            "error",
            "the API server's name cannot be resolved",
            _ADDRESS,
        ),
        (
            r"Connection refused|NewConnectionError|No route to host|Network is unreachable",
            "error",
            "the API server cannot be reached",
            _ADDRESS,
        ),
        (
            r"Read timed out|ConnectTimeout|timed out",
            "error",
            "the API server did not answer in time",
            "check the API server and the network, then run it again",
        ),
        (
            r"Reason: Unauthorized|\b401\b",
            "error",
            "the API server does not accept the credentials",
            "log in again or renew the token",
        ),
        (
            r"Invalid kube-config|Could not create API client|No configuration found",
            "error",
            "no access to a cluster is configured",
            "set KUBECONFIG, or K8S_AUTH_HOST with K8S_AUTH_API_KEY and K8S_AUTH_SSL_CA_CERT",
        ),
        (
            r"object has been modified|Reason: Conflict|\b409\b",
            "error",
            "someone else changed it at the same moment",
            "run it again; the same incident acts only once",
        ),
        (
            r"field is immutable|Reason: Unprocessable|is invalid:|\b422\b",
            "error",
            "the API server refuses the change as invalid",
            "see the message; correct the target",
        ),
        (
            r"Reason: Not Found|\b404\b",
            "error",
            "it does not exist in the cluster",
            "check ir_service and ir_namespace",
        ),
        (
            r"is undefined|has no attribute",
            "error",
            "a variable of the play is not set",
            "set it in the inventory or with -e",
        ),
    )
)


def failure(failed: Mapping[str, Any] | None, task: str = "") -> dict[str, str]:
    """{status: error|refused, what, which, next} from ansible_failed_result of any task.

    A `problem` in it is used as it is; an action of ours says it in `error`.
    """
    failed = failed or {}
    problem = failed.get("problem")
    if isinstance(problem, Mapping) and problem.get("what"):
        return {part: str(problem.get(part) or "") for part in _PARTS} | {
            "status": str(problem.get("status") or "error")
        }
    error = failed.get("error")
    if isinstance(error, Mapping) and error.get("what"):
        return _told("error", str(error["what"]), str(error.get("which") or ""), str(error.get("next") or ""))
    return _from_text(_text(failed), task)


def _from_text(text: str, task: str) -> dict[str, str]:
    message = _message(text)
    denied = _RESOURCE.search(text)
    if denied:
        verb, resource = denied.groups()
        return _told("error", f"our account may not {verb} {resource}", message, _RIGHTS)
    for sign, status, what, cure in _SIGNS:
        found = sign.search(text)
        if found:
            return _told(status, what.format(*found.groups()), message, cure)
    what, _sign, cure = message.partition("Next: ")
    where = f"task: {task}" if task else ""
    return _told("error", what.strip() or "a task failed and said nothing", where, cure.strip())


def _text(failed: Mapping[str, Any]) -> str:
    """All that a failed result says, its stderr last."""
    words = [failed.get(key) for key in ("msg", "reason", "error", "module_stderr", "stderr")]
    # a loop fails with its items' results
    results = failed.get("results")
    items = [each for each in results if isinstance(each, Mapping)] if isinstance(results, list) else []
    words.extend(each.get("msg") for each in items if each.get("failed"))
    return "\n".join(w if isinstance(w, str) else json.dumps(w, default=str) for w in words if w)


def _message(text: str) -> str:
    """The one line worth reading: the Status' message if there is one, else the first line."""
    text = text.replace('\\\\"', '\\"')  # the repr of bytes doubles what JSON escapes
    body = _BODY.search(text)
    found = _MESSAGE.search(body.group(1) if body else text)
    if found:
        return _short(found.group(1).replace('\\"', '"'))
    return _short(next((line for line in text.splitlines() if line.strip()), ""))


def _told(status: str, what: str, which: str, cure: str) -> dict[str, str]:
    return {"status": status, "what": _short(what), "which": _short(which), "next": _short(cure)}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
