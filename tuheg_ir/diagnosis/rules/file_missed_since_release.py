"""A program does without a file that its former template put in place: a release mounts it elsewhere, or leads past it.

The pods start and are ready, so that nothing says that the release failed. What the program takes instead (a table that
it was built with, defaults, nothing) is what users, or those who are sent its work, meet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._may_go_back import may_go_back
from tuheg_ir.diagnosis.rules.errors_since_release import LATE, OF_MEANS
from tuheg_ir.diagnosis.rules.mounted_key_gone import ABSENT
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, complaints
from tuheg_ir.diagnosis.view.crashes import ended_by_themselves
from tuheg_ir.diagnosis.view.marked import Marked, complained
from tuheg_ir.diagnosis.view.mounted import put_at
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.releases import BEFORE, release_evidence, releases, template_before
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import BUSY, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

_DAY = timedelta(days=1)
"""Who did without a file for longer has been seen to do so."""
_PATH = late(r"(?<![\w./-])/(?:[\w.@-]+/){1,12}[\w.@-]*\w")
"""A path of at least two parts; of one alone anything may be told."""
_GONE = late(
    r"\bnot (?:be )?found\b|\bdoes(?: not|n't) exist\b|\bmissing\b|\bcannot (?:be )?(?:read|open)|\bnot read(?:able)?\b"
    r"|\bcould not (?:be )?(?:read|open|load)",
    re.IGNORECASE,
)
"""What programs say in words of their own."""
_OF_A_CLIENT = late(r"(?i:\bclient[: ]|\brequest: |\bHTTP/\d|\bremote_addr\b)|\b(?:GET|HEAD|POST|PUT|PATCH|DELETE)\b")
"""A client asked for the file: anybody may ask for anything, and the program itself misses nothing."""
_TRIES = late(r"\btr(?:y|ies|ying)\b|\bretry|\bwait(?:s|ing)?\b|\bnot\b.{1,60}\byet\b", re.IGNORECASE)
"""It goes on looking, and may find it."""
_SOON = timedelta(minutes=5)
"""What comes of a missing file is felt so soon after it is missed."""
_APART = timedelta(minutes=10)
"""Who was changed longer before a release came had served well with what it replaced."""
_REFUSED = late(
    r"\b4(?:00|03|04|09|12|22)\b|\binvalid|\brefus|\breject|unprocessable|bad.?request|failed.?precondition",
    re.IGNORECASE,
)
"""How one tells that another does not take what it sends."""


class _Missed(NamedTuple):
    """A file that is not there: which, what held it under the former template, and where that put it."""

    path: str
    ref: str
    former: str
    pods: set[str]
    pod: str
    line: str
    at: datetime


class _Told(NamedTuple):
    """A line that tells of a file that is not there, and what held it where before; ``later``: it may be found."""

    path: str
    pod: str
    line: str
    at: datetime | None
    former: str
    ref: str
    later: bool


class _Led(NamedTuple):
    """A setting of a container that led a program to one place before, and leads it to another now."""

    container: str
    before: str
    now: str


def when(view: View) -> Iterator[Match]:
    """All newest pods tell that a file is missing which the template before would put in place still; somebody suffers.

    Not where it was told before the release, nor where the same place lost the file: going back would not find it.
    """
    for workload in view.serving:
        if not releases(view, workload, _DAY) or workload.returned or ended_by_themselves(view, workload):
            continue
        missed = _missed(view, workload) if _places_otherwise(workload) else None
        if missed is not None and (harm := _harm(view, workload, missed)):
            yield _match(view, workload, missed, *harm)


def _places_otherwise(workload: Workload) -> bool:
    """Tell whether a release changed what lies where, or where a program looks for it."""
    return any(change.aspect in ("mounts", "env", "command") for change in workload.changes)


def _missed(view: View, workload: Workload) -> _Missed | None:
    """Return the file that all newest pods whose log is known miss since they are."""
    newest, came = {pod.name for pod in workload.newest_pods()}, workload.released_at
    if came is None or not any(pod.ready for pod in workload.newest_pods()):
        return None  # what hinders it to start says more
    heard = {log.pod for log in view.logs_of(workload.live, previous=False) if log.lines} & newest
    told = list(_told(view, workload))
    since = [(each.at, each) for each in told if each.pod in newest and each.at and each.at >= came + BEFORE]
    if len(since) < len(told):
        return None  # it was missed before, or nobody knows when
    found: dict[str, _Missed] = {}
    for at, (path, pod, line, _, former, ref, later) in sorted(since, key=lambda each: each[0]):
        if not later:
            found.setdefault(path, _Missed(path, ref, former, set(), pod, line.strip()[:300], at)).pods.add(pod)
    return next((each for each in found.values() if heard and each.pods >= heard), None)


def _told(view: View, workload: Workload) -> Iterator[_Told]:
    """Yield what all logs of a workload tell of files that are not there and were in place."""
    before = template_before(workload)
    led = list(_led(before, workload.template))
    known: dict[tuple[str, str], tuple[str, str]] = {}
    for log in view.logs_of(workload.pods):
        there: dict[str, int] = {}
        for number, line in enumerate(log.lines):
            head = line[:600]
            if "/" not in head or not _misses(head) or _OF_A_CLIENT.search(head):
                continue
            for path in dict.fromkeys(_PATH.findall(head)):
                place = log.container, path
                if place not in known:
                    known[place] = _formerly(view, before, workload.template, led, *place)
                former, ref = known[place]
                if ref:
                    if path not in there:
                        there[path] = _last_there(log.lines, path)
                    later = number < there[path] or _looks_on(path, head)
                    yield _Told(path, log.pod, line, stamp(line), former, ref, later)


def _misses(line: str) -> bool:
    return ABSENT.search(line) is not None or _GONE.search(line) is not None


def _looks_on(path: str, line: str) -> bool:
    """Tell whether a program that misses a file tries again, or another place for one of its name."""
    name = path.rpartition("/")[2]
    elsewhere = any(each != path and each.endswith(f"/{name}") for each in _PATH.findall(line))
    return elsewhere or _TRIES.search(line) is not None


def _last_there(lines: tuple[str, ...], path: str) -> int:
    """Return the number of the last line that speaks of a file of that name as there; -1: none does."""
    name = path.rpartition("/")[2]
    return max((number for number, line in enumerate(lines) if name in line and not _misses(line)), default=-1)


def _formerly(
    view: View, before: Mapping[str, Any], now: Mapping[str, Any], led: Iterable[_Led], container: str, path: str
) -> tuple[str, str]:
    """Return where the template before put what a container misses at a path now, and what holds it; "" for nothing.

    What the newest template puts there too is not missing by the release; what is in a volume nobody may know.
    """
    if not before or put_at(view, now, path, container) != "":
        return "", ""
    ways = (each for each in led if each.container == container and f"{path}/".startswith(f"{each.now}/"))
    for former in dict.fromkeys((path, *(each.before + path[len(each.now) :] for each in ways))):
        if ref := put_at(view, before, former, container):
            return former, ref
    return "", ""


def _led(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[_Led]:
    """Yield where settings lead a program that led it elsewhere before."""
    was, is_now = (dict(_settings(template)) for template in (before, now))
    for key, value in is_now.items():
        old, new = (_PATH.findall(each) for each in (was.get(key, ""), value))
        if was.get(key) != value and len(old) == len(new):
            yield from (_Led(key[0], *each) for each in zip(old, new, strict=True) if each[0] != each[1])


def _settings(template: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield ((container, which), value) of variables and arguments."""
    for container in items(template, "spec", "containers"):
        name = text(container, "name")
        yield from (((name, text(entry, "name")), text(entry, "value")) for entry in items(container, "env"))
        for field in ("command", "args"):
            yield from (((name, f"{field} {n}"), str(word)) for n, word in enumerate(container.get(field) or ()))


