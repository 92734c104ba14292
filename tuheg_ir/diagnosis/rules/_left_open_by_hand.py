"""A transaction that somebody opened by hand and has not ended, as the words of the session itself tell.

The log of a pod in which a person works is what stands on the screen: the statements, and what became of them.
"""

from __future__ import annotations

import re
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._database_users import is_led_elsewhere
from tuheg_ir.diagnosis.rules._watched_client import GONE, Watched, is_client
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_PROMPT = r"(?:^|[>#$] ?)\s*"
_OPENS = late(
    _PROMPT + r"(?:BEGIN(?: (?:WORK|TRAN(?:SACTION)?))?|START TRANSACTION\b.{0,40}"
    r"|SET (?:SESSION )?autocommit ?= ?(?:0|OFF))\s*;",
    re.IGNORECASE,
)
_ENDS = late(_PROMPT + r"(?:COMMIT|ROLLBACK(?! TO)|END|ABORT|quit|exit|\\q)\b", re.IGNORECASE)
_ENDS_LATER = late(r";\s*(?:COMMIT|ROLLBACK|END|ABORT)\s*;", re.IGNORECASE)
"""What ends a transaction behind other statements of its line."""
_LOCKS = late(
    _PROMPT + r"(?:UPDATE|DELETE FROM|INSERT INTO|REPLACE INTO|MERGE INTO|(?:ALTER|TRUNCATE|DROP|LOCK) TABLES?"
    r"|SELECT\b.{1,400}\bFOR (?:NO KEY )?UPDATE)\b",
    re.IGNORECASE,
)
"""What somebody enters at a prompt, or a program writes down as it does it."""


def left_open_by_hand(view: View, ref: str, since: datetime | None) -> Watched | None:
    """Return the one pod by hand in whose transaction, not ended, rows of the only database were locked; else None."""
    if since is None or [w.ref for w in of_role(view.workloads, "database")] != [ref]:
        return None
    pods = (w for w in view.workloads.values() if w.kind == "Pod" and is_client(view, w.ref))
    found = [(w, told) for w in pods if not is_led_elsewhere(view, w, ref) and (told := _open(view, w, since))]
    if len(found) != 1:
        return None
    ((client, told),) = found
    fact = f"what is told in it has opened a transaction and not ended it: {told[:160]}"
    return Watched(client.ref, Evidence("logs", client.ref, fact, client.live[0].created), 0.7)


def _open(view: View, client: Workload, since: datetime) -> str:
    """Return the statement that locks rows in a transaction which a running pod has not ended; "" if none.

    What came after the others began to wait is not what they wait for: whoever came to help may have entered it.
    """
    if not any(pod.phase == "Running" and pod.created is not None and pod.created < since for pod in client.live):
        return ""
    held, opened = "", False
    for log in view.logs_of(client.live, previous=False):
        for line in log.lines:
            if _ENDS.search(line) or _ENDS_LATER.search(line) or GONE.search(line):
                held, opened = "", False
            elif _OPENS.search(line):
                held, opened = "", True
            elif opened and not held and _LOCKS.search(line):
                entered = stamp(line)
                held = line.strip() if entered is not None and entered <= since else ""
    return held
