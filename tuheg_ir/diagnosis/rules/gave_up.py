"""Something in a process ended for good while what it needs was away for a moment; that is well again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._asked_too_early import TooEarly, asked_too_early
from tuheg_ir.diagnosis.rules._dropped import Dropped, dropped
from tuheg_ir.diagnosis.rules._figures import rise
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._leads_no_more import LedNoMore, leads_no_more
from tuheg_ir.diagnosis.rules._readers import name_of, queues
from tuheg_ir.diagnosis.rules.task_ended_in_few import parted, released_since
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.ended_apart import words_of
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release
from tuheg_ir.diagnosis.view.threads import EndedThread, ended_threads
from tuheg_ir.diagnosis.view.trouble import suffering, troubles, unplaced
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AROUND = timedelta(minutes=3)
"""So near to its end stands what it ended of."""
SETTLED = timedelta(minutes=5)
"""Who has complained of nothing for so long has what it needs again."""
LONG = timedelta(hours=12)
TIMES, LEAST = 3.0, 100.0
_AWAY = (
    *("connection_refused", "connection_timeout", "connection_reset", "dns", "failover", "database_full"),
    *("read_only_database", "upstream_failure"),
)
"""Troubles that pass by themselves: a poisoned message or a bug ends the next process as well, and so does a kill."""
_BACK = late(
    r"\b(?:re-?)?(?:started|starting)\b|resumed|partitions assigned|\bjoined (?:the )?group"
    r"|(?:re-?)connected\b|(?<!not )(?<!longer )\bre-?subscribed\b"
    r"|\bre-?opened\b|\brecovered\b|\bconsuming\b|finished initiali[sz]ation",
    re.IGNORECASE,
)
"""Words by which what ended comes back."""
_SUBSCRIBED = late(r"(?<!not )(?<!longer )\bsubscribed\b", re.IGNORECASE)
_NEWS = late(
    r"channel|topic|listener|queue|stream|\bsubject|exchange|pattern|partition|consumer|subscriber|pub-?sub|\bbus\b|broker",
    re.IGNORECASE,
)
"""What a program subscribes to, or what of it does; people subscribe too, and to other things."""


def when(view: View) -> Iterator[Match]:
    """A part of a program ended and does not start by itself, for something that was away and is back."""
    for workload in view.serving:
        if role(workload) in DATA:
            continue
        ended = [hit for hit in view.hits_of(workload.ref, "gave_up") if _for_good(view, workload, hit)]
        threads = [each for each in ended_threads(view, workload) if _of_what_passes(each.said)]
        drop = _dropped_for_good(view, workload)
        apart: list[TooEarly | LedNoMore] = [*asked_too_early(view, workload)]
        apart += leads_no_more(view, workload, _for_what_passes)
        ends = (*(each.at for each in threads), *(each.at for each in drop), *(each.at for each in apart))
        began = oldest((*(hit.first for hit in ended), *ends))
        if began is None or not view.recent(began, LONG) or since_release(workload, began):
            continue
        if _may_be_of_a_caller(view, workload, {*(hit.pod for hit in ended), *(each.pod for each in threads)}, began):
            continue
        felt = list(_felt(view, workload, began))
        if not (felt or any(each.waits for each in drop)) or _still_away(view, workload, threads):
            continue
        yield Match(
            component=workload.ref,
            evidence=(
                *(view.hit_evidence(hit) for hit in ended[:2]),
                *(seen for each in threads[:1] for seen in each.evidence()),
                *(seen for each in drop for seen in each.evidence()),
                *(seen for each in apart for seen in each.evidence),
                *felt[:3],
            ),
            certainty=0.6,
            since=began,
            explains=behind(view, workload.ref, but=workload.ref),
            excludes=excluding(workload.ref, "no release came with it", "rollback_workload"),
        )


def _may_be_of_a_caller(view: View, workload: Workload, pods: Collection[str], began: datetime) -> bool:
    """Tell whether few pods ended something, and who suffers was released since, and does not complain of these pods.

    Their like serve him as before: his own release is as likely.
    """
    if not pods or len(pods) >= len(workload.live):
        return False
    return any(released_since(each, began) for each in parted(view, workload, pods)[1])


def _for_good(view: View, workload: Workload, hit: Hit) -> bool:
    """Tell whether a live container said so of something that passes, and nothing came back in it since."""
    if hit.previous or hit.first is None or hit.last is None:
        return False
    for log in view.logs_of(workload.live, previous=False):
        if (log.pod, log.container) == (hit.pod, hit.container):
            return _for_what_passes(log, hit.first, hit.last) and not _came_back(log, hit.last, hit.line)
    return False


def _for_what_passes(log: Log, first: datetime, last: datetime) -> bool:
    return _of_what_passes(line for line in log.lines if (at := stamp(line)) and first - AROUND <= at <= last)


def _of_what_passes(lines: Iterable[str]) -> bool:
    return any(tells(trouble, line) for line in lines for trouble in _AWAY)


def _came_back(log: Log, last: datetime, end: str) -> bool:
    return any(_is_back(line, end) for line in log.lines if (at := stamp(line)) and at > last)


def _is_back(line: str, end: str) -> bool:
    """Tell whether a line tells that what ended is back; ``end``: what told of that."""
    if _BACK.search(line):
        return True
    return _SUBSCRIBED.search(line) is not None and bool(_NEWS.search(line) or words_of([line]) & _names(end))


def _names(end: str) -> set[str]:
    """Return the words of the end of a subscription but those that any has."""
    return words_of([end]) - words_of(["subscribed"])


def _dropped_for_good(view: View, workload: Workload) -> list[Dropped]:
    """Return that the broker dropped the readers of a workload, of which none tells that it reads again; [] if not."""
    found = dropped(view, workload, _AWAY)
    logs = view.logs_of(workload.live, previous=False) if found else ()
    return [found] if found and not any(_came_back(log, found.at, found.closed.fact) for log in logs) else []


def _still_away(view: View, workload: Workload, threads: list[EndedThread]) -> bool:
    """Tell whether what it complained of is away still, for it or for anybody that needs the same.

    The lines of a stack trace often have no time: those of an ended thread are as old as its end. Who complains of
    another one of ours, that this one does not need, has a trouble of its own.
    """
    old = {line[:300] for each in threads for line in each.said}
    needs = view.graph.needs(workload.ref)
    alike = [w.ref for w in view.serving if w is workload or needs & view.graph.needs(w.ref)]
    told = (hit for ref in alike for hit in view.hits_of(ref, *_AWAY) if not hit.previous)
    told = (hit for hit in told if not _of_others(view, hit, needs))
    away = (w for ref in needs if (w := view.workloads.get(ref)) and w.ready < w.wanted)
    lately = (view.recent(hit.last, SETTLED) if hit.last else hit.line not in old for hit in told)
    return any(lately) or any(away)


def _of_others(view: View, hit: Hit, needs: set[str]) -> bool:
    """Tell whether a complaint names workloads of ours, and none that is needed."""
    named = {ref for host in hit.hosts if (ref := view.graph.resolve(host))}
    return bool(named) and not named & needs


def _felt(view: View, workload: Workload, began: datetime) -> Iterator[Evidence]:
    """Yield who suffers since then."""
    for seen, since in troubles(view, workload.ref):
        if since is None or since >= began + BEFORE:
            yield seen
    for series in queues(view):
        grew = rise(view, series, "queue_depth", TIMES, LEAST)
        if grew is not None and grew.since is not None and grew.since >= began + BEFORE:
            waits = f"{grew.before:.0f} messages waited in {name_of(series)}, now {grew.now:.0f}"
            yield Evidence("metrics", workload.ref, waits, grew.since)
    for told in (*suffering(view, workload.ref), *unplaced(view)):
        if told.source == "alerts" and told.time is not None and told.time >= began + BEFORE:
            yield told


RULE = Rule(
    name="gave_up",
    title="A part of a program ended for good while what it needs was away",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no part of a program ended for good of something that is well again",
    follows=True,
)
