"""Databases from which whole tables are copied out, as a thief does with the login of the program that he took."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._shells import calls_a_shell
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.statements import Statement, statements
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

_ALL = r"SELECT \* FROM (?:(?!\b(?:WHERE|LIMIT)\b)[^;]){1,600}"
_DUMP = late(
    r"SELECT /\*!40001 SQL_NO_CACHE \*/ \* FROM"
    r"|\bCOPY \S+ (?:\([^)]*\) )?TO (?:stdout|program)\b"
    rf"|\bCOPY ?\( ?{_ALL}\) ?TO (?:stdout|program)\b"
    rf"|{_ALL}\bINTO (?:OUTFILE|DUMPFILE)\b"
    r"|\"(?:mongodump|mongoexport)\"",
    re.IGNORECASE,
)
"""What only a dump of a database sends: reports ask for columns, and for some rows."""
_BY_HAND = late(
    r"\bapp(?:lication)?(?:_?name)?[\"']?\s?[=:]\s?[\"']?(?:psql|pgcli|usql|pgAdmin|DBeaver|DataGrip)\b", re.IGNORECASE
)
"""A client that people use, and that no program asks by."""
_PART = late(r"\bCOPY ?\([^;]{1,2000}\) ?TO (?:stdout|program)\b", re.IGNORECASE)
"""What takes a part of a table out; a program's own report sends it as well."""
_REFUSED = late(r"\bSTATEMENT: ")
"""So a server repeats what it did not do, or did not end."""
EVER = datetime.min.replace(tzinfo=UTC)
"""Since when to ask where the clocks of a program and of its database may be of two zones, and are not compared."""
LATELY = timedelta(hours=1)
"""Who came by hand longer than this before does so by habit."""
_SESSION = late(r"\[(\d{1,7})(?:-\d+)?\]|\s(\d{1,9}) (?:Connect|Query)\b")
"""By what a server's log tells that lines are of one session."""
_JOINS = late(r"\bconnection (?:received|authorized)\b|\d Connect\b", re.IGNORECASE)
"""The one line of a session that names its client where the others do not."""


def dumped(view: View, workload: Workload, since: datetime | None) -> Iterator[tuple[Workload, Statement]]:
    """Yield the databases that were asked for whole tables from a workload's pods since then, and the first asking.

    A part of a table will do where another client asks than the program's own, and did not come long before as well.
    """
    if since is None:
        return
    for server in of_role(view.workloads, "database"):
        usual = _calls_by_hand(view, workload)
        for each, hand in asked_by(view, server, workload):
            usual = usual or (since - each.at > LATELY and by_hand(each))
            part = not usual and hand and _PART.search(each.text)
            if each.at >= since and (part or _DUMP.search(each.text)) and not _REFUSED.search(each.text):
                yield server, each
                break


def asked_by(view: View, server: Workload, workload: Workload) -> Iterator[tuple[Statement, bool]]:
    """Yield what a database's log tells of a workload's pods, and whether it came by a client that people use."""
    mine = {pod.address for pod in workload.live if pod.address}
    sessions: dict[str, bool] = {}
    hands: set[str] = set()
    for each in statements(view, server) if mine else ():
        known = set(ADDRESS.findall(each.text[:2000]))
        session = _session(each.text)
        hand = by_hand(each)
        if session and _JOINS.search(each.text):
            sessions[session] = bool(mine & known) if known else sessions.get(session, False)
            hands = hands | {session} if hand else hands - {session}
        if mine & known or sessions.get(session, False):  # a statement may name addresses as well
            yield each, hand or session in hands


def by_hand(asked: Statement) -> bool:
    """Tell whether a statement names a client that people use, and that no program asks by."""
    return _BY_HAND.search(asked.text[:2000]) is not None


def _calls_by_hand(view: View, workload: Workload) -> bool:
    """Tell whether a workload is made to call such a client itself, as a run that exports does."""
    return workload.kind in BATCH or calls_a_shell(view, workload)


def _session(text: str) -> str:
    found = _SESSION.search(text[:400])
    return (found[1] or found[2]) if found else ""
