"""A release of late lets a caller try more often, or without a pause: nobody saw that until something was away.

While all that is asked answers, nothing is tried again. A release that is older than the trouble by days may be what
makes a moment of trouble last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._named_as import OF_NOBODY, leads_by
from tuheg_ir.diagnosis.rules._tries import BESIDE_TRIES, PAUSE, TRIED, TRIES, Tried, unanswered
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.name_words import parts_of, words_in_name
from tuheg_ir.diagnosis.view.reading import name, noted
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_SUSPECT = timedelta(days=3)
"""A release that waits for its first trouble may be of before a weekend."""
_MORE = 2
"""So many times the tries of before are more than fine tuning, where each costs as much."""
_MOSTLY = 0.5
"""So many of its tries tell that it does not wait, if it does not."""
_NAMED = late(
    r"(?<![\w.-])([\w.-]{0,60}(?:[Rr]etr(?:y|ies)|RETR(?:Y|IES)|[Aa]ttempts?|ATTEMPTS?|[Tt]ries|TRIES)"
    r"(?![a-z])[\w.-]{0,40})[\"']?\s{0,2}[=:,]?\s{0,2}[\"']?(\d{1,5})(?![\w.])"
)
"""A number of tries among other words: `"maxAttempts": 5`, `--retries=5`, `["--retries", "5"]`, `num_retries: 5`."""
_PART = 4
"""A word that is shorter stands in many names."""
_ITS, _ANYBODYS, _ANOTHERS = 2, 1, 0
"""Whose tries a setting is about, so that what is larger tells more."""
_OF_TRIES = late(r"retr(?:y|ies)|back-?off|attempts?\b|\btr(?:y|ies|ying) again", re.IGNORECASE)
"""Words of tries, in a line or in what somebody wrote down of a release."""
_NO_PAUSE = late(
    r"(?<![a-z])(?:wait|back[-_]?off|delay|pause|sleep|interval)(?:[-_]?(?:ms|seconds))?[\"']?\s?[=:]\s?[\"']?"
    r"(?:0(?:\.0{1,6})?\s?(?:m?s|seconds)?|none|off)(?![\w.])"
    r"|\bimmediate(?:ly)?\b|\b(?:without|no) (?:a |any )?(?:pause|delay|back-?off|waiting)\b",
    re.IGNORECASE,
)
"""How a program tells that it does not wait before it tries again."""
_SPREAD = late(r"jitter", re.IGNORECASE)
"""A setting of it says how far pauses differ, and not how long they are."""
_SOME = late(r"[1-9]|exp|lin|jitter|fixed|const|true", re.IGNORECASE)
_NONE = late(r"(?:0(?:\.0{1,6})?\s?(?:m?s|sec(?:onds?)?)?|none|off|no|false|disabled)?", re.IGNORECASE)
"""What such a setting is where it waits, and where it does not."""
_PAUSES = late(
    r"\b(?:wait(?:s|ed|ing)?|back[-_]?off|delay(?:s|ed)?|pauses?|sleep(?:s|ing)?|interval|next[-_ ]in"
    r"|(?:again|attempt|try|retry(?:ing)?) (?:in|after))"
    r"(?:[-_]?(?:ms|seconds))?[\"']?\s?[=:]?\s?[\"']?(?:for |in |of )?[\d.]{0,12}[1-9]",
    re.IGNORECASE,
)
"""How it tells that it does."""
_ENDS = late(
    r"\bfail(?:s|ed|ing)? (?:immediately|at once|fast)|\bgiv(?:es?|ing) up|\bgave up"
    r"|\b(?:retr(?:y|ies)|attempts|tries|budget) (?:\w{1,20} )?(?:spent|exhausted|used up)",
    re.IGNORECASE,
)
"""It tries no more."""
_WAITED = late(r"back-?off|\bjitter|\bpauses?\b|\bdelays?\b|\bwait", re.IGNORECASE)
_TAKEN = late(
    r"\b(?:removed?|without|no|drop(?:s|ped)?|replaced?s?|instead of)\b.{0,40}(?:retr(?:y|ies)|back-?off)"
    r"|(?:retr(?:y|ies)|back-?off).{0,40}\b(?:removed|dropped|replaced|gone)\b",
    re.IGNORECASE,
)
_CLIENT = late(r"\bclients?\b|\blibrar(?:y|ies)\b", re.IGNORECASE)
_LESS = late(
    r"\b(?:fewer|less|lower(?:ed)?|reduced?)\b"
    r"|\b(?:without|no|removed?|drop(?:s|ped)?|disabled?) (?:[\w-]{1,20} ){0,2}retr(?:y|ies)\b"
    r"(?!\W{1,2}(?:librar|lib\b|client|package|wrapper|handler|policy|decorator|template|interceptor|middleware"
    r"|back-?off|delay|pause|wait|jitter|limit|budget|cap\b))"
    r"|\bretries (?:(?:of|for|on|to) [\w-]{1,40} )?(?:(?:are|is|were) )?(?:removed|dropped|gone|disabled|off)\b",
    re.IGNORECASE,
)
"""Words of notes: that tries were some time apart, that what made them so is gone, who tries, that there are fewer."""


def tries_otherwise(
    view: View, caller: Workload, callee: Workload, since: datetime, tried: Sequence[Tried]
) -> tuple[Evidence, ...]:
    """Return that a caller tries more often by a release of the days before a time, or now tries without a pause.

    ``tried``: what it tells of its further tries to reach whom it calls.

    A new image alone says nothing of that: it has to tell that it does not wait, and somebody noted of it, or of the
    one before, how it tries; or a setting that made it wait was taken back with as many tries.
    """
    came = caller.released_at
    if not caller.changes or caller.returned or came is None or since < came:
        return ()
    if not view.recent(came, _SUSPECT):
        return ()
    set_to = _set_to(view, caller, callee, max(each.number for each in tried))
    if set_to:
        return tuple(Evidence("objects", caller.ref, f"released: {c.told()}", came) for c in set_to[:2])
    notes = list(_noted(view, caller)) if caller.changed("image") else []
    fewer = any(map(_may_be_fewer, caller.changes))
    hurried = [change for change in caller.changes if not fewer and _hurries(view, caller, callee, change)]
    notes += [Evidence("objects", caller.ref, f"released: {change.told()}", came) for change in hurried]
    told = _without_pause(view, caller, callee, tried) if notes else None
    return (*notes, told) if told is not None else ()


def _set_to(view: View, caller: Workload, callee: Workload, most: int) -> list[Change]:
    """Return the changes by which a caller may try to reach another one as often as it does, and could not before.

    None where a setting that they left as it was lets it, and is as near to whom it calls: that is why then.
    """
    changed = {
        (c, "" if c.aspect == "command" else c.name, key): _about(view, caller, callee, c.name, key)
        for c in caller.changes
        for key in _grown(c, most)
    }
    names = {(name, key) for _, name, key in changed}
    left = [
        _about(view, caller, callee, name, key)
        for name, key, number in _settings(view, caller)
        if number + 1 >= most and (name, key) not in names
    ]
    nearest = max(left, default=_ANOTHERS)
    return list(dict.fromkeys(c for (c, _, _), whose in changed.items() if whose > nearest))


def _hurries(view: View, caller: Workload, callee: Workload, change: Change) -> bool:
    """Tell whether a setting of how long tries wait, at a workload or at anybody, was put to nothing."""
    if not (_OF_TRIES.search(change.field) and PAUSE.search(change.field)) or _SPREAD.search(change.field):
        return False
    waited = _SOME.search(change.before) is not None and _NONE.fullmatch(change.before) is None
    named = change.field.partition(" ")[2]
    ended = waited and _NONE.fullmatch(change.after) is not None
    return ended and _about(view, caller, callee, PAUSE.sub("", named)) > _ANOTHERS


def _may_be_fewer(change: Change) -> bool:
    """Tell whether a number of tries fell, or was not set before or since: to take that back may let it try more."""
    before, after = _numbers(change.field, change.before), _numbers(change.field, change.after)
    return before.keys() != after.keys() or any(after[key] < was for key, was in before.items())


def _grown(change: Change, most: int) -> Iterator[str]:
    """Yield which numbers of tries became far larger, and allow as many as there are only since.

    The setting itself (""), or those that it holds. Some count the first one, and some do not.
    """
    before, after = _numbers(change.field, change.before), _numbers(change.field, change.after)
    for key, was in before.items():
        if after.get(key, 0) >= _MORE * max(1, was) and was < most <= after[key] + 1:
            yield key


def _about(view: View, caller: Workload, callee: Workload, *names: str) -> int:
    """Return whose tries a caller's setting is about: RATES_RETRIES are at whom its RATES_URL leads to."""
    led_to = leads_by(view, caller, [word for each in names for word in parts_of(each)])
    if led_to:
        return _ITS if led_to == {callee.ref} else _ANOTHERS
    return _whose(callee, *names)


