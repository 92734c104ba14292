"""Whether new words in a log are for a release that came shortly before them: only then is it taken back."""

from __future__ import annotations

import re
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._after_outage import away_at
from tuheg_ir.diagnosis.rules._at_fault import near
from tuheg_ir.diagnosis.rules._behind_a_queue import behind_a_queue
from tuheg_ir.diagnosis.rules._blames_another import blames_another, blames_itself
from tuheg_ir.diagnosis.rules._came_rarely import rarely_since
from tuheg_ir.diagnosis.rules._met_alike import met_alike, waits_before
from tuheg_ir.diagnosis.rules._said_before import said_before
from tuheg_ir.diagnosis.rules._served_well import SERVED, broke_before, lately_of_others, served_well
from tuheg_ir.diagnosis.rules._waited_before import waited_before
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import Marked
from tuheg_ir.diagnosis.view.odd import newest_differ
from tuheg_ir.diagnosis.view.reading import items, mapping
from tuheg_ir.diagnosis.view.releases import of_code_alone
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WAITS = late(
    r"\bqueued\b|\bqueue \d+ ?m?s\b|\bqueue(?:[ _-]?(?:len\w*|size|depth))?[\"']?\s*[=:]\s*\d|\bbacklog\b"
    r"|\b(?:pool|workers?|threads?) .{0,12}\bbusy\b|\bthread ?pool starvation\b",
    re.IGNORECASE,
)
"""How a program says that more is asked of it than it does."""


def meant_for(view: View, workload: Workload, words: Marked, released: Workload) -> bool:
    """Tell whether it is for the released that a log says this.

    Not where it blames others for all, nor where the released had served well, unless what it fails at came no sooner,
    or it hangs up on others; nor where somebody on whom it lives broke first or told the same before, or another does
    not work off a queue of answers that it misses, nor where what it says waits since before. Nor where others of the
    released pods, like those that are ill, are well. Who tells of a fault of its own speaks of nobody with whom it
    shares but a store. And what waits within a program waits for its own hands: then only who asks more of it than
    before is taken back, not who came in the same minutes.
    """
    began = words.since
    if released is workload and (
        behind_a_queue(view, workload, words.line, began) or waited_before(view, workload, words)
    ):
        return False
    if blames_another(view, workload, released) or (released is workload and away_at(view, workload, began)):
        return False
    if met_alike(view, released) or waits_before(view, released) or _lies_down(view, released):
        return False
    if released is workload and (broke_before(view, released, began) or said_before(view, workload)):
        return False
    if released is not workload and newest_differ(view, released):
        return False
    if released is not workload and blames_itself(view, workload) and not near(view, workload, released):
        return False
    if _proven(view, released, began) and not (released is not workload and _hangs_up(view, words, released)):
        return rarely_since(view, workload, words) is not None
    return released.ref in (workload.ref, *view.graph.callers(workload.ref)) or not _WAITS.search(words.line)


def _proven(view: View, released: Workload, began: datetime | None) -> bool:
    """Tell whether a release had served well, and brought what shows with the first requests, or fails at others now.

    Other settings may show later: those of how pods end, of what is done once an hour.
    """
    if not served_well(view, released, began):
        return False
    return of_code_alone(released) or bool(lately_of_others(view, released, began))


def _lies_down(view: View, released: Workload) -> bool:
    """Tell whether somebody who does not need the released has no pod ready: that one is ill beyond doubt."""
    above = {released.ref, *view.graph.callers(released.ref)}
    return any(w.wanted and w.live and not w.ready for w in view.serving if w.ref not in above)


def _listens(released: Workload, began: datetime | None) -> bool:
    """Tell whether all pods of a release are ready by a probe, since minutes before a trouble began."""
    probed = all(mapping(each, "readinessProbe") for each in items(released.template, "spec", "containers"))
    since = [pod.ready_since if pod.ready else None for pod in released.live]
    return probed and began is not None and bool(since) and all(at is not None and at < began - SERVED for at in since)


def _hangs_up(view: View, words: Marked, released: Workload) -> bool:
    """Tell whether words are of connections that who was released does not take or hold: a host leads to it.

    That is its own doing, while what it answers or how long it takes may come from behind it. Not where probes had
    found each of its pods ready for minutes before, and do still: then the way there leads to no open port.
    """
    if tells("connection_refused", words.line) and _listens(released, words.since):
        return False
    if not any(tells(trouble, words.line) for trouble in ("connection_refused", "connection_reset")):
        return False
    return any(view.graph.resolve(host) == released.ref for host in hosts_named([words.line]))
