"""That a program ran what a request told it to, where its log keeps answers and not what was sent.

Such a log shows what the command printed, and whose request it answers. What else this one did there tells the rest.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import unquote_plus

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._borrowed import borrowed
from tuheg_ir.diagnosis.rules._injected import is_request, runs_code
from tuheg_ir.diagnosis.rules._obeyed import FETCHERS, by_the_house, far_ends, made_known, may_make_known
from tuheg_ir.diagnosis.rules._planted import AT_ONCE, complains
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.view.logs import ADDRESS, times_near
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_VALUE = r"[\"']?\s?[=:]\s?(?:\"(?P<quoted>(?:[^\"\\]|\\.){2,4000})|(?P<bare>[^\s\"'{\[][^\n]{1,400}))"
_RESPONSE = late(
    r"[\"\s,{](?:(?:response|resp|reply|answer)(?:[_.-]?(?:body|text|data|content|payload))?|res[_.-]?body|rendered"
    r"|res(?:p|ponse)?[\"']?\s?[=:]\s?\{[^{}]{0,400}[\"']body)" + _VALUE,
    re.IGNORECASE,
)
"""A field of a log that holds what was answered, by its name."""
_BODY = late(r"[\"\s,{](?:body|output|stdout|result)" + _VALUE, re.IGNORECASE)
"""One that does where it stands behind the status: before that it is what was sent."""
_STATUS = late(r"\bstatus(?:_?code)?[\"']?\s?[=:]\s?[\"']?2\d\d\b|[\"\s]2\d\d(?![\d.:])", re.IGNORECASE)
_SENT = late(r"\b(?:req(?:uest)?|payload|posted|form|params)(?:[_.-]?body)?[\"']?\s?[=:]", re.IGNORECASE)
"""What stands behind one of these, up to the status, was sent."""
_SUM = late(r"(?:\{\{|[$#*@]\{|\{|<%=?|@\(|\[\[)\s?(\d{1,6})\s?\*\s?['\"]?(\d{1,6})['\"]?\s?(?:\}|%>|\)|\]\])")
"""How somebody tries whether a template is worked out: by a sum that only the program can have done."""
_FIGURES = late(r"\d{1,40}")
_SAVED = late(
    r"(?:\bsaving to:? ?|[-:] ?|^\s*|\bsaved (?:to|as|in) )[`'\"\u2018]?/(?:(?:var/)?tmp|dev/shm)/[^\s'\"\u2019]{1,200}"
    r"|\bcurl\b[^\n]{0,200}\s-o ?/(?:(?:var/)?tmp|dev/shm)/\S",
    re.IGNORECASE,
)
"""How tools that fetch files tell that one went where programs write."""
_PUBLIC = late(PUBLIC)
FEW = 2
"""What a page shows to more clients than these, or more often in the same words, is meant for them."""


class _Answer(NamedTuple):
    """An answer of 2xx to a client: pod and line that tell it, when, to whom, what it says, the line's rest."""

    pod: str
    line: str
    at: datetime
    client: str
    said: str
    rest: str


