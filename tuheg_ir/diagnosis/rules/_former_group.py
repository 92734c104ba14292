"""An alert watches a group of readers that nobody is in any more: its reader reads as another group, and keeps up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Series
from tuheg_ir.diagnosis.rules._helping import HOURS
from tuheg_ir.diagnosis.rules._readers import LEAST, TIMES
from tuheg_ir.diagnosis.view.reading import at, items, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

CAUGHT_UP = 0.01
"""The group that is in use has no more than such a share of what the former one would have to read."""
_LABELS = ("consumergroup", "consumer_group", "group", "group_id", "subscription")
_NAMED = late(r"(?:^|[^a-z])group|consumer_?group", re.IGNORECASE)
"""Names of variables that hold a group of readers."""
_SAID = late(r"group(?:[._-]?(?:id|name))?[\"']?(?:\s*[:=]\s*|\s+)[\"']?([\w.-]+)", re.IGNORECASE)
"""How words of commands and files tell it."""


def left_its_group(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that the one reader of the alert's group joined another long ago, and keeps up there; None: not so.

    What waits for the former group grows as fast as anything is sent, since nobody reads it there: there is nothing to
    do. A release that took its readers to another group an hour ago may have left messages behind.
    """
    group = next((str(alert.labels[key]) for key in _LABELS if key in alert.labels), "")
    left = [(w, *found) for w in view.serving if group and (found := _moved(w, group))]
    if len(left) != 1 or _still_used(view, group) or view.figures.peak("queue_consumers", consumergroup=group):
        return None
    workload, now, since = left[0]
    whole = 0 < workload.wanted <= workload.ready and not workload.older_pods()
    if not whole or ref not in ("", workload.ref) or view.recent(since, HOURS) or not _keeps_up(view, group, now):
        return None
    if alert.starts_at is None or alert.starts_at < since:
        return None
    told = f"{workload.name} reads as {now} since {since:%Y-%m-%d %H:%M} UTC, and nearly nothing waits for that group"
    return Evidence("metrics", workload.ref, f"{alert.name} fires; nobody is in the group {group}: {told}", since)


def _moved(workload: Workload, group: str) -> tuple[str, datetime] | None:
    """Return the group that a workload is in instead of another, and since when; None if it was never in that one."""
    own = _groups(workload.template)
    pasts = [(_groups(revision.template), revision.created) for revision in workload.revisions]
    for key, now in own.items() if group not in own.values() else ():
        since = None
        for past, made in pasts:
            if past.get(key) == group:
                return (now, since) if since else None
            since = made if past.get(key) == now else since
    return None


def _groups(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the groups that the variables ("" a command) of a template name, each by where it stands."""
    found: dict[str, str] = {}
    for container in items(template, "spec", "containers"):
        entries = ((text(entry, "name"), text(entry, "value")) for entry in items(container, "env"))
        found |= {key: value for key, value in entries if value and _NAMED.search(key)}
        words = [str(w) for field in ("command", "args") for w in (at(container, field) or ()) if isinstance(w, str)]
        if said := _SAID.search(" ".join(words)):
            found[""] = said[1]
    return found


def _still_used(view: View, group: str) -> bool:
    """Tell whether a workload of today names a group, or is called so and does not say in which group it is."""
    for workload in view.workloads.values():
        own = _groups(workload.template).values()
        files = " ".join(value for _, value in view.graph.settings(workload))
        if group in own or group in _SAID.findall(files) or (workload.name == group and not own):
            return True
    return False


def _keeps_up(view: View, group: str, now: str) -> bool:
    """Tell whether nobody takes anything from what waits for a former group, and the other one lets nothing wait."""
    former = [s for s in view.figures.series("queue_depth", consumergroup=group) if s.points]
    return bool(former) and all(_untouched(s) and _read(view, s, now) for s in former)


def _untouched(series: Series) -> bool:
    values = [value for _, value in series.points]
    return values[-1] > LEAST and all(before <= after for before, after in pairwise(values))


def _read(view: View, former: Series, now: str) -> bool:
    """Tell whether little waits for the group in use of the same topic, and no more than before."""
    same = list(_of_topic(view, former, now))
    return bool(same) and all(
        max(points[-1], points[-2]) <= CAUGHT_UP * former.points[-1][1] and points[-1] <= max(LEAST, TIMES * points[0])
        for points in same
    )


def _of_topic(view: View, former: Series, now: str) -> Iterator[list[float]]:
    for series in view.figures.series("queue_depth", consumergroup=now, queue=former.labels.get("queue", "")):
        if len(series.points) > 1:
            yield [value for _, value in series.points]
