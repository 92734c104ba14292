"""All pods of a workload register under one fixed name where each needs its own: each start pushes another pod out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._missed import missed_by_others
from tuheg_ir.diagnosis.rules._readers import backlogs
from tuheg_ir.diagnosis.rules._worked_off import OF_QUEUES
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.state import belongs_to, signs_of_trouble
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import Hit, speaks_of
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple


class _Kind(NamedTuple):
    """What is told of a name that another one took, and the setting that gives it.

    ``told``, but not ``unless``, is in the line. ``spare``: without a name each gets one of its own.
    """

    told: re.Pattern[str]
    named: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    spare: bool = False


_KINDS = (
    _Kind(
        late(r"group\.instance\.id|FencedInstanceId", re.IGNORECASE),
        late(r"group[._-]?instance[._-]?id$", re.IGNORECASE),
        spare=True,
    ),
    _Kind(
        late(r"ProducerFenced|transactional\.?id", re.IGNORECASE),
        late(r"transactional[._-]?id$", re.IGNORECASE),
        unless=late(r"expired by the broker|InvalidProducerEpoch", re.IGNORECASE),
    ),
    _Kind(
        late(r"session.?taken.?over|client.?id|same client", re.IGNORECASE),
        late(r"(?:mqtt|jms|stomp)[\w.-]{0,40}client[._-]?id$", re.IGNORECASE),
    ),
)
"""Members of a group of Kafka, its producers of transactions, and clients of MQTT and its like.

