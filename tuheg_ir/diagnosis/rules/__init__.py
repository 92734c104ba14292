"""The rules of diagnosis, one file each, found by their folder.

A rule's file holds ``RULE``: what it means, when it holds (a pure function over the View that
yields a Match for each place where it does), which cause and remedy it stands for. Adding a cause
is adding a file; nothing else names it.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from tuheg_ir.diagnosis.rule import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by name."""
    # pkgutil.iter_modules asks of each file what it is, which takes 25 ms
    names = {file.stem for folder in __path__ for file in Path(folder).glob("[!_]*.py")}
    found: list[Rule] = [importlib.import_module(f"{__name__}.{name}").RULE for name in names]
    return tuple(sorted(found, key=lambda rule: rule.name))


__all__ = ["Rule", "all_rules"]
