"""Patterns that are asked, and compiled, only where a text holds what each of their finds must hold.

Of the patterns of a table few find anything in a log, and most can be told to find nothing by a plain text that all
their finds have in common. Looking for that takes a hundredth of what the pattern takes; Rust's and Go's libraries do
the same within theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

LEAST = 3
"""Shorter texts are in any log."""
Pieces = frozenset[tuple[str, str, str]]
"""Which three letters stand together somewhere in a text."""
_TIMES = r"[?*+]|\{\d*(?:,\d*)?\}"
_TOKEN = re.compile(
    # A run ends before a character that is repeated or may be left out.
    rf"(?P<run>(?:[^\\.^$\[()|?*+{{]+|\\[^a-zA-Z0-9])+(?!{_TIMES}))"
    rf"|\((?P<opens>\?:|\?-i:|\?P<\w+>|\??)"
    rf"|(?P<ends>[|)]|(?P<one>\\.|\[\^?\]?(?:[^\]\\]|\\.)*\]|.))(?P<times>(?:{_TIMES})[?+]?)?",
    re.DOTALL,
)
_UNREADABLE = frozenset("xuUN0123456789")
"""What follows a backslash and is not told by that letter alone."""


class Pattern:
    """A pattern that is compiled when it is first worth asking; ``cased``: it tells some capitals from small letters.

    Searching for lower case in a lowered text takes two fifths of what ignoring case does.
    """

    def __init__(self, source: str, *, cased: bool, needs: Iterable[str] | None = None) -> None:
        """``needs``: what ``needed`` says of it, where that is known."""
        self._source = source
        self._cased = cased
        self._needed = tuple(text.lower() for text in (needed(source) if needs is None else needs))
        self._pieces = tuple(map(pieces, self._needed))

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self._source, re.MULTILINE | (re.IGNORECASE if self._cased else 0))

    def may_be_within(self, there: Pieces) -> bool:
        """Tell whether a text may hold it, by the pieces of its lower case.

        To make these takes as long as a few searches do, and a table has hundreds of patterns.
        """
        for each in self._pieces:
            if each <= there:
                return True
        return not self._pieces

    def within(self, text: str, lowered: str) -> bool:
        """Tell whether a text holds it; ``lowered`` is the same text in lower case."""
        if self._needed and not any(each in lowered for each in self._needed):
            return False
        return self._compiled.search(text if self._cased else lowered) is not None


@dataclass(slots=True)
class _Group:
    """What is known so far of a group: what each alternative before needs, and the one that is being read.

    ``counts`` is False of one that looks ahead or behind, or sets flags: a find need not hold what is in it.
    """

    counts: bool = True
    before: list[tuple[str, ...]] = field(default_factory=list)
    best: tuple[str, ...] = ()
    run: str = ""

    def has(self, texts: tuple[str, ...]) -> None:
        """Keep the texts of the part that tells most: the one whose shortest text has most letters."""
        if texts and (not self.best or _telling(texts) > _telling(self.best)):
            self.best = texts

    def end_run(self) -> None:
        """Keep the characters that stand together, where they are enough."""
        if len(self.run) >= LEAST:
            self.has((self.run,))
        self.run = ""

    def end_alternative(self) -> None:
        """Begin another alternative."""
        self.end_run()
        self.before.append(self.best)
        self.best = ()

    def texts(self) -> tuple[str, ...]:
        """Return what the group needs when it ends: a text of each alternative, or nothing."""
        self.end_alternative()
        return tuple(text for texts in self.before for text in texts) if self.counts and all(self.before) else ()


def pieces(text: str) -> Pieces:
    """Return which three letters stand together somewhere in a text."""
    return frozenset(zip(text, text[1:], text[2:], strict=False))


def needed(pattern: str) -> tuple[str, ...]:
    """Return texts of which one at least is in whatever a pattern finds; () where none can be told."""
    found = [texts for _, texts in alternatives(pattern)]
    return tuple(text for texts in found for text in texts) if all(found) else ()


def alternatives(pattern: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return what a pattern is any of, each with texts of which whatever it finds holds one; () where none can be told.

    Raises ValueError for signs that are told by their numbers.
    """
    groups, parts, begun = [_Group()], list[str](), 0
    for token in _TOKEN.finditer(pattern):
        group = groups[-1]
        if run := token["run"]:
            group.run += re.sub(r"\\(.)", r"\1", run, flags=re.DOTALL) if "\\" in run else run
        elif token["opens"] is not None:
            group.end_run()
            groups.append(_Group(counts=token["opens"] != "?"))
        elif token["ends"] == "|":
            group.end_alternative()
            if len(groups) == 1:
                parts.append(pattern[begun : token.start()])
                begun = token.end()
        elif token["ends"] == ")":
            texts = groups.pop().texts()
            if not _may_be_left_out(token["times"]):
                groups[-1].has(texts)
        else:
            literal = "" if _may_be_left_out(token["times"]) else _literal(token["one"])
            group.run += literal
            if not literal or token["times"]:
                group.end_run()
    groups[0].end_alternative()
    return list(zip([*parts, pattern[begun:]], groups[0].before, strict=True))


def _telling(texts: tuple[str, ...]) -> tuple[int, int]:
    return min(len(text.replace(" ", "")) for text in texts), -len(texts)


def _may_be_left_out(times: str | None) -> bool:
    return times is not None and times.startswith(("?", "*", "{,", "{0", "{}"))


def _literal(one: str) -> str:
    """Return the character that a part of a pattern stands for; "" where it stands for several, or none."""
    if one[0] != "\\":
        return "" if one[0] in ".^$[" else one
    if one[1] in _UNREADABLE:
        raise ValueError(f"patterns here have no {one}")
    return "" if one[1].isalnum() else one[1]
