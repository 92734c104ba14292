"""Places of records in the log of a broker that a line names: a topic, one part of it, and a number in that."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.named import NamedTuple

_TOPIC = r"(?<![\w.-])(?P<topic>[A-Za-z][\w.-]*?)"
_AS_KEYS = late(
    r"(?:\b[Tt]opic\W{1,4}(?P<topic>[A-Za-z][\w.-]*)\b.{0,40}?)?"
    r"\b[Pp]artition\W{1,4}(?P<part>\d{1,5})\b.{0,40}?\b[Oo]ffset\W{1,4}(?P<offset>\d+)\b"
)
"""As keys and values of any kind: `topic=mails partition=7 offset=118`, `"partition": 7, "offset": "118"`."""
_AS_ONE_WORD = late(
    rf"{_TOPIC}(?:[-/:]|\s?\[)(?P<part>\d{{1,5}})\]?(?:\s?@\s?|,? (?:at )?[Oo]ffset\W{{1,3}})(?P<offset>\d+)\b"
)
"""As clients write it: `mails-7 at offset 118`, `mails-7@118`, `mails [7] at offset 118`, `mails/7@118`."""

_PUT = late(
    r"(?<![a-z])(?:re-?)?(?:sen[dt]|produced|publish(?:ed)?|wrote|written|appended|delivered|acked|stored|replayed|put"
    r"|emitted|forwarded|inserted)(?![a-z])",
    re.IGNORECASE,
)
"""Words of who put a record into a log, as a client tells its place when a broker has taken it."""


class Place(NamedTuple):
    """Where a record stands; ``topic``: "" where a line tells none."""

    topic: str
    part: int
    offset: int

    def may_be(self, other: Place) -> bool:
        """Tell whether two lines may mean the same record."""
        same = (self.part, self.offset) == (other.part, other.offset)
        return same and (self.topic == other.topic or "" in (self.topic, other.topic))


def places(line: str) -> Iterator[Place]:
    """Yield the records that a line names."""
    if "@" not in line and "ffset" not in line:
        return
    for form in (_AS_KEYS, _AS_ONE_WORD):
        for found in form.finditer(line):
            yield Place(found["topic"] or "", int(found["part"]), int(found["offset"]))


def put_by(line: str, place: Place) -> bool:
    """Tell whether a line is of a program that tells where it put a record that it sent."""
    return _PUT.search(line) is not None and any(each.may_be(place) for each in places(line))
