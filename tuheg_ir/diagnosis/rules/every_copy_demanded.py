"""A topic takes a write only if all its copies do: one broker that is away for a while stops all who write to it.

A cluster is built to have one broker away, for each upgrade of a node or of itself. A topic whose writes need as many
copies as there are has no copy to spare: who is away only shows it, and the next one does so again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._copies import (
    REFUSED,
    WORDS,
    Topic,
    least_by_settings,
    short,
    topics,
    topics_named,
)
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._repeated import Repeated, repeated
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest, written
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.named import NamedTuple

OFTEN = 5
STILL = timedelta(minutes=5)
"""Who is refused tries again at once: what was told last before that is over."""
FEWEST = 2
"""What has one copy has none to spare in any case, and says so in other words."""


class _Refused(NamedTuple):
    """Who tells of refused writes, each with how often, and all the lines."""

    by: tuple[tuple[str, Repeated], ...]
    lines: tuple[str, ...]


def when(view: View) -> Iterator[Match]:
    """Writes to a topic are refused as too few copies are there, one is away, and it demands all that it has."""
    refused = _refused(view)
    away = [pod for each in of_role(view.workloads, "broker") for pod in each.live if not pod.ready]
    if refused is None or len(away) > 1 or _missing(view) + len(away) > 1:
        return
    told = short(refused.lines)
    if told and all(each.least - each.there > 1 for each in told):
        return  # it lacks more than one copy
    if found := _strict(view, refused):
        yield _of_topic(view, refused, found, away)
    elif broker := _built_so(view, refused):
        yield _of_broker(view, refused, *broker)


def _refused(view: View) -> _Refused | None:
    by = [(each.ref, told) for each in view.serving if (told := repeated(view, each, REFUSED, WORDS, OFTEN))]
    by = [(ref, told) for ref, told in by if view.recent(told.until, STILL)]
    if not by:
        return None
    logs = (log for ref, _ in by for log in view.logs_of(view.workloads[ref].live, previous=False))
    return _Refused(tuple(by), tuple(line for log in logs for line in log.lines if REFUSED.search(line)))


def _missing(view: View) -> int:
    """Return how many brokers are wanted and have no pod."""
    return sum(max(0, each.wanted - len(each.live)) for each in of_role(view.workloads, "broker"))


def _strict(view: View, refused: _Refused) -> list[Topic]:
    """Return the topics that demand all their copies and are refused, those named most first.

    Where no line names a topic that is known, the only one that demands all of them.
    """
    known, named = list(topics(view)), topics_named(refused.lines)
    least = {each.topic: each.least for each in short(refused.lines)}
    strict = [t for t in known if least.get(t.name, t.least) >= t.copies >= FEWEST]
    if not any(t.name in named for t in known):
        return strict if len(strict) == 1 and not named else []
    return sorted((t for t in strict if t.name in named), key=lambda t: (-named[t.name], t.name))


def _of_topic(view: View, refused: _Refused, found: Sequence[Topic], away: Sequence[Pod]) -> Match:
    """Return that a topic, or what its cluster sets for all, demands every copy."""
    topic, by_name = found[0], bool(topics_named(refused.lines))
    kind, _, label = topic.set_by.partition("/")
    most = f"writes to {topic.name} need {topic.least} copies in step, and it has {topic.copies}: none may be away"
    spare = sorted({t.name for t in topics(view) if t.least < t.copies})
    others = [Evidence("objects", topic.set_by, f"other topics have a copy to spare: {', '.join(spare[:3])}")]
    match = _match(view, refused, topic.set_by, written(view.objects(kind).get(label)), most)
    brokers = tuple(each.ref for each in of_role(view.workloads, "broker") if away and _comes_back(each, away))
    return match._replace(
        evidence=(*match.evidence, *(others if spare else ())),
        certainty=0.8 if by_name else 0.65,
        explains=tuple(sorted({*match.explains, *brokers, *(t.ref for t in found)} - {topic.set_by})),
    )


def _comes_back(broker: Workload, away: Sequence[Pod]) -> bool:
    """Tell whether a broker is well but for a pod that starts after a planned end: that is nothing wrong by itself."""
    mine = [pod for pod in away if pod.owner == broker.ref]
    return all(
        not pod.restarts and bool(pod.containers) and all(each.state == "running" for each in pod.containers)
        for pod in mine
    )


def _built_so(view: View, refused: _Refused) -> tuple[Workload, int] | None:
    """Return the brokers all of which have to take each write, where no object tells of the topic, and how many."""
    brokers = [each for each in of_role(view.workloads, "broker") if each.wanted >= FEWEST]
    named = topics_named(refused.lines)
    if len(brokers) != 1 or any(each.name in named for each in topics(view)):
        return None
    least = max((each.least for each in short(refused.lines)), default=0) or least_by_settings(view, brokers[0])
    return (brokers[0], least) if least >= brokers[0].wanted else None


def _of_broker(view: View, refused: _Refused, broker: Workload, least: int) -> Match:
    most = f"writes need {least} copies in step, and there are {broker.wanted} brokers: none may be away"
    return _match(view, refused, broker.ref, None, most)


def _match(view: View, refused: _Refused, component: str, at: datetime | None, most: str) -> Match:
    began = oldest(told.since for _, told in refused.by)
    brokers = tuple(each.ref for each in of_role(view.workloads, "broker"))
    suffer = [ref for ref in behind(view, *(ref for ref, _ in refused.by)) if ref not in brokers]
    suffer = [ref for ref in suffer if ref != component]
    callers = not_their_own(view, suffer, began)
    return Match(
        component=component,
        evidence=(Evidence("objects", component, most, at), *(told.told() for _, told in refused.by[:3])),
        certainty=0.65,
        since=began,
        explains=callers,
        excludes=(
            *not_for(callers, "each write is refused until all copies are in step again, or fewer are demanded"),
            *not_for(brokers, "who is away begins anew, and one more that is away stops further topics"),
        ),
    )


RULE = Rule(
    name="every_copy_demanded",
    title="A topic takes writes only while each of its copies is in step",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nobody is refused by a topic that demands all its copies, or more than one is away",
)
