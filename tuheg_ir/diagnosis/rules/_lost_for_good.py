"""A caller that told long ago of a service it lost, and does nothing since: its words tell nothing of how that is now.

Some clients never go back to a server that was away for a moment, and never try. Whoever goes by their last words looks
for the trouble at the server, which serves all the others.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from tuheg_ir.diagnosis.rules.all_stuck import idle
from tuheg_ir.diagnosis.view.complaints import OFTEN, Complaint
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View

LONG = timedelta(minutes=10)
"""Who waits for a server that is away tries it again sooner than that."""


def lost_for_good(view: View, each: Complaint, complaining: Collection[str]) -> bool:
    """Tell whether a caller lost a service once and stands still since, while that serves others who tell of nothing.

    ``complaining``: all who complain of the service. Where nobody else asks it, it may be away still.
    """
    hit, caller, server = each.hit, view.workloads.get(each.caller), view.workloads.get(each.about)
    if caller is None or server is None or hit.first is None or hit.previous or hit.count >= OFTEN:
        return False
    if view.recent(hit.first, LONG) or (hit.last is not None and hit.last - hit.first > MINUTE):
        return False
    if not server.ready or server.ready < server.wanted:
        return False
    others = (view.workloads.get(ref) for ref in view.graph.callers(server.ref) - {caller.ref})
    served = any(other is not None and other.ready and other.ref not in complaining for other in others)
    alone = not {*complaining} - {caller.ref}
    return served and alone and any(seen.object == f"Pod/{hit.pod}" for seen in idle(view, caller))
