# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""A person's order to run a remedy that the diagnosis rules out: what makes it one, and how it is told.

An order is about remedies of the ladder by name. It needs who and why, and it approves the named
remedies and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

HERE, LATER, BEFORE = "here", "later", "before"
_BY_CLI = "tuheg-ir respond: --override REMEDY --reason TEXT"


def named(override: Any) -> list[str] | None:
    """The remedies that an order names, once each: from a list, or from text with commas. None for what is neither."""
    if isinstance(override, str):
        override = override.split(",")
    if not isinstance(override, (list, tuple)) or not all(isinstance(each, str) for each in override):
        return None
    return list(dict.fromkeys(name for each in override if (name := each.strip())))


def override_problem(inputs: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """What is wrong with an order: (what, which, next); None if nothing is, or none was given.

    inputs: override, override_by, override_reason, rungs.
    """
    given = inputs.get("override")
    if not given:
        return None
    remedies = named(given)
    which = f"ir_override={','.join(remedies) if remedies else repr(given)}"
    if not remedies:
        return ("ir_override must be a remedy, or a list of them", which, "such as -e ir_override=restart_workload")
    ladder = list(dict.fromkeys(str(rung.get("remedy") or "") for rung in inputs.get("rungs") or []))
    strange = [name for name in remedies if name not in ladder]
    if strange and not ladder:
        return ("this play has no ladder, so that nothing in it can be overridden", which, "leave ir_override out")
    if strange:
        return (f"{strange[0]} is no remedy of this ladder", which, f"use one of: {', '.join(ladder)}")
    if not str(inputs.get("override_reason") or "").strip():
        return ("an override needs a reason, for the record", which, f"set -e ir_override_reason=TEXT ({_BY_CLI})")
    if not str(inputs.get("override_by") or "").strip():
        cure = "set -e ir_override_by=NAME, or ir_approved_by=NAME, which approves every other remedy too"
        return ("an override needs the name of the person who orders it", which, cure)
    return None


def with_override(rungs: Iterable[Mapping[str, Any]], override: Any, by: str, reason: str) -> list[dict[str, Any]]:
    """Say at each rung what was ordered.

    `override` is {by, reason} at a rung whose remedy is named, {} elsewhere. `ordered` is where the
    order is, seen from the rung: here, later or before; '' where none was given.
    """
    ladder, remedies = [dict(rung) for rung in rungs], named(override) or []
    at = [number for number, rung in enumerate(ladder) if rung["remedy"] in remedies]
    for number, rung in enumerate(ladder):
        here = number in at
        ahead = any(each > number for each in at)
        rung["override"] = {"by": by.strip(), "reason": reason.strip()} if here else {}
        rung["ordered"] = HERE if here else LATER if ahead else BEFORE if at else ""
    return ladder


def told(override: Mapping[str, Any]) -> str:
    """Say an order in one clause; '' for none. `against` is what the diagnosis said against the remedy."""
    if not override:
        return ""
    start = f"ordered by {override['by']}, who says: {override['reason']}"
    if not override.get("against"):
        return f"{start}; the diagnosis has nothing against it"
    return f"{start}; against the diagnosis, which says: {override['against']}"
