"""How programs tell that a process signs with a key that it made itself, and that a signature is of another key."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_MADE = ("random", "ephemeral", "generat", "temporary", "in-memory", "throwaway")
"""One of these is in a log that tells of a key of one's own."""
_KEY = late(
    r"jwt|\bsign(?:s|ing)?\b|session|cookie|token|secret[ _-]?key|secret_?base|[\"'`_]secret\b|\bkey repository"
    r"|\bkeys will not be persisted",
    re.IGNORECASE,
)
"""Words of a key with which a program signs what its users show it again."""
_IS_KEY = late(r"secret|key|\bsign", re.IGNORECASE)
"""What is made is a key: a session or a token that nobody brought is made anew for each visitor."""
_RING = late(r"key repository|keys will not be persisted", re.IGNORECASE)
"""Keys of .NET, which protect cookies and forms alone: tokens are signed by whoever hands them out."""
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
_REFUSES = ("sign", "verif", "key ring", "securecookie", "decrypt", "unprotect", "idx105")
_REFUSED = late(
    r"\b(?:invalid|bad|wrong) (?:token |jwt |cookie |session )?signature|signature (?:is |was )?invalid"
    r"|\b(?:Bad|Invalid)Signature|signature .{0,40}(?:does not|did not|doesn't|didn't) match|signature mismatch"
    r"|signature (?:verification |validation )?(?:has )?failed|signature verification raised"
    r"|signature (?:could not|cannot) be (?:verified|validated)|\bIDX105(?:03|11|17)\b"
    r"|securecookie: (?:the value is not valid|hash)|crypto/(?:rsa|ecdsa): verification error"
    r"|(?:failed to|could not|cannot|can't|unable to) (?:decrypt|verify) (?:the )?session cookie"
    r"|session cookie .{0,20}(?:failed to|could not|cannot|can't) .{0,20}(?:decrypt|verif)",
    re.IGNORECASE,
)
"""jsonwebtoken, itsdangerous, jjwt, golang-jwt, PyJWT, ruby-jwt, tymon/jwt-auth, .NET, gorilla, Go's crypto."""
_UNPROTECTED = late(
    r"\bkey \{[0-9a-f-]{36}\} was not found in the key ring|\bunprotecting the session cookie"
    r"|antiforgery token could not be decrypted",
    re.IGNORECASE,
)
"""The same of a ring of keys."""
_NO_TOKEN = late(
    r"webhook|\bimage\b|package|commit|certificate|license|\bx509|\bs3\b|SignatureDoesNotMatch", re.IGNORECASE
)
_ID = late(r"\bk(?:ey[ _-]?)?id\W{1,6}([\w.-]{4,80})", re.IGNORECASE)
_WORD = late(r"[\w.-]{4,80}")
AT_START = timedelta(minutes=2)
"""A process makes its key as it starts, and its workers theirs; what is told for longer is of each visitor."""


class Told(NamedTuple):
    """A line of a pod and its time; ``id``: the name that a line gives the pod's own key, "" for none.

    ring: it is of keys of a ring.
    """

    pod: str
    line: str
    at: datetime
    id: str = ""
    ring: bool = False


def own_keys(view: View, workload: Workload) -> list[Told]:
    """Return the live pods of a workload that signed with a key of their own when they started, one line each.

    A pod that has a ring of keys and a key beside it comes twice.
    """
    found: dict[tuple[str, bool], list[Told]] = {}
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines if speaks_of(log, _MADE) else ():
            at = stamp(line) if _made_alone(line) else None
            if at is not None:
                named, ring = _ID.search(line), _RING.search(line) is not None
                told = Told(log.pod, line.strip(), at, named[1].strip(".-") if named else "", ring)
                found.setdefault((log.pod, ring), []).append(told)
    newest = [max(lines, key=lambda each: each.at) for _, lines in sorted(found.items())]
    return [each for each in newest if each.at - min(one.at for one in found[each.pod, each.ring]) <= AT_START]


def _made_alone(line: str) -> bool:
    said = all(words.search(line) for words in (_OWN, _KEY, _IS_KEY, _ALONE))
    return said and not _ELSE.search(line)


def refused(view: View, workload: Workload, since: datetime, *, ring: bool = False) -> Iterator[Told]:
    """Yield what a workload's live pods refuse since a time as not of their key; ``ring``: as of none of their ring."""
    words = _UNPROTECTED if ring else _REFUSED
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines if speaks_of(log, _REFUSES) else ():
            if words.search(line) and not _NO_TOKEN.search(line):
                at = stamp(line)
                if at is not None and at >= since:
                    yield Told(log.pod, line.strip(), at, ring=ring)


def of_another(keys: Sequence[Told], said: Iterable[Told]) -> Iterator[Told]:
    """Yield the refusals that name the key of another pod; a name that the keys of all have shows nobody's."""
    times = Counter(each.id for each in keys)
    whose = {each.id: each.pod for each in keys if each.id and times[each.id] == 1}
    for each in said if whose else ():
        named = {word.strip(".-") for word in _WORD.findall(each.line)} & set(whose)
        if any(whose[name] != each.pod for name in named):
            yield each
