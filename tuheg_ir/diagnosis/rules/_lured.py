"""A program that fetches what its users name was led to where its node hands out credentials, and they are used.

Such an address answers whoever asks from the node: a program that follows any address fetches what is there for others.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import unquote_plus

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._injected import is_request, runs_for_others
from tuheg_ir.diagnosis.rules._sent_away import CLIENT
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.graph import foreign
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_HANDS_OUT = late(
    r"https?://(?:169\.254\.169\.254|\[?fd00:ec2::254\]?|2852039166|0xa9fea9fe|metadata(?:\.google\.internal)?"
    r"|169\.254\.170\.2|100\.100\.100\.200)(?::80)?/"
    r"(?:(?:latest|\d{4}-\d\d-\d\d)/meta-data/(?:iam|ram)/security-credentials/(?P<role>[\w+=,.@-]{2,64})"
    r"|v2/credentials/\S|computeMetadata/v1(?:beta1)?/instance/service-accounts/[^/\s]{1,80}/(?:token|identity)"
    r"|metadata/identity/oauth2/token|opc/v[12]/identity/\w)",
    re.IGNORECASE,
)
"""Where nodes of clouds hand out credentials: Amazon's and its containers', Alibaba's, Google's, Azure's, Oracle's."""
_SPOKEN = (
    *("169.254.169.254", "fd00:ec2::254", "2852039166", "0xa9fea9fe", "//metadata", "169.254.170.2"),
    "100.100.100.200",
)
_REDIRECT = late(r"\bredirect\w*|\blocation\b|\bfollow(?:ing|ed|s)?\b|\b30[12378]\b", re.IGNORECASE)
_NAMED = late(r"https?://((?:[\w-]{1,63}\.)+[a-z][\w-]{1,62})(?=[/:?#\s\"']|$)", re.IGNORECASE)
"""An address by name: that of whoever leads it on."""
_GIVEN = late(
    r"\b(?:http_?)?(?:status|code)(?:_?code)?[\"']?\s?[=: ]\s?[\"']?2\d\d\b|\b200 OK\b|[\"\s]\(?(?:->|=>) ?2\d\d\b",
    re.IGNORECASE,
)
"""How programs tell that what they asked for was given."""
_SESSION = late(r"\bassumed-role/(?P<role>[\w+=,.@-]{2,64})/(?P<session>[\w+=,.@-]{2,64})")
"""Who asks a cloud with the credentials of a role, as its logs of access and of calls name him."""
AT_ONCE = timedelta(seconds=15)
"""What a program fetches so soon after it was led there it fetches for that; its own library asks when it likes."""

VOID = timedelta(days=1)
"""What nodes hand out is void after hours, a day at the most."""


class Led(NamedTuple):
    """A line by which a program was led to credentials, or tells that it has got them."""

    pod: str
    line: str
    at: datetime
    role: str


class _Use(NamedTuple):
    """That somebody asked a cloud in a session of a role, from an address; the pod and the line that tell it."""

    at: datetime
    role: str
    session: str
    address: str
    pod: str
    line: str


def lured(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield that a program was led to the credentials of its node, got them, and that somebody else uses them.

    The third tells whether it may be of the owners: they try such ways as well, and do not copy data then.
    """
    if runs_for_others(workload):
        return
    led, got = _read(view, workload)
    pairs = [pair for each in got if view.recent(each.at, VOID) for pair in _for_it(led.get(each.pod, ()), each)]
    if not pairs:
        return  # who asks for such an address and gets a page has got nothing
    first, one = pairs[0]
    fact = f"it was led to its node's credentials: {first.line}"
    yield 0.3, Evidence("logs", f"Pod/{first.pod}", fact, first.at), True
    fact = f"it fetched the credentials of its node: {one.line}"
    yield 0.45, Evidence("logs", f"Pod/{one.pod}", fact, one.at), True
    used = _used_elsewhere(view, [each for _, each in pairs])
    if used is not None:
        yield 0.6, used, False


def _for_it(led: Sequence[Led], got: Led) -> Iterator[tuple[Led, Led]]:
    """Yield by what its pod was led to what it got at once."""
    upto = bisect_right(led, got.at, key=lambda each: each.at)
    if upto and got.at - led[upto - 1].at <= AT_ONCE:
        yield led[upto - 1], got


def _read(view: View, workload: Workload) -> tuple[dict[str, list[Led]], list[Led]]:
    """Return by what each pod of a workload was led to credentials, and what they got there, in the order of time."""
    led: dict[str, list[Led]] = {}
    got: list[Led] = []
    for log in view.logs_of(workload.pods):
        for line in log.lines if speaks_of(log, _SPOKEN) else ():
            asked = is_request(line)
            said = unquote_plus(line[:4000]) if asked else line
            found, at = _HANDS_OUT.search(said), stamp(line)
            if found is None or at is None:
                continue
            told = Led(log.pod, line.strip(), at, (found["role"] or "").rstrip(",."))
            if asked:
                # What stands by itself is the address that is asked, by a proxy for its node.
                if 200 <= status_of(line) < 300 and said[: found.start()][-1:].strip():
                    led.setdefault(log.pod, []).append(told)
            elif _REDIRECT.search(said) and _by_another(said[: found.start()] + said[found.end() :]):
                led.setdefault(log.pod, []).append(told)
            elif _GIVEN.search(said):
                got.append(told)
    by_pod = {pod: sorted(each, key=lambda one: one.at) for pod, each in led.items()}
    return by_pod, sorted(got, key=lambda each: each.at)


def _by_another(said: str) -> bool:
    """Tell whether a line names an address of somebody outside."""
    return any(foreign(host.lower()) for host in _NAMED.findall(said))


def _used_elsewhere(view: View, got: Iterable[Led]) -> Evidence | None:
    """Return that since then a session of such a role is used from an address that nobody here came from before."""
    since: dict[str, datetime] = {}
    for each in got:
        if each.role:
            since.setdefault(each.role, each.at)
    if not since:
        return None
    uses, first = sorted(_uses(view), key=lambda each: each.at), min(since.values())
    before = [use for use in uses if use.at < since.get(use.role, first)]
    home, began = {use.address for use in before}, {use.session for use in before if use.role in since}
    for use in uses:
        if use.role in since and use.at >= since[use.role] and use.session in began and use.address not in home:
            fact = f"its session is used from another address since: {use.line}"
            return Evidence("logs", f"Pod/{use.pod}", fact, use.at)
    return None


def _uses(view: View) -> Iterator[_Use]:
    """Yield when roles were used, in which session, from which address, as any log tells it."""
    for log in view.snapshot.logs:
        for line in log.lines if speaks_of(log, ("assumed-role/",)) else ():
            who, client, at = _SESSION.search(line), CLIENT.search(line), stamp(line)
            if who and client and at is not None:
                yield _Use(at, who["role"], who["session"], client[0], log.pod, line.strip())
