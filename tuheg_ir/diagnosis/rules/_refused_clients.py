"""Whom limits refuse, as far as a log or figures by client tell: one client that is over its own, or many."""

from __future__ import annotations

import re
from collections import Counter

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._tighter import refused_more
from tuheg_ir.diagnosis.served import field_of
from tuheg_ir.diagnosis.view.askers import answer_of, asker_of, is_new, of_many
from tuheg_ir.diagnosis.view.held_back import TOO_MANY, limits_changed
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.refused_shares import shares_of_clients
from tuheg_ir.diagnosis.view.trouble import ERRORS
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

MOSTLY = 2 / 3
"""Whoever gets so large a part of the refusals is why they are many."""
_NAMED = late(
    r"\b(?:client|customer|consumer|tenant|partner)(?:[_-]?(?:id|name|key))?[\"']?\s*[=:]\s*[\"']?([\w.@-]{2,})",
    re.IGNORECASE,
)
"""How a line tells whom it is about. That refusals are wanted must not come of a line that is left out."""


def unproven(view: View, workload: Workload, label: str) -> Evidence | None:
    """Return that limits which may be new refuse nobody by name, or many; None: one is over, or they have proved well.

    As many are refused as where the figures begin: what changed within the day before may have brought that.
    """
    if refused_more(view, label) is not None or not limits_changed(view, workload):
        return None
    shares = shares_of_clients(view, (label,))
    over = [client for client, share in shares.items() if share >= ERRORS]
    if len(over) == 1 and not of_many(over[0]):
        return None
    refused = _refused(view, workload)
    if refused and max(refused.values()) >= MOSTLY * refused.total():
        return None
    told = f"{len(refused)} clients are refused ({', '.join(sorted(refused)[:4])})" if refused else "no client is known"
    return Evidence("logs", workload.ref, f"{told}, and limits, or who refuses, changed within a day")


def _refused(view: View, workload: Workload) -> Counter[str]:
    """Return how often whom a log names was refused in the last minutes."""
    lines = (line for line in view.lines_of(workload) if str(TOO_MANY) in line and is_new(view, line))
    names = (_name(line) for line in lines if (answer_of(line) or field_of(line)) == TOO_MANY)
    return Counter(name for name in names if name and not ADDRESS.fullmatch(name))


def _name(line: str) -> str:
    told = _NAMED.search(line)
    return asker_of(line)[0] or (told[1] if told else "")
