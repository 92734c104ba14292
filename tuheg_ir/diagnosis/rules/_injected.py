"""What a log tells of somebody who sends commands to a program, and of what he does with its account then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import unquote_plus

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of, times_near
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import created, items, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_METHOD = late(r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S")
_VERSION = late(r" HTTP/[123]")
_COMMANDS = late(
    r"java\.lang\.(?:Runtime|ProcessBuilder)|getRuntime\(|ProcessBuilder\(|\bos\.system\(|"
    r"\.popen\(|\bsubprocess\.(?:Popen|run|call|check_output)\(|__import__\(|__(?:globals|builtins|subclasses)__|"
    r"\[['\"](?:popen|system)['\"]\]|\|\s*attr\(['\"](?:popen|system)|template\.utility\.(?:Execute|ObjectConstructor)|"
    r"(?:system|passthru|shell_exec|proc_open)\(['\"]|\|\s*(?:filter|map|sort)\(['\"](?:system|passthru|shell_exec|exec)\b|"
    r"\(\)\s*\{\s*:;\s*\}|child_process|\bexecSync\(|\bDiagnostics\.Process\b|"
    r"(?:[;|`]|\$\(|&&)\s*(?:chmod \+x|(?:python3?|perl|php|ruby) -[cer])\b|"
    r"(?P<mark>[;|`]|\$\(|&&)\s*(?:curl|wget|sh|bash|nc|cat|id|whoami|busybox|nohup|powershell)\b(?!=)"
)
"""Expressions of templates and languages, and shell words, that make a program run a command, in a request."""
_MORE = late(r"\s+(?:--?\w|[/~][\w.$*]|\.{1,2}/|~/|\d{1,3}\.\d|https?:|\$[\w({]|(?:[\w-]{1,63}\.){1,8}[\w-]{1,63}/)")
"""What makes a shell's word the beginning of a command: an option, a path, an address, a variable."""
_ENDS = late(r"\s*(?:$|[\"'`;|&<>)}]| HTTP/\d)")
_LISTED = late(r"(?:^|[=:\"'\s,(\[{&])[-+!]?[A-Za-z_][\w.,:|;+!-]*$")
"""A field's value that is a list of names so far, as of columns: one more name is no command."""
_HINT = late(
    r"Runtime|ProcessBuilder|[Pp]open|system|subprocess|__import__|__globals__|__builtins__|__subclasses__|passthru|"
    r"shell_exec|proc_open|child_process|execSync|utility\.|Diagnostics\.Process|curl|wget|busybox|nohup|powershell|"
    r"chmod|python|perl|ruby|%3[Bb]|%60|%24%28|%26%26|filter\(|filter%28"
)
"""One of these is in the line before it is decoded, or it is not worth decoding."""
_TURNED_AWAY = late(r'HTTP/[\d.]+"? (?:status[=:] ?)?[45]\d\d\b')
_CLIENT = late(
    r"(?:round_trippers\.go\S*|\bkubectl\b|\bcurl\b|client-go).{0,80}/api/v1/\S*secrets\b|"
    r":6?443/api/v1/\S*secrets\?\S*(?:fieldManager=kubectl|limit=500)|"
    r"\bkubectl (?:-\S+ )*(?:get|describe|create) secrets?\b"
)
"""A client of the cluster at work on Secrets."""
_NO_SHELL = late(r"\bcannot create resource \W{0,2}pods/(?:exec|attach)\b")
"""How a cluster refuses an account a shell in another pod."""
_SECRETS = ("secret",)
"""It is in a log that tells of one."""
_EXECS = ("pods/exec", "pods/attach")
_MEANT = late(
    r"kubectl|helm|operator|controller|argo|flux|secret|vault|jenkins|runner|gitlab|tekton|rancher|velero|reflector|"
    r"kube-|cert-manager|terraform|pulumi|spinnaker|\bci\b|deploy",
    re.IGNORECASE,
)
"""Programs that speak with the cluster, or run whatever their users ask for."""
_CODE = late(
    r"judge|jupyter|notebook|zeppelin|rstudio|binderhub|sandbox|playground|\b(?:repl|piston|ctf|coder|theia|n8n)\b|"
    r"\b(?:auto-?)?grad(?:er|ing)\b|code-?(?:server|run|exec|spac|eval)|gitpod|node-?red|airflow|rundeck|dagster|prefect|"
    r"kestra|windmill|stackstorm|workflow|\b(?:temporal|nifi|awx|drone|semaphore|spark|flink|livy)\b|camunda|huginn|"
    r"activepieces|ansible|concourse|woodpecker|buildkite|buildbot|buildkit|teamcity|bamboo|\bbuild(?:er|s)?\b|faas|"
    r"\b(?:lambda|knative|fission|executor|ttyd|terminal)\b|webssh|shellhub|guacamole|teleport|shellinabox",
    re.IGNORECASE,
)
"""Names of programs that run their users' code: judges, notebooks, engines of workflows, builds, consoles."""


class Ordered(NamedTuple):
    """A request that carries a command and was not turned away: the pod that tells it, its line, and what it orders."""

    pod: str
    line: str
    at: datetime | None
    order: str


