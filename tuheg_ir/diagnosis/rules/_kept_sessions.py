"""Whether a way leads all requests of a session to one pod, and which sessions one pod keeps and another refuses."""

from __future__ import annotations

import json
import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.reading import mapping, oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_KEY = late(
    r"/affinity$|sticky|stickiness|session-?(?:affinity|persistence)|cookie-persistence|upstream-hash-by", re.IGNORECASE
)
"""Annotations that tell an edge to keep sessions together, each where it is not switched off."""
_OFF = late(r"\s*(?:false|none|off|no|0|disabled)?\s*", re.IGNORECASE)
_BALANCE = late(r"load-?balanc|lb-method|balance-algorithm|target-group-attributes", re.IGNORECASE)
_BY_USER = late(r"ip_?hash|\bhash\b|\bsource\b|\bcookie\b|stickiness\.enabled=true|consistent|sticky", re.IGNORECASE)
"""How an annotation says how requests are dealt out, and which ways of it go by who asks."""
_SPEC = late(
    r'"sessionAffinity": "ClientIP"|"(?:consistentHash|sessionPersistence|sticky)": ?\{'
    r'|"(?:type|algorithm|strategy)": "(?:ConsistentHash|consistent-hashing|sticky-sessions|Cookie|RequestHash)"'
)
_ID = late(
    r"\b(?:sid|j?session(?:[ _-]?id)?|connection[ _-]?(?:id|token))(?: for id)?[\"'\\]*\s*[=:]?\s*[\"'\\]*"
    r"([\w.~-]{10,})",
    re.IGNORECASE,
)
"""A session by its name in a line: a field, a part of an address, or a word after it."""
_DIGIT = late(r"\d|[a-z][A-Z]")
"""An identifier is no word."""


class Crossed(NamedTuple):
    """How many sessions one pod keeps and another refuses, one of them, and both pods of that one."""

    number: int
    session: str
    keeps: str
    line: str
    refuses: str

    def told(self) -> Evidence:
        """Return it as evidence."""
        fact = (
            f"{self.number} sessions that it does not know are kept by another pod, as one by {self.keeps}: {self.line}"
        )
        return Evidence("logs", f"Pod/{self.refuses}", fact, oldest([stamp(self.line)]))


def keeps_sessions(way: Obj) -> bool:
    """Tell whether a route, Service or rule of traffic leads the requests of one user, or session, to one pod."""
    notes = mapping(way, "metadata", "annotations")
    for key, value in ((str(k), str(v)) for k, v in notes.items()):
        if _KEY.search(key) and not _OFF.fullmatch(value):
            return True
        if _BALANCE.search(key) and _BY_USER.search(value):
            return True
    return _SPEC.search(json.dumps(mapping(way, "spec"), default=str)) is not None


def crossed(view: View, workload: Workload, trouble: str) -> Crossed | None:
    """Return the sessions that a live pod tells of and another one refuses as unknown; None: no log tells of one."""
    refused: dict[str, tuple[str, str]] = {}
    kept: dict[str, set[str]] = {}
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines:
            found = [each for each in _ID.findall(line) if _DIGIT.search(each)]
            if found and tells(trouble, line):
                refused |= {each: (log.pod, line.strip()[:200]) for each in found}
            else:
                for each in found:
                    kept.setdefault(each, set()).add(log.pod)
    met = {each: kept[each] - {pod} for each, (pod, _) in refused.items() if each in kept}
    both = sorted(each for each, pods in met.items() if pods)
    if not both:
        return None
    pod, line = refused[both[0]]
    return Crossed(len(both), both[0], min(met[both[0]]), line, pod)
