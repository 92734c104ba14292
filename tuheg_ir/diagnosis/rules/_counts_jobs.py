"""Who does the jobs of a queue, by its own count of them and by the queue that it names in its log."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_QUEUE = late(r"(?<![\w.-])queue(?:_?name)?[\"']?\s?[=:]\s?[\"']?([\w.:/-]{1,80})", re.IGNORECASE)
"""How a line tells which queue a job is of, in JSON, logfmt or plain words."""
LEAST = 5
"""A queue that a log names less often may only be spoken of."""


def does_its_jobs(view: View, teller: Workload, queue: str) -> Workload | None:
    """Return the one workload that counts jobs it has done, and whose log tells again and again of a queue.

    ``teller``: who tells how many wait. Who counts its own jobs reads what it tells of; a dispatcher or a scheduler
    does none, and hands them to others.
    """
    if not queue or labels_of(view, teller.ref, "job_rate"):
        return None
    counting = (w for w in view.serving if w is not teller and not role(w) and labels_of(view, w.ref, "job_rate"))
    found = [each for each in counting if _tells_of(view, each, queue)]
    return found[0] if len(found) == 1 else None


def _tells_of(view: View, workload: Workload, queue: str) -> bool:
    found = (_OF_QUEUE.search(line) for log in view.logs_of(workload.live, previous=False) for line in log.lines)
    return len([each for each in found if each is not None and each[1] == queue]) >= LEAST
