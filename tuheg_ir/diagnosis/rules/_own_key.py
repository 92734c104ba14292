"""How programs tell that a process signs with a key that it made itself, and that a signature is of another key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.workloads import Workload

_MADE = ("random", "ephemeral", "generat", "temporary", "in-memory", "throwaway")
"""One of these is in a log that tells of a key of one's own."""
_KEY = late(
    r"jwt|\bsign(?:s|ing)?\b|session|cookie|token|secret[ _-]?key|secret_?base|[\"'`_]secret\b|\bkey repository"
    r"|\bkeys will not be persisted",
    re.IGNORECASE,
)
"""Words of a key with which a program signs what its users show it again."""
_OWN = late(
    r"\brandom(?:ly)?\b|\bephemeral\b|\bthrowaway\b|\b(?:auto-?|self-?)generated\b|\bin-memory (?:key|repository)"
    r"|\bgenerat(?:ed?|es|ing) (?:an? |the )?(?:new |random |temporary |own )*(?:one|key|secret|value)\b"
    r"|\btemporary (?:\w+ )?(?:key|secret)",
    re.IGNORECASE,
)
_ALONE = late(
    r"\b(?:is|was|are|were)?(?: not|n't) (?:set|configured|provided|given|defined|specified|found|persist\w*)\b"
    r"|\bempty\b|\bmissing\b|\bunset\b|\bundefined\b|\bnot (?:be )?(?:persisted|shared|set)\b"
    r"|\bno \S{1,40} (?:was |is )?(?:set|configured|provided|given|defined|found)\b"
    r"|\b(?:for|of|until|with) (?:this|the|each|every) (?:process|instance|run|worker|restart|replica)\b"
    r"|\bbetween restarts\b|\bnot persist\b|when (?:the )?application exits",
    re.IGNORECASE,
)
"""That nobody gave it one, or that nobody else has it."""
_ELSE = late(
    r"pass(?:word|phrase)|api[ _-]?key|encrypt|certificate|\btls\b|\bssh|host key|webhook|self-signed|idempot|\bseed\b"
    r"|saved (?:to|in)|written to|wrote |stored in",
    re.IGNORECASE,
)
"""Something else that is made at random, or a key that is kept and may be shared."""
_REFUSES = ("signature", "sign", "verif", "key ring", "securecookie", "decrypt", "idx105")
_REFUSED = late(
    r"\b(?:invalid|bad|wrong) (?:token |jwt |cookie |session )?signature|signature (?:is |was )?invalid"
    r"|\b(?:Bad|Invalid)Signature|signature .{0,40}(?:does not|did not|doesn't|didn't) match|signature mismatch"
    r"|signature (?:verification |validation )?(?:has )?failed|signature verification raised"
    r"|signature (?:could not|cannot) be (?:verified|validated)|\bIDX105(?:03|11|17)\b"
    r"|\bkey \{[0-9a-f-]{36}\} was not found in the key ring|securecookie: (?:the value is not valid|hash)"
    r"|crypto/(?:rsa|ecdsa): verification error|session cookie .{0,40}(?:decrypt|verif)\w*",
    re.IGNORECASE,
)
"""jsonwebtoken, itsdangerous, jjwt, golang-jwt, PyJWT, ruby-jwt, tymon/jwt-auth, .NET, gorilla, Go's crypto."""
_NO_TOKEN = late(
    r"webhook|\bimage\b|package|commit|certificate|license|\bx509|\bs3\b|SignatureDoesNotMatch", re.IGNORECASE
)
_ID = late(r"\bk(?:ey[ _-]?)?id\W{1,4}([\w.-]{4,80})", re.IGNORECASE)


class Told(NamedTuple):
    """A line of a pod and its time; ``id``: the name that a line gives the pod's own key, "" for none."""

    pod: str
    line: str
    at: datetime
    id: str = ""


def own_keys(view: View, workload: Workload) -> list[Told]:
    """Return the live pods of a workload that signed with a key of their own when they started, one line each."""
    found: dict[str, Told] = {}
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines if speaks_of(log, _MADE) else ():
            if not _OWN.search(line) or not _KEY.search(line) or not _ALONE.search(line) or _ELSE.search(line):
                continue
            named = _ID.search(line)
            if (at := stamp(line)) is not None:
                found[log.pod] = Told(log.pod, line.strip(), at, named[1] if named else "")
    return [found[pod] for pod in sorted(found)]


def refused(view: View, workload: Workload, since: datetime) -> Iterator[Told]:
    """Yield the signatures that a workload's live pods refuse since a time, as not of their key."""
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines if speaks_of(log, _REFUSES) else ():
            if _REFUSED.search(line) and not _NO_TOKEN.search(line):
                at = stamp(line)
                if at is not None and at >= since:
                    yield Told(log.pod, line.strip(), at)
