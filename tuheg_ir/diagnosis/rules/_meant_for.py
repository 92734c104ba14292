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
from tuheg_ir.diagnosis.rules._said_before import said_before
from tuheg_ir.diagnosis.rules._served_well import broke_before, lately_of_others, served_well
from tuheg_ir.diagnosis.rules._waited_before import waited_before
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import Marked
from tuheg_ir.diagnosis.view.odd import newest_differ
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
    if released is workload and behind_a_queue(view, workload, words.line, began):
        return False
    if released is workload and waited_before(view, workload, words):
        return False
    if blames_another(view, workload, released) or (released is workload and away_at(view, workload, began)):
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


def _hangs_up(view: View, words: Marked, released: Workload) -> bool:
    """Tell whether words are of connections that who was released does not take or hold: a host leads to it.

    That is its own doing, while what it answers or how long it takes may come from behind it.
    """
    if not any(tells(trouble, words.line) for trouble in ("connection_refused", "connection_reset")):
        return False
    return any(view.graph.resolve(host) == released.ref for host in hosts_named([words.line]))