A producer whose transaction took too long is fenced as well. Under a client's name messages may lie that wait for it.
"""
_FILLED = late(r"[$%{]")
"""Signs of a name that is made up of others when the program starts: `worker-${HOSTNAME}`."""
_OF_ITS_OWN = late(r"\"fieldPath\": ?\"metadata\.(?:name|uid)\"|\"fieldPath\": ?\"status\.podIP")
"""Where each pod takes something else from."""
_BACK = late(
    r"joined (?:the )?group|partitions? (?:were )?assigned|assigned partitions?\b|\bsubscribed to\b|epoch"
    r"|(?<!dis)(?<!not )(?<!already )connected\b",
    re.IGNORECASE,
)
"""Words by which who was pushed out comes in again."""
_BACK_WORDS = ("joined", "assigned", "subscribed to", "epoch", "connected")
"""One of these is in a log that tells of it."""
AGAIN = 6
"""Who is pushed out so often comes in each time, and pushes another out."""
_CHARS = 2000
"""No more of a line is read: one that is longer is no message."""
START = timedelta(minutes=5)
"""A program that was started has registered by then."""
CLOCKS = timedelta(minutes=1)
"""Clocks are that far apart."""


class _Name(NamedTuple):
    """A name that a template gives to all its pods: the variable, its value, and the pods that were pushed out."""

    key: str
    value: str
    kind: _Kind
    hits: tuple[Hit, ...]
    since: datetime | None


def when(view: View) -> Iterator[Match]:
    """Half the pods of a workload or more were pushed out of a name that its template fixes, and its work is not done.

    All of them have the newest template: what hands its name over in a roll-out goes.
    """
    for workload in view.serving:
        if len(workload.live) < 2 or workload.older_pods() or (name := _fixed(view, workload)) is None:
            continue
        if any(each is not workload and name.value in _values(each, name.kind) for each in view.serving):
            continue  # it may be the other that pushes them out
        felt = [*(seen for seen, _ in backlogs(view, workload)), *_felt(view, workload, name)]
        if felt or (name.since is not None and missed_by_others(view, workload, name.since)):
            yield _match(view, workload, name, felt[:2])


def _fixed(view: View, workload: Workload) -> _Name | None:
    """Return the name that pods of a workload told that another took, and that its template gives to each of them."""
    hits = [hit for hit in view.hits_of(workload.ref, "place_taken") if not hit.previous]
    for kind in _KINDS if hits else ():
        own = {hit.pod: hit for hit in hits if _speaks_of(kind, hit.line) and _out(view, workload, hit)}
        keys = {key for key, _ in _variables(workload) if kind.named.search(key)}
        if len(keys) == 1 and 2 * len(own) >= len(workload.live):
            values = _values(workload, kind)
            if len(values) == 1 and (value := values.pop()) and not _FILLED.search(value):
                return _Name(keys.pop(), value, kind, tuple(own.values()), oldest(hit.first for hit in own.values()))
    return None


def _speaks_of(kind: _Kind, line: str) -> bool:
    return kind.told.search(line) is not None and not (kind.unless and kind.unless.search(line))


def _out(view: View, workload: Workload, hit: Hit) -> bool:
    """Tell whether a pod is still without the name that was taken from it, or loses it again and again."""
    last = hit.last
    if last is None:
        return False
    if hit.count >= AGAIN and view.recent(last, STILL):
        return True
    logs = (log for log in view.logs_of(workload.live, previous=False) if log.pod == hit.pod)
    found = (line for log in logs if speaks_of(log, _BACK_WORDS) for line in log.lines if _BACK.search(line[:_CHARS]))
    return not any((at := stamp(line)) is not None and at > last for line in found)


def _variables(workload: Workload) -> Iterator[tuple[str, str]]:
    """Yield the variables that a template gives, with their values; "" for one that comes from elsewhere."""
    for container in items(workload.template, "spec", "containers"):
        yield from ((text(each, "name"), text(each, "value")) for each in items(container, "env"))


def _values(workload: Workload, kind: _Kind) -> set[str]:
    """Return the names of a kind that a template gives."""
    return {value for key, value in _variables(workload) if kind.named.search(key)}


def _felt(view: View, workload: Workload, name: _Name) -> Iterator[Evidence]:
    """Yield who suffers of it: its callers, or an alert about queues, or about nobody that is known."""
    near = not_their_own(view, behind(view, workload.ref), name.since)
    for sign in signs_of_trouble(view):
        about = belongs_to(view, sign)
        if about in near and not (about == workload.ref and sign.source == "logs"):
            yield sign
    for alert in view.alerts:
        if OF_QUEUES.search(alert.said) and not view.about_alert(alert):
            yield alert.fires(workload.ref)


def _came_with(workload: Workload, name: _Name) -> Change | None:
    """Return the change by which the newest template gave the name, if it did that alone; None: nothing did.

    Before it pods had none, and need none, or each its own: another fixed one would push them out as well.
    """
    given = [change for change in workload.changes if change.field.split()[-1:] == [name.key]]
    if len(given) != 1 or len(workload.changes) != 1 or workload.returned:
        return None
    before = given[0].before
    return given[0] if (not before and name.kind.spare) or _OF_ITS_OWN.search(before) else None


def _pushed_by_starts(workload: Workload, name: _Name) -> bool:
    """Tell whether each pod was pushed out as another one had just started, as one name for all makes it."""
    return all(
        any(
            pod.name != hit.pod and pod.started and hit.first and -CLOCKS <= hit.first - pod.started <= START
            for pod in workload.live
        )
        for hit in name.hits
    )


def _match(view: View, workload: Workload, name: _Name, felt: list[Evidence]) -> Match:
    change = _came_with(workload, name)
    callers = not_their_own(view, behind(view, workload.ref, but=workload.ref), name.since)
    fact = f"all {len(workload.live)} pods get {name.key}={name.value} of their template"
    told = f"released: {change.told()}" if change else fact
    reason = f"each new pod takes the name {name.value} from another, which stops"
    return Match(
        component=workload.ref,
        evidence=(
            *(view.hit_evidence(hit) for hit in name.hits[:2]),
            Evidence("objects", workload.ref, told, workload.released_at if change else None),
            *felt,
        ),
        certainty=0.75,
        remedy="rollback_workload" if change and felt and _pushed_by_starts(workload, name) else "",
        since=name.since,
        explains=callers,
        excludes=(
            *excluding(workload.ref, reason, *RESTARTS, "scale_workload"),
            *not_for(callers, f"{workload.ref} does not do its work"),
        ),
    )


RULE = Rule(
    name="one_name_for_all",
    title="All pods of a workload register under one fixed name, and push each other out",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pods were pushed out of a name that their own template gives to all of them",
)
