"""Regular expressions that are compiled when they are first asked.

Rules have hundreds of them, most of which a diagnosis never asks; compiling all was a third of what loading the rules
takes. Where each find of a pattern holds one of a few words a search asks for these first: that takes a tenth of the
time, and a pattern whose words no text holds is never compiled.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

from tuheg_ir.diagnosis.view.literals import needed

_ASKED = ("search", "match", "fullmatch", "findall", "finditer", "sub", "split")


class _Late:
    """Stands for a pattern, and has its methods from the first use on."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self.flags = flags

    def __getattr__(self, name: str) -> Any:
        if name not in _ASKED:
            raise AttributeError(name)
        if name == "search" and (words := self._words()):
            asked = _in_any_case(self, words) if self.flags & re.IGNORECASE else _as_written(self, words)
            vars(self)[name] = asked
            return asked
        compiled = self.compiled
        return vars(self).setdefault(name, getattr(compiled, name))

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """Return the pattern itself."""
        return re.compile(self.pattern, self.flags)

    def _words(self) -> tuple[str, ...]:
        """Return words of which each find holds one; none where they cannot be told."""
        try:
            return needed(self.pattern)
        except ValueError:  # it has signs by their numbers
            return ()


def _as_written(pattern: _Late, words: tuple[str, ...]) -> Callable[..., re.Match[str] | None]:
    def searched(text: str, *within: int) -> re.Match[str] | None:
        for word in words:  # a generator takes longer than the words do
            if word in text:
                return pattern.compiled.search(text, *within)
        return None

    return searched


def _in_any_case(pattern: _Late, words: tuple[str, ...]) -> Callable[..., re.Match[str] | None]:
    small = tuple(dict.fromkeys(word.lower() for word in words))

    def searched(text: str, *within: int) -> re.Match[str] | None:
        if not text.isascii():  # a pattern takes some signs beyond ASCII for an i, an s or a k
            return pattern.compiled.search(text, *within)
        lowered = text.lower()
        for word in small:
            if word in lowered:
                return pattern.compiled.search(text, *within)
        return None

    return searched


def late(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return what can be asked as ``re.compile(pattern, flags)`` can, and costs nothing before; ``flags`` are its own.

    A pattern that cannot be compiled is told at its first use: tests compile all.
    """
    return cast("re.Pattern[str]", _Late(pattern, flags))
