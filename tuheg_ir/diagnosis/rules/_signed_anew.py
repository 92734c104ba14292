"""Who signs tokens has another key: how it tells so, and whether those who check them can know the one from before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.pods import Pod
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


@dataclass(frozen=True, slots=True)
class Rotation:
    """Who told that it signs with another key, when, and in which words."""

    signer: Workload
    at: datetime
    line: str


def rotations(view: View, reader: Workload) -> list[Rotation]:
    """Return what those tell whom a reader of tokens asks for their keys, or names as who issues them, oldest first."""
    return sorted(_rotations(view, reader), key=lambda each: each.at)


def _rotations(view: View, reader: Workload) -> Iterator[Rotation]:
    asked = {*view.graph.calls.get(reader.ref, ()), *_by_routes(view, reader)} - {reader.ref}
    for log in view.snapshot.logs:
        signer = view.workloads.get(view.owner_of(log.pod))
        if signer is None or signer.ref not in asked:
            continue
        for line in log.lines:
            if _ROTATED.search(line) and not _NO_TOKENS.search(line) and (at := stamp(line)) is not None:
                yield Rotation(signer, at, line.strip()[:240])


def _by_routes(view: View, reader: Workload) -> Iterator[str]:
    """Yield whom a reader's settings name by hosts under which users come to them."""
    hosts = {host for key, value in view.graph.settings(reader) for host in hosts_in(key, value)}
    for route in view.routes:
        if route.host in hosts and route.service in view.services:
            yield from view.services[route.service].backends


def _shortly_before(rotation: Rotation, began: datetime, soon: timedelta) -> bool:
    return -SLACK <= began - rotation.at <= soon


def signed_anew(view: View, reader: Workload, pods: Sequence[Pod], began: datetime, soon: timedelta) -> Evidence | None:
    """Return that there is another key since shortly before something began.

    None where one of the pods has gone through such a change before: it got the new key then.
    """
    told = rotations(view, reader)
    starts = [pod.started for pod in pods if pod.started]
    if any(began - each.at > soon and any(at < each.at for at in starts) for each in told):
        return None
    found = next((each for each in told if _shortly_before(each, began, soon)), None)
    return Evidence("logs", found.signer.ref, found.line, found.at) if found else None


def keys_lost(view: View, reader: Workload, began: datetime, soon: timedelta) -> bool:
    """Tell whether who signs was started anew about then: it may have lost the keys that it had before.

    Then tokens signed with these are refused by everybody, and a fresh reader gets no more keys than the others have.
    """
    near = (each for each in rotations(view, reader) if _shortly_before(each, began, soon))
    return any(
        at is None or at > each.at - soon
        for each in near
        for pod in each.signer.live
        for at in (pod.started, *(c.started_at for c in pod.containers))
    )
