"""That a program ran what a request told it to: what is printed then, whom it calls, and which tables are copied.

Whoever sends commands to all the world gets pages as others do, and nothing of this follows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._injected import Ordered, Told, carries, ordered, runs_code, told_by_itself
from tuheg_ir.diagnosis.rules._planted import AT_ONCE, TOGETHER, complains
from tuheg_ir.diagnosis.rules._robbed import EVER, dumped
from tuheg_ir.diagnosis.rules._sent_away import OUTSIDE, PUBLIC
from tuheg_ir.diagnosis.rules._tools_speak import speaks
from tuheg_ir.diagnosis.rules._unpacked import OBEYED, unpacked
from tuheg_ir.diagnosis.rules.edge_released import is_proxy
from tuheg_ir.diagnosis.view.logs import ADDRESS, speaks_of, times_near
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_PRINTED = late(
    r"(?:^|[\s\"':=>])(?:uid=\d+(?:\([\w.$-]{1,64}\))? gid=\d+|root:[x*!]?:0:0:"
    r"|Linux \S{1,80} \d+\.\d+\.\S{1,80} .{0,120}GNU/Linux\b|KUBERNETES_SERVICE_HOST=\d)"
)
"""What the commands print that are tried first: id, cat /etc/passwd, uname, env."""
_SPOKEN = ("uid=", ":0:0:", "gnu/linux", "kubernetes_service_host=")
"""One of these is in all that they print."""
_BY_ITSELF = late(
    r"\s*(?:[\[(]?(?:\d{4}[-/.]\d\d[-/.]\d\d[T ])?\d\d:\d\d:\d\d[\d.,]*(?:Z| ?[+-]\d\d:?\d\d)?[\])]?\s+)?"
    r"(?:std(?:out|err) [FP] |.{0,160}\bsaid into std(?:out|err): \")?"
    r"(?:uid=\d+(?:\([\w.$-]{1,64}\))? gid=\d+(?:\([\w.$-]{1,64}\))?(?: (?:e[ug]id|groups|context)=|[\s\"]*$)"
    r"|root:[x*!]?:0:0:|Linux \S{1,80} \d+\.\d+\.\S{1,80} .{0,120}GNU/Linux\b|KUBERNETES_SERVICE_HOST=\d)"
)
"""The same as a line of its own: within another field it is what somebody has written."""
_SCRIPT = late(
    r"(?:^|[|;&(`'\"\s/])(?:(?:ba|da|a|z)?sh|python3?|perl|php|ruby|node)(?=\s+[\w./-]|\s*[|;&'\"`)]|\s*$)"
    r"|\bchmod \+?[\dx]|(?:^|[\s;|&'\"])(?:\./|/tmp/|/var/tmp/|/dev/shm/)\w"
)
"""That a command runs others, which it does not name."""
_LINK = late(rf"https?://|(?<![\d.]){PUBLIC}")
FETCHERS = ("curl", "wget")
"""What programs fetch links with for their users as well."""
_SHARE = 0.1
"""Where more of the time than this lies just after orders, what comes just after them comes without them as well."""
_FOR_CODE = late(
    r"[?&\"'{,\s](?:code|snippet|script|source_?code|program_?text|cell|stdin)[\"']?\s?[=:]\s?[\"']?(?![\d\s\"'])"
    r"|/(?:submissions?|snippets?|execut\w+|eval(?:uate)?|run|repl|playground|cells?|kernels?|consoles?)\b(?=[/?\s\"',])",
    re.IGNORECASE,
)
"""Requests that bring code by their name: programs for that run it by design."""
_TALKS = late(
    r"chat|forum|messeng|pastebin|\bpaste|wiki|discourse|mattermost|zulip|mastodon|synapse|helpdesk", re.IGNORECASE
)
"""Programs whose users write commands, and what these print, to each other."""
_BARE = late(rf"(?<![\d.]){PUBLIC}")
_TUNNEL = late(rf"\bCONNECT {PUBLIC}(?=:\d)")
"""How a proxy tells whom it was asked to reach."""
TRIES = late(
    r"pen-?test|red-?team|bug-?bounty|hackerone|bugcrowd|intigriti|security[ _-]?(?:test|scan|audit)|\bzap(?:roxy)?\b"
    r"|nuclei|nikto|trivy|nessus|qualys|kube-probe|blackbox|prometheus",
    re.IGNORECASE,
)
"""Whom the owners let try such things says so in what he sends; a thief may say it as well."""


def obeyed(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield what shows that a command of a request was run; whether it may be the owners' own try, or users' by design.

    What the program told before the first such request is a habit of its own.
    """
    orders = [each for each in (*ordered(view, workload), *unpacked(view, workload)) if each.at is not None]
    first = oldest(each.at for each in orders)
    if first is None or runs_code(workload):
        return
    told, rare = list(_told(view, workload)), _rare(view, workload, orders)
    meant = _TALKS.search(workload.name) is not None or all(_FOR_CODE.search(each.line) for each in orders)
    tried = meant or all(by_the_house(view, each.line) for each in orders)
    ran = (*_printed(rare, told), *_complained(rare, told), *_called(view, workload, orders, told))
    for weight, seen in ran:
        yield weight, seen, tried
    for each in unpacked(view, workload)[:1] if ran else ():
        fact = f"{each.order} was sent to it in a document: {each.line[:240]}"
        yield 0.15, Evidence("logs", f"Pod/{each.pod}", fact, each.at), tried
    for server, copy in dumped(view, workload, EVER):
        if copy.at < first:
            continue
        fact = f"whole tables are copied out from {workload.name}: {copy.text[:240]}"
        yield 0.3, Evidence("logs", server.ref, fact, copy.at), meant
        return


