"""What a responder asks for, and what may be asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tuheg_ir.errors import UsageError
from tuheg_ir.incidents.override import Override

DECIDED: dict[str, str] = {
    "ir_approved_by": "approval is given with --yes",
    "ir_actor": "it is the user who runs the command",
    "ir_attempt": "the journal knows it",
    "ir_cluster": "use --cluster",
    "ir_fault": "it is the command's argument",
    "ir_incident": "use --incident",
    "ir_incident_uid": "the journal knows it",
    "ir_lock_takeover": "resume takes over the lock of a run that is known to be dead",
    "ir_override": "use --override",
    "ir_override_by": "it is the user who runs the command",
    "ir_override_reason": "use --reason",
    "ir_run": "each run gets its own",
    "ir_service": "use --service",
    "ir_severity": "use --severity",
}
"""Variables that the wrapper decides, and what to use instead of -e."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Order:
    """A responder's order. ``service`` and ``number`` are None for: choose, or take a new one.

    ``fault`` and ``severity`` are empty for: state them from the facts. ``reason`` is why another
    severity was chosen than the facts give.
    ``approved_by`` is the name of who approves what needs approval, empty for nobody.
    ``override`` is what is ordered against the diagnosis, None for nothing.
    ``drill`` marks the incident as one that was made.
    """

    fault: str
    severity: str
    inventory: Path
    cluster: str
    actor: str
    service: str | None = None
    plan: bool = False
    approved_by: str = ""
    number: str | None = None
    extra: dict[str, str] = field(default_factory=dict)
    lang: str = "zh"
    drill: bool = False
    reason: str = ""
    override: Override | None = None

    @property
    def overriding(self) -> dict[str, Any]:
        """Return what is ordered against the diagnosis, in the playbooks' words; {} for nothing."""
        return self.override.variables() if self.override else {}

    @property
    def approves(self) -> bool:
        """Return whether somebody approved anything: then even P2 may change something."""
        return bool(self.approved_by or self.override)


def extra_vars(pairs: Iterable[str]) -> dict[str, str]:
    """Read the values of -e; UsageError for one that is malformed or not the user's to set."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise UsageError("-e takes NAME=VALUE", pair, "Example: -e ir_lock_wait_s=60.")
        if name in DECIDED:
            raise UsageError(f"-e cannot set {name}", "tuheg-ir decides it", f"{DECIDED[name].capitalize()}.")
        found[name] = value
    return found
