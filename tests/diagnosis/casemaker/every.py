"""All cases, by importing every module of the folder ``cases``."""

from __future__ import annotations

import importlib
import pkgutil

from tests.diagnosis.casemaker import cases
from tests.diagnosis.casemaker.case import CASES

for module in pkgutil.iter_modules(cases.__path__):
    importlib.import_module(f"{cases.__name__}.{module.name}")

__all__ = ["CASES"]
