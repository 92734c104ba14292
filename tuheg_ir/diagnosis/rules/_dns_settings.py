"""What names are resolved by was edited right before they failed: servers that run well ask whom it names in vain.

A server takes its new settings up by itself. Who keeps sessions open finds out when the next one is due, much later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._helping import HOURS
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.releases import BEFORE, soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

_IN_VAIN = late(
    r"(?:->|dial (?:udp|tcp) |\bto |nameserver )\[?([\d.]{7,15}|[\da-fA-F:]{3,39})\]?(?:[:#]53)?\b.{0,60}?"
    r"(?:time[d ]*.?out|refused|no route to host|unreachable|not responding)",
    re.IGNORECASE,
)
"""How a server tells of whom it asked for a name and got no answer from."""


class Edited(NamedTuple):
    """The settings of name servers that were edited right before, and whether a server asks in vain whom they name."""

    ref: str
    evidence: tuple[Evidence, ...]
    named: bool


def edited_right_before(view: View, servers: Sequence[Workload], since: datetime | None) -> Edited | None:
    """Return the one ConfigMap that servers read, and that was edited as names began to fail; None of any other.

    Where they ask an address in vain that stands in it, and did not so before, it may be some hours old.
    """
    edits = {ref: at for server in servers for ref, at in outside_changes(view, server) if ref.startswith("ConfigMap/")}
    found = [(ref, at, _in_vain(view, servers, ref, at)) for ref, at in edits.items()]
    close = [(ref, at, host) for ref, at, host in found if _goes_before(view, at, since, told=bool(host))]
    if len(close) != 1:
        return None
    ((ref, at, host),) = close
    told = Evidence("objects", ref, f"it was edited, {', '.join(server.ref for server in servers)} read it", at)
    asked = (Evidence("logs", servers[0].ref, f"{host} stands in {ref}, and does not answer since"),) if host else ()
    return Edited(ref, (told, *asked), bool(host))


def _goes_before(view: View, at: datetime, since: datetime | None, *, told: bool) -> bool:
    """Tell whether an edit came right before names failed, or hours before where servers tell whom they ask in vain."""
    if since is None:
        return told and view.recent(at, HOURS)
    return soon_after(since, at) or (told and BEFORE <= since - at <= HOURS)


def _in_vain(view: View, servers: Sequence[Workload], ref: str, at: datetime) -> str:
    """Return the address in a ConfigMap that servers ask in vain since its edit, and never did before; "" if none."""
    obj = view.objects("ConfigMap").get(ref.partition("/")[2], {})
    kept = " ".join(map(str, mapping(obj, "data").values()))
    times: dict[str, list[datetime | None]] = {}
    for host, told in _asked(view, servers):
        times.setdefault(host, []).append(told)
    for host, tellings in sorted(times.items(), key=lambda each: -len(each[1])):
        before = any(told is not None and told < at + BEFORE for told in tellings)
        stands = re.search(rf"(?<![\w.:]){re.escape(host)}(?![\w.])", kept)
        if stands and not before and len(tellings) >= OFTEN:
            return host
    return ""


def _asked(view: View, servers: Sequence[Workload]) -> Iterator[tuple[str, datetime | None]]:
    """Yield (address, when) of what servers have asked in vain."""
    for server in servers:
        for line in view.lines_of(server):
            if found := _IN_VAIN.search(line):
                yield found[1], stamp(line)
