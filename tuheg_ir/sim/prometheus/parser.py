"""PromQL text to tree, with Prometheus' own complaints."""

from __future__ import annotations

import dataclasses
import re

from tuheg_ir.sim.prometheus.errors import ParseError
from tuheg_ir.sim.prometheus.lexer import Token, seconds, tokens, unquote
from tuheg_ir.sim.prometheus.signatures import AGGREGATES, FUNCTIONS, WITH_PARAMETER
from tuheg_ir.sim.prometheus.syntax import (
    Aggregate,
    Binary,
    Call,
    Expression,
    Kind,
    Matcher,
    Matching,
    Minus,
    Number,
    Selector,
    Subquery,
    Text,
)

_POWERS = {"or": 1, "and": 2, "unless": 2, "==": 3, "!=": 3, "<": 3, ">": 3, "<=": 3, ">=": 3, "+": 4, "-": 4}
_POWERS |= {"*": 5, "/": 5, "%": 5, "^": 7}
_MINUS_POWER = 6
SETS = ("and", "or", "unless")
COMPARISONS = ("==", "!=", "<", ">", "<=", ">=")


def parse(query: str) -> Expression:
    """Return the tree of a query; ParseError in Prometheus' words for what is none."""
    parser = _Parser(tokens(query))
    tree = parser.expression()
    parser.expect_end()
    return tree


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._open: list[int] = []

    # --- tokens ---

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        if token.kind == "end":
            raise self._unexpected()
        self._at += 1
        return token

    def _is(self, *texts: str) -> bool:
        token = self._next
        return token.kind in ("sign", "name") and token.text in texts

    def _accept(self, *texts: str) -> bool:
        if self._is(*texts):
            self._at += 1
            return True
        return False

    def _expect(self, text: str, where: str = "") -> Token:
        if not self._is(text):
            raise self._unexpected(where)
        return self._take()

    def _unexpected(self, where: str = "") -> ParseError:
        token = self._next
        inside = f" in {where}" if where else ""
        if token.kind == "end":
            if self._open:
                return ParseError("unclosed left parenthesis", token.place)
            return ParseError(f"unexpected end of input{inside}", token.place)
        name = {"name": "identifier", "number": "number", "string": "string", "duration": "duration"}.get(token.kind)
        shown = f'{name} "{token.text}"' if name else f'"{token.text}"'
        return ParseError(f"unexpected {shown}{inside}", token.place)

    def expect_end(self) -> None:
        """Refuse what is left over."""
        if self._next.kind != "end":
            raise self._unexpected()

    # --- expressions ---

    def expression(self, least: int = 0) -> Expression:
        """Return the expression that starts here, as far as operators bind stronger than ``least``."""
        start = self._next.place
        left = self._operand()
        while (power := _POWERS.get(self._next.text, 0)) > least and self._next.kind in ("sign", "name"):
            operator = self._take()
            as_bool = self._bool(operator.text)
            matching = self._matching()
            right = self.expression(power - 1 if operator.text == "^" else power)
            left = self._binary(start, operator, left, right, as_bool, matching)
        return left

    def _operand(self) -> Expression:
        if self._is("-", "+"):
            place, sign = self._next.place, self._take().text
            inner = self.expression(_MINUS_POWER)
            if inner.kind not in ("scalar", "instant vector"):
                told = (
                    f"unary expression only allowed on expressions of type scalar or instant vector, got {inner.kind!r}"
                )
                raise ParseError(told.replace("'", '"'), place)
            return Minus(inner) if sign == "-" else inner
        return self._postfix(self._primary())

    def _bool(self, sign: str) -> bool:
        place = self._next.place
        if not self._accept("bool"):
            return False
        if sign not in COMPARISONS:
            raise ParseError("bool modifier can only be used on comparison operators", place)
        return True

    def _matching(self) -> Matching:
        if not self._is("on", "ignoring"):
            return Matching()
        on = self._take().text == "on"
        labels = self._labels("grouping opts")
        if not self._is("group_left", "group_right"):
            return Matching(labels, on)
        group = self._take().text.removeprefix("group_")
        include = self._labels("grouping opts") if self._is("(") else ()
        return Matching(labels, on, group, include)

    def _binary(
        self, start: int, operator: Token, left: Expression, right: Expression, as_bool: bool, matching: Matching
    ) -> Binary:
        sign = operator.text
        for side in (left, right):
            if side.kind not in ("scalar", "instant vector"):
                raise ParseError("binary expression must contain only scalar and instant vector types", start)
        if sign in SETS and "scalar" in (left.kind, right.kind):
            raise ParseError(f'set operator "{sign}" not allowed in binary scalar expression', start)
        if sign in COMPARISONS and left.kind == right.kind == "scalar" and not as_bool:
            raise ParseError("comparisons between scalars must use BOOL modifier", operator.place)
        if sign in SETS and matching.group:
            raise ParseError(f'no grouping allowed for "{sign}" operation', start)
        return Binary(sign, left, right, as_bool, matching)

    def _primary(self) -> Expression:
        token = self._next
        if token.kind == "number":
            return Number(_number(self._take().text))
        if token.kind == "duration":
            return Number(seconds(self._take().text))
        if token.kind == "string":
            return Text(unquote(self._take().text))
        if self._accept("("):
            self._open.append(token.place)
            inner = self.expression()
            self._expect(")")
            self._open.pop()
            return inner
        if self._is("{"):
            return self._selector("")
        if token.kind == "name":
            return self._named()
        raise self._unexpected()

    def _named(self) -> Expression:
        token = self._take()
        follows = self._next.text
        if token.text in AGGREGATES and follows in ("(", "by", "without"):
            return self._aggregate(token)
        if follows == "(":
            return self._call(token)
        return self._selector(token.text)

    # --- selectors ---

    def _selector(self, name: str) -> Selector:
        start = self._tokens[self._at - 1].place if name else self._next.place
        matchers = [Matcher("__name__", "=", name)] if name else []
        if self._accept("{"):
            while not self._accept("}"):
                matchers.append(self._matcher())
                if not self._is("}"):
                    self._expect(",", "label matching")
        if all(re.fullmatch(m.value, "") if m.how == "=~" else m.how == "!=" or not m.value for m in matchers):
            raise ParseError("vector selector must contain at least one non-empty matcher", start)
        return Selector(tuple(matchers))

    def _matcher(self) -> Matcher:
        label = self._take()
        if label.kind != "name":
            self._at -= 1
            raise self._unexpected("label matching")
        if not self._is("=", "!=", "=~", "!~"):
            raise self._unexpected("label matching")
        how = self._take().text
        if self._next.kind != "string":
            raise self._unexpected("label matching")
        value = unquote(self._take().text)
        if how.endswith("~"):
            try:
                re.compile(value)
            except re.error as error:
                told = "missing closing ]: `[`" if "unterminated character set" in str(error) else str(error)
                raise ParseError(f"error parsing regexp: {told}", label.place) from error
        return Matcher(label.text, how, value)

    def _postfix(self, found: Expression) -> Expression:
        """Take ranges, subqueries, offset and @ that follow an operand."""
        while True:
            if self._is("["):
                found = self._ranged(found)
            elif self._is("offset", "@"):
                found = self._moved(found)
            else:
                return found

    def _ranged(self, found: Expression) -> Expression:
        place = self._take().place
        span = self._duration()
        if self._accept(":"):
            step = 0.0 if self._is("]") else self._duration()
            self._expect("]")
            return Subquery(found, span, step)
        self._expect("]")
        if not isinstance(found, Selector) or found.range is not None:
            raise ParseError("ranges only allowed for vector selectors", place)
        return dataclasses.replace(found, range=span)

    def _duration(self) -> float:
        token = self._next
        if token.kind == "duration":
            return seconds(self._take().text)
        if token.kind == "number":
            after = self._tokens[self._at + 1]
            if after.kind == "name":
                raise ParseError(f'bad number or duration syntax: "{token.text}"', token.place)
            return _number(self._take().text)
        raise self._unexpected("duration")

    def _moved(self, found: Expression) -> Expression:
        word = self._take()
        if not isinstance(found, Selector | Subquery):
            what = "an instant vector selector or range vector selector or a subquery"
            told = f"{word.text} modifier must be preceded by {what}"
            raise ParseError(told, word.place)
        back = -1.0 if self._accept("-") else 1.0
        if word.text == "@":
            if self._next.kind != "number":
                raise self._unexpected("@")
            moment = dataclasses.replace(found.moment, at=back * _number(self._take().text))
        else:
            if self._next.kind not in ("number", "duration"):
                raise self._unexpected("offset")
            moment = dataclasses.replace(found.moment, offset=back * self._duration())
        return dataclasses.replace(found, moment=moment)

    # --- calls ---

    def _call(self, name: Token) -> Call:
        places, arguments = self._arguments()
        if name.text not in FUNCTIONS:
            raise ParseError(f'unknown function with name "{name.text}"', name.place)
        kinds, least, result = FUNCTIONS[name.text]
        if not least <= len(arguments) <= len(kinds):
            wanted = (
                str(len(kinds))
                if least == len(kinds)
                else f"at least {least}"
                if len(arguments) < least
                else f"at most {len(kinds)}"
            )
            raise ParseError(
                f'expected {wanted} argument(s) in call to "{name.text}", got {len(arguments)}', name.place
            )
        for place, kind, argument in zip(places, kinds, arguments, strict=False):
            _check(kind, argument, f'call to function "{name.text}"', place)
        return Call(name.text, tuple(arguments), result)

    def _arguments(self) -> tuple[list[int], list[Expression]]:
        self._open.append(self._expect("(").place)
        places: list[int] = []
        arguments: list[Expression] = []
        while not self._is(")"):
            places.append(self._next.place)
            arguments.append(self.expression())
            if not self._is(")"):
                self._expect(",")
        self._take()
        self._open.pop()
        return places, arguments

    def _aggregate(self, name: Token) -> Aggregate:
        by, labels = self._grouping()
        places, arguments = self._arguments()
        if self._is("by", "without"):
            by, labels = self._grouping()
        wanted = 2 if name.text in WITH_PARAMETER else 1
        if len(arguments) != wanted:
            told = (
                f"wrong number of arguments for aggregate expression provided, expected {wanted}, got {len(arguments)}"
            )
            raise ParseError(told, name.place)
        _check("instant vector", arguments[-1], "aggregation expression", places[-1])
        parameter = arguments[0] if wanted == 2 else None
        if parameter is not None:
            _check("scalar", parameter, "aggregation parameter", places[0])
        return Aggregate(name.text, arguments[-1], parameter, labels, by)

    def _grouping(self) -> tuple[bool, tuple[str, ...]]:
        if not self._is("by", "without"):
            return True, ()
        by = self._take().text == "by"
        return by, self._labels("grouping opts")

    def _labels(self, where: str) -> tuple[str, ...]:
        self._open.append(self._expect("(", where).place)
        labels = []
        while not self._is(")"):
            if self._next.kind != "name":
                raise self._unexpected(where)
            labels.append(self._take().text)
            if not self._is(")"):
                self._expect(",", where)
        self._take()
        self._open.pop()
        return tuple(labels)


def _check(kind: Kind, given: Expression, where: str, place: int) -> None:
    if given.kind != kind:
        told = f"expected type {kind} in {where}, got {given.kind}"
        raise ParseError(told, place)


def _number(text: str) -> float:
    return float(int(text, 16)) if text[:2].lower() == "0x" else float(text)
