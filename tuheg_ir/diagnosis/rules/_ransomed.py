"""A store that was emptied for a ransom: who did so leaves a note, by whose name each of these campaigns is known.

MongoDB, Elasticsearch, MySQL, PostgreSQL and CouchDB that are open to all are found within hours; what was in them is
deleted, and a database, an index or a table is made whose name says where to pay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._injected import told_by_itself
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_STORES = ("database", "search", "cache")
_NOTE = late(
    r"(?<![\w/])(?:READ_{0,2}ME_{1,2}(?:TO_{1,2}|FOR_{1,2})?(?:RECOVER|RESTORE|DECRYPT)\w*"
    r"|(?:RECOVER|RESTORE|DECRYPT)_{1,2}YOUR_{1,2}(?:DATA|DATABASES?|DBS?|FILES)\w*"
    r"|PLEASE_{1,2}READ_{1,2}ME\w*)(?!\.(?:md|txt)\b)"
    r"|\[(?:read_?me|please_read|how_to_(?:recover|restore|get)\w*|[a-z0-9]{8,12}-meow)\] creating index\b"
    r"|\ball your (?:data|databases?|files)\b[^\n]{0,80}\b(?:back(?:ed)? ?up|encrypted|downloaded|deleted)\b"
    r"[^\n]{0,200}\b(?:BTC|bitcoins?|pay)\b",
    re.IGNORECASE,
)
"""Names that the notes of such campaigns bear, and how they begin; the attack that is called Meow leaves no other."""
_SPOKEN = ("readme", "read_me", "read__me", "_your_", "please_", "how_to_", "-meow]", "all your ")
"""One of these is in a log that tells of one."""


def ransomed(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield that a store tells of such a note."""
    if role(workload) not in _STORES:
        return
    for log in view.logs_of(workload.pods):
        for _, told in told_by_itself(log) if speaks_of(log, _SPOKEN) else ():
            if found := _NOTE.search(told.line):
                fact = f"a note of who emptied it, {found[0][:80]}: {told.line.strip()[:240]}"
                yield 0.75, Evidence("logs", f"Pod/{told.pod}", fact, told.at), False
                return
