"""The rules of diagnosis, one file each, found by their folder.

A rule's file holds ``RULE``: what it means, when it holds (a pure function over the View that
yields a Match for each place where it does), which cause and remedy it stands for. Adding a cause
is adding a file; nothing else names it.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from tuheg_ir.diagnosis.rule import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by name."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    found: list[Rule] = [importlib.import_module(f"{__name__}.{name}").RULE for name in names]
    return tuple(sorted(found, key=lambda rule: rule.name))


__all__ = ["Rule", "all_rules"]
