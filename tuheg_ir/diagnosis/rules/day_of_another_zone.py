"""A release gave a program another time zone, and it refuses what is of today, or in time, where its users live.

Nothing is seen of that until the day, or an hour that it was told, has turned in one of both zones and not yet in the
other: hours after the release. It heals by itself as the other one follows, and comes again every day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._zones import Refused, Zones, lived_by, refused, zone_given, zone_of, zones_changed
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.marked import kind_of
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items
from tuheg_ir.diagnosis.view.releases import release_evidence, template_before
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN, all_told
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

WELL = timedelta(minutes=5)
"""For so long at least the same pods told of none before."""
FEW = 0.2
"""So small a part as this of such refusals may be of other days: users mistake a date now and then."""
SURE, GUESS = 0.8, 0.5


def when(view: View) -> Iterator[Match]:
    """All newest pods refuse, since a day or hour turned, what the time zone before their release would have taken."""
    for workload in view.serving:
        zones = zones_changed(template_before(workload), workload.template) if workload.changes else None
        if zones is None or workload.released_at is None or workload.returned:
            continue
        told = _told(view, workload, zones)
        if not told:
            continue
        began = min(each.at for each in told)
        said = [each for each in all_told(view, workload.ref) if each.time is None or each.time >= began - MINUTE]
        if said:
            yield _match(view, workload, zones, told, said)


def _told(view: View, workload: Workload, zones: Zones) -> list[Refused]:
    """Return such refusals of a kind, if all newest pods tell of them, none did before, and none of a former pod."""
    found: list[Refused] = []
    kinds: set[str] = set()
    lines = [_lines(view, pod) for pod in workload.newest_pods()]
    for mine in (_refused(each, zones) for each in lines):
        found += mine
        kinds |= {kind_of(each.line) for each in mine}
    began = min((each.at for each in found), default=None)
    if began is None or len(found) < OFTEN or not view.recent(max(each.at for each in found), STILL):
        return []
    telling = [sum(kind_of(line) in kinds for _, line in each) for each in lines]
    if not all(telling) or any(_refused(_lines(view, pod), zones) for pod in workload.older_pods()):
        return []
    alike = sum(telling)
    well = all(began - min(at for at, _ in each) >= WELL for each in lines)
    return found if well and alike - len(found) <= FEW * len(found) else []


def _lines(view: View, pod: Pod) -> list[tuple[datetime, str]]:
    logs = view.logs_of([pod], previous=False)
    told = ((stamp(line), line) for log in logs for line in log.lines)
    return [(at, line) for at, line in told if at is not None and at <= view.now + MINUTE]


def _refused(lines: Sequence[tuple[datetime, str]], zones: Zones) -> list[Refused]:
    told = (refused(zones, at, line) for at, line in lines)
    return [each for each in told if each is not None]


def _match(view: View, workload: Workload, zones: Zones, told: Sequence[Refused], said: Sequence[Evidence]) -> Match:
    began = min(each.at for each in told)
    was, now = zones.names()
    # Who asks for a day that has not come lives where it has; who asks for one that is over may as well be late.
    ahead = all(each.tomorrow for each in told)
    with_it, against = _neighbours(view, workload, zones, began, places=not ahead)
    known = bool(with_it) or (not against and ahead)
    first = min(told, key=lambda each: each.at)
    here, there = (began.astimezone(each) for each in (zones.now, zones.was))
    clocks = f"{here:%Y-%m-%d %H:%M} in {now}, {there:%Y-%m-%d %H:%M} in {was}"
    fact = f"{len(told)} lines since then, when it was {clocks}: {first.line}"
    kept = (Evidence("objects", each, f"it has still the time of {was}") for each in with_it[:1])
    return Match(
        component=workload.ref,
        evidence=(Evidence("logs", workload.ref, fact, began), *release_evidence(workload), *kept, *said[:2]),
        certainty=SURE if known else GUESS,
        remedy="" if known else "page_human",
        since=began,
        explains=tuple(behind(view, workload.ref, but=workload.ref)),
        excludes=excluding(workload.ref, "every pod of this template takes the same zone", *RESTARTS, "scale_workload"),
    )


def _neighbours(
    view: View, workload: Workload, zones: Zones, at: datetime, *, places: bool
) -> tuple[list[str], list[str]]:
    """Return who else is given a zone with the clock of the former one, and with that of the new one.

    What nobody gave it tells nothing of where users live. ``places``: nor does UTC for the former one.
    """
    of_former: list[str] = []
    of_new: list[str] = []
    was, now = (at.astimezone(each).utcoffset() for each in zones)
    for other in view.serving:
        given = [zone_of(each) for each in items(other.template, "spec", "containers") if zone_given(each)]
        known = [each for each in given if each is not None and other.ref != workload.ref]
        clocks = {at.astimezone(each).utcoffset() for each in known}
        if was in {at.astimezone(each).utcoffset() for each in known if lived_by(each) or not places}:
            of_former.append(other.ref)
        elif now in clocks:
            of_new.append(other.ref)
    return of_former, of_new


RULE = Rule(
    name="day_of_another_zone",
    title="Another time zone since a release: what is of today, or in time, is refused",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no release gave a program another time zone, by whose day or hour it refuses",
    heard=True,
)
