"""What clears a client's release of a refusal by a server: others are refused alike, or the server came anew since."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import Complaint, began
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(hours=1)
"""Who was released so shortly before he was refused may be refused for his own release."""
AGAIN = timedelta(seconds=-BEFORE.total_seconds())
"""A server that starts sooner than this after a release may have been started by it, or with it."""


def clears(view: View, client: Workload, said: Collection[Complaint]) -> Evidence | None:
    """Return what shows that a client is not refused for its own release; None if nothing does.

    ``said``: all that clients complain of, of one kind. Going back would change nothing then: who was not released is
    refused by the same server too; or pods of the same template are well, and only those that are refused are not
    ready; or pods of the release had served until the server itself was started anew.
    """
    mine = [each for each in said if each.caller == client.ref]
    abouts = {each.about for each in mine if each.about}
    # Who stands between, before or behind it only passes on what one of them is told.
    same = {client.ref, *view.graph.needs(client.ref), *view.graph.callers(client.ref)}
    others = [each for each in said if each.about in abouts and each.caller not in same]
    return _another(view, others) or _same_template(view, client, mine) or _server_anew(view, client, abouts, mine)


def _another(view: View, others: Collection[Complaint]) -> Evidence | None:
    """Return that a client which was not released of late is refused by the same server."""
    for each in others:
        other = view.workloads.get(each.caller)
        if other is None or role(other) in DATA or each.hit.first is None:
            continue
        if not since_release(other, each.hit.first, LATELY):
            fact = f"it was not released, and is refused as well: {each.hit.line.strip()[:160]}"
            return Evidence("logs", other.ref, fact, each.hit.first)
    return None


def _same_template(view: View, client: Workload, mine: Collection[Complaint]) -> Evidence | None:
    """Return that pods of the newest template are ready and not refused, while all that are refused are not ready."""
    refused = {each.hit.pod for each in mine}
    newest = client.newest_pods()
    heard = {log.pod for log in view.logs_of(newest, previous=False) if log.lines}
    well = [pod for pod in newest if pod.ready and pod.name in heard - refused]
    ill = [pod for pod in newest if pod.name in refused]
    if not well or not ill or any(pod.ready for pod in ill):
        return None
    fact = f"it is of the same template, and is not refused: of those that are, none is ready ({ill[0].name})"
    return Evidence("objects", f"Pod/{well[0].name}", fact, well[0].created)


def _server_anew(view: View, client: Workload, abouts: Collection[str], mine: Collection[Complaint]) -> Evidence | None:
    """Return that the server was started anew between a release and the first refusal of pods that ran already."""
    first, released = began(mine), client.released_at
    if first is None or released is None:
        return None
    refused = {each.hit.pod for each in mine}
    starts = [pod.started for pod in client.newest_pods() if pod.name in refused]
    for ref in sorted(abouts):
        for pod in view.workloads[ref].live if ref in view.workloads else ():
            anew = pod.started
            if anew is not None and released + AGAIN < anew <= first and all(_before(at, anew) for at in starts):
                return Evidence("objects", f"Pod/{pod.name}", "the server was started anew, and refuses since", anew)
    return None


def _before(start: datetime | None, anew: datetime) -> bool:
    return start is not None and start < anew
