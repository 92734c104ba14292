"""A release left a broker far less memory than it had: at the same load it raises its alarm, and takes no more.

A broker counts what it may hold from the limit of its container, its heap or a mark that it is told. Where nothing
piles up in its queues, no reader and no publisher has filled it: it is as full as ever, and only its mark is lower.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rule import RESTARTS, Match, excluding
from tuheg_ir.diagnosis.rules._alarmed import Alarm
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._outrun import ELSEWHERE, MANY
from tuheg_ir.diagnosis.rules._readers import queues
from tuheg_ir.diagnosis.view.changes import words_given
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.programs import role_of_image
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.releases import BEFORE, release_evidence, releases, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SUSPECT = timedelta(hours=24)
"""By then a broker has seen the busiest hour of a day with its new room."""
OVER_SUNDAY = timedelta(hours=72)
"""What was cut before a quiet weekend shows on Monday: soon enough, where figures tell that no queue is long."""
LESS = 0.75
"""A broker of at least so much of its former room holds about what it held."""
_UNIT = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}
_HEAP = late(r"-Xmx(\d{1,15})([kmgt]?)\b", re.IGNORECASE)
_SHARE = late(r"-XX:MaxRAMPercentage=(\d{1,3}(?:\.\d{1,6})?)")
_MARK = late(
    r"^[^#%\n]{0,200}memory_high_watermark(?:[._](?:relative|absolute))?[\"']?\s{0,3}[=:,]\s{0,3}[\"']?"
    r"(?:\{absolute,\s{0,3}[\"']?)?(\d{1,15}(?:\.\d{1,6})?)\s?([kmgt]?)i?b?(?![\w.])",
    re.IGNORECASE | re.MULTILINE,
)
"""How RabbitMQ is told it, as a share of its memory up to 1, or in bytes."""
_OF_MEMORY = late(
    r"memory resource limit alarm set|vm_memory_high_watermark set|resource_limit,memory|\blow on memory"
    r"|\bmemory limit\b.{0,40}reached",
    re.IGNORECASE,
)
_OF_DISK = late(
    r"disk resource limit alarm set|resource_limit,disk|\blow on (?:memory & )?disk|free disk space is insufficient"
    r"|persistent store is full|disk capacity is low|\b(?:store|temp) limit\b.{0,40}reached",
    re.IGNORECASE,
)
"""What tells of an alarm of disk: of that no memory gives more."""


class Cut(NamedTuple):
    """A broker, the room that its release left it and that it had before, and what shows how little waits in it."""

    broker: Workload
    before: float
    now: float
    waits: tuple[Evidence, ...]

    def told(self) -> Evidence:
        """Return it as evidence."""
        had = f"of {self.before / 2**20:.4g} MiB" if math.isfinite(self.before) else "and had no limit before"
        fact = f"its release left it {self.now / 2**20:.4g} MiB of memory to count its alarm from, {had}"
        return Evidence("objects", self.broker.ref, fact, self.broker.released_at)


def room_cut(view: View, alarm: Alarm) -> Cut | None:
    """Return that a broker has far less memory since its release, raised no alarm before, and nothing piles up."""
    broker, since = alarm.broker, alarm.since
    if broker.returned or broker.older_pods() or broker.released_at is None or since is None:
        return None
    most = _most_waiting(view)
    within = SUSPECT if most is None else OVER_SUNDAY
    if since < broker.released_at + BEFORE or not releases(view, broker, within):
        return None
    if not _of_memory(view, alarm) or (most is not None and most >= MANY):
        return None
    before, now = _room(view, template_before(broker)), _room(view, broker.template)
    if before is None or now is None or not (math.isfinite(now) and now <= LESS * before):
        return None
    return Cut(broker, before, now, () if most is None else (_waits(broker, most),))


def _waits(broker: Workload, most: float) -> Evidence:
    return Evidence("metrics", broker.ref, f"nothing piles up: at most {most:.0f} messages have waited in any queue")


def _most_waiting(view: View) -> float | None:
    """Return how many messages have waited in the longest queue at most; None if nobody counts any."""
    counted = (each for each in queues(view) if not ELSEWHERE & each.labels.keys())
    return max((value for each in counted for _, value in each.points), default=None)


def _of_memory(view: View, alarm: Alarm) -> bool:
    """Tell whether those who tell of an alarm tell that memory is short, and nobody that a disk is full."""
    lines = [line for each in alarm.said for log in view.logs_with(each.hit) for line in log.lines]
    return any(_OF_MEMORY.search(line) for line in lines) and not any(_OF_DISK.search(line) for line in lines)


def _room(view: View, template: Mapping[str, Any]) -> float | None:
    """Return of how many bytes the one broker of a template counts its alarm; endless: no limit; None: nobody knows."""
    found = items(template, "spec", "containers")
    brokers = [each for each in found if len(found) == 1 or role_of_image(text(each, "image")) == "broker"]
    if len(brokers) != 1:
        return None
    said = "\n".join(_said(view, template, brokers[0]))
    if heaps := _HEAP.findall(said):
        return _bytes(*heaps[-1])
    much, unit = (_MARK.findall(said) or [("", "")])[-1]
    if much and (unit or float(much) > 1):
        return _bytes(much, unit)
    limit = number(mapping(brokers[0], "resources", "limits").get("memory"))
    shares = [float(much)] if much else [float(each) / 100 for each in _SHARE.findall(said)][-1:]
    return math.inf if limit is None else limit * (shares or [1.0])[0]


def _bytes(much: str, unit: str) -> float:
    return math.ldexp(float(much), _UNIT[unit.lower()])


def _said(view: View, template: Mapping[str, Any], broker: Obj) -> Iterator[str]:
    """Yield what a broker is told by its template and by the files that it reads."""
    for _, found in view.maps_read(template):
        yield from (str(value) for value in mapping(found, "data").values())
    yield from words_given(broker)


def of_cut(cut: Cut, told: tuple[Evidence, ...], callers: tuple[str, ...]) -> Match:
    """Return that the release of a broker is behind its alarm.

    A person goes back where its image changed as well, as the files of a newer one may not be read by the older; and
    where what waits in it is in memory alone, as new pods begin empty.
    """
    broker = cut.broker
    barred = not _keeps(broker) or bool(broker.changed("image"))
    why = f"{broker.ref} has less memory since its release: nothing done to others gives it back"
    return Match(
        component=broker.ref,
        evidence=(cut.told(), *told, *cut.waits, *release_evidence(broker, "limits", "env", "command")[:1]),
        certainty=0.8 if cut.waits else 0.7,
        root_cause="configuration_error",
        remedy="page_human" if barred else "rollback_workload",
        since=broker.released_at,
        explains=callers,
        excludes=(
            *not_for(callers, why),
            *excluding(broker.ref, "new pods of this template count from as little", *RESTARTS, "scale_workload"),
            *(excluding(broker.ref, "what lies in it may be lost", "rollback_workload") if barred else ()),
        ),
    )


def _keeps(broker: Workload) -> bool:
    """Tell whether a broker keeps what it has on a volume: one claimed, or one that its template mounts from nowhere.

    That is how a StatefulSet mounts what it claims for each of its pods.
    """
    named = {text(each, "name") for each in items(broker.template, "spec", "volumes")}
    mounts = (m for c in items(broker.template, "spec", "containers") for m in items(c, "volumeMounts"))
    return bool(claims_of(broker)) or any(text(each, "name") not in named for each in mounts)
