"""The tree of a PromQL expression."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["scalar", "instant vector", "range vector", "string"]


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label: ``=``, ``!=``, ``=~`` or ``!~``."""

    label: str
    how: str
    value: str


@dataclass(frozen=True, slots=True)
class Moment:
    """When a selector looks: an offset back, or a fixed Unix time (``@``)."""

    offset: float = 0.0
    at: float | None = None

    def of(self, now: float) -> float:
        """Return the time that is looked at, asked at ``now``."""
        return (now if self.at is None else self.at) - self.offset


@dataclass(frozen=True, slots=True)
class Number:
    """A literal."""

    value: float
    kind: Kind = "scalar"


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal."""

    value: str
    kind: Kind = "string"


@dataclass(frozen=True, slots=True)
class Selector:
    """Series by name and labels; with ``range`` (seconds) their samples over that time."""

    matchers: tuple[Matcher, ...]
    range: float | None = None
    moment: Moment = Moment()

    @property
    def kind(self) -> Kind:
        """Return the type of its value."""
        return "instant vector" if self.range is None else "range vector"


@dataclass(frozen=True, slots=True)
class Subquery:
    """An expression evaluated every ``step`` seconds over a range (step 0: the default of one minute)."""

    expression: Expression
    range: float
    step: float = 0.0
    moment: Moment = Moment()
    kind: Kind = "range vector"


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: tuple[Expression, ...]
    kind: Kind = "instant vector"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregation over groups: ``by`` the labels, or without them."""

    name: str
    expression: Expression
    parameter: Expression | None = None
    labels: tuple[str, ...] = ()
    by: bool = True
    kind: Kind = "instant vector"


@dataclass(frozen=True, slots=True)
class Matching:
    """How two vectors are joined: on these labels (or all but these), one or many on a side."""

    labels: tuple[str, ...] = ()
    on: bool = False
    group: str = ""  # "", "left", "right": the side with many
    include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binary:
    """Two sides and an operator; ``as_bool`` turns a comparison from a filter into 0 and 1."""

    sign: str
    left: Expression
    right: Expression
    as_bool: bool = False
    matching: Matching = field(default_factory=Matching)

    @property
    def kind(self) -> Kind:
        """Return the type of its value."""
        return "scalar" if self.left.kind == self.right.kind == "scalar" else "instant vector"


@dataclass(frozen=True, slots=True)
class Minus:
    """A unary minus."""

    expression: Expression

    @property
    def kind(self) -> Kind:
        """Return the type of its value."""
        return self.expression.kind


Expression = Number | Text | Selector | Subquery | Call | Aggregate | Binary | Minus
