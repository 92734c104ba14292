"""How a release lets a reader fetch many more messages than it works off: they lie in its memory, out of all reach.

Or how many of them it works off before it tells of any that it is done: a batch is done with its last one.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._called import called_before
from tuheg_ir.diagnosis.rules._helping import HOURS
from tuheg_ir.diagnosis.rules._readers import FETCHES
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TIMES = 10
"""So many times what was fetched before is more than a faster program works off in the same time."""
_BATCH = late(
    r"^(?:\w*_)?(?:consum|listen|reader|receiv|subscri|amqp|rabbit|queue|messag|broker|work)\w*_batch_?size$|^batch_?size$",
    re.IGNORECASE,
)
"""Names of variables of how many messages are worked off together; batches are written to stores as well."""


def fetches_more(view: View, workload: Workload, since: datetime) -> tuple[Change, ...]:
    """Return how a release of the hours before let a reader fetch many times as much, or (0, as AMQP means it) all.

    Or take many times as much in one batch.

    ``since``: when it was dealt out what it did not come to. New pods have new logs: what people were called for
    before may have been the same.
    """
    came = workload.released_at
    if came is None or not timedelta() <= since - came <= HOURS or called_before(view, came):
        return ()
    return tuple(each for each in workload.changed("env") if _many_more(each))


def _many_more(change: Change) -> bool:
    name = change.name
    ahead = bool(FETCHES.search(name)) and "prefetch" in name.lower()
    if not ahead and not _BATCH.search(name):
        return False  # how many work at once is no matter of what lies in memory
    if not (change.before.isdecimal() and change.after.isdecimal()) or int(change.before) == 0:
        return False  # it fetched all before, or nobody knows what a program takes by itself
    return (ahead and int(change.after) == 0) or int(change.after) >= TIMES * int(change.before)
