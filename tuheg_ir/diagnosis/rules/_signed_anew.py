"""Who signs tokens has another key: how it tells so, and to whom that matters.

That alone shows no fault of those who refuse tokens: what was signed with a key that was dropped everybody refuses.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_ROTATED = late(
    r"\bkeys rotated, next rotation\b"
    r"|\b(?:signing keys?|realm keys?|jwks?) (?:(?:has|have) been |was |were |is )?(?:now )?rotated\b"
    r"|\brotat(?:ed|ing) (?:the )?(?:\w+ ){0,2}(?:signing keys?|realm keys?|jwks?)\b|\bsigning keys? rotation complete"
    r"|\b(?:new|next) (?:active )?signing key:? (?:kid|id)\b"
    r"|\bsigning key .{0,60}\b(?:activated|generated|now active)\b",
    re.IGNORECASE,
)
"""How who signs tokens tells that it signs with another key from now on; the first words are Dex's."""
_NO_TOKENS = late(r"webhook|partner|tenant|cookie|session|image|package|\burl|\bssh|\bhost|certificate", re.IGNORECASE)
"""Words of keys with which something else is signed."""
SLACK = timedelta(minutes=1)


def signed_anew(view: View, reader: Workload, began: datetime, soon: timedelta) -> Evidence | None:
    """Return that there is another key since shortly before something began, as who signs a reader's tokens tells."""
    near = (each for each in _rotations(view, reader) if each.time and -SLACK <= began - each.time <= soon)
    return min(near, key=lambda each: each.time or began, default=None)


def _rotations(view: View, reader: Workload) -> Iterator[Evidence]:
    """Yield what those tell whom a reader of tokens asks for their keys, or names as who issues them."""
    asked = keys_from(view, reader)
    for log in view.snapshot.logs:
        signer = view.owner_of(log.pod)
        for line in log.lines if signer in asked else ():
            if _ROTATED.search(line) and not _NO_TOKENS.search(line) and (at := stamp(line)) is not None:
                yield Evidence("logs", signer, line.strip(), at)


def keys_from(view: View, reader: Workload) -> set[str]:
    """Return whom a reader of tokens asks, or names by a host under which users come to them."""
    return {*view.graph.calls.get(reader.ref, ()), *_by_routes(view, reader)} - {reader.ref}


def _by_routes(view: View, reader: Workload) -> Iterator[str]:
    """Yield whom a reader's settings name by hosts under which users come to them."""
    yield from _routed(view, {host for key, value in view.graph.settings(reader) for host in hosts_in(key, value)})


def led_to(view: View, key: str, value: str) -> set[str]:
    """Return whom one setting names, by a name of the cluster or by a host under which users come to them."""
    hosts = hosts_in(key, value)
    return {*map(view.graph.resolve, hosts), *_routed(view, hosts)}


def _routed(view: View, hosts: Collection[str]) -> Iterator[str]:
    """Yield to whom users come under some hosts."""
    for route in view.routes:
        if route.host in hosts and route.service in view.services:
            yield from view.services[route.service].backends
