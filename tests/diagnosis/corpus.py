"""The corpus of cases with what is expected of a diagnosis, and the score of an answer.

A case is a folder in the public snapshot format with an expected.yaml beside:

    title, drawn_from, why: sentences
    expect:      the faults, best first: {component, root_cause, remedy, target}
                 (component left out or "": any; target left out: the component)
    acceptable:  as right: {root_cause, remedy, component, target, for}; component left out: the expected
                 one, "*": any; for: which expected component it stands for, where several are expected
                 and neither component nor remedy tells
    tolerated:   remedies that are not right and do no harm
    forbidden:   remedies that harm or hide the cause: a word, or {remedy, target} for one target only

Rules are tuned on ``tuning`` only; ``validation`` is looked at for its score.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import pytest
import yaml

from tuheg_ir.diagnosis.model import Finding

ROOT = Path(__file__).parent / "cases"
HALVES = ("tuning", "validation")
ROOT_CAUSES = frozenset(
    """database_connection service_crash network_fault configuration_error code_defect resource_exhaustion
    dependency_failure capacity security_incident no_fault unknown""".split()  # noqa: SIM905 - one word a line would fill a screen
)
PASSIVE = frozenset({"page_human", "no_action"})
"""Remedies that act on nothing, so that their target does not matter."""
REMEDIES = PASSIVE | {
    "restart_workload", "rollback_workload", "scale_workload", "restart_connection_pool", "switch_traffic",
    "scale_database", "isolate_workload",
}  # fmt: skip
_ALONE = frozenset({"no_fault", "unknown"})
"""Root causes that leave no room for a second finding."""
_ANY = "*"
_KEYS = {"title", "drawn_from", "why", "expect", "acceptable", "tolerated", "forbidden"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a finding may say to be right; ``component`` "*" is any; ``target`` "" is the finding's component."""

    component: str
    root_cause: str
    remedy: str
    target: str

    def fits(self, finding: Finding) -> bool:
        """Tell whether a finding says this."""
        if (finding.root_cause, finding.remedy) != (self.root_cause, self.remedy):
            return False
        if self.component not in {_ANY, finding.component}:
            return False
        return self.remedy in PASSIVE or finding.target == (self.target or finding.component)


@dataclass(frozen=True, slots=True)
class Harm:
    """A remedy that must not be advised, for any target ("") or for one."""

    remedy: str
    target: str = ""

    def done_by(self, finding: Finding) -> bool:
        return finding.remedy == self.remedy and self.target in {"", finding.target}


@dataclass(frozen=True, slots=True)
class Case:
    """A case; ``faults`` holds for each expected fault, best first, all answers that are right for it."""

    name: str
    half: str
    folder: Path
    title: str
    drawn_from: str
    why: str
    faults: tuple[tuple[Answer, ...], ...]
    tolerated: frozenset[str]
    forbidden: tuple[Harm, ...]

    @property
    def expected(self) -> Answer:
        """Return the best answer."""
        return self.faults[0][0]

    @property
    def checksum(self) -> int:
        """Return a number by which cases are dealt out: a new one moves no other."""
        return crc32(self.name.encode())


class Score(NamedTuple):
    """Whether an answer is right, and whether it advises what is forbidden."""

    right: bool
    forbidden: bool


class InvalidCase(ValueError):
    """An expected.yaml that says nothing usable; names the file and what is wrong."""


@lru_cache
def cases(*halves: str, root: Path = ROOT) -> tuple[Case, ...]:
    """Return the cases of one half or of both, by name. A half that is not there has none."""
    unknown = set(halves) - set(HALVES)
    if unknown:
        raise InvalidCase(f"no such half: {', '.join(sorted(unknown))}; there are {', '.join(HALVES)}")
    folders = [folder for half in halves or HALVES for folder in sorted((root / half).glob("*/")) if folder.is_dir()]
    return tuple(read(folder) for folder in folders)


def read(folder: Path) -> Case:
    """Read one case's expectations. Raises InvalidCase."""
    file = folder / "expected.yaml"
    try:
        raw = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidCase(f"{file}: {error}") from error
    if not isinstance(raw, dict):
        raise InvalidCase(f"{file}: has to be a mapping")
    try:
        return _case(folder, raw)
    except InvalidCase as error:
        raise InvalidCase(f"{file}: {error}") from error


def _case(folder: Path, raw: Mapping[str, Any]) -> Case:
    if surplus := sorted(set(raw) - _KEYS):
        raise InvalidCase(f"unknown: {', '.join(map(str, surplus))}; known: {', '.join(sorted(_KEYS))}")
    expected = [_answer(entry) for entry in _entries(raw, "expect")]
    if not expected:
        raise InvalidCase("expect is empty")
    faults: list[list[Answer]] = [[answer] for answer in expected]
    for entry in _entries(raw, "acceptable"):
        number = _stands_for(entry, expected)
        faults[number].append(_acceptable(entry, expected[number]))
    forbidden = tuple(_harm(entry) for entry in raw.get("forbidden") or [])
    for right in expected:
        if any(harm.remedy == right.remedy and harm.target in {"", right.target} for harm in forbidden):
            raise InvalidCase(f"{right.remedy} is expected and forbidden")
    return Case(
        name=folder.name,
        half=folder.parent.name,
        folder=folder,
        title=_text(raw, "title"),
        drawn_from=_text(raw, "drawn_from"),
        why=str(raw.get("why") or ""),
        faults=tuple(tuple(answers) for answers in faults),
        tolerated=frozenset(_word(word, REMEDIES, "remedy") for word in raw.get("tolerated") or []),
        forbidden=forbidden,
    )


