"""The edge refuses bodies as too large since its way in, or its own settings, were written.

An annotation that a chart, a replace or a hand left out falls back to what the edge takes of itself, a megabyte with
ingress-nginx. What is smaller passes as before, pods are ready and their logs tell of nothing: they never see the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._called import called_before
from tuheg_ir.diagnosis.rules._helping import behind, not_for, released_since
from tuheg_ir.diagnosis.rules._too_large import Refusal, Way, limit_of, refusals, sister, way_of
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.held_back import OF_LIMITS, OF_ROUTES
from tuheg_ir.diagnosis.view.logs import heard_since
from tuheg_ir.diagnosis.view.reading import name, ref, text, written
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.trouble import all_told
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WAYS = (*OF_ROUTES, *OF_LIMITS)
LATEST = timedelta(hours=6)
"""A way that was written longer ago has let large bodies pass since."""


def when(view: View) -> Iterator[Match]:
    """Bodies are refused as too large at one way in since it was written, and who stands behind it refuses none.

    Where a program on that way was released in the same minutes it may send more: then only what the way lacks tells.
    """
    found = [(way, seen) for way in _written(view) if (seen := _since(view, way))]
    lacking = [each for each in found if _lacks(view, each[0].obj, each[1])]
    for way, seen in lacking or (found if len(found) == 1 else ()):
        why = _lacks(view, way.obj, seen)
        users = (*way.led, *(each.by for each in seen if each.by))
        released = released_since(view, users, seen[0].since)
        felt = list(dict.fromkeys(told for each in users for told in all_told(view, each)))
        if felt and (why or not released):
            yield _match(view, way, seen, why, released, felt)


def _written(view: View) -> Iterator[Way]:
    """Yield the ways in, and the ConfigMaps that an edge is told to read, which were written of late."""
    maps = [obj for obj in view.snapshot.of("ConfigMap") if any(_told_of(each, obj) for each in view.serving)]
    for obj in (*view.snapshot.of(*_WAYS), *maps):
        if view.recent(written(obj), LATEST) and not called_before(view, written(obj)):
            yield way_of(view, obj)


def _told_of(workload: Workload, obj: Obj) -> bool:
    """Tell whether a workload is told on its command line which ConfigMap to read, as controllers are."""
    words = words_of(workload.template)
    return any("configmap" in word.lower() and word.endswith(f"/{name(obj)}") for word in words)


def _since(view: View, way: Way) -> list[Refusal]:
    """Return who tells of bodies refused at a way in, if that began with its being written."""
    at, limit = written(way.obj), limit_of(way.obj)
    seen = refusals(view, way)
    if at is None or not seen or not soon_after(seen[0].since, at) or not _calm_before(view, at, seen):
        return []
    least = min((each.least for each in seen if each.least), default=0)
    return [] if limit and least and limit[1] >= least else seen  # it lets through what is refused


def _calm_before(view: View, at: datetime, seen: list[Refusal]) -> bool:
    """Tell whether one of those who tell of refusals was heard before a way was written; figures always were."""
    for each in seen:
        first = heard_since(view.logs_of(view.workloads[each.by].live, previous=False)) if each.by else None
        if not each.by or (first is not None and first < at):
            return True
    return False


def _lacks(view: View, obj: Obj, seen: list[Refusal]) -> str:
    """Return what a way in lacks: it lets less through than is refused, or than another of the same edge does."""
    limit, other = limit_of(obj), sister(view, obj)
    allowed = limit_of(other) if other else None
    if limit and any(each.least > limit[1] for each in seen):
        return f"it lets bodies of {limit[0]} through, and larger ones are refused"
    if text(obj, "kind") != "Ingress" or allowed is None or (limit and limit[1] >= allowed[1]):
        return ""
    told = f"it lets bodies of {limit[0]} through" if limit else "it does not say how large a body may be"
    return f"{told}, and {ref(other)} of the same edge lets {allowed[0]} through"


def _match(
    view: View, way: Way, seen: list[Refusal], why: str, released: tuple[str, ...], felt: list[Evidence]
) -> Match:
    at, what = written(way.obj), ref(way.obj)
    tellers = tuple(each.by for each in seen if each.by)
    suffer = behind(view, *way.led, *tellers)
    newer = released_since(view, suffer, seen[0].since)
    innocent = tuple(each for each in suffer if each not in newer)
    told = f"the edge refuses large bodies since {what} was written: they reach nobody behind it"
    return Match(
        component=what,
        evidence=(
            *(each.evidence for each in seen[:3]),
            Evidence("objects", what, "it was written then", at),
            *((Evidence("objects", what, why, at),) if why else ()),
            *felt[:2],
        ),
        certainty=(0.7 if why else 0.5) - (0.2 if released else 0.0),
        since=seen[0].since,
        explains=suffer,
        excludes=(
            *not_for(innocent, told),
            *not_for(newer, told, (*RESTARTS, "scale_workload")),
        ),
    )


RULE = Rule(
    name="bodies_stop_at_the_edge",
    title="The edge refuses large bodies since a way in was written",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no bodies are refused as too large since a way in was written",
)
