"""A rule's cases as a table: what is there, and what is found. `conftest.py` makes a test of each.

A rule's file `test_<rule>.py` has two tables, each with at least one case:

    HOLDS           worlds in which the rule holds: component, cause, remedy, target, what it excludes,
                    and which rule is believed in the end (this one, unless said otherwise)
    DOES_NOT_HOLD   near misses: worlds in which it holds nowhere, and what is answered instead

Files for what concerns no rule alone have `ANSWERS`: worlds and the answer of all rules together.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tests.diagnosis.corpus import PASSIVE
from tests.diagnosis.rules.tiny import NOW
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Finding, Snapshot
from tuheg_ir.diagnosis.rule import Match, Rule
from tuheg_ir.diagnosis.rules import all_rules
from tuheg_ir.diagnosis.view.view import View

Answer = tuple[str, str, str]
"""Component, root cause, remedy."""
Remedies = Collection[tuple[str, str]]
"""(remedy, target) each."""
HEALTHY = ("no_fault", "no_action")
ASK = ("unknown", "page_human")


@dataclass(frozen=True, slots=True)
class Holds:
    """A world in which a rule holds, and what it says there.

    ``target`` is that of the remedy ("": the component). ``excludes`` is what it rules out at least,
    ``spares`` what it must not rule out.
    ``believed`` is the rule that the first finding is of ("": this one). ``alone``: there is no other
    finding. ``harmful``: what no finding may advise. ``sure``: the least and the most that the
    confidence may be. ``began``: how many seconds ago.
    """

    what: str
    world: Snapshot
    found: Answer
    target: str = ""
    excludes: Remedies = ()
    spares: Remedies = ()
    believed: str = ""
    alone: bool = False
    harmful: Collection[str] = ()
    sure: tuple[float, float] = (0.0, 1.0)
    began: float | None = None

    def judge(self, rule: Rule, *, alone: bool = False) -> None:
        """Assert that the rule holds at one place, with this answer, and that it is believed; not if it is alone."""
        held, findings = _judged(rule, self.world, alone=alone)
        want = (*self.found, self.target or self.found[0])
        assert {(*_told(rule, each), each.target or each.component) for each in held} == {want}, held
        began = [(NOW - each.since).total_seconds() for each in held if each.since]
        assert self.began is None or began == [self.began], held
        if alone:
            return
        barred = {(each.remedy, each.target) for match in held for each in match.excludes}
        first = findings[0]
        assert first.rule == (self.believed or rule.name), findings
        if not self.believed:
            assert (*_answer(first), first.target) == want, first
            barred |= {(each.remedy, each.target) for each in first.excluded}
            assert self.sure[0] <= first.confidence <= self.sure[1], first
        assert set(self.excludes) <= barred, barred
        assert not set(self.spares) & barred, barred
        assert (first.remedy, first.target) not in {(each.remedy, each.target) for each in first.excluded}, first
        assert len(findings) == 1 or not self.alone, findings
        assert not {each.remedy for each in findings} & set(self.harmful), findings


@dataclass(frozen=True, slots=True)
class DoesNotHold:
    """A world in which a rule does not hold, and the first answer of the others there.

    ``instead`` is (component, cause, remedy), or (cause, remedy) wherever it is; (): nobody is told to
    act, whatever is told of it. Where nothing is known what was edited last may be named in its place.
    """

    what: str
    world: Snapshot
    instead: tuple[str, ...] = ()
    harmful: Collection[str] = ()

    def judge(self, rule: Rule, *, alone: bool = False) -> None:
        """Assert that the rule holds nowhere, and what is answered; not if it is alone."""
        held, findings = _judged(rule, self.world, alone=alone)
        assert not held, held
        if alone:
            return
        if self.instead != ASK or findings[0].rule != "edited_before":
            assert _answer(findings[0])[3 - len(self.instead) :] == self.instead, findings
        assert self.instead or {each.remedy for each in findings} <= PASSIVE, findings
        assert not {each.remedy for each in findings} & set(self.harmful), findings


@dataclass(frozen=True, slots=True)
class Answers:
    """A world and what all rules together answer; ``right``: any of these, ``also``: the components found after it."""

    what: str
    world: Snapshot
    right: Collection[Answer]
    also: tuple[str, ...] | None = None
    harmful: Collection[str] = ()
    sure: tuple[float, float] = (0.0, 1.0)
    tells: str = ""

    def judge(self) -> None:
        """Assert that the first answer is right, and none does harm."""
        findings = decide(self.world).findings
        first = findings[0]
        assert _answer(first) in self.right, findings
        assert self.also is None or tuple(each.component for each in findings[1:]) == self.also, findings
        assert not {each.remedy for each in findings} & set(self.harmful), findings
        assert self.sure[0] <= first.confidence <= self.sure[1], first
        assert any(self.tells in each.fact for each in first.evidence) or not self.tells, first.evidence


def _judged(rule: Rule, world: Snapshot, *, alone: bool) -> tuple[list[Match], tuple[Finding, ...]]:
    """Return where a rule holds, and what all rules find, unless it is alone.

    Of one view, so that it is worked out once.
    """
    if alone:
        return list(rule.when(View.of(world))), ()
    held = list[Match]()

    def noted(view: View) -> list[Match]:
        found = list(rule.when(view))
        held.extend(found)
        return found

    rules = (each._replace(when=noted) if each.name == rule.name else each for each in all_rules())
    return held, decide(world, rules).findings


def _told(rule: Rule, match: Match) -> Answer:
    return match.component, match.root_cause or rule.root_cause, match.remedy or rule.remedy


def _answer(finding: Finding) -> Answer:
    return finding.component, finding.root_cause, finding.remedy


def no(*remedies: str, at: str) -> Remedies:
    """Return remedies at one target."""
    return tuple((remedy, at) for remedy in remedies)
