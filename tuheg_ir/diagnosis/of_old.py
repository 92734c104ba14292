"""What bystanders have told of for long: the noise of every day, and not what an alert asks for: pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import Held, Match
from tuheg_ir.diagnosis.rules._concerned import concerned, may_feed, suffer
from tuheg_ir.diagnosis.rules._looks_back import looks_back
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import Hit, heard_since, tells, times_around
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View

LONG = timedelta(minutes=30)
"""What was told so long before anybody was alarmed, and as often as since, is no news of it."""
OFTEN = 3
"""What was told less often before may be its first signs; so few since are no more than before."""
MORE = 2.0
"""So many times as often as before is more than chance: then it has become another trouble."""
ANEW = 0.25
"""What was not told for so large a part of the time before came anew."""
PROVEN = timedelta(hours=6)
"""Programs that ran for so long before live with what they tell."""
_MET = (
    *("certificate", "connection_refused", "connection_timeout", "connection_reset", "upstream_failure", "dns"),
    *("rate_limited", "throttled_retry", "outside_authentication", "message_rejected", "attack_attempt"),
)
"""What a program meets with somebody else; what it holds, or uses up, it tells for long before others feel it."""
_FOR_ALL_THAT = ("security_incident", "no_fault", "unknown")
"""Strangers that have worked for long are no smaller matter for it; and what is no trouble is no noise."""


def of_old(view: View, held: Held) -> bool:
    """Tell whether a match rests on words alone that somebody of no concern tells, and told all along just so often.

    Of no concern is who has nothing to do with who suffers: with whom an alert is about, or whose users feel something,
    with what these need, with who needs them, and with who uses a store that they use: he may write what they read.
    Where an alert is about nobody that is known, anybody may be meant.
    """
    if held.root_cause in _FOR_ALL_THAT:
        return False
    began, hits = _alarmed(view), _words(view, held.match)
    about = {held.match.component, *held.match.explains, *(hit.component for hit in hits)}
    if began is None or not hits or about & concerned(view):
        return False
    return all(_as_before(view, hit, began) for hit in hits) and not may_feed(view, about)


def _words(view: View, match: Match) -> tuple[Hit, ...]:
    """Return the troubles with others that logs tell and a match rests on; () if it rests on anything else as well."""
    if {each.source for each in match.evidence} - {"logs", "objects"}:
        return ()
    found = [_by_fact(view).get(each) for each in match.evidence if each.source == "logs"]
    known = tuple(hit for hit in found if hit is not None and not hit.previous and hit.component in view.workloads)
    return known if len(known) == len(found) and all(hit.trouble in _MET for hit in known) else ()


@once_a_view
def _by_fact(view: View) -> Mapping[Evidence, Hit]:
    return {view.hit_evidence(hit): hit for hit in view.hits}


@once_a_view
def _alarmed(view: View) -> datetime | None:
    """Return when what alerts are about began at the latest; None where nobody knows, or whom they are about."""
    if not all(alert.starts_at and view.about_alert(alert) for alert in view.alerts):
        return None
    felt = (since for ref in view.workloads for _, since in troubles(view, ref))
    return oldest((*(alert.starts_at - looks_back(alert) for alert in view.alerts if alert.starts_at), *felt))


def _as_before(view: View, hit: Hit, began: datetime) -> bool:
    """Tell whether the pods of who tells of a trouble told of it all along, long before, and no more often since.

    All their logs that tell of it have to reach back: of a younger one nobody knows how often it was told before. No
    log tells of a time without it: what came anew may have been the first of the trouble. And who tells of it runs for
    hours: what has just started may tell of it since its start, and be the trouble itself.
    """
    before, since = 0, 0
    long, short = timedelta(), timedelta()
    ran_since = {pod.name: pod.started for pod in view.workloads[hit.component].live}
    for log in view.logs_of(view.workloads[hit.component].live, previous=False):
        times = _times(view, hit, log)
        start = heard_since([log])
        if not times:
            continue
        if start is None or start > began - LONG or min(times) - start > ANEW * (began - start):
            return False
        if (run := ran_since.get(log.pod)) is None or run > began - PROVEN:
            return False
        earlier = sum(time < began for time in times)
        before, since = before + earlier, since + len(times) - earlier
        long, short = long + (began - start), short + (view.now - began)
    return before >= OFTEN and since <= max(OFTEN, MORE * before * (short / long))


def _times(view: View, hit: Hit, log: Log) -> list[datetime]:
    """Return when a log told of a trouble.

    A line of a trace has no time but that of its message, which counts where nobody suffers any more: elsewhere who
    tells of it in traces may be the one whose trouble it is.
    """
    told = [n for n, line in enumerate(log.lines) if tells(hit.trouble, line)]
    if not told or suffer(view):
        return [time for n in told if (time := stamp(log.lines[n])) is not None]
    upto, _ = times_around(log.lines)
    return [time for n in told if (time := upto[n]) is not None]
