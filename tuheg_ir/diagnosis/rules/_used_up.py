"""Who uses up what a host outside grants all of us together: its release made it ask far more often."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, names
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import OFTEN, Complaint, began, complaints, owner_of
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.releases import BEFORE, soon_after
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

TIMES = 2.0
"""Settings that differ by less than this make nobody ask much more."""
_SELDOM = late(r"interval|period|every|delay|sleep|pause|back.?off|ttl|max.?age|frequency", re.IGNORECASE)
"""Settings of which a lower one makes a program ask more often."""
_MUCH = late(
    r"concurren|parallel|workers?|threads|in.?flight|per.?sec|per.?min|\bq?rps\b|retr(?:y|ies)|attempts", re.IGNORECASE
)
"""Settings of which a higher one makes a program ask more at once, or again."""
_FETCHES = late(r"poll|fetch|pull|watch|(?<!a)sync|refresh|scrap|crawl|request|\bq?rps\b", re.IGNORECASE)
"""Words of settings that are about asking somebody else."""
_WITHIN = late(r"ttl|max.?age|workers?|threads", re.IGNORECASE)
"""Settings of what a program does and keeps itself: they say nothing of a host unless they name it, or the asking."""
_NO_PACE = late(r"time.?out|log|metric|probe|health|shutdown|grace", re.IGNORECASE)
"""Settings that are about something else, whatever they count."""
_SET = late(r"(?P<what>[A-Za-z][\w.-]*?)[=:\s\"',]+(?P<many>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h)?(?![\w.])")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class _Pace(NamedTuple):
    """A number that is set, in seconds where it has a unit."""

    many: float
    unit: bool


class UsedUp(NamedTuple):
    """Who asks so much more, by which changes, who else is refused since, since when, who suffers, and what shows it.

    It is `plain` where the changed settings are about asking, or about the host, and not only about much of something.
    """

    by: Workload
    changes: tuple[Change, ...]
    others: tuple[Complaint, ...]
    own: Complaint
    since: datetime
    suffer: tuple[str, ...]
    hurt: tuple[Evidence, ...]
    plain: bool


def used_up(view: View, host: str) -> UsedUp | None:
    """Return the one program that was released just before a host began to refuse it, and others who suffer.

    The others are as they were: neither released then nor asked for more. One of their logs tells of before.
    """
    refused = [each for each in complaints(view, "rate_limited") if each.caller in view.workloads]
    told = [each for each in refused if not each.about and (host in each.hosts or names(each.hit.line, host))]
    since = began(told)
    found = {}
    for each in told:
        one = view.workloads[each.caller]
        if soon_after(since, one.released_at) and not one.returned and (changes := asks_more(one, host)):
            found[one.ref] = (one, changes, each)
    if len(found) != 1 or since is None:
        return None
    by, changes, own = next(iter(found.values()))
    others = tuple(each for each in told if each.caller != by.ref and each.hit.count >= OFTEN)
    callers = [view.workloads[ref] for ref in dict.fromkeys(each.caller for each in others)]
    more = any((traffic_growth(view, each.ref) or 1.0) >= TIMES for each in callers)
    if more or any(soon_after(since, each.released_at) for each in callers if each.changes):
        return None
    well = by.released_at is not None and any(_began_later(view, each, by.released_at) for each in others)
    users = [each.caller for each in refused if asks(view, view.workloads[each.caller], host)]
    suffer = behind(view, *(each.caller for each in others), *users, but=by.ref)
    hurt = tuple(_hurt(view, suffer))
    plain = any(_about(what, host) for change in changes for what in _quickened(change))
    return UsedUp(by, changes, others, own, since, suffer, hurt, plain) if well and hurt else None


def asks_more(workload: Workload, host: str) -> tuple[Change, ...]:
    """Return the settings of a release by which a program asks a host far more often than before, or may do so."""
    changes = {
        change: [what for what in _quickened(change) if _about(what, host) or not _WITHIN.search(what)]
        for change in workload.changed("env", "command")
    }
    return tuple(change for change, quicker in changes.items() if quicker)


def _about(what: str, host: str) -> bool:
    """Tell whether a setting is about asking others, or names whose a host is."""
    owner = owner_of(host).replace("-", "_")
    return _FETCHES.search(what) is not None or bool(owner and owner in what.replace("-", "_"))


def asks(view: View, workload: Workload, host: str) -> bool:
    """Tell whether a workload's settings name a host."""
    return any(host in hosts_in(key, value) for key, value in view.graph.settings(workload))


def _hurt(view: View, suffer: tuple[str, ...]) -> Iterator[Evidence]:
    for ref in suffer:
        yield from felt(view, ref)
    for alert in view.alerts:
        if (ref := view.about_alert(alert)) in suffer:
            yield alert.fires(ref)


def _began_later(view: View, other: Complaint, released: datetime) -> bool:
    """Tell whether somebody is known to have been served before a release: by his figures, or a log that begins before.

    Logs are kept from their ends: the first refusal of one that begins later is not the first.
    """
    if any(at is not None and at >= released + BEFORE for _, at in troubles(view, other.caller)):
        return True
    lines = (line for log in view.snapshot.logs if log.pod == other.hit.pod for line in log.lines)
    first = next((at for line in lines if (at := stamp(line)) is not None), None)
    return first is not None and first < released


def _quickened(change: Change) -> Iterator[str]:
    """Yield the names of the settings in a change that make a program ask more."""
    before = _paces(change, change.before)
    for what, now in _paces(change, change.after).items():
        if _quicker(what, before.get(what), now):
            yield what


def _paces(change: Change, value: str) -> dict[str, _Pace]:
    """Return the numbers that a value sets, by the names of the settings."""
    said = _SET.finditer(change.said(value))
    return {each["what"].lower(): _pace(each["many"], each["unit"] or "") for each in said}


def _pace(many: str, unit: str) -> _Pace:
    return _Pace(float(many) * _SECONDS.get(unit, 1.0), bool(unit))


def _quicker(what: str, was: _Pace | None, now: _Pace) -> bool:
    """Tell whether a setting makes a program ask more; a number without a unit may be of any."""
    if was is None or was.unit != now.unit or _NO_PACE.search(what):
        return False
    if _SELDOM.search(what):  # also where it pauses between tries, or makes its workers sleep
        return was.many >= TIMES * now.many
    return bool(_MUCH.search(what)) and now.many >= TIMES * max(was.many, 1.0)