def _whose(callee: Workload, *names: str) -> int:
    """Return whose tries a setting is about: those at a workload, at another one, or at anybody."""
    words = {word for each in names for word in words_in_name(each)}
    told = [word for word in words if not OF_NOBODY.fullmatch(word)]
    called = re.findall(r"[a-z]+", callee.name.lower())
    parts = ["".join(called), *(part for part in called if len(part) >= _PART and not OF_NOBODY.fullmatch(part))]
    if any(_alike(word, part) for word in told for part in parts):
        return _ITS
    return _ANOTHERS if told else _ANYBODYS


def _alike(word: str, part: str) -> bool:
    return word == part or (min(len(word), len(part)) >= _PART and (word.startswith(part) or part.startswith(word)))


def _settings(view: View, caller: Workload) -> Iterator[tuple[str, str, int]]:
    """Yield (name, key in it, number) of what says how often a caller tries; the name of arguments is ""."""
    settings = list(view.graph.settings(caller))
    words = " ".join(value for named, value in settings if not named)
    for named, value in (*(each for each in settings if each[0]), ("", words)):
        yield from ((named, key, number) for key, number in _numbers(named, value).items())


def _numbers(field: str, value: str) -> dict[str, int]:
    """Return the numbers of tries in a setting by name: a plain one, or many in JSON, a line of options, arguments."""
    if value.isdecimal():
        return {"": int(value)} if TRIES.search(field) and not BESIDE_TRIES.search(field) else {}
    named = ((said[1], int(said[2])) for said in _NAMED.finditer(value[:2000]))
    return {key: number for key, number in named if not BESIDE_TRIES.search(key)}


