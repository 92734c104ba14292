"""PromQL text as tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tuheg_ir.sim.prometheus.errors import ParseError

_DURATION = r"(?:[0-9]+(?:ms|[smhdwy]))+"
_PATTERN = re.compile(
    rf"""
    (?P<space>\s+|\#[^\n]*)
  | (?P<duration>{_DURATION})(?![\w.])
  | (?P<number>0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?:[iI]nf|[nN]a[nN])(?![\w:]))
  | (?P<name>[a-zA-Z_][\w:]*)
  | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
  | (?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^=<>(){{}}\[\],:@])
    """,
    re.VERBOSE,
)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query: its kind (duration, number, name, string, sign, end), text and place from 1."""

    kind: str
    text: str
    place: int


def tokens(query: str) -> list[Token]:
    """Return the tokens of a query, an ``end`` token last; ParseError for what is none."""
    found, at, depth = [], 0, 0
    while at < len(query):
        match = _PATTERN.match(query, at)
        if match is None:
            if query[at] in "\"'`":
                raise ParseError("unterminated quoted string", at + 1)
            raise ParseError(f"unexpected character: {query[at]!r}", at + 1)
        kind = str(match.lastgroup)
        depth += {"(": 1, ")": -1}.get(match[kind], 0)
        if depth < 0:
            raise ParseError("unexpected right parenthesis ')'", at + 2)
        if kind != "space":
            found.append(Token(kind, match[kind], at + 1))
        at = match.end()
    if not found:
        raise ParseError("no expression found in input")
    return [*found, Token("end", "", len(query) + 1)]


def seconds(text: str) -> float:
    """Return a duration (``1m30s``) in seconds."""
    parts = re.findall(r"([0-9]+)(ms|[smhdwy])", text)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def unquote(text: str) -> str:
    """Return what a string token says."""
    inner = text[1:-1]
    if text[0] == "`":
        return inner
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), inner)
