"""Handshakes with hosts outside that lose their first packet: it is sent again after a second, or after three.

Who measures how long it takes to connect finds those times and none between; who waits for less long gives up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._asked_hosts import asks
from tuheg_ir.diagnosis.rules._hosts_outside import hosts_outside, is_outside
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import STILL, Complaint
from tuheg_ir.diagnosis.view.graph import foreign
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

AGAIN_S = (1.0, 3.0, 7.0, 15.0)
"""After so many seconds in all a kernel has sent the first packet again: once, twice, three and four times."""
WITHIN_S = 0.25
"""So much longer it takes until the answer is there and the line is told."""
LATE_S = 0.9
SEVERAL = 3
MOST = 0.8
"""Share of the late handshakes that lost a packet; where a host is slow to answer they take any time."""
_TOOK = late(
    r"\b(?:(?:tcp|upstream|time)?[_.-]?connect(?:ion(?=[_ .-]?(?:time|dur|lat|ela)))?"
    r"[_ .-]?(?:time|took|duration|latency|elapsed)?[_ .-]?(?P<unit>ms|millis\w{0,7}|s|secs?|seconds)?"
    r"[\"']?\s?[=:]\s?[\"']?"
    r"|connected (?:to \S{1,120} )?(?:in|after) |connect(?:ion)? (?:to \S{1,120} )?took )"
    r"(?P<time>\d{1,6}(?:\.\d{1,9})?)\s?(?P<after>ms|s)?(?![\w.:-])",
    re.IGNORECASE,
)
"""How clients tell how long it took to connect: `connect_ms: 1011`, `time_connect=3.004`, `connected in 1012 ms`."""
_WORDS = ("connect",)
_MILLIS = 500.0
"""So many, of what has no unit, are milliseconds."""
_SETTINGS = late(
    r"time[_ -]?out|back[_ -]?off|attempt|retr[iy]|deadline|(?:read|write|pool)[\"']?\s?[=:]", re.IGNORECASE
)
_BESIDE = 40
"""Where so near, in characters, one of those stands, a line tells how long a client would wait, or waited by itself."""
_CONNECTS = late(
    r"\bdial tcp (?!lookup)\S{3,80} (?:i/o timeout|connect: connection timed out)|\bconnect\w{0,3} time(?:d ?)?out"
    r"|\bConnectTimeout|\bconnect ETIMEDOUT|timed out while connecting|:connect_timeout|\bOpenTimeout"
    r"|\bConnection timed out after|\bconnect\w{0,3} to \S{1,120} (?:timed out|failed: connection timed out)"
    r"|timed out\W{1,3}connect|[Cc]onnection timed out \(connect",
    re.IGNORECASE,
)
"""How clients tell that it was the handshake for which they waited in vain."""
_TAKEN = late(r"\bread tcp\b|\bread timed out|ReadTimeout|awaiting headers", re.IGNORECASE)


class Lost(NamedTuple):
    """What a pod tells of handshakes with a host outside that lost a packet; ``came`` where they were made later on."""

    caller: str
    pod: str
    host: str
    seen: Evidence
    came: bool
    times: int


def waits_to_connect(each: Complaint) -> bool:
    """Tell whether a complaint is of a handshake that nobody answered, and no answer was waited for."""
    said = each.hit.line
    return each.hit.trouble == "connection_timeout" and bool(_CONNECTS.search(said)) and not _TAKEN.search(said)


def lost_handshakes(view: View) -> Iterator[Lost]:
    """Yield what the pods of each workload tell of handshakes with hosts outside that lost a packet, and still do."""
    known = {host: found for host, found in hosts_outside(view).items() if foreign(host)}
    for host, found in known.items():
        for each in found.said if all(map(waits_to_connect, found.said)) else ():
            yield Lost(each.caller, each.hit.pod, host, view.hit_evidence(each.hit), came=False, times=each.hit.count)
    for workload in view.serving:
        asked = {host for host in asks(view, workload) if foreign(host) and is_outside(view, host)}
        hosts = sorted({*known, *(host for host in asked if not view.graph.resolve(host))})
        for log in view.logs_of(workload.live, previous=False) if hosts else ():
            lines = log.lines if speaks_of(log, _WORDS) else ()
            for host in hosts:
                told = [(line, stamp(line), took) for line in lines if (took := _late(line, host)) is not None]
                yield from _made_later(view, workload.ref, log.pod, host, told)


def _made_later(
    view: View, ref: str, pod: str, host: str, told: Iterable[tuple[str, datetime | None, float]]
) -> Iterator[Lost]:
    """Yield that most of a pod's late handshakes took as long as it takes until a packet is sent again.

    What is measured is never the same to the digit, nor a whole second: an answer takes its way. A setting is both.
    """
    found = list(told)
    sent = [(line, at, took) for line, at, took in found if any(0 <= took - s + 0.01 <= WITHIN_S for s in AGAIN_S)]
    if len({took for _, _, took in sent if took % 1}) <= 1:
        return
    again = [(line, at) for line, at, took in sent if took % 1]
    last = newest(at for _, at in again)
    if len(again) >= SEVERAL and len(again) >= MOST * len(found) and last is not None and view.recent(last, STILL):
        fact = f"{len(again)} of {len(found)} late handshakes with {host} took as long as to send a lost packet again"
        seen = Evidence("logs", f"Pod/{pod}", f"{fact}: {again[-1][0].strip()[:160]}", oldest(at for _, at in again))
        yield Lost(ref, pod, host, seen, came=True, times=len(again))


def _late(line: str, host: str) -> float | None:
    """Return how many seconds a line says that it took to connect to a host, if that is late."""
    if host not in line.lower():
        return None
    found = _TOOK.search(line)
    if found is None or _SETTINGS.search(line[max(0, found.start() - _BESIDE) : found.end() + _BESIDE]):
        return None
    took, unit = float(found["time"]), (found["after"] or found["unit"] or "").lower()
    if not unit and took < _MILLIS and "." not in found["time"]:
        return None  # it may count anything
    seconds = took / 1000 if unit.startswith("m") or (not unit and took >= _MILLIS) else took
    return seconds if seconds >= LATE_S else None