def _noted(view: View, caller: Workload) -> Iterator[Evidence]:
    """Yield what somebody wrote down of the last two revisions, where that tells how tries came nearer to each other.

    The one before waited and the newest has another client, or what made it wait was taken away. A note that the newest
    tries less speaks against it, and one note for both is of something else, as is one of other things.
    """
    by_name = {name(each): each for each in view.snapshot.of("ReplicaSet", "ControllerRevision")}
    last = caller.revisions[:2]
    notes = [noted(by_name.get(each.name))[:300] for each in last]
    if len(notes) < 2 or notes[0] == notes[1] or _LESS.search(notes[0]):
        return
    waited = _OF_TRIES.search(notes[1]) and _WAITED.search(notes[1]) and not _NO_PAUSE.search(notes[1])
    if _TAKEN.search(notes[0]) or (waited and (_OF_TRIES.search(notes[0]) or _CLIENT.search(notes[0]))):
        for revision, note in zip(last, notes, strict=True):
            if _OF_TRIES.search(note):
                yield Evidence("objects", caller.ref, f"{revision.name} is noted as: {note}", revision.created)


def _without_pause(view: View, caller: Workload, callee: Workload, tried: Sequence[Tried]) -> Evidence | None:
    """Return what a caller tells of that it tries again without a pause: most of its tries do, and none of another one.

    Where they tell of no pause at all, what it told as it started.
    """
    if any(_PAUSES.search(each.line) for each in tried):
        return None
    at_once = [each for each in tried if _pauseless(each.line)]
    if len(at_once) > _MOSTLY * len(tried):
        return _seen(at_once[0].pod, at_once[0].line)
    started = [] if at_once else list(_as_set(view, caller, callee))
    if any(_PAUSES.search(line) for _, line in started):
        return None
    return next((_seen(pod, line) for pod, line in started if _pauseless(line)), None)


def _as_set(view: View, caller: Workload, callee: Workload) -> Iterator[tuple[str, str]]:
    """Yield (pod, line) of what a caller tells of how often it tries to reach another one, where nothing failed."""
    for log in view.logs_of(caller.live, previous=False):
        for line in (each for each in log.lines if TRIED.search(each[:600])):
            if _whose(callee, line[:600]) == _ITS and not unanswered(line):
                yield log.pod, line


def _pauseless(line: str) -> str:
    """Return the words by which a line tells that it is tried again at once; "" if it does not."""
    found = _NO_PAUSE.search(line[:600]) if _OF_TRIES.search(line[:600]) and not _ENDS.search(line) else None
    return found[0] if found else ""


def _seen(pod: str, line: str) -> Evidence:
    told = f"it does not wait before it tries again ({_pauseless(line)}): {line.strip()}"
    return Evidence("logs", f"Pod/{pod}", told, stamp(line))
