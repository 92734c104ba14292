"""What comes out of a run: events as they happen, the outcome, and what went wrong. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["play", "task", "ok", "failed", "skipped", "unreachable", "stats", "text", "other"]
Status = Literal["successful", "failed", "interrupted"]

_KINDS: dict[str, Kind] = {
    "playbook_on_play_start": "play",
    "playbook_on_task_start": "task",
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_skipped": "skipped",
    "runner_on_unreachable": "unreachable",
    "playbook_on_stats": "stats",
    "verbose": "text",
    "error": "text",
    "warning": "text",
}


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """One thing that happened in a run."""

    kind: Kind
    task: str = ""
    action: str = ""
    role: str = ""
    path: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    ignored: bool = False
    stats: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Diff:
    """What a task changed, or in check mode would change."""

    task: str
    action: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PlayError:
    """Why a play failed, for a person: what, which thing, what to do next."""

    what: str
    which: str = ""
    next: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the parts under the keys of machine-readable output."""
        return {"what": self.what, "which": self.which, "next": self.next}


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended.

    ``result`` is the play's ir_result, None if it never came so far; ``stats`` is None for a play
    that died before its first task.
    """

    rc: int
    status: Status
    result: dict[str, Any] | None = None
    stats: dict[str, Any] | None = None
    error: PlayError | None = None
    diffs: tuple[Diff, ...] = ()
    notes: tuple[str, ...] = ()


def parse(raw: Mapping[str, Any]) -> TaskEvent:
    """Return what we use of an event of ansible-runner."""
    kind = _KINDS.get(str(raw.get("event", "")), "other")
    data = raw.get("event_data") or {}
    result = data.get("res")
    return TaskEvent(
        kind=kind,
        task=str(data.get("task") or data.get("name") or ""),
        action=str(data.get("resolved_action") or data.get("task_action") or ""),
        role=str(data.get("role") or ""),
        path=str(data.get("task_path") or ""),
        result=result if isinstance(result, Mapping) else {},
        text=plain(str(raw.get("stdout") or "")),
        ignored=bool(data.get("ignore_errors")),
        stats=data if kind == "stats" else {},
    )


def plain(text: str) -> str:
    """Return the text without terminal control codes."""
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).replace("\r", "")


def outcome(events: Sequence[TaskEvent], rc: int, *, interrupted: bool) -> RunOutcome:
    """Sum up a run from its events and the return code of ansible-playbook."""
    stats = next((e.stats for e in reversed(events) if e.kind == "stats"), None)
    artifact = (stats or {}).get("artifact_data") or {}
    result = artifact.get("ir_result")
    status: Status = "interrupted" if interrupted else "failed" if rc else "successful"
    return RunOutcome(
        rc=rc,
        status=status,
        result=dict(result) if isinstance(result, Mapping) else None,
        stats={k: v for k, v in stats.items() if k != "artifact_data"} if stats else None,
        error=play_error(events) if status == "failed" else None,
        diffs=tuple(d for e in events if e.kind == "ok" for d in diffs(e)),
    )


def diffs(event: TaskEvent) -> list[Diff]:
    """Return the differences a task reports."""
    found = event.result.get("diff")
    entries = found if isinstance(found, list) else [found]
    return [
        Diff(event.task, event.action, _side(entry.get("before")), _side(entry.get("after")))
        for entry in entries
        if isinstance(entry, Mapping) and entry.get("before") != entry.get("after")
    ]


def _side(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    import yaml

    return yaml.safe_dump(value, sort_keys=True, allow_unicode=True, default_flow_style=False)


def play_error(events: Sequence[TaskEvent]) -> PlayError:
    """Say why a play failed: its first failed task, else what ansible-playbook printed."""
    failed = next((e for e in events if e.kind in ("failed", "unreachable") and not e.ignored), None)
    if failed is not None:
        return _task_error(failed)
    return text_error("\n".join(e.text for e in events if e.kind == "text"))


def _task_error(event: TaskEvent) -> PlayError:
    result = event.result
    told = result.get("error")
    if isinstance(told, Mapping) and isinstance(told.get("what"), str):
        return PlayError(told["what"], str(told.get("which", "")), str(told.get("next", "")))
    message = str(result.get("msg") or result.get("stderr") or "the task failed without a message")
    what, _, after = plain(message).strip().partition("Next: ")
    return _known(what) or PlayError(_first_sentence(what), f"task: {event.task}", after.strip())


def _first_sentence(text: str) -> str:
    """Return a message short enough to read: its first paragraph, without its last stop."""
    first = re.sub(r"^(?:(?:Task|Module) failed: )+", "", text.strip()).split("\n\n", 1)[0]
    return " ".join(first.split())[:600].rstrip(". ")


_FORBIDDEN = re.compile(
    r'User \\*"(?P<user>[^"\\]+)\\*" cannot (?P<verb>\w+) resource \\*"(?P<resource>[^"\\]+)\\*"'
    r'(?: in API group \\*"(?P<group>[^"\\]*)\\*")?(?: in the namespace \\*"(?P<ns>[^"\\]+)\\*")?'
)
_UNDEFINED = re.compile(r"'(ir_\w+)' is undefined")
_NO_HOSTS = re.compile(r"Could not match supplied host pattern, ignoring: (\S+)")
_NO_COLLECTION = re.compile(
    r"couldn't resolve module/action '(?P<fqcn>[\w.]+)'|"
    r"(?:Could not|Unable to) (?:find|resolve|load)[^']*'(?P<fqcn2>\w+\.\w+\.\w+)'"
)


def _known(text: str) -> PlayError | None:
    """Recognise what Ansible and kubernetes.core say at length."""
    if match := _FORBIDDEN.search(text):
        found = match.groupdict()
        resource = f"{found['resource']}.{found['group']}" if found["group"] else found["resource"]
        where = f"namespace {found['ns']}" if found["ns"] else "the whole cluster"
        return PlayError(
            f"The account may not {found['verb']} {resource}",
            f"{found['user']}, {where}",
            "Apply the manifests in rbac/ to the cluster, or use an account that has that right.",
        )
    if match := _UNDEFINED.search(text):
        return PlayError(f"{match[1]} is not set", "", f"Give it by -e {match[1]}=VALUE or in the inventory.")
    if match := _NO_HOSTS.search(text):
        return PlayError(
            f"The inventory has no cluster {match[1]!r}",
            "",
            "Give one of the hosts in its group clusters as ir_cluster.",
        )
    if match := _NO_COLLECTION.search(text):
        return PlayError(
            "An Ansible module cannot be found",
            match["fqcn"] or match["fqcn2"],
            "Install the collections: pip install 'tuheg-ir[collections]'.",
        )
    return None


def text_error(output: str) -> PlayError:
    """Say why ansible-playbook died before its first task, from what it printed."""
    text = plain(output).strip()
    known = _known(text)
    if known is not None:
        return known
    lines = text.splitlines()
    start = next((n for n, x in enumerate(lines) if re.match(r"(\[ERROR\]|ERROR!|fatal:)", x)), 0)
    message = re.sub(r"^(\[ERROR\]:?|ERROR!)\s*", "", "\n".join(lines[start:]))
    origin = re.search(r"^Origin: (.+)$", text, re.MULTILINE)
    return PlayError(
        _first_sentence(re.split(r"\nOrigin: ", message, maxsplit=1)[0]) or "ansible-playbook ended without a word",
        origin[1] if origin else "",
        "Run the same with ansible-playbook -vvv to see more.",
    )