class Told(NamedTuple):
    """A line of no request that a pod tells, and when."""

    pod: str
    line: str
    at: datetime


def told_by_itself(log: Log) -> Iterator[tuple[int, Told]]:
    """Yield what a program tells that is of no request, with the number of each line."""
    for number, (line, at) in enumerate(zip(log.lines, times_near(log.lines), strict=True)):
        if at is not None and not is_request(line) and not status_of(line):
            yield number, Told(log.pod, line.strip(), at)


def injected(view: View, workload: Workload) -> Evidence | None:
    """Return a request that carries a command and was not turned away; anybody on the internet may send one."""
    found = ordered(view, workload)
    if not found:
        return None
    first = found[0]
    fact = f"{len(found)} requests carry commands and were answered: {unquote_plus(first.line)[:300]}"
    return Evidence("logs", f"Pod/{first.pod}", fact, first.at)


@once
def ordered(view: View, workload: Workload) -> tuple[Ordered, ...]:
    """Return the requests that carry commands and were not turned away, as a workload's logs tell them."""
    return tuple(
        Ordered(log.pod, line, stamp(line), order)
        for log in view.logs_of(workload.pods)
        if _HINT.search("\n".join(log.lines))
        for line in log.lines
        if (order := _order(line))
    )


def reads_secrets(view: View, workload: Workload) -> Evidence | None:
    """Return that a client of the cluster goes through Secrets in a program that is made for something else."""
    if runs_for_others(workload):
        return None
    for log in view.logs_of(workload.pods):
        lines = log.lines if speaks_of(log, _SECRETS) else ()
        if line := next((line for line in lines if _CLIENT.search(line) and not is_request(line)), ""):
            return Evidence("logs", f"Pod/{log.pod}", f"it goes through Secrets: {line}", stamp(line))
    return None


def asks_for_a_shell(view: View, workload: Workload) -> Evidence | None:
    """Return that the account of a program which is made for something else was refused a shell in another pod.

    That it may not read Secrets is no sign: programs read their settings there as well, and lose the right to.
    """
    if runs_code(workload):
        return None
    for log in view.logs_of(workload.pods):
        for _, told in told_by_itself(log) if speaks_of(log, _EXECS) else ():
            if _NO_SHELL.search(told.line) and _of_account(view, workload, told.line):
                return Evidence("logs", f"Pod/{told.pod}", f"it asks for a shell in a pod: {told.line[:240]}", told.at)
    return None


def _of_account(view: View, workload: Workload, line: str) -> bool:
    """Tell whether a line names the account of a workload: each namespace has one that is called `default`."""
    space = text(workload.obj, "metadata", "namespace") or view.snapshot.namespace
    account = text(workload.template, "spec", "serviceAccountName") or "default"
    return re.search(rf"\bsystem:serviceaccount:{re.escape(space)}:{re.escape(account)}(?![\w.-])", line) is not None


def runs_for_others(workload: Workload) -> bool:
    """Tell whether a program is made to speak with the cluster, or to run whatever its users ask for."""
    return _MEANT.search(_program(workload)) is not None


def runs_code(workload: Workload) -> bool:
    """Tell whether a program is made for what its users ask for, their code among it: what that prints is no sign.

    Only its name and images tell of the latter: among its arguments a sandbox is one of a bank as well.
    """
    images = (text(container, "image") for container in items(workload.template, "spec", "containers"))
    return runs_for_others(workload) or _CODE.search(" ".join((workload.name, *images))) is not None


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


def carries(line: str) -> bool:
    """Tell whether a line repeats a command as requests carry them, whoever tells it and whatever came of it."""
    return _HINT.search(line) is not None and _COMMANDS.search(_decoded(line)) is not None


def _order(line: str) -> str:
    """Return what a request that was not turned away orders, from the command on; "" if it orders nothing."""
    if not _HINT.search(line) or not (is_request(line) or status_of(line)):
        return ""
    if _TURNED_AWAY.search(line) or status_of(line) >= 400:
        return ""
    said = _decoded(line)
    found = next((each for each in _COMMANDS.finditer(said) if each["mark"] is None or is_run(said, each)), None)
    return said[found.start() :].partition(" HTTP/")[0] if found else ""


def is_run(said: str, word: re.Match[str]) -> bool:
    """Tell whether a shell's word behind a ``mark`` begins a command: it is no field, name in a list, or prose."""
    after = said[word.end() : word.end() + 600]
    if _MORE.match(after):
        return True
    if not _ENDS.match(after):
        return False
    return word["mark"] in ("`", "$(") or not _LISTED.search(said[max(0, word.start() - 200) : word.start()].rstrip())


def _decoded(line: str) -> str:
    return unquote_plus(unquote_plus(line[:4000]))


def _program(workload: Workload) -> str:
    words = [workload.name]
    for container in items(workload.template, "spec", "containers"):
        words += [text(container, "name"), text(container, "image")]
        words += [str(word) for key in ("command", "args") for word in (container.get(key) or ())]
    return " ".join(words)
