"""Who works on messages and is refused by the limits of somebody that it asks, so that more of its kind are no help."""

from __future__ import annotations

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._readers import QUIET, works_on_messages
from tuheg_ir.diagnosis.view.complaints import OFTEN, complaints, told
from tuheg_ir.diagnosis.view.usage import BUSY, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def turned_away(view: View, consumer: Workload) -> tuple[Evidence, ...]:
    """Return that most pods of a consumer whose logs are known are refused again and again, and have time to spare.

    Who takes requests itself may tell of those that it refuses; there the line has to name whom it asks.
    """
    refused = [
        each
        for each in complaints(view, "rate_limited")
        if each.caller == consumer.ref
        and not each.hit.previous
        and each.hit.count >= OFTEN
        and each.hit.last is not None
        and view.recent(each.hit.last, QUIET)
        and (works_on_messages(view, consumer) or each.about or each.hosts)
    ]
    heard = {log.pod for log in view.logs_of(consumer.live, previous=False) if log.lines}
    if 2 * len({each.hit.pod for each in refused} & heard) <= len(heard):
        return ()
    return () if usage(view.figures, consumer, "cpu_share").widely(BUSY) else told(view, refused)
