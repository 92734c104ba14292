"""Who is refused sessions by a full database together with others: a release of one of them may be innocent."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY, JUST = timedelta(hours=2), timedelta(minutes=5)
"""A release so young may be the reason; refusals so near to a trouble are what it is."""
_OF_ONE_USER = re.compile(r"connection limit exceeded for|max_user_connections|\bper.?user", re.IGNORECASE)
"""How a database tells that one user has his share: it is not full."""


def refused_with_others(view: View, workload: Workload, began: datetime | None, later: timedelta = MINUTE) -> bool:
    """Tell whether it fails since a full database refuses it sessions, and another that was not released as well.

    ``later``: by so much at most the other one came after it.
    """
    if began is None:
        return False
    refused: dict[tuple[str, str], list[Complaint]] = {}
    for each in complaints(view, "database_full"):
        if each.caller in view.workloads and each.about and not _OF_ONE_USER.search(each.hit.line):
            refused.setdefault((each.caller, each.about), []).append(each)
    often = [
        (view.workloads[caller], about, each.hit.first)
        for (caller, about), found in refused.items()
        for each in found
        if each.hit.first and sum(c.hit.count for c in found) >= OFTEN
    ]
    mine = [(about, at) for client, about, at in often if client is workload and abs(at - began) <= JUST]
    others = [
        (about, at) for client, about, at in often if client is not workload and not since_release(client, at, LATELY)
    ]
    return any(about == same and as_early <= at + later for about, at in mine for same, as_early in others)
