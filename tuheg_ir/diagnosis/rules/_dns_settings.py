"""What names are resolved by was edited right before they failed: servers that run well ask whom it names in vain.

A server takes its new settings up by itself. Who keeps sessions open finds out when the next one is due, much later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match
from tuheg_ir.diagnosis.rules._dns_zones import Redirected, forwarders, redirected
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import Complaint
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.releases import BEFORE, soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

_IN_VAIN = late(
    r"(?:->|dial (?:udp|tcp) |\bto |nameserver )\[?([\d.]{7,15}|[\da-fA-F:]{3,39})\]?(?:[:#]53)?\b.{0,60}?"
    r"(?:time[d ]*.?out|refused|no route to host|unreachable|not responding)"
    r"|\b(?:timed out|refused|unreachable|unexpected RCODE) resolving '[^']{1,255}': ([\da-fA-F.:]{3,39})#53\b",
    re.IGNORECASE,
)
"""How a server tells of whom it asked for a name and got no answer from."""


class Edited(NamedTuple):
    """The settings of name servers that were edited right before: who reads them, and how sure they are at fault."""

    ref: str
    evidence: tuple[Evidence, ...]
    readers: tuple[Workload, ...]
    named: bool
    """Whether it is known who is asked in vain."""
    missed: bool
    """Whether whom nobody released misses what they forward to somebody."""


class _Edit(NamedTuple):
    """An edit: who reads what was edited, who is asked in vain since ("" if unknown), and for which zone."""

    ref: str
    at: datetime
    readers: tuple[Workload, ...]
    host: str
    zone: Redirected | None

    @property
    def told(self) -> bool:
        return bool(self.host) or (self.zone is not None and self.zone.proven)


def edited_right_before(
    view: View, servers: Sequence[Workload], steady: Sequence[Complaint], since: datetime | None
) -> Edited | None:
    """Return the one ConfigMap that servers read, and that was edited as names began to fail; None of any other.

    Where they ask an address in vain that stands in it, and did not so before, it may be some hours old: so it may
    where names of one zone fail alone that was forwarded elsewhere. Of resolvers of one's own it has to be so, and
    one of ``steady``, complaints of who was not released, has to miss what they do not find.
    """
    close = [
        (edit, missed)
        for edit in _edits(view, [*servers, *forwarders(view, servers)])
        if _goes_before(view, edit.at, since, told=edit.told)
        if (missed := _misses(view, edit, steady)) or any(each in servers for each in edit.readers)
    ]
    if len(close) != 1:
        return None
    ((edit, missed),) = close
    return Edited(
        edit.ref, tuple(_seen(edit)), edit.readers, bool(edit.host or (edit.zone and edit.zone.asked)), missed
    )


def misled(
    view: View, edited: Edited, callers: Sequence[str], since: datetime | None, seen: Sequence[Evidence]
) -> Match:
    """Return that the servers' settings are at fault: a person has to put back what was edited."""
    alike = "new pods read the same settings, and the template is as it was"
    readers = tuple(each.ref for each in edited.readers)
    return Match(
        component=edited.ref,
        evidence=(*edited.evidence, *seen),
        certainty=0.85 if edited.named else 0.7 if edited.missed else 0.65,
        root_cause="configuration_error",
        since=since,
        explains=behind(view, *readers, *callers),
        excludes=(*not_for(readers, alike), *not_for(callers, "new pods would ask the same DNS")),
    )


def _edits(view: View, servers: Sequence[Workload]) -> Iterator[_Edit]:
    """Yield the edits of what servers read, with what these tell of them."""
    read: dict[tuple[str, datetime], list[Workload]] = {}
    for server in servers:
        for ref, at in outside_changes(view, server):
            if ref.startswith("ConfigMap/"):
                read.setdefault((ref, at), []).append(server)
    for (ref, at), readers in read.items():
        yield _Edit(ref, at, tuple(readers), _in_vain(view, readers, ref, at), redirected(view, readers, ref, at))


def _misses(view: View, edit: _Edit, steady: Sequence[Complaint]) -> bool:
    """Tell whether one of some complaints is of what servers do not find since an edit.

    By the name, where they tell it; a client that does not may have it from its settings.
    """
    if edit.zone is None:
        return bool(edit.host and steady)
    lines = {each.hit.line.lower() for each in steady}
    settings = (str(view.workloads[caller].template) for caller in sorted({each.caller for each in steady}))
    return any(name in said for said in chain(lines, settings) for name in edit.zone.names)


def _seen(edit: _Edit) -> Iterator[Evidence]:
    readers = ", ".join(server.ref for server in edit.readers)
    yield Evidence("objects", edit.ref, f"it was edited, {readers} read it", edit.at)
    if edit.host:
        yield Evidence("logs", edit.readers[0].ref, f"{edit.host} stands in {edit.ref}, and does not answer since")
    if edit.zone is not None:
        zone = edit.zone
        former = f", where {zone.asked} was asked before" if zone.asked else ""
        fact = f"{zone.times} times it found no name of {zone.zone} since: {zone.asks} is asked for these{former}"
        yield Evidence("logs", edit.readers[0].ref, fact)


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
                yield found[1] or found[2], stamp(line)
