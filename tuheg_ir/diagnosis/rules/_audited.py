"""What a cluster's own audit log tells: who asked it for what, by which tool, from where, and how it answered."""

from __future__ import annotations

import re
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import ADDRESS, speaks_of
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

_AUDITS = ("audit.k8s.io",)
_FIELD = late(
    r"\"(?P<key>requestURI|verb|username|userAgent|code|requestReceivedTimestamp)\":\s?(?:\"(?P<text>[^\"]{0,600})|(?P<number>\d{3}))"
)
_SOURCES = late(r"\"sourceIPs\":\s?\[(?P<all>[^\]]{0,200})\]")
_BY_HAND = late(r"(?:curl|kubectl|oc|k9s|Wget|HTTPie|python-requests|python-urllib|peirates|kdigger)/", re.IGNORECASE)
"""Tools by which people ask the cluster; operators and programs ask by libraries with names of their own."""
_FOR_ANOTHER = '"impersonatedUser"'
"""Consoles ask in the name of who signed in to them."""


class Entry(NamedTuple):
    """A call that the cluster answered; ``teller``: the pod whose log tells it."""

    at: datetime
    verb: str
    uri: str
    account: str
    agent: str
    code: int
    sources: tuple[str, ...]
    for_another: bool
    teller: str

    @property
    def by_hand(self) -> bool:
        """Tell whether a tool of people asked."""
        return _BY_HAND.match(self.agent) is not None

    @property
    def of_a_person(self) -> bool:
        """Tell whether it was no account of the cluster's own or of a program that asked, or it was for somebody."""
        return self.for_another or not self.account.startswith("system:")

    def told(self) -> str:
        """Return the call in words."""
        return f"{self.agent.partition(' ')[0]} as {self.account}: {self.verb} {self.uri} ({self.code})"


@once_a_view
def audited(view: View) -> tuple[Entry, ...]:
    """Return what audit logs tell was asked and answered, in the order of time."""
    told = (_entry(line, log.pod) for log in view.logs if speaks_of(log, _AUDITS) for line in log.lines)
    return tuple(sorted((entry for entry in told if entry is not None), key=lambda entry: entry.at))


def _entry(line: str, teller: str) -> Entry | None:
    """Return the call that a line tells was answered; None for any other line."""
    if _AUDITS[0] not in line:
        return None
    told: dict[str, str] = {}
    for each in _FIELD.finditer(line[:4000]):
        told.setdefault(each["key"], each["text"] or each["number"] or "")
    at = stamp(f"{told.get('requestReceivedTimestamp', '')} -")
    if at is None or not told.get("code", "").isdecimal():
        return None
    sources = _SOURCES.search(line)
    return Entry(
        at,
        told.get("verb", ""),
        told.get("requestURI", ""),
        told.get("username", ""),
        told.get("userAgent", ""),
        int(told["code"]),
        tuple(ADDRESS.findall(sources["all"])) if sources else (),
        _FOR_ANOTHER in line,
        teller,
    )
