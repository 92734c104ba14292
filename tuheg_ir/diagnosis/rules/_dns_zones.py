"""One zone whose names fail at servers that run well, since somebody edited whom these ask for names of that zone.

A server answers from its cache as long as it may keep a name: names are missed one after the other, long after. Few
servers tell whom they have asked in vain; most tell for which name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.reading import items, mapping, moment, whole, writers
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.writers import fields
from tuheg_ir.named import NamedTuple

_PORT = 53
"""Where anybody is asked for names, whatever the program is called."""
_UNANSWERED = late(
    r"(?:\bSERVFAIL <|\bplugin/errors: \d{1,3} |\bresolving '|\bresolve of '|\bquery failed \([^)]{1,40}\) for "
    r"|\breply (?=\S{1,255} is <?(?:SERVFAIL|REFUSED|NXDOMAIN)\b)"
    r'|"[A-Z]{1,5} IN (?=\S{1,255} (?:udp|tcp) [^"]{1,60}" (?:SERVFAIL|REFUSED|NXDOMAIN)\b))([\w.-]{1,255})'
)
"""How unbound, CoreDNS, BIND, the recursor of PowerDNS and dnsmasq tell for which name they have no answer."""
_TRIES = (".svc.", ".arpa")
"""Parts of names that are asked for in vain everywhere: of search lists, and of addresses that bear no name."""
_ADDRESS = r"(?<![\w.:])(\d{1,3}(?:\.\d{1,3}){3}|(?=[\da-f]*:)[\da-f:]{0,37}::[\da-f:]{0,37})(?![\w:]|\.\d)"
"""One of the newer kind has two colons beside each other, as no time of day has."""
_NOTE = late(r"^[ \t]*(?:#|;|//).*$", re.MULTILINE)
"""What a person wrote beside the settings is none of them."""
_AMONG = 3
"""So many times as often as any others the names of the zone fail: what takes others too is no matter of it."""


class Redirected(NamedTuple):
    """A zone whose names a server does not find since an edit: whom it asks now, and whom it named before ("")."""

    zone: str
    asks: str
    asked: str
    names: frozenset[str]
    times: int
    alone: bool
    """Whether what was written is the zone's own part, and others stand beside it."""

    @property
    def proven(self) -> bool:
        """Tell whether the edit is known to be of whom the zone's names are asked."""
        return bool(self.asked) or self.alone


def forwarders(view: View, servers: Sequence[Workload]) -> tuple[Workload, ...]:
    """Return who else is asked for names and is well: a resolver of one's own, whatever program it is."""
    others = (each for each in view.serving if each not in servers and each.ready >= max(1, each.wanted))
    return tuple(each for each in others if _asked(view, each))


def _asked(view: View, workload: Workload) -> bool:
    own = (port for each in items(workload.template, "spec", "containers") for port in items(each, "ports"))
    led = (port for service in view.leading_to(workload.ref) for port in service.ports)
    return any(whole(p, "containerPort") == _PORT for p in own) or any(whole(p, "port") == _PORT for p in led)


def redirected(view: View, readers: Sequence[Workload], ref: str, at: datetime) -> Redirected | None:
    """Return the one zone of a ConfigMap whose names fail at its readers since it was written, and never did before."""
    obj = view.objects("ConfigMap").get(ref.partition("/")[2], {})
    held = mapping(obj, "data")
    keys = _written(obj, at) & held.keys()
    text = _NOTE.sub("", "\n".join(str(held[key]) for key in sorted(keys or held))).lower()
    told = list(_unanswered(view, readers))
    before = {name for name, when in told if when is None or when < at + BEFORE}
    since = [name for name, _ in told if name not in before]
    zones = Counter(_zone(name, text) for name in since)
    zone = max(zones, key=lambda each: zones[each] if each else 0, default="")
    count = zones[zone]
    if not zone or count < OFTEN or count < _AMONG * (len(since) - count) or any(_is_of(n, zone) for n in before):
        return None
    asks = _upstream(zone, text)
    former = _former(view, readers, zone, at)
    return Redirected(
        zone,
        asks,
        "" if asks in former else next(iter(sorted(former)), ""),
        frozenset(name for name in since if _is_of(name, zone)),
        count,
        0 < len(keys) < len(held),
    )


def _written(obj: Obj, at: datetime) -> set[str]:
    """Return the keys that were written at a time, as far as their writer tells."""
    wrote = [fields(each) for each in writers(obj) if moment(each, "time") == at]
    return {path.removeprefix("data.") for each in wrote for path in each if path.startswith("data.")}


def _unanswered(view: View, readers: Sequence[Workload]) -> Iterator[tuple[str, datetime | None]]:
    """Yield (name, when) of what readers did not answer: no tries of a search list."""
    for reader in readers:
        for line in view.lines_of(reader):
            if found := _UNANSWERED.search(line):
                name = found[1].rstrip(".").lower()
                if not any(each in f"{name}." for each in _TRIES):
                    yield name, stamp(line)


def _zone(name: str, text: str) -> str:
    """Return the longest end of a name that settings forward to somebody; "" if none."""
    labels = name.split(".")
    ends = (".".join(labels[first:]) for first in range(1, len(labels) - 1))
    return next((each for each in ends if each in text and _upstream(each, text)), "")


def _upstream(zone: str, text: str) -> str:
    """Return the first address behind a zone in settings: all programs write down first of what, then whom to ask."""
    found = re.search(rf"{_bare(zone)}.{{0,300}}?{_ADDRESS}", text, re.DOTALL)
    return found[1] if found else ""


def _former(view: View, readers: Sequence[Workload], zone: str, at: datetime) -> set[str]:
    """Return the addresses that readers named with a zone before a time, as they do when they read their settings."""
    bare = _bare(zone)
    forms = (rf"{bare}.{{0,60}}?{_ADDRESS}", rf"{_ADDRESS}(?:#\d{{1,5}})? for (?:\w+ )?{bare}")
    found = set()
    for line in (line for reader in readers for line in view.lines_of(reader)):
        told = next((each for form in forms if (each := re.search(form, line.lower()))), None)
        when = stamp(line) if told else None
        if told and when is not None and when < at + BEFORE:
            found.add(told[1])
    return found


def _bare(zone: str) -> str:
    """Return the pattern of a zone by itself, and not as the end of a name."""
    return rf"(?<![\w.-]){re.escape(zone)}\.?(?![\w-]|\.\w)"


def _is_of(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")
