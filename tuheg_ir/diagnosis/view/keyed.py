"""The client whom a server knows by a short key: what its own words, and figures by client, tell of that name."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.askers import answer_of, asker_of, askers, of_limiter, polls_its_own
from tuheg_ir.diagnosis.view.marked import Marked, shape_of
from tuheg_ir.diagnosis.view.over_limit import of_a_rate, over, says_refused
from tuheg_ir.diagnosis.view.refused_shares import BY_CLIENT, shares_of_clients
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_TOO_MANY = 429
FAR = 1.5
"""So many times its limit is no slip of a client that asks as it may."""
_DIGIT, _LETTER = late(r"\d"), late(r"[A-Za-z]")
_OF_LIMITS = late(
    r"rate.?limit|throttl|too many requests|\bquota\b|\bper[ -]?(?:second|minute|hour|day)\b", re.IGNORECASE
)


def of_one(view: View, workload: Workload, name: str) -> bool:
    """Tell whether a name is of a single client: it is his key, or he alone asks for what he asks over and over."""
    return _known_by_key(view, workload, name) or polls_its_own(view, workload, name)


def _known_by_key(view: View, workload: Workload, name: str) -> bool:
    """Tell whether a log says that a client asks with a key of this name, and figures count what that client asks.

    A key alone may be that of a limit, a cache or an object; no figures by client count those. It has to look as if it
    was made for one: a word may be how an app is called that many use.
    """
    counted = shares_of_clients(view, labels_of(view, workload.ref, BY_CLIENT))
    if name not in counted or not (_DIGIT.search(name) and _LETTER.search(name)):
        return False
    key = re.compile(rf"\bkey[\"']?\s*[=:]\s*[\"']?{re.escape(name)}(?![\w.@-])", re.IGNORECASE)
    told = (line for line in view.lines_of(workload) if name in line and key.search(line))
    return any(answer_of(line) and asker_of(line)[0] == name for line in told)


def over_its_limit(view: View, workload: Workload, name: str) -> bool:
    """Tell whether a server says of each refusal of a client that it asks far more than one limit, which stays so.

    Who is over a rate gets what that lets through, though a log may tell of refusals alone; of a quota nothing is left.
    """
    lines = (line for line in view.lines_of(workload) if name in line)
    said = (line for line in lines if says_refused(line) and asker_of(line)[0] == name)
    told = [over(line) if of_a_rate(line) else None for line in said]
    limits = {each[0] for each in told if each is not None and each[1] >= FAR}
    return len(limits) == 1 and all(each is not None and each[1] >= FAR for each in told)


def of_refusals(view: View, workload: Workload, words: Marked) -> bool:
    """Tell whether a server's words beside its access log are of its limits, and of the one client that they refuse.

    Programs tell so in words of their own; each of these lines has to name that client, and it must be the only one.
    """
    if of_limiter(words.line):
        return True
    if not _OF_LIMITS.search(words.line):
        return False
    refused = [each.name for each in askers(view, workload) if each.answers[_TOO_MANY]]
    if len(refused) != 1:
        return False
    named = re.compile(rf"(?<![\w.@-]){re.escape(refused[0])}(?![\w@-])")
    return all(named.search(line) for line in view.lines_of(workload) if shape_of(line) == words.shape)