def _told(view: View, workload: Workload) -> Iterator[Told]:
    """Yield what a workload tells by itself: no request, and nothing that repeats one."""
    for log in view.logs_of(workload.pods):
        yield from (told for _, told in told_by_itself(log) if not carries(told.line))


def may_make_known(log: Log) -> bool:
    """Tell whether a log may hold what ``made_known`` knows: to look through all of its lines takes far longer."""
    return speaks_of(log, _SPOKEN)


def made_known(said: str, *, at_once: bool = False) -> bool:
    """Tell whether words hold what commands print that are tried first; ``at_once``: whether they begin with it."""
    return (_PRINTED.match(said) if at_once else _PRINTED.search(said)) is not None


def _rare(view: View, workload: Workload, orders: Sequence[Ordered]) -> list[Ordered]:
    """Return the orders of those pods where little of the time lies just after one: all comes after frequent ones."""
    spoken: dict[str, list[datetime]] = defaultdict(list)
    for log in view.logs_of(workload.pods):
        spoken[log.pod] += [at for at in times_near(log.lines) if at is not None]
    given: dict[str, list[datetime]] = defaultdict(list)
    for each in orders:
        given[each.pod] += [each.at] if each.at is not None else []
    after = {pod: _just_after(sorted(times)) for pod, times in given.items()}
    return [
        each for each in orders if (times := spoken[each.pod]) and after[each.pod] <= _SHARE * (max(times) - min(times))
    ]


def _just_after(times: Sequence[datetime]) -> timedelta:
    """Return how much time lies just after one of some times, which are given in order."""
    between = (min(later - at, AT_ONCE) for at, later in pairwise(times))
    return sum(between, AT_ONCE)


def _before(orders: Sequence[Ordered], told: Told) -> list[Ordered]:
    """Return the orders that a pod was given just before it told something."""
    return [
        each
        for each in orders
        if each.pod == told.pod and each.at is not None and timedelta() <= told.at - each.at <= AT_ONCE
    ]


