"""To which queue a program sends, by its own words or by what its release tells it."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OFTEN = 5
"""Who names a queue less often may have sent to it by hand."""
_FAR = 300
"""A word of sending stands so near to the name of the queue."""
_KIND = r"(?:queue|topic|stream|subject|routing[ _-]?key|channel|tube)(?:[ _-]?name)?"
_SENDS = (
    r"(?<![a-z])(?:(?:re)?(?:enqueu|publish|produc|send|sent|push|emit|dispatch|schedul|add(?:ed|ing)\b|queued\b)"
    r"|apply_async|perform_(?:async|later))"
)
_OPENS = r"[\"']?[\s:=\"'(\[]+"
"""What stands between the word for a queue and its name."""
_INTO = rf"(?:\b(?:in)?to\s+(?:\w+[(\[:/]+)?|\b(?:(?:in)?to\s+(?:the\s+)?)?{_KIND}{_OPENS})[\"'`]?"
_OTHER = late(
    r"\b(?:fail(?:ed|ing|s|ure)?|could not|couldn't|cannot|can't|unable|error|refused|consum(?:ed|er|ing|es)"
    r"|(?:receiv|subscrib|dequeu)(?:ed|ing|es)|(?:fetch|poll)(?:ed|ing|es|s))\b",
    re.IGNORECASE,
)
"""Words of who could not send, or who takes out of a queue: what is sent on may be named in the same line."""


def sends_to(view: View, workload: Workload, queue: str) -> Evidence | None:
    """Return what tells that a workload sends to a queue since its release; None: nothing does.

    Its new pods say so again and again, or the release gave it that name; one that names it as before is none.
    """
    newest = {pod.name for pod in workload.newest_pods()}
    if named_lines(view, [pod for pod in workload.live if pod.name not in newest], queue):
        return None
    lines = named_lines(view, [pod for pod in workload.live if pod.name in newest], queue)
    if len(lines) >= OFTEN:
        fact = f"{len(lines)} lines since its release: {lines[0]}"
        return Evidence("logs", workload.ref, fact, oldest(map(stamp, lines)))
    if told := next(iter(sorted(_words(workload, queue))), ""):
        return Evidence("objects", workload.ref, f"its release told it {told}", workload.released_at)
    return None


def _words(workload: Workload, queue: str) -> set[str]:
    """Return the words with the name of a queue that only the newest template gives: it is told of no such before."""
    now, before = (set(words_of(template)) for template in (workload.template, template_before(workload)))
    if not before or any(_is(word, queue) for word in before):
        return set()
    return {word for word in now - before if _is(word, queue)}


def _is(word: str, queue: str) -> bool:
    return queue in (word, word.rpartition("=")[2])


def named_lines(view: View, pods: list[Pod], queue: str) -> list[str]:
    """Return the lines in which pods tell that they send to a queue."""
    name = rf"{re.escape(queue)}(?![\w-]|[.:/]\w)"
    told = re.compile(rf"{_SENDS}.{{0,{_FAR}}}?{_INTO}{name}|{_KIND}{_OPENS}{name}.{{0,{_FAR}}}{_SENDS}", re.IGNORECASE)
    lines = (line for log in view.logs_of(pods, previous=False) for line in log.lines if queue in line)
    return [line for line in lines if told.search(line) and not _OTHER.search(line)]
