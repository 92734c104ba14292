"""A new program reads a topic under the group of another one: the broker shares out the messages between the two.

Each gets a part of them only, and does not know of the other. Nothing fails and nothing waits, since somebody reads all
that is sent. Settings that were copied from a neighbour's are how it comes about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._readers import groups_of
from tuheg_ir.diagnosis.rules._twins import another_program
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import created
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(days=2)
"""Who came longer ago shares with the other as somebody wants it, or somebody has looked."""
_MEMBER = late(
    r"\bgroupId=(?P<group>[\w.-]{1,249})\].{0,80}?\b(?:Subscribed to topic\(s\): (?P<topic>[\w.-]{1,249})"
    r"|partitions?:? (?P<of>[\w.-]{1,249})-\d{1,5}\b)"
)
"""How the client of Kafka for the JVM tells of which group it is, with what it reads."""
_WORDS = ("groupid=",)
_OF_GROUP = r"^[ \t]*[\"']?(?:[\w.-]*[._-])?group[._-]?id[\"']?[ \t]*[:=][ \t]*[\"']?([\w.-]{1,249})[\"']?,?[ \t]*$"
_OF_TOPIC = (
    r"^[ \t]*[\"']?(?:[\w.-]*[._-])?topics?(?:[._-]?names?)?[\"']?[ \t]*[:=][ \t]*[\"']?([\w.-]{1,249})[\"']?,?[ \t]*$"
)
_GROUPS, _TOPICS = late(_OF_GROUP, re.IGNORECASE | re.MULTILINE), late(_OF_TOPIC, re.IGNORECASE | re.MULTILINE)
"""How a line of a file of settings names them."""
_TOPIC = late(r"(?:^|_)(?:topics?|streams?)(?:_names?)?$", re.IGNORECASE)
"""Names of variables that hold what is read."""


class _Shared(NamedTuple):
    """Of which group both are, what both read under it, and since when the newer one is there."""

    older: Workload
    newer: Workload
    group: str
    topic: str
    since: datetime


def when(view: View) -> Iterator[Match]:
    """A workload that was made lately reads the same, under the same group, as one that runs another program."""
    readers = [w for w in view.serving if w.live and not role(w)]
    for newer in (w for w in readers if view.recent(created(w.obj), LATELY)):
        since = created(newer.obj)
        older = next((w for w in readers if since and _shares(view, newer, w, since)), None)
        if older is None or since is None:
            continue
        if any(alert.starts_at is not None and alert.starts_at >= since for alert in view.alerts):
            group, topic = min(_reads(view, newer) & _reads(view, older))
            yield _match(view, _Shared(older, newer, group, topic, since))


def _shares(view: View, newer: Workload, older: Workload, since: datetime) -> bool:
    """Tell whether one that was there before runs another program, and reads the same under the same group."""
    made = created(older.obj)
    before = made is not None and made < since and another_program(newer, older)
    return before and not _reads(view, newer).isdisjoint(_reads(view, older))


@once
def _reads(view: View, workload: Workload) -> frozenset[tuple[str, str]]:
    """Return what a workload reads under the name of which group, (group, topic): by its own word, or its settings."""
    found = set()
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines if speaks_of(log, _WORDS) else ():
            if said := _MEMBER.search(line):
                found.add((said["group"], said["topic"] or said["of"]))
    groups, topics = set(groups_of(view, workload)), set()
    for key, value in view.graph.settings(workload):
        if "\n" in value:  # a file
            groups.update(_GROUPS.findall(value))
            topics.update(_TOPICS.findall(value))
        elif _TOPIC.search(key):
            topics.update(each.strip() for each in value.split(","))
    return frozenset(found | {(group, topic) for group in groups for topic in topics if group and topic})


def _members(view: View, shared: _Shared) -> Iterator[Evidence]:
    """Yield that the broker counts more members of the group than before."""
    before = view.figures.first("queue_consumers", consumergroup=shared.group)
    now = view.figures.now("queue_consumers", consumergroup=shared.group)
    if before and now and now > before:
        fact = f"the group {shared.group} had {before:.0f} members, and has {now:.0f} now"
        yield Evidence("metrics", shared.group, fact, shared.since)


def _match(view: View, shared: _Shared) -> Match:
    older, newer = shared.older, shared.newer
    fact = f"it reads {shared.topic} as {shared.group}, the group under which {older.ref} reads it, and was made then"
    asked = [each.ref for each in view.called(older.ref) if role(each) not in DATA and each is not newer]
    brokers = [each.ref for each in view.called(older.ref) if role(each) == "broker"]
    part = f"{newer.ref} is given a part of what it should read, whatever its version, and however many there are"
    return Match(
        component=newer.ref,
        evidence=(
            Evidence("objects", newer.ref, fact, shared.since),
            *_members(view, shared),
            *(
                a.fires(view.about_alert(a) or older.ref)
                for a in view.alerts
                if a.starts_at is not None and a.starts_at >= shared.since
            ),
        ),
        certainty=0.75,
        since=shared.since,
        explains=tuple(dict.fromkeys((older.ref, *asked, *behind(view, older.ref, newer.ref, *asked, but=newer.ref)))),
        excludes=(
            *not_for((older.ref,), part, ON_CALLERS),
            *not_for((newer.ref,), "it joins the same group again", ("restart_workload", "scale_workload")),
            *not_for(asked, f"it is asked for as much as {older.ref} is given", ON_CALLERS),
            *not_for(brokers, "it shares out a topic within a group, as it should", ("restart_workload",)),
        ),
    )


RULE = Rule(
    name="group_shared_with_another",
    title="A new program reads under the group of another one, and each gets a part of the messages",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no new program reads the same under the same group as another program",
)
