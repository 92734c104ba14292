"""Lines in which a server tells that it refused a client by a limit, whatever it calls that, and what was asked.

Gateways and frameworks write such lines instead of one of their access log, or beside it: they tell the client, the
limit and what was asked, but rarely a method, and many no status.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import ASKED_AGAIN
from tuheg_ir.diagnosis.view.hosts import given_outside, hosts_named, is_address
from tuheg_ir.diagnosis.view.view import View

_SAYS = late(
    r"\brate.?limit(?:s|er|ing)?\b.{0,40}?\b(?:exceeded|reached|passed|denied|rejected|refused|hit)\b"
    r"|\brate.?limited\b|\btoo many requests\b"
    r"|\b(?:request|call|client|consumer|tenant|partner)s? (?:was |is )?throttled\b"
    r"|\bthrottl(?:ed|ing) (?:request|call|client|consumer|tenant|partner|customer)\b"
    r"|\b(?:quota|plan|burst|spike arrest) (?:limit )?(?:exceeded|violation)\b"
    r"|\b(?:exceeded|over|above|beyond) (?:its|the|their) (?:\w+ )?(?:limit|quota|plan|rate)\b"
    r"|\brequest (?:denied|rejected|refused) by (?:rate.?limit\w*|quota|throttl\w*)",
    re.IGNORECASE,
)
"""What a server says of whom its limits refuse."""
_ONLY_TRIED = late(r"dry.?run|shadow|would (?:have|be)|(?:log|report|warn|monitor).?only|not enforced", re.IGNORECASE)
"""A limit that is tried refuses nobody."""
_OF_A_CALL = late(
    r"upstream|attempt|back.?off|retrying|will retry|provider|vendor|outbound|outgoing|egress|third.?party|calling"
    r"|call to\b|\bfrom api\b|response from|by server|\bremote limit",
    re.IGNORECASE,
)
"""Whoever is refused by others tells of a limit in the same words, and what it does about that."""
_WHOM = late(
    r"\b(?:for|by|of) (client|consumer|tenant|partner|customer|subscription|api[ _-]?key) [\"'`]?"
    r"(?=[\w.@-]{0,63}[A-Za-z])([\w.@-]{2,64})",
    re.IGNORECASE,
)
_FROM = late(
    r"\b(?:(?:client|remote|peer|source|src|caller)[_.-]?(?:ip|addr(?:ess)?|host)?|ip|x[_-]forwarded[_-]for)"
    r"[\"']?\s*[=:]\s*[\"']?(?:\d{1,3}\.){3}\d{1,3}\b",
    re.IGNORECASE,
)
"""From where it was asked, which only that one tells who was."""
_NUMBER = r"[\"']?\s*[=:]\s*[\"']?(\d{1,9}(?:\.\d{1,6})?)([A-Za-z]{0,12}(?:/[A-Za-z]{1,7})?)(?![\w.])"
_LIMIT = late(
    rf"\b(?:rate_?|max_?|plan_?)?(?:limit|quota|allowed|replenish_?rate)(?:_?(?:rps|rpm))?{_NUMBER}", re.IGNORECASE
)
_ASKED = late(
    rf"\b(?:observed|actual|measured|seen|used|asked|current|count|(?:request(?:ed)?|current|observed|actual)_?(?:rate|count))"
    rf"(?:_?(?:rps|rpm))?{_NUMBER}",
    re.IGNORECASE,
)
_QUOTA = late(r"quota|\bused\b", re.IGNORECASE)
"""What may be of a whole day or month: who has used all of it gets nothing more until that is over."""
_AT_ONCE = late(r"[rqt]?p[sm]|[a-z]{0,12}/(?:s|secs?|seconds?|m|min|minutes?)", re.IGNORECASE)
"""Units of a rate."""
_FOR_LONG = late(r"rpd|[a-z]{0,12}/(?:d|days?|w|weeks?|mo|months?)", re.IGNORECASE)
_HOST = late(
    r"\b(?:(?:http_?|request_?|server_?)?host(?:_?name)?|authority|domain)[\"']?\s*[=:]\s*[\"']?"
    r"([a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63}){1,6})(?![\w@])",
    re.IGNORECASE,
)
"""A host as a field in any form: who was asked, by a server's words as by those of whoever called it."""


@lru_cache(maxsize=ASKED_AGAIN)
def says_refused(line: str) -> bool:
    """Tell whether a server says that a limit of its own refused somebody; not who is refused itself by others."""
    lowered = line.lower()
    if not any(word in lowered for word in ("limit", "too many", "throttl", "quota", "plan ", "arrest", "rate")):
        return False
    return bool(_SAYS.search(line)) and not (_ONLY_TRIED.search(line) or _OF_A_CALL.search(line))


def whom(line: str) -> tuple[str, bool]:
    """Return the client whom such words name without a field, and whether only who is known has such a name."""
    found = _WHOM.search(line) if says_refused(line) else None
    return (found[2].rstrip("."), found[1].lower() != "client") if found else ("", False)


def tells_from_where(line: str) -> bool:
    """Tell whether a line says at which address somebody is who asked."""
    return _FROM.search(line) is not None


def asked_outside(view: View, line: str) -> bool:
    """Tell whether words of a limit name a host outside that is none of ours: it refused whoever tells of it.

    An address beside that host may be its own, or that from which it was called.
    """
    if not says_refused(line):
        return False
    hosts = {host for host in (*hosts_named([line]), *map(str.lower, _HOST.findall(line))) if given_outside(host)}
    return any(not is_address(host) and not _is_ours(view, host) for host in hosts)


def _is_ours(view: View, host: str) -> bool:
    """Tell whether a host is a workload, or a name under which users come."""
    ours = (route.host.removeprefix("*").lower() for route in view.routes)
    led = any(host == each or (each.startswith(".") and host.endswith(each)) for each in ours)
    return led or bool(view.graph.resolve(host))


def of_a_rate(line: str) -> bool:
    """Tell whether such a line tells a limit of so much at a time, and not of all that there is for long."""
    limit, asked = _LIMIT.search(line), _ASKED.search(line)
    if limit is None or asked is None or _FOR_LONG.fullmatch(limit[2]):
        return False
    said = _SAYS.search(line)
    words = (limit[0], asked[0], said[0] if said else "")
    return _AT_ONCE.fullmatch(limit[2]) is not None or not any(map(_QUOTA.search, words))


def over(line: str) -> tuple[str, float] | None:
    """Return the limit that such a line tells, and how many times as much was asked; None: it does not tell both."""
    limit, asked = _LIMIT.search(line), _ASKED.search(line)
    if limit is None or asked is None or limit[2].lower() != asked[2].lower() or not float(limit[1]):
        return None
    return f"{limit[1]} {limit[2]}".strip(), float(asked[1]) / float(limit[1])