def _printed(orders: Sequence[Ordered], told: Sequence[Told]) -> Iterator[tuple[float, Evidence]]:
    """Yield that what a command prints stands in the log just after it was sent."""
    found = [each for each in told if _PRINTED.search(each.line)]
    own = [each for each in found if _BY_ITSELF.match(each.line)]
    if own and all(_before(orders, each) for each in found):
        pod, line, at = own[0]
        yield 0.6, Evidence("logs", f"Pod/{pod}", f"a command that a request carried has printed this: {line}", at)


def _complained(orders: Sequence[Ordered], told: Sequence[Told]) -> Iterator[tuple[float, Evidence]]:
    """Yield that tools speak just after commands that use them; one may be called by the program itself."""
    tools: dict[str, list[Told]] = {}
    for each in told:
        if tool := complains(each.line) or speaks(each.line):
            tools.setdefault(tool, []).append(each)
    ran = {
        tool: found
        for tool, found in tools.items()
        if all(any(_uses(order.order, tool) for order in _before(orders, each)) for each in found)
    }
    if ran:
        pod, line, at = next(iter(ran.values()))[0]
        fact = f"tools of a shell speak just after requests carried commands ({', '.join(ran)}): {line}"
        yield 0.6 if len(ran) >= TOGETHER else 0.3, Evidence("logs", f"Pod/{pod}", fact, at)


def _uses(order: str, tool: str) -> bool:
    """Tell whether an order names a tool, or runs others that it does not name.

    The program may fetch a link for its users by itself, and then its own tool complains of that.
    """
    if tool in FETCHERS and _LINK.search(order):
        return False
    return _SCRIPT.search(order) is not None or re.search(rf"(?<![\w.-]){tool}(?![\w/-])", order) is not None


def _called(
    view: View, workload: Workload, orders: Sequence[Ordered], told: Sequence[Told]
) -> Iterator[tuple[float, Evidence]]:
    """Yield that a workload calls an address that it can know from a command only.

    It may have been told of a link as well, which it looks at for its users: that alone is too little.
    """
    named = {address for each in orders for address in _BARE.findall(each.order)}
    # Of a document only its types are known: who sent it may have it call him, and none of the house knows him.
    named |= {
        address
        for each in unpacked(view, workload)
        if each.order.startswith(OBEYED)
        for address in _BARE.findall(each.line)
    }
    first = oldest(each.at for each in orders)
    if not named or first is None:
        return
    calls = [each for each in (*told, *_seen_by_others(view, workload, named)) if far_ends(each.line) & named]
    known = {address for each in calls if each.at < first for address in far_ends(each.line)}
    for pod, line, at in calls:
        if far_ends(line) & (named - known) and not complains(line):
            fact = f"it calls an address that a request's command named: {line}"
            yield 0.4, Evidence("logs", f"Pod/{pod}", fact, at)
            return


def _seen_by_others(view: View, workload: Workload, named: Collection[str]) -> Iterator[Told]:
    """Yield the lines of others, as of a proxy or of the network, that tell of a workload's pods and of such places."""
    mine = {pod.address for pod in workload.live if pod.address}
    own = {pod.name for pod in workload.pods}
    for log in view.snapshot.logs:
        if log.pod in own or not speaks_of(log, named):
            continue
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            if at is not None and mine & set(ADDRESS.findall(line)) and not carries(line):
                yield Told(log.pod, line.strip(), at)


def far_ends(line: str) -> set[str]:
    """Return the addresses outside that a line tells were called."""
    found = (*OUTSIDE.finditer(line), *_TUNNEL.finditer(line))
    return {address for each in found for address in _BARE.findall(each[0])}


def by_the_house(view: View, line: str) -> bool:
    """Tell whether who sent a request says that he tries it, or is a pod from here that passes on nobody's requests.

    For whom else such a pod says that it asks is its own word: a scan of the house says so as well.
    """
    if TRIES.search(line):
        return True
    client = next(iter(ADDRESS.findall(line)), "")
    return any(
        pod.address == client and not pod.on_host_network and not is_proxy(each)
        for each in view.workloads.values()
        for pod in each.live
    )