def _harm(view: View, workload: Workload, missed: _Missed) -> tuple[tuple[Evidence, ...], tuple[str, ...]] | None:
    """Return what shows that somebody suffers since a file is missed, and who is sent the work; None: nobody.

    What was ill before, or began later, is not by the file; nor is what may be of somebody else.
    """
    came, felt = workload.released_at, list(troubles(view, workload.ref))
    if came is None or not all(_begins_with(missed, since) for _, since in felt):
        return None
    if _of_others(view, workload, came):
        return None
    errors = list(_errors(view, workload, missed))
    if not felt and not errors:
        return None  # an alert alone may be of anything
    above, called = view.graph.callers(workload.ref), set[str]()
    if any(_REFUSED.search(each.line) for each in errors):
        called.update(each.ref for each in view.called(workload.ref))
    about = [(view.about_alert(each), each) for each in view.alerts if not OF_MEANS.search(each.said)]
    fired = [(ref, each) for ref, each in about if each.starts_at is not None and each.starts_at >= came + BEFORE]
    paged = [
        (ref, each)
        for ref, each in fired
        if (errors and ref in {*above, *called, workload.ref, ""})
        or (ref == workload.ref and each.starts_at is not None and each.starts_at - came <= LATE)
    ]
    if not felt and not paged:
        return None
    told = [Evidence("logs", workload.ref, f"{each.count} lines: {each.line}", each.since) for each in errors]
    shown = [each.fires(ref) for ref, each in paged]
    seen = [evidence for evidence, _ in felt]
    return (*seen[:2], *told[:1], *shown[:2]), tuple(sorted(called & {ref for ref, _ in paged}))


