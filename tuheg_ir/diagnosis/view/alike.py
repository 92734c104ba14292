"""Lines that differ only in numbers which no pattern asks for: what one of them tells, all do."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late

_NUMBERS = late(
    # Its first sign stands before all ways to go on: only where one is does the search try them.
    r"[\da-fA-F](?:(?<!\w.)[0-9a-fA-F]{7,}(?:-[0-9a-fA-F]{4,})*\b"
    r"|(?<=\d)(?:\d*(?:\.\d+)+|\d*(?=(?i:ms|us|\u00b5s|ns|s|m|kb|mb|gb|b|%)\b)|\d{3,}))"
)
"""Ids, addresses, amounts and counts: no pattern asks for one of them. Codes of three figures stay."""
_CODES = late(r"SQLSTATE|ORA-|\b(?:53200|53300|25006|42703|18456)\b")
"""Codes that patterns ask for: lines with other numbers beside them are other messages."""
_AMOUNTS = late(r"duration|took|DbCommand|(?:\b|_)lag\b|behind|delay|depth|partitions|ranges are", re.IGNORECASE)
"""Words beside which patterns ask how much it is: a minute is no message of a moment, and many are none of nought."""


def asked_alike(line: str) -> str:
    """Return what a line has in common with those that patterns cannot tell from it: they are asked about once."""
    if _CODES.search(line):
        return line
    return _NUMBERS.sub(_digits if _AMOUNTS.search(line) else "0", line)


def _digits(found: re.Match[str]) -> str:
    """Return as many nines as a number has digits before its fraction; nought stays nought."""
    whole = found[0].partition(".")[0]
    return "9" * len(whole) if whole.strip("0") else "0"
