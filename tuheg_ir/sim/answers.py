"""Requests and answers, the same for every server here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tuheg_ir.sim.status import Obj


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read completely."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""

    def one(self, key: str, default: str = "") -> str:
        """Return the first value of a query parameter."""
        values = self.query.get(key)
        return values[0] if values else default

    def flag(self, key: str) -> bool:
        """Return whether a query parameter says yes."""
        return self.one(key).lower() in ("true", "1")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a body, a stream of watch events, or a conversation over the raw connection."""

    code: int = 200
    body: Any = None
    stream: Iterator[Obj | None] | None = None
    text: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    talk: Callable[[Any], None] | None = None
