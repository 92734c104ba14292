"""Regular expressions that are compiled when they are first asked.

Rules have hundreds of them, most of which a diagnosis never asks; compiling all was a third of what loading the rules
takes.
"""

from __future__ import annotations

import re
from typing import Any, cast

_ASKED = ("search", "match", "fullmatch", "findall", "finditer", "sub", "split")


class _Late:
    """Stands for a pattern, and has its methods from the first use on."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self.flags = flags

    def __getattr__(self, name: str) -> Any:
        if name not in _ASKED:
            raise AttributeError(name)
        compiled = re.compile(self.pattern, self.flags)
        vars(self).update({each: getattr(compiled, each) for each in _ASKED})
        return vars(self)[name]


def late(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return what can be asked as ``re.compile(pattern, flags)`` can, and costs nothing before; ``flags`` are its own.

    A pattern that cannot be compiled is told at its first use: tests compile all.
    """
    return cast("re.Pattern[str]", _Late(pattern, flags))
