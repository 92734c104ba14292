"""The word of a cause that nobody knows: of which kind the words tell that a place tells of its trouble, or its users.

The one place where rules that see but a symptom ask for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.rules._called import called_before
from tuheg_ir.diagnosis.view.complaints import store_spoken_of
from tuheg_ir.diagnosis.view.kinds import CODE, SETTING, USED_UP, kind_of
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import MANY, Marked, complained, marked
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.silent import ended_before, no_more
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

HOURS = timedelta(hours=12)
"""What a log tells for longer is nothing new, as people are called within hours."""
MOSTLY = 2 / 3
"""So large a part of the words of a place has to be of one kind: else nobody can tell."""
PART = 1 / 3
"""So large a part of its errors of all kinds has to tell it: a trace, or a wrapper, stands before many."""
_WORDS = (USED_UP, SETTING, CODE)
"""Kinds that are causes. That somebody is out of reach, or sessions end, is what a symptom tells already."""


def word_of(view: View, ref: str, instead: str, said: Iterable[Hit] = ()) -> str:
    """Return the word of a trouble at a workload of which only the symptom is known; ``instead`` where none is told.

    ``said``: the lines by which the symptom is known, of its own or of who complains of it. Whose code stumbles tells
    of itself.
    """
    workload = view.workloads.get(ref)
    own = _own(view, workload) if workload is not None else ()
    return _word((*_heard(ref, said), *own)) or instead


def word_said(ref: str, instead: str, said: Iterable[Hit]) -> str:
    """Return the word of a trouble whose own lines tell of it; whatever else is logged there is of something else."""
    return _word(_heard(ref, said)) or instead


def _heard(ref: str, said: Iterable[Hit]) -> tuple[tuple[str, int], ...]:
    kinds = ((kind_of(hit.line), hit) for hit in said)
    return tuple((kind, hit.count) for kind, hit in kinds if kind and (kind != CODE or hit.component == ref))


def _word(told: Iterable[tuple[str, int]]) -> str:
    word = one_kind(told)
    return word if word in _WORDS else ""


def one_kind(told: Iterable[tuple[str, int]]) -> str:
    """Return the kind of which nearly all of some (kind, lines) are; "" where two are told alike, or none."""
    counts = Counter[str]()
    for kind, lines in told:
        counts[kind] += lines
    if not counts:
        return ""
    kind, count = counts.most_common(1)[0]
    return kind if count >= MOSTLY * counts.total() else ""


@once
def _own(view: View, workload: Workload) -> tuple[tuple[str, int], ...]:
    """Return of which kinds a workload's own new errors are, in how many lines; what it quotes of a store is not.

    () where they are few beside its other errors: then they are of something else.
    """
    new = ((kind, words) for words, kind in new_kinds(view, workload) if words.error)
    told = [(kind, words) for kind, words in new if not ended_before(view, workload, words, workload.ref)]
    found = tuple((kind, words.count) for kind, words in told if not store_spoken_of(view, workload.ref, words.line))
    every = sum(words.count for words in marked(view, workload))
    return found if sum(count for _, count in found) >= PART * every else ()


def new_kinds(view: View, workload: Workload) -> Iterator[tuple[Marked, str]]:
    """Yield a workload's new words that are of one kind; a store repeats the faults of its clients' code."""
    store = role(workload) in DATA
    for words in complained(view, workload):
        kind = kind_of(words.line)
        if kind and not (store and kind == CODE) and _new(view, workload, words):
            yield words, kind


def _new(view: View, workload: Workload, words: Marked) -> bool:
    """Tell whether words go on, and came within hours and before people were called.

    Where no log reaches back before them they have to be errors, and many.
    """
    if not any(words.lately.values()) or no_more(view, workload, words):
        return False
    if words.since is None:
        return words.error and words.count >= MANY
    return view.recent(words.since, HOURS) and not called_before(view, words.since)
