"""All pods of a workload register under one fixed name where each needs its own: each start pushes another pod out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._missed import missed_by_others
from tuheg_ir.diagnosis.rules._readers import backlogs
from tuheg_ir.diagnosis.rules._worked_off import OF_QUEUES
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.state import belongs_to, signs_of_trouble
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.workloads import Workload

_KINDS = (
    (
        late(r"group\.instance\.id|FencedInstanceId", re.IGNORECASE),
        late(r"group[._-]?instance[._-]?id$", re.IGNORECASE),
    ),
    (
        late(r"ProducerFenced|transactional\.?id|InvalidProducerEpoch", re.IGNORECASE),
        late(r"transactional[._-]?id$", re.IGNORECASE),
    ),
    (
        late(r"session.?taken.?over|client.?id|same client", re.IGNORECASE),
        late(r"(?:mqtt|jms|stomp)[\w.-]{0,40}client[._-]?id$", re.IGNORECASE),
    ),
)
"""What is told of a name that another one took, and the setting that gives it: of Kafka's members of a group and its
producers of transactions, of clients of MQTT and its like.
"""

_BACK = late(
    r"joined (?:the )?group|partitions (?:were )?assigned|(?:re-?)connected\b|\bsubscribed to\b|epoch", re.IGNORECASE
)
"""Words by which who was pushed out comes in again."""
AGAIN = 6
"""Who is pushed out so often comes in each time, and pushes another out."""


@dataclass(frozen=True, slots=True)
class _Name:
    """A name that a template gives to all its pods: the variable, its value, and the pods that were pushed out."""

    key: str
    value: str
    hits: tuple[Hit, ...]
    since: datetime | None


def when(view: View) -> Iterator[Match]:
    """Half the pods of a workload or more were pushed out of a name that its template fixes, and its work is not done.

    All of them have the newest template: what hands its name over in a roll-out goes.
    """
    for workload in view.serving:
        if len(workload.live) < 2 or workload.older_pods() or (name := _fixed(view, workload)) is None:
            continue
        if any(each is not workload and name.value in _given(each, name.key) for each in view.serving):
            continue  # it may be the other that pushes them out
        felt = [*(seen for seen, _ in backlogs(view, workload)), *_felt(view, workload)]
        if felt or (name.since is not None and missed_by_others(view, workload, name.since)):
            yield _match(view, workload, name, felt[:2])


def _fixed(view: View, workload: Workload) -> _Name | None:
    """Return the name that pods of a workload told that another took, and that its template gives to each of them."""
    hits = [hit for hit in view.hits_of(workload.ref, "place_taken") if not hit.previous]
    for told, named in _KINDS:
        own = {hit.pod: hit for hit in hits if told.search(hit.line) and _out(view, workload, hit)}
        keys = {key for key in _variables(workload) if named.search(key)}
        if len(keys) == 1 and 2 * len(own) >= len(workload.live):
            key = keys.pop()
            values = _given(workload, key)
            if len(values) == 1 and "$(" not in (value := values.pop()) and value:
                return _Name(key, value, tuple(own.values()), oldest(hit.first for hit in own.values()))
    return None


def _out(view: View, workload: Workload, hit: Hit) -> bool:
    """Tell whether a pod is still without the name that was taken from it, or loses it again and again."""
    if hit.count >= AGAIN and view.recent(hit.last, STILL):
        return True
    logs = (log for log in view.logs_of(workload.live, previous=False) if log.pod == hit.pod)
    later = (line for log in logs for line in log.lines if (at := stamp(line)) and hit.last and at > hit.last)
    return not any(_BACK.search(line) for line in later)


def _variables(workload: Workload) -> Iterator[str]:
    return (text(each, "name") for c in items(workload.template, "spec", "containers") for each in items(c, "env"))


def _given(workload: Workload, key: str) -> set[str]:
    """Return the values that a template gives to a variable; "" for one that comes from elsewhere."""
    entries = (each for c in items(workload.template, "spec", "containers") for each in items(c, "env"))
    return {text(each, "value") for each in entries if text(each, "name") == key}


def _felt(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield who suffers of it: its callers, or an alert about queues, or about nobody that is known."""
    near = behind(view, workload.ref)
    for sign in signs_of_trouble(view):
        about = belongs_to(view, sign)
        if about in near and not (about == workload.ref and sign.source == "logs"):
            yield sign
    for alert in view.alerts:
        if OF_QUEUES.search(alert.said) and not view.about_alert(alert):
            yield Evidence("alerts", workload.ref, f"alert {alert.name} fires", alert.starts_at)


def _came_with(workload: Workload, name: _Name) -> Change | None:
    """Return the change by which the newest template gave the name, if it did that alone; None: nothing did.

    Before it pods had none, or each its own: another fixed one would push them out as well.
    """
    given = [change for change in workload.changes if change.field.endswith(name.key)]
    if len(given) != 1 or len(workload.changes) != 1 or workload.returned:
        return None
    return given[0] if not given[0].before or "fieldRef" in given[0].before else None


def _match(view: View, workload: Workload, name: _Name, felt: list[Evidence]) -> Match:
    change = _came_with(workload, name)
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
        remedy="rollback_workload" if change else "",
        since=name.since,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *excluding(workload.ref, reason, *RESTARTS, "scale_workload"),
            *not_for(behind(view, workload.ref, but=workload.ref), f"{workload.ref} does not do its work"),
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
