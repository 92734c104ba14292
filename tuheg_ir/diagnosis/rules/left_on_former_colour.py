"""One of two Services of a program was led to its new colour, the other was left on the former one.

Both colours read the same settings. What is set there later is meant for the new one, and may be something else to the
former one, which still has users.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._colours import coloured
from tuheg_ir.diagnosis.rules._former_colour import brought, set_up_alike, switched_at
from tuheg_ir.diagnosis.rules._helping import behind, names, not_for
from tuheg_ir.diagnosis.rules._twins import another_program, programs
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import created, mapping, oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import serves_well, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(days=7)
"""Who switches one Service of several switches the others in the days after it, or has forgotten them."""
AROUND = (timedelta(minutes=-2), timedelta(minutes=5))
"""So near to a new setting begins what comes of it, as far as clocks and samples agree."""


CHANGED = "flag_changed"
"""The kind of line by which a program tells of a setting that it took while it ran."""
_TOGETHER = late(r"\bswitch\w{0,3}\s(?:\w+\s)?together with\b([^.;,]{1,80})", re.IGNORECASE)
"""How a note says that a Service goes where another one goes, and which."""
_BUT = late(
    r"\b(?:not|never|no longer|don.t|do ?not|cannot|must ?n.t|un(?:til|less|like)|except|instead|before|after|once"
    r"|was)\b",
    re.IGNORECASE,
)
"""Words of a note that says when it does not."""


class _Left(NamedTuple):
    """The Service that was left, where it leads, the one that was led away, and where that leads since when."""

    service: Service
    former: Workload
    moved: Service
    new: Workload
    at: datetime


def when(view: View) -> Iterator[Match]:
    """Users of a former colour suffer since both were told of a new setting; the new one, where others go, is well."""
    for left in _left(view):
        felt = list(troubles(view, left.former.ref))
        began = oldest(since for _, since in felt)
        if began is None or since_release(left.former, began) or any(troubles(view, left.new.ref)):
            continue
        told = _told_of_a_setting(view, left, began)
        if told and not any(fresh(view, hit) for hit in view.hits_of(left.new.ref) if hit.trouble != CHANGED):
            hits = tuple(map(view.hit_evidence, told))
            yield _match(view, left, (*(seen for seen, _ in felt[:2]), *hits), began)


def _left(view: View) -> Iterator[_Left]:
    """Yield the Services that lead to the older of two colours since another of the program was led to the newer."""
    for moved in view.services.values():
        at = switched_at(moved)
        if at is None or not view.recent(at, LATELY) or len(moved.backends) != 1:
            continue
        new = view.workloads[moved.backends[0]]
        for service in view.services.values():
            if service is moved or len(service.backends) != 1 or set(service.selector) != set(moved.selector):
                continue
            former = view.workloads[service.backends[0]]
            since = switched_at(service) or created(service.obj)
            if since is not None and since < at and _newer(new, former) and coloured(service, new, former):
                yield _Left(service, former, moved, new, at)


def _newer(new: Workload, former: Workload) -> bool:
    """Tell whether a workload is a newer version of another, set up alike, with as many pods, which are all ready."""
    if new is former or another_program(new, former) or programs(new, tags=True) == programs(former, tags=True):
        return False
    mine, theirs = brought(new), brought(former)
    whole = bool(new.ready) and new.ready >= max(new.wanted, former.wanted)
    return whole and set_up_alike(former, new) and mine is not None and theirs is not None and theirs < mine


def _told_of_a_setting(view: View, left: _Left, began: datetime) -> tuple[Hit, ...]:
    """Return that both colours tell of the same setting that was changed as a trouble began; () if they do not."""
    former, new = ({without_time(hit.line): hit for hit in _told(view, w, began)} for w in (left.former, left.new))
    return next(((former[line], new[line]) for line in former if line in new), ())


def _told(view: View, workload: Workload, began: datetime) -> Iterator[Hit]:
    """Yield what a workload tells of settings that were changed as a trouble began."""
    low, high = AROUND
    for hit in view.hits_of(workload.ref, CHANGED):
        if not hit.previous and hit.last is not None and low <= began - hit.last <= high:
            yield hit


def _goes_with(left: _Left) -> bool:
    """Tell whether a note on the Service that was left says that it is switched together with the other one.

    That it is named proves nothing: tools note whose release it is of, people that it must not be led there yet.
    """
    notes = map(str, mapping(left.service.obj, "metadata", "annotations").values())
    found = (each for note in notes if not _BUT.search(note) for each in _TOGETHER.findall(note))
    return any(names(each, left.moved.name) for each in found)


def _match(view: View, left: _Left, seen: tuple[Evidence, ...], began: datetime) -> Match:
    service, former, new = left.service, left.former, left.new
    hit = behind(view, former.ref)
    stays = f"it leads to {former.ref} still, and {left.moved.ref} to {new.ref}"
    together = _goes_with(left) and serves_well(view, new.ref)
    noted = [Evidence("objects", service.ref, f"a note on it names {left.moved.name}")] if together else []
    return Match(
        component=service.ref,
        evidence=(
            Evidence("objects", service.ref, stays, left.at),
            *noted,
            *seen,
            Evidence("objects", new.ref, "it was told of the same, and is well", brought(new)),
        ),
        certainty=0.65,
        remedy="switch_traffic" if together else "",
        since=began,
        explains=hit,
        excludes=(
            *not_for(hit, f"it is what {service.ref} leads to that does not know the setting"),
            *not_for((former.ref, new.ref), "both are told the same at a start", (*RESTARTS, "rollback_workload")),
        ),
    )


RULE = Rule(
    name="left_on_former_colour",
    title="A Service was left on the former colour, which takes a new setting otherwise",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no former colour that a Service was left on ails since a setting that the new one takes well",
)
