"""What a log tells of somebody who sends commands to a program, and of what he does with its account then."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import unquote_plus

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.reading import created, items, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_METHOD = late(r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S")
_VERSION = late(r" HTTP/[123]")
_COMMANDS = late(
    r"java\.lang\.(?:Runtime|ProcessBuilder)|getRuntime\(|ProcessBuilder\(|\bos\.(?:popen|system)\(|__import__\(|"
    r"(?:system|passthru|shell_exec|proc_open)\(['\"]|\(\)\s*\{\s*:;\s*\}|child_process|"
    r"(?:[;|`]|\$\(|&&)\s*(?:curl|wget|sh|bash|nc|cat|id|whoami)\b(?!=)"
)
"""Expressions and shell words that make a program run a command, where they stand in a request."""
_HINT = late(r"Runtime|ProcessBuilder|popen|system|__import__|passthru|shell_exec|proc_open|child_process|curl|wget")
"""One of these is in the line before it is decoded, or it is not worth decoding."""
_TURNED_AWAY = late(r'HTTP/[\d.]+"? (?:status[=:] ?)?[45]\d\d\b')
_CLIENT = late(
    r"(?:round_trippers\.go\S*|\bkubectl\b|\bcurl\b|client-go).{0,80}/api/v1/\S*secrets\b|"
    r":6?443/api/v1/\S*secrets\?\S*(?:fieldManager=kubectl|limit=500)|"
    r"\bkubectl (?:-\S+ )*(?:get|describe|create) secrets?\b"
)
"""A client of the cluster at work on Secrets."""
_SECRETS = ("secret",)
"""It is in a log that tells of one."""
_MEANT = late(
    r"kubectl|helm|operator|controller|argo|flux|secret|vault|jenkins|runner|gitlab|tekton|rancher|velero|reflector|"
    r"kube-|cert-manager|terraform|pulumi|spinnaker|\bci\b|deploy",
    re.IGNORECASE,
)
"""Programs that speak with the cluster, or run whatever their users ask for."""


def injected(view: View, workload: Workload) -> Evidence | None:
    """Return a request that carries a command and was not turned away; anybody on the internet may send one."""
    found = [(log, line) for log in view.logs_of(workload.pods) for line in log.lines if _carries(line)]
    if not found:
        return None
    log, line = found[0]
    fact = f"{len(found)} requests carry commands and were answered: {unquote_plus(line)[:300]}"
    return Evidence("logs", f"Pod/{log.pod}", fact, stamp(line))


def reads_secrets(view: View, workload: Workload) -> Evidence | None:
    """Return that a client of the cluster goes through Secrets in a program that is made for something else."""
    if runs_for_others(workload):
        return None
    for log in view.logs_of(workload.pods):
        lines = log.lines if speaks_of(log, _SECRETS) else ()
        if line := next((line for line in lines if _CLIENT.search(line) and not is_request(line)), ""):
            return Evidence("logs", f"Pod/{log.pod}", f"it goes through Secrets: {line}", stamp(line))
    return None


def runs_for_others(workload: Workload) -> bool:
    """Tell whether a program is made to speak with the cluster, or to run whatever its users ask for."""
    return _MEANT.search(_program(workload)) is not None


def lasting_token(view: View, workload: Workload, after: datetime | None) -> Evidence | None:
    """Return a Secret that was made since with a token of the workload's account that does not end."""
    account = text(workload.template, "spec", "serviceAccountName")
    for label, obj in view.objects("Secret").items():
        notes, made = mapping(obj, "metadata", "annotations"), created(obj)
        mine = account and text(notes, "kubernetes.io/service-account.name") == account
        if mine and text(obj, "type") == "kubernetes.io/service-account-token" and after and made and made >= after:
            return Evidence("objects", f"Secret/{label}", f"it holds a lasting token of {account}", made)
    return None


def is_request(line: str) -> bool:
    """Tell whether a line tells of a request: anybody may ask for anything."""
    method = _METHOD.search(line)
    return method is not None and _VERSION.search(line, method.end()) is not None


def _carries(line: str) -> bool:
    if not _HINT.search(line) or not is_request(line) or _TURNED_AWAY.search(line):
        return False
    return _COMMANDS.search(unquote_plus(unquote_plus(line[:4000]))) is not None


def _program(workload: Workload) -> str:
    words = [workload.name]
    for container in items(workload.template, "spec", "containers"):
        words += [text(container, "name"), text(container, "image")]
        words += [str(word) for key in ("command", "args") for word in (container.get(key) or ())]
    return " ".join(words)
