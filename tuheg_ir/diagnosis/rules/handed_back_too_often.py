"""A broker throws away what is handed back more often than it allows, by a limit that came with its upgrade.

Quorum queues of RabbitMQ have one by default since 4.0. Who hands back what it cannot do yet loses it by that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, names, not_for, not_their_own
from tuheg_ir.diagnosis.rules._missed import felt_by
from tuheg_ir.diagnosis.view.complaints import OFTEN, UNANSWERED, fresh
from tuheg_ir.diagnosis.view.logs import speaks_of, times_around
from tuheg_ir.diagnosis.view.programs import of_role, role, role_of_image
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.stores import upgraded
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_DEFAULT = late(r"\bqueue '([^']{1,255})'.{0,300}: delivery_limit not set, defaulting to (\d{1,9})\b")
_COUNT = late(r"\b(?:x[-_])?(?:re)?deliver(?:y|ies)[-_ ]?count\b[\"']?\s{0,2}[=:]\s{0,2}\"?(\d{1,6})\b", re.IGNORECASE)
"""How often a message was delivered before, as whoever reads it tells: RabbitMQ tells it in a header."""
DAYS = timedelta(days=4)
"""An upgrade of a weekend is felt on the first day of work."""
AT_IT = 3
"""So many messages that came as far as the limit, and none beyond it, are no chance."""


class _Limit(NamedTuple):
    """The limit that a broker took by default, for which queues, and what shows it."""

    most: int
    queues: frozenset[str]
    shown: Evidence


def when(view: View) -> Iterator[Match]:
    """Since a broker's upgrade messages come just as far as its default limit of deliveries, and something is wrong."""
    for broker in of_role(view.workloads, "broker"):
        limit = _limit(view, broker) if upgraded(view, broker) and releases(view, broker, DAYS) else None
        if limit is None:
            continue
        start = newest(pod.started for pod in broker.live)
        for reader in view.serving:
            if role(reader) or not _reads(view, reader, limit.queues) or _hands_back_by_itself(view, reader, broker):
                continue
            if (seen := _reaches(view, reader, limit.most, start)) is not None:
                near = not_their_own(view, behind(view, broker.ref, reader.ref), broker.released_at)
                if signs := list(felt_by(view, ("", *near), broker.released_at)):
                    yield _match(broker, near, (limit.shown, seen, *signs[:2]))


def _hands_back_by_itself(view: View, reader: Workload, broker: Workload) -> bool:
    """Tell whether a reader may hand back what it did not before: it was released since, or gets no answer itself."""
    came = reader.released_at
    if reader.changes and (came is None or broker.released_at is None or came >= broker.released_at):
        return True
    hits = (hit for hit in view.hits_of(reader.ref, *UNANSWERED) if hit.count >= OFTEN and not hit.previous)
    return any(fresh(view, hit) for hit in hits)


def _limit(view: View, broker: Workload) -> _Limit | None:
    """Return the limit that a broker tells that it takes for queues which have none; None if it tells of none."""
    found = [
        (match, Evidence("logs", broker.ref, line.strip(), at))
        for log in view.logs_of(broker.live, previous=False)
        if speaks_of(log, ("delivery_limit not set",))
        for at, line in zip(times_around(log.lines)[0], log.lines, strict=True)
        if (match := _DEFAULT.search(line))
    ]
    most = {int(match[2]) for match, _ in found}
    if len(most) != 1:
        return None
    return _Limit(most.pop(), frozenset(match[1] for match, _ in found), found[0][1])


def _reads(view: View, reader: Workload, queues: frozenset[str]) -> bool:
    """Tell whether the settings of a workload name one of some queues."""
    return any(names(value, queue) for _, value in view.graph.settings(reader) for queue in queues)


def _reaches(view: View, reader: Workload, most: int, start: datetime | None) -> Evidence | None:
    """Return that a reader tells often of messages at the limit, and since the broker's start of none beyond it."""
    since, before = [], 0
    for log in view.logs_of(reader.live, previous=False):
        if not speaks_of(log, ("deliver",)):
            continue
        for at, line in zip(times_around(log.lines)[0], log.lines, strict=True):
            if (match := _COUNT.search(line)) is None:
                continue
            if start is None or at is None or at >= start:
                since.append((int(match[1]), at, line))
            else:
                before = max(before, int(match[1]))
    at_it = [(at, line) for count, at, line in since if count == most]
    if len(at_it) < AT_IT or any(count > most for count, _, _ in since):
        return None
    more = f", and up to {before} before the upgrade" if before > most else ""
    told = f"{len(at_it)} messages were delivered {most} times, none more often{more}: {at_it[-1][1].strip()[:200]}"
    return Evidence("logs", reader.ref, told, oldest(at for at, _ in at_it))


def _match(broker: Workload, near: Collection[str], seen: tuple[Evidence, ...]) -> Match:
    change = next(change for change in broker.changed("image") if role_of_image(change.after))
    callers = tuple(ref for ref in near if ref != broker.ref)
    return Match(
        component=broker.ref,
        evidence=(Evidence("objects", broker.ref, f"upgraded: {change.told()}", broker.released_at), *seen),
        certainty=0.75,
        since=seen[1].time,
        explains=callers,
        excludes=not_for(
            (broker.ref,),
            "the limit holds until somebody sets another, and an older version may not read what the newer one wrote",
            (*RESTARTS, "rollback_workload", "scale_workload"),
        )
        + not_for(callers, f"{broker.ref} throws away what is handed back too often", ON_CALLERS),
    )


RULE = Rule(
    name="handed_back_too_often",
    title="A broker throws away what is handed back more often than it allows since its upgrade",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no reader's messages come just as far as a limit of deliveries that an upgraded broker took by default",
)
