"""Who does the jobs of a queue, by its own count of them and by the queue that it names in its log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._asked_hosts import WATCHES
from tuheg_ir.diagnosis.rules._hands_work import HANDS, shares_its_queue
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_OF_QUEUE = late(r"(?<![\w.-])queue(?:_?name)?[\"']?\s?[=:]\s?[\"']?([\w.:/-]{1,80})", re.IGNORECASE)
"""How a line tells which queue a job is of, in JSON, logfmt or plain words."""
_PUTS = late(
    r"\benqueu|\b(?:push|forward)(?:e[sd]|s|ing)?\b|\bhand(?:s|ed|ing)? (?:\S{1,60} ){0,3}(?:on|over|out)\b"
    r"|\b(?:to|onto|into) (?:the |a )?queue\b",
    re.IGNORECASE,
)
"""How a line tells beside that a job is put on a queue: it is of who sends, and not of who reads."""
LEAST = 5
"""A queue that a log names less often may only be spoken of."""


class _Tells(NamedTuple):
    """Of which queues a log tells again and again, of which of them as one's own, and how often work is handed on."""

    named: frozenset[str]
    queues: frozenset[str]
    hands: int


def do_its_jobs(view: View, teller: Workload, queue: str, may: Iterable[Workload]) -> list[Workload]:
    """Return who may do the jobs of a queue of which a workload tells how many wait; [] if no other tells of it.

    One does them that counts jobs it has done, and whose log tells again and again of that queue, but not as of one on
    which it puts some. ``teller``: who tells how many wait. Who counts its own jobs reads what it tells of; a
    dispatcher or a scheduler does none, and hands them to others. ``may``: who may read the queue by its settings;
    where one of these has its work from the same place, and does not tell what it does, it may be that one as well.
    """
    if not queue or labels_of(view, teller.ref, "job_rate"):
        return []
    counting = (w for w in view.serving if w is not teller and not role(w) and labels_of(view, w.ref, "job_rate"))
    telling = [each for each in counting if queue in _tells(view, each).named]
    if not telling:
        return []
    found = [each for each in telling if queue in _tells(view, each).queues]
    others = [w for w in may if w not in (teller, *telling) and _may_read(view, w, queue, (teller, *found))]
    return [*(found or [teller]), *others]


def _may_read(view: View, workload: Workload, queue: str, concerned: Iterable[Workload]) -> bool:
    """Tell whether a workload may read a queue with which some have to do.

    Its work comes from the same place, and it tells of no other queue, and hands nothing on.
    """
    tells = _tells(view, workload)
    if WATCHES.search(workload.name) or "exporter" in workload.name or tells.hands >= LEAST:
        return False
    known = queue in tells.queues or not tells.queues
    return known and any(shares_its_queue(view, workload, each) for each in concerned)


@once
def _tells(view: View, workload: Workload) -> _Tells:
    named, own, hands = Counter[str](), Counter[str](), 0
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines:
            found = _OF_QUEUE.search(line)
            puts = _PUTS.search(line) or HANDS.search(line)
            hands += bool(puts)
            if found:
                named[found[1]] += 1
                own[found[1]] += not puts
    often = [frozenset(queue for queue, count in each.items() if count >= LEAST) for each in (named, own)]
    return _Tells(often[0], often[1], hands)
