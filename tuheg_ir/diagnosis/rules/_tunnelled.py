"""Data that leave in the names that a pod asks of the name server: each is long, unreadable, and never asked again.

Where a firewall lets nothing out the name server still passes questions on, to whoever owns a domain. Programs that
look up what they have seen ask by sums of it, as mail filters do.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._injected import runs_for_others
from tuheg_ir.diagnosis.rules._knocking import of_the_house
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import heard_since
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import items, newest, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

MANY = 20
"""So many such names of one domain are no names of anything."""
SILENT = timedelta(minutes=10)
"""A program that asked for no such name for so long has another way of its own."""
LONG = 60
"""So many signs of a name stand before its domain at least, the dots left out."""
_ASKED = late(
    r"(?<![\w.:\[])\[?(?P<client>[\da-fA-F.:]{2,45}?)\]?:\d{1,5} - \d{1,5} "
    r'"[A-Z]{1,10} IN (?P<asked>[\w.-]{60,255}?)\.? (?:udp|tcp|tls|https) '
)
"""How CoreDNS logs who asks for which name, of any type."""
_UNREADABLE = late(r"(?<![^.])(?=[a-z_]{0,60}\d[a-z_]{0,60}\d)(?=\d{0,60}[a-z])\w{30,63}(?![^.])")
"""One part of a name that is a code: letters and digits, with nothing between them for so long."""
_LOOKS_UP = late(
    r"rspam|spam|amavis|clam|virus|sophos|mcafee|trend-?micro|falcon|defender|mail|postfix|exim|dns|resolver|proxy|scan",
    re.IGNORECASE,
)
"""In names of programs that ask for sums of what they have seen, or for others."""


class _Carried(NamedTuple):
    """What a pod asked for under one domain: different unreadable names, one of them, and when it began."""

    domain: str
    names: int
    one: str
    first: datetime | None


def tunnelled(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield that a workload's pods ask for names that carry data; whether a person has to judge what they are.

    They may be its program's own way, but not where some of its pods do it and others do not, or none did for long.
    """
    found = ((pod, _most(view, pod.address)) for pod in workload.live if not pod.on_host_network)
    carried = [(pod, each) for pod, each in found if each is not None]
    if not carried or runs_for_others(workload) or of_the_house(workload) or _looks_up(workload):
        return
    pod, most = max(carried, key=lambda each: each[1].names)
    settings = " ".join(value for _, value in view.graph.settings(workload))
    if most.domain in settings or _asked_by_others(view, workload, most.domain):
        return
    does = {pod.name for pod, _ in carried}
    well = [each.name for each in workload.live if each.ready and each.name not in does]
    new = _long_without(view, workload, most.first)
    fact = f"{most.names} names under {most.domain} were asked from it, each another and a code, as data is carried out"
    yield 0.6, Evidence("logs", f"Pod/{pod.name}", f"{fact}: {most.one[:120]}", most.first), not well and not new
    if well:
        yield 0.2, Evidence("logs", f"Pod/{well[0]}", "it has the same template, and asks for no such name", None), True


def _looks_up(workload: Workload) -> bool:
    images = (text(each, "image") for each in items(workload.template, "spec", "containers"))
    return any(map(_LOOKS_UP.search, (workload.name, *images)))


def _most(view: View, address: str) -> _Carried | None:
    """Return the domain under which an address asked for most such names; None for too few."""
    found = _codes(view).get(address, {})
    domain, names = max(found.items(), key=lambda each: len(each[1]), default=("", dict[str, datetime | None]()))
    return _Carried(domain, len(names), min(names), oldest(names.values())) if len(names) >= MANY else None


def passed_on_by(view: View, workload: Workload) -> tuple[str, ...]:
    """Return the name servers that a workload's pods have pass data on: whoever asks them waits behind these."""
    return tuple(w.ref for w in of_role(view.workloads, "dns")) if any(tunnelled(view, workload)) else ()


def _long_without(view: View, workload: Workload, first: datetime | None) -> bool:
    """Tell whether a workload that ran for long asked for no such name, as a name server's log shows, and then did.

    Nothing was released of it meanwhile: what its program asks of its own accord it asks from its start on.
    """
    began = heard_since(log for server in of_role(view.workloads, "dns") for log in view.logs_of(server.live))
    started = newest(pod.created for pod in workload.live)
    if first is None or began is None or started is None or first - began < SILENT:
        return False
    return started < began and (workload.released_at is None or workload.released_at < began)


def _asked_by_others(view: View, workload: Workload, domain: str) -> bool:
    """Tell whether others ask for such names of a domain too: then it is a service that both use."""
    own = {pod.address for pod in workload.live}
    return any(domain in found and address not in own for address, found in _codes(view).items())


@once_a_view
def _codes(view: View) -> Mapping[str, Mapping[str, Mapping[str, datetime | None]]]:
    """Return the unreadable names that were asked for, and when first, by who asked and their domain."""
    found: dict[str, dict[str, dict[str, datetime | None]]] = defaultdict(lambda: defaultdict(dict))
    for server in of_role(view.workloads, "dns"):
        for line in view.lines_of(server):
            asked = _ASKED.search(line)
            if asked and (name := asked["asked"].lower()) and _UNREADABLE.search(name):
                *before, last, top = name.split(".")
                if sum(map(len, before)) >= LONG:
                    found[asked["client"]][f"{last}.{top}"].setdefault(name, stamp(line))
    return found
