"""Patterns that are asked, and compiled, only where a text holds what each of their finds must hold.

Of the patterns of a table few find anything in a log, and most can be told to find nothing by a plain text that all
their finds have in common. Looking for that takes a hundredth of what the pattern takes; Rust's and Go's libraries do
the same within theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

LEAST = 3
"""Shorter texts are in any log."""
_TIMES = re.compile(r"([?*+]|\{(\d*)(?:,\d*)?\})[?+]?")
_CLASS = re.compile(r"\[\^?\]?(?:[^\]\\]|\\.)*\]")
_UNREADABLE = frozenset("xuUN0123456789")
"""What follows a backslash and is not told by that letter alone."""


class Pattern:
    """A pattern that is compiled when it is first worth asking; ``cased``: it tells some capitals from small letters.

    Searching for lower case in a lowered text takes two fifths of what ignoring case does.
    """

    def __init__(self, source: str, *, cased: bool) -> None:
        self._source = source
        self._cased = cased
        self._needed = tuple(text.lower() for text in needed(source))

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self._source, re.MULTILINE | (re.IGNORECASE if self._cased else 0))

    def within(self, text: str, lowered: str) -> bool:
        """Tell whether a text holds it; ``lowered`` is the same text in lower case."""
        if self._needed and not any(each in lowered for each in self._needed):
            return False
        return self._compiled.search(text if self._cased else lowered) is not None


def needed(pattern: str) -> tuple[str, ...]:
    """Return texts of which one at least is in whatever a pattern finds; () where none can be told."""
    found = [_best(alternative) for alternative in _alternatives(pattern)]
    return tuple(text for texts in found for text in texts) if all(found) else ()


def _best(sequence: str) -> tuple[str, ...]:
    """Return the texts of the part of a sequence that tells most: the one whose shortest text has most letters."""

    def telling(texts: tuple[str, ...]) -> tuple[int, int]:
        return min(len(text.replace(" ", "")) for text in texts), -len(texts)

    return max(_parts(sequence), key=telling, default=())


def _parts(sequence: str) -> Iterator[tuple[str, ...]]:
    """Yield what must be there: runs of characters, and what groups need, where they are not left out."""
    run, at = "", 0
    while at < len(sequence):
        start, letter = at, sequence[at]
        at = _end(sequence, at)
        times = _TIMES.match(sequence, at)
        at = times.end() if times else at
        literal = _literal(sequence[start : start + 2])
        optional = times is not None and (times[1] in "?*" or times[2] in ("", "0"))
        if literal and not optional:
            run += literal
        if not literal or times:
            if len(run) >= LEAST:
                yield (run,)
            run = ""
        if letter == "(" and not optional and (inner := _inner(sequence[start:at])) and (texts := needed(inner)):
            yield texts
    if len(run) >= LEAST:
        yield (run,)


def _literal(start: str) -> str:
    """Return the character that a pattern's next one or two stand for; "" where they stand for several, or none."""
    if start[0] == "\\":
        return "" if start[1].isalnum() else start[1]
    return "" if start[0] in ".^$[(" else start[0]


def _inner(group: str) -> str:
    """Return what is in a group that has to be found; "" for one that looks ahead or behind, or sets flags."""
    opened = re.match(r"\((?:\?:|\?-i:|\?P<\w+>|(?!\?))", group)
    return group[opened.end() : _end(group, 0) - 1] if opened else ""


def _alternatives(pattern: str) -> Iterator[str]:
    begun = at = 0
    while at < len(pattern):
        if pattern[at] == "|":
            yield pattern[begun:at]
            begun = at + 1
        at = _end(pattern, at)
    yield pattern[begun:]


def _end(pattern: str, at: int) -> int:
    """Return where the character, class or group that begins at a place ends."""
    letter = pattern[at]
    if letter == "\\":
        if pattern[at + 1] in _UNREADABLE:
            raise ValueError(f"patterns here have no {pattern[at : at + 2]}: {pattern}")
        return at + 2
    if letter == "[":
        found = _CLASS.match(pattern, at)
        return found.end() if found else len(pattern)
    if letter != "(":
        return at + 1
    at += 1
    while at < len(pattern) and pattern[at] != ")":
        at = _end(pattern, at)
    return at + 1
