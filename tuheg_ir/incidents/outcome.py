"""From what a play gave back to a status, an exit code and the words of the end. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tuheg_ir.errors import (
    NotHealedError,
    RefusedError,
    TuhegError,
    UnknownError,
    UnusableError,
)
from tuheg_ir.journal import Event
from tuheg_ir.journal.events import FollowupTask
from tuheg_ir.runner import Diff, PlayError, RunOutcome

EXIT_CODES: dict[str, int] = {
    "healed": 0,
    "nothing_to_do": 0,
    "planned": 0,
    "not_healed": NotHealedError.exit_code,
    "error": UnusableError.exit_code,
    "refused": RefusedError.exit_code,
    "unknown": UnknownError.exit_code,
}
"""Status of a result -> exit code of the command. Any other status is our own bug."""

FOLLOW_UP = "检查应用代码：找出并修复根本原因 (find and mend the root cause in the code)"
"""The handbook's later step after a cure that only buys time."""


@dataclass(frozen=True, slots=True)
class Report:
    """What `respond` and `resume` give back.

    ``result`` is the play's ir_result; it is empty when the play ended before it had one.
    ``messages`` are stage -> path, ``followups`` what remains to be done later.
    """

    incident: str
    status: str
    playbook: str
    result: dict[str, Any]
    messages: dict[str, str] = field(default_factory=dict)
    error: PlayError | None = None
    reason: str = ""
    diffs: tuple[Diff, ...] = ()
    followups: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    plan: bool = False

    @property
    def exit_code(self) -> int:
        """Return the exit code of the command."""
        return EXIT_CODES.get(self.status, TuhegError.exit_code)

    def as_dict(self) -> dict[str, Any]:
        """Return the documented shape of `respond --format json`."""
        shown: dict[str, Any] = {
            **self.result,
            "incident": self.incident,
            "status": self.status,
            "playbook": self.playbook,
            "messages": self.messages,
        }
        if self.error is not None:
            shown["error"] = self.error.as_dict()
        if self.diffs:
            shown["diffs"] = [{"task": d.task, "before": d.before, "after": d.after} for d in self.diffs]
        if self.followups:
            shown["followups"] = list(self.followups)
        if self.notes:
            shown["notes"] = list(self.notes)
        return shown


def status_of(ended: RunOutcome) -> str:
    """Return the status of a run: the play's own word, else what its end says."""
    if ended.result and ended.result.get("status") in EXIT_CODES:
        return str(ended.result["status"])
    # No result: the play did not get as far as its report, so nothing is known to be healed.
    return "error"


def error_of(ended: RunOutcome, status: str) -> PlayError | None:
    """Return what stood in the way, for a run that could not be carried through."""
    if EXIT_CODES[status] == 0:
        return None
    told = ((ended.result or {}).get("facts") or {}).get("error")
    if isinstance(told, Mapping) and told.get("what"):
        return PlayError(str(told["what"]), str(told.get("which") or ""), str(told.get("next") or ""))
    if status in ("error", "refused"):
        return ended.error or PlayError("the play ended without a result")
    return None


def reason_of(result: Mapping[str, Any]) -> str:
    """Return the one sentence that tells why a run ended as it did."""
    actions = result.get("actions") or []
    return str(actions[-1].get("reason") or "") if actions else ""


def owed(events: Sequence[Event]) -> FollowupTask | None:
    """Return the task that the cure of an incident leaves and that nobody has written down yet.

    For an incident that is well: the play writes the task itself, unless it was killed between
    its change and its record.
    """
    last = next((e.data for e in reversed(events) if e.kind == "intent"), None)
    if last is None or not (last.get("args") or {}).get("temporary"):
        return None
    outcome = next((e.data for e in events if e.kind == "outcome" and e.data["key"] == last["key"]), None)
    helped = outcome is None or outcome["verdict"] == "healed"
    known = any(e.kind == "followup" and e.data.get("target") == last["target"] for e in events)
    if not helped or known:
        return None
    task = str(last["args"].get("follow_up") or FOLLOW_UP)
    return FollowupTask(task=task, remedy=last["remedy"], target=last["target"])
