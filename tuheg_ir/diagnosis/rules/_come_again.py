"""Who comes again since what he was given is over: a session, a token or a cart that is kept for too short a time.

He begins anew, and what is asked more is his own doing: it follows from the settings that end what he holds, and more
pods would end it as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._last_written import in_words, last_written
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._own_misses import is_sound
from tuheg_ir.diagnosis.rules._read_anew import ReadAnew
from tuheg_ir.diagnosis.view.demand import JUST_BEFORE
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_AS_EVER = 1.2
"""Who gets no more than so many times what he got at first is asked for as much as ever."""
_THINGS = (
    r"session|token|ticket|cart|basket|reservation|booking|lease|lock|hold|login|upload|nonce|challenge|otp"
    r"|quote|subscription|registration|cookie|jwt"
)
_HELD = rf"(?P<{{}}>{_THINGS})"
_OVER = late(
    r"(?<![a-z])(?:unknown|expired|stale|lapsed|outdated|no such)[\s_:-]{1,2}(?:[a-z]{1,20}[\s_-])?"
    rf"{_HELD.format('a')}"
    rf"|(?<![a-z]){_HELD.format('b')}s?(?:[\s:='\"]{{1,3}}[\w.-]{{0,80}}\d[\w.-]{{0,80}}['\"]?)?[\s_-]{{0,2}}"
    r"(?:(?:id|is|was|has|had|have|are|already|been)[\s_-]){0,3}"
    r"(?:expired|unknown|gone\b|lapsed|timed[\s_-]?out|not[\s_-]?found|(?:does not|doesn't) exist|too old"
    r"|no longer (?:valid|known|held|there|active|exists?))",
    re.IGNORECASE,
)
"""How programs tell that what a client shows them was his, and is over: of a version of an interface it is not said."""
_KEPT = late(
    r"ttl\b|\btime to live\b|\bexpir|\blife ?(?:time|span)|\bmax ?age\b|\bidle|\binactiv"
    r"|\bvalid(?:ity| for| until| seconds| minutes)\b|\bretention\b|\bkeep ?alive"
    rf"|\b(?:{_THINGS}|user|visitor)s? (?:\w+ ){{0,2}}time ?out\b"
)
"""Settings that are about for how long something is kept, by their words: a call that takes too long holds nothing."""
_OF_CALLS = late(
    r"\b(?:min(?:imum)?|pools?|hikari|https?|clients?|connect\w*|conns?|sockets?|requests?|read|write|query|jdbc|db"
    r"|database|datasource)\b"
)
"""Words of settings for how one asks another, and how many ways there he holds open: none of it is a client's own."""


def tells_it_is_over(line: str) -> bool:
    """Tell whether a line says that a session, a token or the like of somebody's is unknown, or over."""
    return _OVER.search(line) is not None


def come_again(view: View, workload: Workload, found: ReadAnew, line: str) -> bool:
    """Tell whether those who ask a workload for more are the ones whom it refuses since it read its settings anew.

    By its words what they hold is over, and what was written is a setting of that, or of how long something is kept.
    It got no more than ever until then. Neither it nor one that it needs was started anew in those minutes, and no
    store drops keys for want of room: what is held is lost by that as well. So it is by who has no processor time left:
    he serves them too late, and more pods may be what helps.
    """
    told = _OVER.search(line)
    if told is None or _had_grown(view, workload.ref, found.read) or _is_busy(view, workload):
        return False
    held = re.compile(rf"\b{(told['a'] or told['b']).lower()}s?\b")
    settings = (words for each in last_written(view, found.ref) for words in in_words(each))
    if not any(held.search(words) or _is_kept(words) for words in settings):
        return False
    needs = [view.workloads[ref] for ref in view.graph.needs(workload.ref) if ref in view.workloads]
    if any(near(start, found.read) for each in (workload, *needs) for start in _starts(each)):
        return False
    return all(is_sound(view, each, found.read) for each in needs if role(each) in DATA)


def _is_busy(view: View, workload: Workload) -> bool:
    """Tell whether most pods of a workload are at their processor limit."""
    share, throttled = (usage(view.figures, workload, each) for each in ("cpu_share", "throttled_share"))
    return share.widely(BUSY) or throttled.widely(THROTTLED)


def _is_kept(words: str) -> bool:
    return bool(_KEPT.search(words)) and not _OF_CALLS.search(words)


def _starts(workload: Workload) -> Iterator[datetime | None]:
    return (each.started_at for pod in workload.live for each in pod.containers)


def _had_grown(view: View, ref: str, read: datetime) -> bool:
    """Tell whether a workload got more than at first even before it read its settings anew."""
    for label in labels_of(view, ref, "request_rate"):
        first = view.figures.first("request_rate", component=label)
        then = view.figures.before("request_rate", read, JUST_BEFORE, component=label)
        if first and then is not None and then > _AS_EVER * first:
            return True
    return False