def _entries(raw: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    entries = raw.get(key) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidCase(f"{key} has to be a list of mappings")
    return entries


def _answer(entry: Mapping[str, Any]) -> Answer:
    component = str(entry.get("component") or _ANY)
    target = str(entry.get("target") or "")
    return Answer(
        component=component,
        root_cause=_word(entry.get("root_cause"), ROOT_CAUSES, "root_cause"),
        remedy=_word(entry.get("remedy"), REMEDIES, "remedy"),
        target=target or ("" if component == _ANY else component),
    )


def _acceptable(entry: Mapping[str, Any], expected: Answer) -> Answer:
    """Return an answer that is as right; what it leaves out is as expected."""
    same = "component" not in entry or entry["component"] == expected.component
    component = expected.component if same else str(entry["component"])
    target = str(entry.get("target") or "")
    if not target and expected.remedy == entry.get("remedy"):
        target = expected.target
    if not target and component != _ANY:
        target = component
    return Answer(
        component=component,
        root_cause=_word(entry.get("root_cause"), ROOT_CAUSES, "root_cause"),
        remedy=_word(entry.get("remedy"), REMEDIES, "remedy"),
        target=target,
    )


def _stands_for(entry: Mapping[str, Any], expected: Sequence[Answer]) -> int:
    """Return which expected fault an acceptable answer belongs to."""
    if len(expected) == 1:
        return 0
    named = entry.get("for") or entry.get("component")
    for alike in (
        [number for number, answer in enumerate(expected) if answer.component == named],
        [number for number, answer in enumerate(expected) if answer.remedy == entry.get("remedy")],
    ):
        if len(alike) == 1:
            return alike[0]
    raise InvalidCase(f"acceptable {dict(entry)}: say with `for` which expected component it stands for")


def _harm(entry: Any) -> Harm:
    if isinstance(entry, Mapping):
        return Harm(_word(entry.get("remedy"), REMEDIES, "remedy"), str(entry.get("target") or ""))
    return Harm(_word(entry, REMEDIES, "remedy"))


def _word(value: Any, known: frozenset[str], what: str) -> str:
    if value not in known:
        raise InvalidCase(f"{what} {value!r} is none of {', '.join(sorted(known))}")
    return str(value)


def _text(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value.strip():
        raise InvalidCase(f"{key} is missing")
    return value


def parted(found: Iterable[Case], asked: Collection[Case]) -> list[Any]:
    """Return cases as parameters of a test, by name; `make test` leaves those that are not asked to `make corpus`."""
    return [pytest.param(case, id=case.name, marks=() if case in asked else pytest.mark.rest) for case in found]


def told(findings: Sequence[Finding]) -> str:
    """Return findings as one line, for a test that fails."""
    return "; ".join(f"{f.component} {f.root_cause} {f.remedy} {f.confidence} ({f.rule})" for f in findings)


def score(case: Case, findings: Sequence[Finding]) -> Score:
    """Judge an answer.

    Right: of the best findings, as many as there are faults, each names another fault with component,
    cause and remedy; where nothing is wrong or nothing known, one finding says so alone. Forbidden: any
    finding, best or not, advises a forbidden remedy; a finding that is right is none.
    """
    best = findings[: len(case.faults)]
    right = len(best) == len(case.faults) and _each_its_own(case.faults, best)
    if case.expected.root_cause in _ALONE and len(findings) != 1:
        right = False
    harmful = any(
        harm.done_by(finding) and not _is_right(case, finding) for finding in findings for harm in case.forbidden
    )
    return Score(right, harmful)


def _is_right(case: Case, finding: Finding) -> bool:
    return any(answer.fits(finding) for answers in case.faults for answer in answers)


def _each_its_own(faults: Sequence[Sequence[Answer]], findings: Sequence[Finding]) -> bool:
    """Tell whether the faults can be given a finding each, in any order."""
    if not faults:
        return True
    return any(
        any(answer.fits(finding) for answer in faults[0])
        and _each_its_own(faults[1:], [*findings[:number], *findings[number + 1 :]])
        for number, finding in enumerate(findings)
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """The score of many cases."""

    total: int
    wrong: tuple[str, ...]
    harmful: tuple[str, ...]

    @property
    def share(self) -> float:
        """Return the share of right answers, 0 to 1; 1 of nothing."""
        return 1 - len(self.wrong) / self.total if self.total else 1.0


def tally(answers: Iterable[tuple[Case, Sequence[Finding]]]) -> Tally:
    """Score many answers at once."""
    scored = [(case.name, score(case, findings)) for case, findings in answers]
    return Tally(
        total=len(scored),
        wrong=tuple(name for name, each in scored if not each.right),
        harmful=tuple(name for name, each in scored if each.forbidden),
    )
