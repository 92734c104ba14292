"""What a process or a session got once and keeps, how it tells that this is no longer good, and who replaced it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._migrated import ended, of_form, then
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.marked import LATELY
from tuheg_ir.diagnosis.view.odd import PROVEN
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

_DDL = late(
    r"\b(?:ALTER|DROP|CREATE(?: OR REPLACE)?|RENAME) (?:TABLE|TYPE|DOMAIN|(?:MATERIALIZED )?VIEW|SCHEMA|EXTENSION)\b"
)
"""A statement that changes the form of a database, as logs of databases and of those who send it have it."""
_ROTATED = late(
    r"\b(?:signing |active |jwks? |private )?keys? (?:(?:has|have) been |was |were |is )?(?:now )?rotated\b"
    r"|\brotat(?:ed|ing) (?:the )?(?:(?:realm|token|oidc|jwt|jwks?) )?(?:signing |active )?keys?\b"
    r"|\b(?:new|next) (?:active )?signing key\b|\bsigning key .{0,60}\b(?:activated|created|generated|now active)\b",
    re.IGNORECASE,
)
"""How who signs tokens tells that it signs with another key from now on."""
_SLACK = timedelta(minutes=1)
TWICE = 2
"""Who runs for so many times as long as it takes others to meet something would have met it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A kind of thing that is kept: how its user tells of it, and how soon after the change somebody meets it.

    hints: a line without one of these tells nothing of it (cheaper to see). in_session: it is the database that keeps
    it, for each session of its own.
    """

    what: str
    hints: tuple[str, ...]
    told: re.Pattern[str]
    soon: timedelta
    in_session: bool = False


PLAN = Kept(
    "the plan of a statement",
    ("cached ", "Cached", "CacheExpired"),
    late(
        r"cached plan must not change result type|cached statement plan is invalid due to"
        r"|InvalidCachedStatementError|PreparedStatementCacheExpired"
    ),
    timedelta(minutes=10),
    in_session=True,
)
"""PostgreSQL and what speaks like it, asyncpg, Rails."""
TYPE = Kept(
    "the number of a type",
    ("cache lookup failed", "OutdatedSchema", "Npgsql", "DataTypeName", "present in your database"),
    late(
        r"cache lookup failed for type \d+|OutdatedSchemaCacheError|\bcurrently unknown to Npgsql\b"
        r"|DataTypeName '(?:-\.-|\.?<unknown>)'|isn't present in your database\. You may need to install an extension"
    ),
    timedelta(minutes=10),
)
"""PostgreSQL's own words for a type that was dropped under a statement, asyncpg, Npgsql."""
KEY = Kept(
    "the keys of who signs tokens",
    ("ignature", "key", "Key", "kid", "IDX105"),
    late(
        r"\b(?:token|jwt|kid)\b.{0,80}signature verification failed|signature verification failed.{0,80}\b(?:kid|jwt)\b"
        r"|unable to find (?:a )?signing key that matches|SigningKeyNotFound|JWKSNoMatchingKey"
        r"|no applicable key found in the JSON Web Key Set|\bkey ID .{0,80}not found in the JWKS"
        r"|failed to find key with key ID|no matching key\(s\) found|Jwks doesn't have key to match kid"
        r"|\bIDX105(?:01|03|16)\b|didn't find publicKey for specified kid|unable to find JWK for kid"
        r"|could not find public key for kid|\"kid\" invalid, unable to lookup correct key"
        r"|failed to verify id token signature|no known key successfully validated the token signature"
        r"|could not verify message using any of the signatures or keys",
        re.IGNORECASE,
    ),
    timedelta(hours=1),
)
"""PyJWT, jwks-rsa, jose, keyfunc, jwx, Nimbus, Envoy, .NET, Keycloak, python-jose, ruby-jwt, php-jwt, go-oidc, cap."""
KINDS = (PLAN, TYPE, KEY)


@dataclass(frozen=True, slots=True)
class Told:
    """What the live pods of a workload tell of one kind: how often each, when first and last, and in which words."""

    pods: Counter[str]
    first: datetime
    last: datetime
    line: str

    @property
    def pace(self) -> timedelta:
        """Return how long it takes on average until one of them tells of it again."""
        return (self.last - self.first) * len(self.pods) / max(1, self.pods.total() - len(self.pods))


def told(view: View, workload: Workload, kept: Kept) -> Told | None:
    """Return what a workload's processes tell of one kind; None where they tell nothing, or nothing lately."""
    found = [each for log in view.logs_of(workload.live, previous=False) for each in _told(log, kept)]
    if not found:
        return None
    times = [at for _, _, at in found]
    if not view.recent(max(times), LATELY):
        return None
    return Told(Counter(pod for pod, _, _ in found), min(times), max(times), found[-1][1])


def _told(log: Log, kept: Kept) -> Iterator[tuple[str, str, datetime]]:
    """Yield (pod, line, time) of the lines that tell of it; a line of a trace has the time of its message."""
    places = [
        n for n, line in enumerate(log.lines) if any(hint in line for hint in kept.hints) and kept.told.search(line)
    ]
    if places:
        upto, until = times_around(log.lines)
        for n in places:
            if (at := upto[n] or until[n]) is not None:
                yield log.pod, log.lines[n].strip(), at


def replaced(view: View, kept: Kept, teller: Workload, began: datetime) -> Evidence | None:
    """Return that somebody else replaced what is kept, shortly before the first who kept it told of it."""
    return _rotated(view, kept, teller, began) if kept is KEY else _changed(view, kept, began)


def _changed(view: View, kept: Kept, began: datetime) -> Evidence | None:
    """Return the run, or the statement in a log, that gave a database another form then."""
    for run in (w for w in view.workloads.values() if w.kind in BATCH and then(w, began, kept.soon)):
        line = next((line for log in view.logs_of(run.pods) for line in log.lines if _forms(line)), "")
        if line:
            return Evidence("logs", run.ref, f"it changed the form of a database: {line.strip()[:200]}", ended(run))
    return _in_logs(view, _DDL, began, kept.soon, "")


def _forms(line: str) -> bool:
    return _DDL.search(line) is not None or of_form(line)


def _rotated(view: View, kept: Kept, teller: Workload, began: datetime) -> Evidence | None:
    return _in_logs(view, _ROTATED, began, kept.soon, teller.ref)


def _in_logs(view: View, said: re.Pattern[str], began: datetime, soon: timedelta, but: str) -> Evidence | None:
    """Return a line of anybody ``but`` one that tells of a change shortly before something began."""
    for log in view.snapshot.logs:
        ref = view.owner_of(log.pod)
        for line in log.lines if ref != but else ():
            if said.search(line) and (at := stamp(line)) is not None and -_SLACK <= began - at <= soon:
                return Evidence("logs", ref, line.strip()[:240], at)
    return None


def fresh_and_well(view: View, workload: Workload, said: Told, began: datetime) -> list[Pod]:
    """Return the pods that started since, are ready, and tell nothing of it for so long that they would have met it."""
    heard = {log.pod for log in view.logs_of(workload.live, previous=False) if log.lines}
    proven = max(PROVEN, TWICE * said.pace)
    return [
        pod
        for pod in workload.live
        if pod.name not in said.pods and pod.name in heard and pod.ready and pod.started
        if pod.started > began and not view.recent(pod.started, proven)
    ]
