"""What Prometheus answers when it cannot: a kind and a sentence."""

from __future__ import annotations


class QueryError(Exception):
    """A query that cannot be answered; ``kind`` is Prometheus' errorType."""

    code = 400
    kind = "bad_data"


class ParseError(QueryError):
    """A query that is not understood, with the place (from 1) where that shows."""

    def __init__(self, message: str, place: int | None = None) -> None:
        where = "unknown position" if place is None else f"1:{place}"
        super().__init__(f'invalid parameter "query": {where}: parse error: {message}')


class ExecutionError(QueryError):
    """A query that is understood and has no answer on these samples."""

    code = 422
    kind = "execution"
