"""Makes a test of every row of the tables of cases: see cases.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from tests.diagnosis.rules.cases import Answers, DoesNotHold, Holds
from tuheg_ir.diagnosis.rule import Rule
from tuheg_ir.diagnosis.rules import all_rules

TABLES = ("HOLDS", "DOES_NOT_HOLD", "ANSWERS")
RULES = {rule.name: rule for rule in all_rules()}


def rule_of(stem: str) -> str:
    """Return whose cases a file has: one of many cases has more than one file, test_rule__part.py."""
    return stem.removeprefix("test_").partition("__")[0]


class CaseItem(pytest.Item):
    """One row of a table."""

    case: Holds | DoesNotHold | Answers
    rule: Rule | None
    alone: bool

    def runtest(self) -> None:
        if isinstance(self.case, Answers):
            self.case.judge()
        else:
            assert self.rule is not None, "the file's name is test_ and that of a rule, and perhaps __ and a word"
            self.case.judge(self.rule, alone=self.alone)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what was found instead, without the way through pytest."""
        return excinfo.exconly() if excinfo.errisinstance(AssertionError) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"{self.path.stem}: {self.name}"


def pytest_pycollect_makeitem(collector: pytest.Module, name: str, obj: object) -> list[pytest.Item] | None:
    """Return a test for each case of a table; None for what is no table."""
    if name not in TABLES or not isinstance(obj, list):
        return None
    made: list[pytest.Item] = []
    one_in = collector.config.getoption("--alone")
    for case in obj:
        item = CaseItem.from_parent(collector, name=f"{name.lower()}[{case.what}]")
        item.case, item.rule = case, RULES.get(rule_of(collector.path.stem))
        item.alone = bool(crc32(item.nodeid.encode()) % one_in)
        made.append(item)
    return made
