"""Runs that set a group of readers back, so that it reads again what it has read: what waits for it is long at once."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.view.reading import at, items, text

_TOOL = late(
    r"\bkafka-consumer-groups(?:\.sh)?\b(?=.{0,2000}--reset-offsets)(?=.{0,2000}--execute)"
    r"|\bkafka-streams-application-reset(?:\.sh)?\b|\brpk group seek\b|\bpulsar-admin [\w-]{1,40} reset-cursor\b"
    r"|\bkafkactl reset (?:consumer-group-offset|cgo|offset)s?\b(?=.{0,2000}--execute)"
    r"|\bgcloud (?:alpha |beta )?pubsub subscriptions seek\b",
    re.DOTALL,
)
"""How the tools of brokers set a group back. Two of them only tell what they would do, if not told to do it."""
_WOULD = "--dry-run"
_WORD = late(r"[\w.-]{1,250}")


def sets_back(run: Obj) -> set[str]:
    """Return the words of a command by which a Job sets a group of readers elsewhere: one names it; empty: none does.

    What is set forward is passed over, and nothing waits for the group: where much waits since, it was set back.
    """
    for container in items(run, "spec", "template", "spec", "containers"):
        words = [str(word) for field in ("command", "args") for word in (at(container, field) or ())]
        env = {text(entry, "name"): text(entry, "value") for entry in items(container, "env")}
        said = " ".join(words)
        if _TOOL.search(said) and _WOULD not in said:
            return {*_WORD.findall(said), *env.values()} - {""}
    return set()
