"""Whether a replica stopped with an error of its own, or only ended: what fails then is the replica itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._word import word_said
from tuheg_ir.diagnosis.view.kinds import CODE
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.view import View

STOPPED = "replication_stopped"
FAILED = "dependency_failure"
"""The word of a replica that cannot follow any more, whatever makes replicas late in general."""
_ENDED = late(r"\bthread (?:exiting|stopped)\b|\bworker\b.{0,60}\bexited with exit code", re.IGNORECASE)
"""How servers tell that they follow no more, by order or with an error that another line tells."""


def why_behind(view: View, ref: str, hits: Iterable[Hit]) -> str:
    """Return the word of why a replica is behind, as lines of it tell; "" where none tells.

    A database that panics says so of what it reads, and of no code of ours.
    """
    word = word_said(ref, "", hits)
    return word if word and word != CODE else _failed(view, ref)


def _failed(view: View, ref: str) -> str:
    """Return the word of a replica that stopped with an error of its own; "" where it did not, or only ended.

    A server that was stopped by an error says after it that its thread ends, so each of its lines is looked at.
    """
    stopped = [hit for hit in view.hits_of(ref, STOPPED) if not hit.previous]
    lines = (line for hit in stopped for log in view.logs_with(hit) for line in log.lines)
    return FAILED if any(tells(STOPPED, line) and not _ENDED.search(line) for line in lines) else ""
