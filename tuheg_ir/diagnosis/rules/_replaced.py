"""What a process or a session got once and keeps, how it tells that this is no longer good, and who replaced it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._migrated import ended, of_form, then
from tuheg_ir.diagnosis.rules._signed_anew import SLACK, signed_anew
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import of_probe
from tuheg_ir.diagnosis.view.logs import begun, times_near
from tuheg_ir.diagnosis.view.marked import LATELY
from tuheg_ir.diagnosis.view.odd import MOSTLY, PROVEN
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import ERRORS, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

_WHAT = r"(?:TABLE|TYPE|DOMAIN|(?:MATERIALIZED )?VIEW|SCHEMA|EXTENSION)\b"
_DDL = late(rf"\b(?:ALTER|CREATE(?: OR REPLACE)?|RENAME) {_WHAT}")
"""A statement that gives a database another form, as logs of databases and of those who send it have it."""
_DROPS = late(rf"\bDROP {_WHAT}")
"""One after which something is there no more: a fresh process does not get it either."""
_AS_ASKED = 0.1
"""Who gets less than this share of the requests of another may not meet what that one does."""
_EACH = 3
"""What each of some pods met so often on average while another was heard, that one would have met as well."""
_REFUSED = (401, 403)


class Kept(NamedTuple):
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
    ("cache lookup failed", "OutdatedSchema", "Npgsql", "DataTypeName"),
    late(
        r"cache lookup failed for type \d+|OutdatedSchemaCacheError|\bcurrently unknown to Npgsql\b"
        r"|DataTypeName '(?:-\.-|\.?<unknown>)'"
    ),
    timedelta(minutes=10),
)
"""PostgreSQL's own words for a type that was dropped under a statement, asyncpg, Npgsql."""
MISSING = Kept(
    "that there is no such type",
    ("present in your database",),
    late(r"isn't present in your database\. You may need to install an extension"),
    timedelta(minutes=10),
)
"""Npgsql's words for a type that was not there when it started, or is there no more: fresh ones show which."""
KEY = Kept(
    "the keys of who signs tokens",
    ("ignature", "key", "Key", "kid", "IDX105"),
    late(
        # A secret that both sides have is no key of a set, nor is that with which images or webhooks are signed.
        r"^(?!.*(?:\bHS\d{3}\b|hmac|webhook|\bimage\b))(?=.*(?:\bkid\W{1,4}\w|\balg\W{1,4}(?:[REP]S\d|EdDSA)))"
        r".*signature verification failed"
        r"|SignatureKeyNotFoundException|\bkey with kid .{1,80}not found|no matching JWK found for kid"
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
KINDS = (PLAN, TYPE, MISSING, KEY)


class Told(NamedTuple):
    """What the live pods of a workload tell of one kind: which pod and when, for each line, and the last words.

    containers: those that tell of it.
    """

    heard: tuple[tuple[str, datetime], ...]
    line: str
    containers: frozenset[str]

    @property
    def pods(self) -> Counter[str]:
        """Return how often each pod tells of it."""
        return Counter(pod for pod, _ in self.heard)

    @property
    def times(self) -> list[datetime]:
        """Return when it was told."""
        return [at for _, at in self.heard]

    def since(self, began: datetime) -> Told:
        """Return what was told from a time on."""
        return self._replace(heard=tuple(each for each in self.heard if each[1] >= began))


def told(view: View, workload: Workload, kept: Kept) -> Told | None:
    """Return what a workload's processes tell of one kind; None where they tell nothing, or nothing lately."""
    found = [(log, *each) for log in view.logs_of(workload.live, previous=False) for each in _told(log, kept)]
    if not found or not view.recent(max(at for _, _, at in found), LATELY):
        return None
    heard = tuple((log.pod, at) for log, _, at in found)
    return Told(heard, found[-1][1], frozenset(log.container for log, _, _ in found))


def present(found: Iterable[Told]) -> datetime:
    """Return when began what is told now: what was told once, long before, is another story."""
    times = [at for each in found for at in each.times]
    return begun(times, LATELY) or min(times)


def _told(log: Log, kept: Kept) -> Iterator[tuple[str, datetime]]:
    """Yield (line, time) of the lines that tell of it; a line of a trace has the time of its message."""
    whole = "\n".join(log.lines)
    if not any(hint in whole for hint in kept.hints):
        return
    places = [
        n for n, line in enumerate(log.lines) if any(hint in line for hint in kept.hints) and kept.told.search(line)
    ]
    if places:
        near = times_near(log.lines)
        for n in places:
            if (at := near[n]) is not None:
                yield log.lines[n].strip(), at


def replaced(view: View, kept: Kept, who: Workload, began: datetime) -> Evidence | None:
    """Return that somebody else replaced what is kept, shortly before the first who kept it told of it."""
    if kept is KEY:
        return signed_anew(view, who, began, kept.soon)
    return None if kept is MISSING else _changed(view, kept, began)


def _changed(view: View, kept: Kept, began: datetime) -> Evidence | None:
    """Return the run, or the statement in a log, that gave a database another form then."""
    for run in (w for w in view.workloads.values() if w.kind in BATCH and then(w, began, kept.soon)):
        line = next((line for log in view.logs_of(run.pods) for line in log.lines if _forms(line)), "")
        if line:
            return Evidence("logs", run.ref, f"it changed the form of a database: {line.strip()}", ended(run))
    return _in_logs(view, began, kept.soon)


def _forms(line: str) -> bool:
    return _DDL.search(line) is not None or (of_form(line) and not _DROPS.search(line))


def _in_logs(view: View, began: datetime, soon: timedelta) -> Evidence | None:
    """Return a statement in anybody's log that gave a database another form shortly before something began."""
    for log in view.snapshot.logs:
        for line in log.lines:
            if _DDL.search(line) and (at := stamp(line)) is not None and -SLACK <= began - at <= soon:
                return Evidence("logs", view.owner_of(log.pod), line.strip(), at)
    return None


def fresh_and_well(view: View, workload: Workload, said: Told, began: datetime) -> list[Pod]:
    """Return the pods that started since and work, and tell nothing of it for so long that they would have met it.

    A pod whose log nobody read tells nothing either, and that is no sign that it is well.
    """
    telling = said.pods
    return [
        pod
        for pod in workload.live
        if pod.name not in telling and pod.ready and pod.started
        if pod.started > began and not view.recent(pod.started, PROVEN)
        if (since := _heard_since(view, pod, said.containers)) is not None
        if said.since(since).pods.total() >= _EACH * len(telling) and _works(view, pod, telling)
    ]


def _heard_since(view: View, pod: Pod, containers: Collection[str]) -> datetime | None:
    """Return from when on a pod's log tells, of the containers that tell of it in others; None where it does not."""
    logs = [log.lines for log in view.logs_of([pod], previous=False) if log.container in containers]
    return oldest(next(filter(None, map(stamp, lines)), None) for lines in logs)


def _works(view: View, pod: Pod, others: Iterable[str]) -> bool:
    """Tell whether a pod does not fail, and is asked as much as others or answers well where nobody measures that."""
    told = Counter(
        "well" if 200 <= status < 400 else "ill" if status >= 500 or status in _REFUSED else ""
        for log in view.logs_of([pod], previous=False)
        for line in log.lines
        if (status := status_of(line)) and not of_probe(line)
    )
    fails = view.figures.latest("error_ratio_by_pod", "pod").get(pod.name, 0.0) > ERRORS
    if fails or told["ill"] > MOSTLY * told.total():
        return False
    rates = view.figures.latest("request_rate_by_pod", "pod")
    asked = [rate for each in others if (rate := rates.get(each))]
    if asked and pod.name in rates:
        return rates[pod.name] > _AS_ASKED * min(asked)
    return told["well"] >= OFTEN
