"""Regular expressions that are compiled when they are first asked.

Rules have hundreds of them, most of which a diagnosis never asks; compiling all was a third of what loading the rules
takes. Most are any of a dozen ways to say a thing, each of which holds one of a few words: a search looks for the words
first, which takes a tenth of the time, and asks those ways alone whose words the text holds. A pattern whose words no
text holds is never compiled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, cast

from tuheg_ir.diagnosis.view.literals import alternatives

_ASKED = ("search", "match", "fullmatch", "findall", "finditer", "sub", "split")


class _Late:
    """Stands for a pattern, and has its methods from the first use on."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self.flags = flags

    def __getattr__(self, name: str) -> Any:
        if name not in _ASKED:
            raise AttributeError(name)
        if name in ("search", "findall") and any(words for _, words in self.ways):
            ways = _Ways(self)
            return vars(self).setdefault(name, getattr(ways, name))
        compiled = self.compiled
        return vars(self).setdefault(name, getattr(compiled, name))

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """Return the pattern itself."""
        return re.compile(self.pattern, self.flags)

    @cached_property
    def ways(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return its alternatives, each with words of which its finds hold one; none where that cannot be told."""
        try:
            return alternatives(self.pattern)
        except ValueError:  # it has signs by their numbers
            return []


class _Ways:
    """The alternatives of a pattern, each of which is asked where a text holds one of its words."""

    def __init__(self, late: _Late) -> None:
        self._late = late
        self._any_case = bool(late.flags & re.IGNORECASE)
        words = [(word, number) for number, (_, words) in enumerate(late.ways) for word in words]
        self._words = [(word.lower(), number) for word, number in words] if self._any_case else words
        self._always = tuple(number for number, (_, words) in enumerate(late.ways) if not words)
        self._compiled: dict[int, re.Pattern[str]] = {}

    def search(self, text: str, *within: int) -> re.Match[str] | None:
        """Return what the pattern's search does."""
        asked = {*self._worth_asking(text), *self._always}
        if not asked:
            return None
        if len(asked) == len(self._late.ways):
            return self._late.compiled.search(text, *within)
        # Whichever way finds something first tells where the pattern does.
        found = (self._way(number).search(text, *within) for number in asked)
        first = min((each.start() for each in found if each is not None), default=None)
        return None if first is None else self._late.compiled.match(text, first, *within[1:])

    def findall(self, text: str, *within: int) -> list[Any]:
        """Return what the pattern's findall does."""
        return self._late.compiled.findall(text, *within) if self._always or self._worth_asking(text) else []

    def _worth_asking(self, text: str) -> Iterable[int]:
        """Return the numbers of the ways that have words, and of which a text holds one."""
        if not self._any_case:
            return [number for word, number in self._words if word in text]
        if not text.isascii():  # a pattern takes some signs beyond ASCII for an i, an s or a k
            return range(len(self._late.ways))
        lowered = text.lower()
        return [number for word, number in self._words if word in lowered]

    def _way(self, number: int) -> re.Pattern[str]:
        if number not in self._compiled:
            self._compiled[number] = re.compile(self._late.ways[number][0], self._late.flags)
        return self._compiled[number]


def late(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return what can be asked as ``re.compile(pattern, flags)`` can, and costs nothing before; ``flags`` are its own.

    A pattern that cannot be compiled is told at its first use: tests compile all.
    """
    return cast("re.Pattern[str]", _Late(pattern, flags))
