"""Pods that are asked since a moment for what they do not know, and never were before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import of_probe
from tuheg_ir.diagnosis.view.logs import heard_since
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.took import without_names
from tuheg_ir.diagnosis.view.turned import AGAIN, answered, turned
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OFTEN = 5
"""So many requests that nobody knows are no typing error."""
HEARD = timedelta(minutes=10)
"""Whose log begins less long before may have been asked so all the time."""
_NOT_KNOWN = (400, 404, 405, 421)
"""How a server answers what it has no part for, or what another one has; it may be asked in another protocol."""
_NO_WAY = late(
    r"\b[Nn]o (?:mapping|endpoint|handler found|route found|route matches|matching (?:route|handler))(?: for)?:? "
    r"['\"\[]?(?:[A-Z]{3,7}[\]'\"]? ['\"]?)?(?:https?://[^/\s'\"]{1,100})?(/[^\s'\"?,;]{0,200})"
    r"|\bNo static resource ([^\s'\"?,;]{1,200})"
    r"|\bCannot (?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/[^\s'\"?,;]{0,200})"
    r"|\bRoute (?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS):(/[^\s'\"?,;]{0,200}) not found"
    r"|\bCould not find resource for (?:full path|relative) ?: ?(?:https?://[^/\s]{1,100})?(/[^\s'\"?,;]{0,200})"
    r"|without being handled by application code\. Request path: [A-Z]{3,7} (?:https?://[^/\s]{1,100})?"
    r"(/[^\s?,;]{0,200})"
    r"|\bNot Found: (/[^\s'\"?,;]{0,200})|\bERROR [`'](/[^\s'\"?,;]{0,200})' not found\b"
)
"""How they tell so: Spring, Symfony, Phoenix, Rails, Express, Fastify, RESTEasy, ASP.NET, Django and WEBrick."""


def asked_amiss(view: View, workload: Workload, when: datetime, *, on_top: bool = False) -> tuple[Evidence, ...]:
    """Return that pods are asked for what they do not know since a moment, over and over; (): it is not so.

    By their own words, or by the answers in their access log: but who is refused on top of all that are answered as
    ever was not led here from there. ``on_top``: he may be, as where pods get another one's requests beside their own.
    """
    told = turned(view, workload)
    if told and told.status in _NOT_KNOWN and (on_top or not told.besides) and soon_after(told.since, when):
        return (told.evidence(workload.ref),)
    heard = heard_since(view.logs_of(workload.live, previous=False))
    if heard is None or when - heard < HEARD:
        return ()
    said = list(_not_known(view, workload))
    first = oldest(stamp(line) for line, _ in said)
    if len(said) >= OFTEN and soon_after(first, when) and _again([way for _, way in said]):
        fact = f"{len(said)} lines since, and none before: {said[0][0].strip()}"
        return (Evidence("logs", workload.ref, fact, first),)
    return _never_asked(view, workload, when)


def asked_the_same(view: View, one: Workload, other: Workload) -> bool:
    """Tell whether two workloads say of the same that they do not know it."""
    ways = {way for _, way in _not_known(view, one)}
    return any(way in ways for _, way in _not_known(view, other))


def _not_known(view: View, workload: Workload) -> Iterator[tuple[str, str]]:
    """Yield the lines by which pods say that they do not know what they are asked for, and what that is."""
    for line in view.lines_of(workload):
        found = _NO_WAY.search(line) if "o" in line and not of_probe(line) else None
        if found:
            yield line, without_names(next(filter(None, found.groups()), ""))


def _never_asked(view: View, workload: Workload, when: datetime) -> tuple[Evidence, ...]:
    """Return that pods which told of no request before tell since a moment of such only as they do not know."""
    read = sorted(answered(view.lines_of(workload)))
    if len(read) < OFTEN or any(each.status not in _NOT_KNOWN for each in read) or not soon_after(read[0].at, when):
        return ()
    if not _again([each.way for each in read if each.way]):
        return ()
    fact = f"its logs tell of no request before, and since of {len(read)}, all answered with {read[0].status}"
    return (Evidence("logs", workload.ref, fact, read[0].at),)


def _again(ways: Sequence[str]) -> bool:
    """Tell whether the same is asked for again and again: who scans asks for each thing once."""
    return bool(ways) and len(set(ways)) * AGAIN <= len(ways)
