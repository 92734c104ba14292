"""Who refuses by its own words, and lets fewer requests through to whom it asks, while no fewer are asked of it."""

from __future__ import annotations

from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._tighter import AROUND, ASKED, PASSED, TURN
from tuheg_ir.diagnosis.rules.scaled_down import lost
from tuheg_ir.diagnosis.view.askers import answer_of, of_limiter
from tuheg_ir.diagnosis.view.complaints import OFTEN, fresh
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.held_back import TOO_MANY
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.refused_shares import REFUSED
from tuheg_ir.diagnosis.view.trouble import ERRORS, labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple


class Less(NamedTuple):
    """What shows that a program lets fewer requests through, and since when it refuses the others."""

    seen: tuple[Evidence, ...]
    since: datetime


def lets_less_through(view: View, workload: Workload) -> Less | None:
    """Return that most pods of a program refuse clients, of whose requests fewer than before reach whom it asks.

    Somebody has to count what is asked: the program itself, or those who ask it. With fewer pods than before, each of
    which refuses by itself, the same limits are as tight.
    """
    hits = [hit for hit in view.hits_of(workload.ref, "rate_limited") if _refuses(hit) and fresh(view, hit)]
    since, pods = oldest(hit.first for hit in hits), {hit.pod for hit in hits}
    if since is None or sum(hit.count for hit in hits) < OFTEN or 2 * len(pods) <= len(workload.live):
        return None
    if workload.ready < workload.wanted or any(lost(view, workload)) or not _by_itself(view, workload):
        return None
    ahead = view.graph.asked_by(workload.ref)
    asked = [grown for ref in (workload.ref, *ahead) if (grown := traffic_growth(view, ref)) is not None]
    fewer = _fewer(view, workload, since) if asked and min(asked) >= ASKED else None
    return Less((fewer, view.hit_evidence(hits[0])), since) if fewer else None


def _refuses(hit: Hit) -> bool:
    """Tell whether a line is of an answer, or of a limit that held, and not of one that the program got itself."""
    return not hit.previous and (of_limiter(hit.line) or answer_of(hit.line) == TOO_MANY)


def _by_itself(view: View, workload: Workload) -> bool:
    """Tell whether a program refuses by limits of its own: it says so, or whom it asks is known to refuse nobody."""
    if any(view.hits_of(each.ref, "rate_limited") for each in view.called(workload.ref)):
        return False
    if any(of_limiter(line) for line in view.lines_of(workload)):
        return True
    called = [label for each in view.called(workload.ref) for label in labels_of(view, each.ref, REFUSED)]
    return bool(called) and all((view.figures.now(REFUSED, component=label) or 0.0) < ERRORS for label in called)


def _fewer(view: View, workload: Workload, since: datetime) -> Evidence | None:
    """Return that somebody whom this program alone asks gets fewer requests than right before a time.

    Where others ask it as well they may be those who ask less: nobody counts who asks for what.
    """
    for each in view.called(workload.ref):
        if any(each.ref in calls for ref, calls in view.graph.calls.items() if ref != workload.ref):
            continue
        for label in labels_of(view, each.ref, "request_rate"):
            was = view.figures.before("request_rate", since - TURN, AROUND, component=label)
            now = view.figures.now("request_rate", component=label)
            if was and now is not None and now <= PASSED * was:
                fact = f"{now:.3g} requests a second come through to it, {was:.3g} before; no fewer are asked"
                return Evidence("metrics", each.ref, fact, since)
    return None
