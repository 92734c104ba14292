"""Errors of a release with one kind of what it is asked for, of which the first came long after it.

A path is walked for one kind of thing alone: cold goods, a card of one brand, letters of one format. All are asked for
at the same address, so the log of who is asked tells little; who asks writes the kind beside each answer. A kind that
the code before the release did well, that the release has never done, and that is the only one it fails at, came to
code that broke. That it has never done it is known only where all who ask are heard since then, whatever they call it.
Whose a thing is, where it is kept, which of many it is and how it went is no kind of it: what is kept of one customer
may be spoiled by whoever wrote it. What was started anew since may have failed to load what it needs for that kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._comes_in_waves import Told, all_heard_since
from tuheg_ir.diagnosis.rules._first_used_late import (
    FAILED,
    STARTS,
    WELL,
    former_failed,
    no_other_reason,
    of_another,
    own_of_all,
    requests_told,
)
from tuheg_ir.diagnosis.rules._got_through import failed, served
from tuheg_ir.diagnosis.served import field_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import answer_of
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_FIELD = late(
    r"(?<![\w.?&/-])[\"']?([A-Za-z][\w.-]{1,30})[\"']?\s?[=:]\s?(?=[\"']?[\w.+-]{0,30}[A-Za-z])"
    r"(?:[\"'](\w[\w.+-]{0,30})[\"']|(\w[\w.+-]{0,30})(?=[\s,;)\]}]|$))"
)
"""A field of a line and its value, which is no number."""
_KIND = late(
    r"(?!(?:.*[._-])?(?:log(?!i)|err|exc|event|fail|status|outcome|resp|result|retr|cache|auth|login|grant|token"
    r"|content|mime|node|instance|host|pod|device|client|user|agent|db|sql|query|source|thread|trace|span|run|partner"
    r"|tenant))[\w.-]*(?:type|kind|class|category|mode|method|format|temp(?:erature)?|tier|variant|channel|brand)",
    re.IGNORECASE,
)
"""Fields of what kind a request is, and not of how it went, or of whom or what served it."""
_NO_KIND = late(
    r"true|false|yes|no|on|off|none|null|nil|undefined|unknown|invalid|default|other|n\.?a|hit|miss|ok|slow|degraded"
    r"|fall-?back|retry|trace|debug|info|notice|warn(?:ing)?|err(?:or)?|critical|fatal|severe",
    re.IGNORECASE,
)
"""Values that tell how it went, how loud a line is, or that somebody does not know the kind."""
_OF_CODE = late(r"[a-z][A-Z]")
"""How a class of a program is written, which tells of itself in a line: OrderClient."""
_NUMBER = late(
    r"(?<![\w.?&/-])(?:(?![\w.-]*(?:stat|code|http|answer|resp|repl|result|ret|err|got|upstream|server|backend))"
    r"(?!(?:rc|st|sc)\b)[A-Za-z][\w.-]{0,30}"
    r"|[A-Za-z][\w.-]{0,30}(?:bytes|size|len(?:gth)?|time|duration|ms|count|total))"
    r"(?:=[\"']?|[\"']\s?:\s?[\"']?)\d+(?![\w.:-])",
    re.IGNORECASE,
)
"""A field with a number that is no status: a sum, a size."""


class _Line(NamedTuple):
    """What a caller told of a workload, and when; failed: it got no good answer, well: it did."""

    at: datetime
    line: str
    fields: frozenset[tuple[str, str]]
    failed: bool
    well: bool


def first_of_kind(view: View, workload: Workload) -> Told | None:
    """Return the errors of a release with the one kind of thing at which it fails, if all newest pods tell them."""
    came, own = workload.released_at, own_of_all(view, workload)
    if came is None or not own:
        return None
    lines = sorted(_lines(view, workload), key=lambda each: each.at)
    ill = [each for each in lines if each.failed and each.at >= came]
    began = oldest(each.at for each in ill)
    if began is None or len(ill) < OFTEN or not no_other_reason(view, workload, own, began):
        return None
    if _made_anew(workload, came) or not _all_heard(view, workload, came):
        return None
    if sum(each.well and came <= each.at < began - MINUTE for each in lines) < OFTEN:
        return None  # nobody knows whether it did anything well
    kind = next((each for each in sorted(_shared(ill)) if _is_kind(*each) and _is_new_to_it(each, lines, came)), None)
    if kind is None or _asked_before(view, workload, kind, came, began):
        return None
    if former_failed(view, workload, _routes(view, own)):
        return None
    what, before = "=".join(kind), [each.at for each in lines if each.at < came and kind in each.fields]
    fails = f"all {len(ill)} requests that failed have {what}; others do well"
    did = f"{len(before)} with {what} did well before its release"
    shown = (Evidence("logs", workload.ref, fails, began), Evidence("logs", workload.ref, did, before[-1]))
    return Told(own, began, shown)


def _made_anew(workload: Workload, came: datetime) -> bool:
    """Tell whether no newest pod runs since a release: what all of them loaded as they started is as likely ill."""
    first = oldest(pod.started for pod in workload.newest_pods())
    return first is None or first > came + STARTS


def _all_heard(view: View, workload: Workload, came: datetime) -> bool:
    """Tell whether the logs of all pods of who asks a workload reach back to its release."""
    callers = (view.workloads[ref] for ref in view.graph.asked_by(workload.ref) if ref in view.workloads)
    heard = [all_heard_since(view, each) for each in callers if each is not workload]
    return all(at is not None and at <= came for at in heard)


def _lines(view: View, workload: Workload) -> Iterator[_Line]:
    """Yield what the callers of a workload tell of it alone, which they name, or a Service of it alone."""
    services = (each.name for each in view.leading_to(workload.ref) if each.backends == (workload.ref,))
    named = _word(workload.name, *services)
    callers = view.graph.callers(workload.ref) - {workload.ref}
    for log in view.logs:
        caller = view.owner_of(log.pod)
        for line in log.lines if caller in callers else ():
            at = stamp(line) if named.search(line) or _calls(view, caller, workload, line) else None
            if at is None or of_another(view, workload, line, caller):
                continue
            ill, well = _outcome(line)
            yield _Line(at, line, frozenset(_fields(line)), ill, well)


def _calls(view: View, caller: str, workload: Workload, line: str) -> bool:
    return any(view.graph.meant(caller, host) == workload.ref for host in hosts_named([line]))


def _outcome(line: str) -> tuple[bool, bool]:
    """Tell whether a line is of what failed, and whether it is of what went well."""
    answer, rest = answer_of(line) or field_of(line), _NUMBER.sub(" ", line)
    ill = answer >= FAILED or failed(rest) or any(tells(trouble, line) for trouble in UNANSWERED)
    return ill, not ill and (answer in WELL or served(rest))


def _word(*names: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])")


def _fields(line: str) -> Iterator[tuple[str, str]]:
    return ((found[1], found[2] or found[3]) for found in _FIELD.finditer(line))


def _is_kind(key: str, value: str) -> bool:
    if _KIND.fullmatch(key) is None or _NO_KIND.fullmatch(value):
        return False
    return not (key.lower().endswith("class") and _OF_CODE.search(value))


def _shared(lines: Sequence[_Line]) -> frozenset[tuple[str, str]]:
    return frozenset.intersection(*(each.fields for each in lines))


def _is_new_to_it(kind: tuple[str, str], lines: Sequence[_Line], came: datetime) -> bool:
    """Tell whether a kind went well before a release, and only so, never since, and others of its field do since.

    Another one who asks may write it otherwise, and under another field.
    """
    word = _word(kind[1].lower())
    spoken = [each for each in lines if word.search(each.line.lower())]
    if any(not each.well if each.at < came else not each.failed for each in spoken):
        return False
    if sum(each.at < came and kind in each.fields for each in spoken) < OFTEN:
        return False
    well = [each for each in lines if each.at >= came and each.well]
    return sum(any(key == kind[0] for key, _ in each.fields) for each in well) >= OFTEN


def _asked_before(view: View, workload: Workload, kind: tuple[str, str], came: datetime, began: datetime) -> bool:
    """Tell whether anybody spoke of a kind after a release, before it first failed: then it may have gone well.

    The release and who asks it may call its field otherwise; and the release may tell later of some that went well.
    """
    key, value = (each.lower() for each in kind)
    near = {workload.ref, *view.graph.callers(workload.ref)}
    for log in view.logs:
        who = view.owner_of(log.pod)
        for line in log.lines:
            if value not in line.lower() or (at := stamp(line)) is None or at <= came + MINUTE:
                continue
            fields = [name.lower() for name, told in _fields(line) if told.lower() == value]
            if not fields or not (who in near or key in fields):
                continue
            if at < began - MINUTE or (who == workload.ref and _outcome(line)[1]):
                return True
    return False


def _routes(view: View, own: Sequence[Hit]) -> set[tuple[str, ...]]:
    """Return the routes of the requests that failed in the pods of a release, as they tell."""
    pods = {hit.pod for hit in own}
    told = (each for log in view.logs if log.pod in pods and not log.previous for each in requests_told(log.lines))
    return {each.route for each in told if each.status >= FAILED}