def answered(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield that an answer shows what a command prints, and what its client did beside; whether a person has to judge.

    A log may call by the same name what was sent, and anybody may send any words: the first alone is too little.
    """
    if runs_code(workload) or not any(map(may_make_known, view.logs_of(workload.pods))):
        return
    told = list(_answers(view, workload))
    shown = [each for each in told if made_known(each.said)]
    alike = Counter(each.said for each in shown)
    shown = [each for each in shown if alike[each.said] <= FEW]
    clients = {each.client for each in shown if _PUBLIC.match(each.client)}
    # Behind an address of here, as an ingress has one, each answer may be somebody else's.
    hidden = sum(each.client not in clients for each in shown)
    if not shown or len(clients) + hidden > FEW:
        return
    first = min(shown, key=lambda each: each.at)
    ours = hidden > 0 or all(by_the_house(view, each.line) for each in shown)
    fact = f"it answered {first.client} with what a command prints ({first.said[:80]}): {first.line[:240]}"
    yield 0.45, Evidence("logs", f"Pod/{first.pod}", fact, first.at), ours
    for each in told:
        if each.client in clients and (sum_done := _worked_out(each)):
            fact = f"a client tried whether it works out what he writes, and it did ({sum_done}): {each.line[:240]}"
            yield 0.25, Evidence("logs", f"Pod/{each.pod}", fact, each.at), ours
            break
    for weight, seen in _went_on(view, workload, first, clients, [each.at for each in shown]):
        yield weight, seen, ours
    if lent := borrowed(view, workload, first.at):
        yield 0.4, lent, ours


def _answers(view: View, workload: Workload) -> Iterator[_Answer]:
    """Yield what a workload's logs tell of answers of 2xx that they keep."""
    for log in view.logs_of(workload.pods):
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            if at is None or not 200 <= status_of(line) < 300:
                continue
            client, (said, rest) = next(iter(ADDRESS.findall(line[:2000])), ""), _kept(line[:8000])
            if client and said:
                yield _Answer(log.pod, line.strip(), at, client, said, rest)


def _kept(line: str) -> tuple[str, str]:
    """Return what a line tells was answered, and all that it tells beside; "" if it does not keep the answer.

    Only what is in that field: who asks may write anything into others.
    """
    status = _STATUS.search(line)
    found = _RESPONSE.search(line) or (_BODY.search(line, status.end()) if status else None)
    if not found or (status and _SENT.search(line, status.end(), max(status.end(), found.start()))):
        return "", line
    group = "quoted" if found["quoted"] else "bare"
    said = found[group].replace("\\n", "\n").replace("\\t", " ")
    if group == "bare" and not made_known(said, at_once=True):
        said = said.split()[0]
    return said, line[: found.start(group)] + line[found.end(group) :]


def _worked_out(answer: _Answer) -> str:
    """Return a sum of a request whose answer is the outcome, and does not repeat what was asked; "" for none."""
    for one, other in _SUM.findall(unquote_plus(answer.rest[:4000])):
        outcomes = {str(int(one) * int(other)), other * min(int(one), 20)}
        if outcomes & set(_FIGURES.findall(answer.said[:400])) and not _SUM.search(answer.said[:400]):
            return f"{one}*{other}"
    return ""


def _went_on(
    view: View, workload: Workload, first: _Answer, clients: set[str], times: Sequence[datetime]
) -> Iterator[tuple[float, Evidence]]:
    """Yield that a pod fetched from such a client since, and that tools complain just after answers, and else never."""
    for log in view.logs_of(workload.pods):
        if log.pod != first.pod:
            continue
        own = [
            (line, at)
            for line, at in zip(log.lines, times_near(log.lines), strict=True)
            if at is not None and not is_request(line) and not status_of(line)
        ]
        yield from _fetched(log.pod, own, first.at, clients)
        # Programs fetch by themselves as well, and a line that tells of a call is no second sign.
        tools = [
            (line, at, tool)
            for line, at in own
            if (tool := complains(line)) and tool not in FETCHERS and not far_ends(line)
        ]
        if tools and all(any(timedelta() <= at - then <= AT_ONCE for then in times) for _, at, _ in tools):
            line, at, tool = tools[0]
            yield 0.2, Evidence("logs", f"Pod/{log.pod}", f"a tool of a shell complains ({tool}): {line}", at)


def _fetched(
    pod: str, own: Sequence[tuple[str, datetime]], since: datetime, clients: set[str]
) -> Iterator[tuple[float, Evidence]]:
    calls = [(line, at) for line, at in own if far_ends(line) & clients]
    if not calls or any(at < since for _, at in calls):
        return  # who calls his clients as well does so for them
    line, at = calls[0]
    kept = next((saved for saved, then in own if then >= since and _SAVED.search(saved)), "")
    fact = f"it calls that client since: {line}" + (f", and keeps what it gets: {kept}" if kept else "")
    yield 0.4 if kept else 0.25, Evidence("logs", f"Pod/{pod}", fact, at)
