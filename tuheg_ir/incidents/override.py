"""A person's order to run a remedy though the diagnosis rules it out: who, why, and which. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tuheg_ir.errors import UsageError

_TEMPLATES = ("{{", "{%", "{#")
WORDS = ("ir_override", "ir_override_by", "ir_override_reason")
"""What a playbook is given of it."""


@dataclass(frozen=True, slots=True)
class Override:
    """Remedies of a ladder that a person orders. It approves them and nothing else."""

    remedies: tuple[str, ...]
    by: str
    reason: str

    def variables(self) -> dict[str, Any]:
        """Return it in the playbooks' words."""
        return dict(zip(WORDS, (list(self.remedies), self.by, self.reason), strict=True))


def ordered(remedies: Iterable[str], *, by: str, reason: str) -> Override | None:
    """Return what a command orders; None for nothing. UsageError for an order without a reason."""
    chosen = tuple(dict.fromkeys(remedies))
    if not chosen:
        return None
    why = " ".join(reason.split())
    if not why:
        raise UsageError(
            "An override needs a reason, for the record",
            f"--override {chosen[0]}",
            "Say why you want what the diagnosis rules out: --reason TEXT.",
        )
    if any(mark in why for mark in _TEMPLATES):
        raise UsageError("A reason is plain words", why, "Leave out the double braces: a playbook would read them.")
    return Override(chosen, by, why)


def recorded(extra: dict[str, Any]) -> Override | None:
    """Take an order out of a run's variables as the journal holds them; None where there was none."""
    remedies, by, reason = (extra.pop(word, None) for word in WORDS)
    return Override(tuple(map(str, remedies)), str(by), str(reason)) if remedies else None


def check_rungs(override: Override, playbook: str, rungs: Iterable[Mapping[str, Any]]) -> None:
    """Raise UsageError for a remedy that the playbook's ladder does not have."""
    ladder = list(dict.fromkeys(str(rung.get("remedy")) for rung in rungs))
    for remedy in override.remedies:
        if remedy not in ladder:
            raise UsageError(
                f"{remedy} is no remedy of the ladder of {playbook}",
                f"--override {remedy}",
                f"It has: {', '.join(ladder)}.",
            )