def _begins_with(missed: _Missed, since: datetime | None) -> bool:
    return since is not None and BEFORE <= since - missed.at <= _SOON


def _of_others(view: View, workload: Workload, came: datetime) -> bool:
    """Tell whether what is felt may be of somebody else: changed at about that time or later, ill, or out of room.

    So may it be where the workload tells itself that another one, or a host outside, does not answer.
    """
    if any(each.caller == workload.ref != each.about for each in complaints(view, *UNANSWERED)):
        return True
    needed, above = (
        [view.workloads[ref] for ref in sorted(refs) if ref in view.workloads and ref != workload.ref]
        for refs in (view.graph.needs(workload.ref), view.graph.callers(workload.ref))
    )
    for each in (*needed, *above):
        times = [at for _, at in outside_changes(view, each)]
        times += [each.released_at or came] if each.changes else []
        if any(at >= came - _APART for at in times):
            return True
    busy = any(usage(view.figures, each, "cpu_share").widely(BUSY) for each in (workload, *needed))
    return busy or any(any(troubles(view, each.ref)) for each in needed)


def _errors(view: View, workload: Workload, missed: _Missed) -> Iterator[Marked]:
    """Yield what all newest pods complain of again and again since they miss a file, but for a warning of just that."""
    newest = {pod.name for pod in workload.newest_pods()}
    for each in complained(view, workload):
        own = each.error or missed.path not in each.line
        if own and set(each.pods) == newest and _begins_with(missed, each.since):
            yield each


def _match(
    view: View, workload: Workload, missed: _Missed, harm: tuple[Evidence, ...], called: tuple[str, ...]
) -> Match:
    ref = workload.ref
    held = f"the template before has it in place, at {missed.former}; the newest one puts nothing at {missed.path}"
    return Match(
        component=ref,
        evidence=(
            Evidence("logs", f"Pod/{missed.pod}", missed.line, missed.at),
            Evidence("objects", missed.ref, held, workload.released_at),
            *release_evidence(workload, "mounts", "env", "command")[:2],
            *harm,
        ),
        certainty=0.75,
        remedy="" if may_go_back(view, workload) else "page_human",
        since=missed.at,
        explains=(*behind(view, ref, but=ref), *called),
        excludes=(
            *not_for((ref,), "each pod of this template misses the file", ("restart_workload", "scale_workload")),
            *not_for(called, f"it refuses what {ref} makes without the file"),
        ),
    )


RULE = Rule(
    name="file_missed_since_release",
    title="A program does without a file since a release that mounts it elsewhere or leads past it",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no program misses a file since its release that its former template put in place",
    follows=True,
)
