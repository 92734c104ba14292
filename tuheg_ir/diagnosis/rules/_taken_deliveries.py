"""What consumers and their brokers tell of messages that were taken back before the word came that they are done."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WORDS = ("acknowledgement", "acknowledgment", "message lock", "messagelock", "lock supplied", "receipt handle")
TAKEN_BACK = late(
    r"delivery acknowledge?ment (?:on channel \d+ )?timed out"
    r"|timed out waiting for (?:a )?(?:delivery|consumer) ack"
    r"|MessageLockLost|\bmessage lock (?:is |was |has (?:been )?)?(?:lost|expired)|the lock supplied is invalid"
    r"|receipt handle has expired",
    re.IGNORECASE,
)
"""Words of brokers (RabbitMQ, Service Bus, SQS) for what was kept too long, as they or their clients tell it."""
_WAITED_FOR = late(r"\btimeout (?:value )?used: (\d{1,12}) ms\b", re.IGNORECASE)


def told(log: Log) -> list[tuple[datetime, str]]:
    """Return what a log tells of messages that were taken back, and when."""
    if not speaks_of(log, _WORDS):
        return []
    found = ((stamp(line), line) for line in log.lines if TAKEN_BACK.search(line))
    return [(at, line) for at, line in found if at is not None]


def kept_for(line: str) -> timedelta:
    """Return how long a broker waited for the word that it is done, as it tells itself; nothing where it does not."""
    said = _WAITED_FOR.search(line)
    return timedelta(milliseconds=int(said[1])) if said else timedelta()


def of_ours(line: str) -> bool:
    """Tell whether a line may be of a broker of ours: services outside (Service Bus, SQS) have locks and receipts."""
    return "acknowledg" in line.lower()


def brokers_that_tell(view: View) -> list[Workload]:
    """Return the brokers of ours that tell themselves that they took messages back."""
    return [each for each in of_role(view.workloads, "broker") if any(map(told, view.logs_of(each.live)))]
