"""The ladder that a playbook hands over: read from its text, without Ansible."""

from __future__ import annotations

from typing import Any


def ladder(playbook: str) -> list[dict[str, Any]]:
    """Return the rungs that the text of a playbook hands to the ladder; [] when it has none."""
    import yaml

    plays = yaml.load(playbook, Loader=yaml.CSafeLoader)
    rungs = plays[0].get("vars", {}).get("ir_rungs") if isinstance(plays, list) and plays else None
    return [dict(rung) for rung in rungs] if isinstance(rungs, list) else []
