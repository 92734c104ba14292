"""Long logs thinned: all that is told seldom stays, and of what comes again and again as much as there is room for.

A busy service tells of each request, and the last few hundred lines are then the last few seconds: what it said when
the trouble began is not among them. Lines of one kind stay evenly over their time, so that it still shows since when
they come and how often; nothing seems silent that was not. Requests are one kind, whatever was asked and answered: how
many of them failed still shows as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, compress

from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import goes_on

_VARYING = b"0123456789abcdef"
"""Signs of numbers and ids: what is left of a line tells its kind."""
_TOLD_BY = (200, 60, 30)
"""So much of a line tells its kind; less of it where each line would be one of its own."""
_OF_REQUESTS = 3
"""So many requests of each kind stay in any case."""
_WHOLE = 6
"""A message of so many lines stays whole; of longer ones the beginning may have to do."""
_TRACE = "Traceback "
_STATEMENT = ("# Time: ", "# User@Host: ")
"""How MySQL's slow log begins an entry: further comments and the statement belong to it."""
_STATEMENT_SIGNS = tuple(each.encode().translate(None, _VARYING) for each in _STATEMENT)
_LONGEST = 50
"""Lines of one message, as of a trace; what goes on longer is another one."""

Message = tuple[int, int]
"""The places of a message's first line and of the one behind its last."""


def thinned(lines: Sequence[str], most: int) -> list[int]:
    """Return the places of at most ``most`` lines to keep, in their order; without a kind, the last ones."""
    if len(lines) <= most:
        return list(range(len(lines)))
    kinds = _kinds(lines, most // 2)
    if not kinds:
        return list(range(len(lines) - most, len(lines)))
    asked = [bool(status_of(lines[kind[0][0]])) for kind in kinds]
    requests = list(compress(kinds, asked))
    few = {place for kind in requests for place in _kept(kind, _OF_REQUESTS)}
    groups = [kind for kind, request in zip(kinds, asked, strict=True) if not request]
    if requests:
        groups.append(sorted(chain.from_iterable(requests)))
    room = _room(map(_size, groups), max(2, most - len(few)))
    return sorted(few.union(place for group in groups for place in _kept(group, room)))[-most:]


def _kinds(lines: Sequence[str], most: int) -> list[list[Message]]:
    """Return the messages of each kind; none where one of each would be more lines than that, however alike."""
    messages = _messages(lines)
    signs = "\n".join(lines).encode("utf-8", "replace").translate(None, _VARYING).split(b"\n")
    for length in _TOLD_BY:
        found: dict[bytes, list[Message]] = {}
        for each in messages:
            found.setdefault(_kind(signs, each)[:length], []).append(each)
        if sum(min(_size(kind[:1]), _WHOLE) for kind in found.values()) <= most:
            return list(found.values())
    return []


def _kind(signs: Sequence[bytes], message: Message) -> bytes:
    """Return what tells the kind of a message: of a slow log's entry its statement, not its time."""
    begin, end = message
    return signs[end - 1] if signs[begin].startswith(_STATEMENT_SIGNS) else signs[begin]


def _messages(lines: Sequence[str]) -> list[Message]:
    """Return the messages: a line that goes on with the one before belongs to it, and so does all of a trace."""
    begins, traced = [0], False
    for at, line in enumerate(lines):
        entry = line.startswith(_STATEMENT) and not (at and lines[at - 1].startswith("# "))
        within = lines[begins[-1]].startswith(_STATEMENT) and not line[:4].isdigit()
        more = (goes_on(line) or within) and not entry
        if (at and not (more or traced or line.startswith(_TRACE))) or at - begins[-1] >= _LONGEST:
            begins.append(at)
        # Python's ends with the first line that is not set in.
        traced = line.startswith(_TRACE) or (traced and more)
    return list(zip(begins, [*begins[1:], len(lines)], strict=True))


def _size(messages: Iterable[Message]) -> int:
    return sum(end - begin for begin, end in messages)


def _room(sizes: Iterable[int], most: int) -> int:
    """Return how many lines of each kind may stay: as many as all have room for who have so many."""
    left, ordered = most, sorted(sizes)
    for at, size in enumerate(ordered):
        share = left // (len(ordered) - at)
        if size > share:
            return max(1, share)
        left -= size
    return ordered[-1]


def _kept(messages: Sequence[Message], room: int) -> Iterable[int]:
    """Yield the places of lines that stay of one kind: the first and the last message, and others evenly between."""
    size = _size(messages)
    if size > room:
        number = max(1, room * len(messages) // size)
        last = len(messages) - 1
        messages = [messages[n * last // max(1, number - 1)] if number > 1 else messages[last] for n in range(number)]
    for begin, end in messages:
        yield from range(begin, min(end, begin + room))
