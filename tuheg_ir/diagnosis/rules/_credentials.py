"""Who is refused by a database or broker because of its credentials, and whether its pods could know newer ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules._rights import of_a_right
from tuheg_ir.diagnosis.rules._sessions import role_of
from tuheg_ir.diagnosis.rules._their_secret import last_brought, secret_of
from tuheg_ir.diagnosis.rules._unsynced import unsynced
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.complaints import STILL, Complaint, complaints
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import name, newest, oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

REFUSED = ("database_authentication", "outside_authentication")
_NOT_THE_PASSWORD = ("role_missing", "login_kind_refused")
"""What a server tells of whom or what it lets in, often with the code of a refused login: no password mends that."""
SOON = timedelta(hours=1)
"""Within this time pools have replaced their sessions, and whose password was changed has been refused."""
CLEARLY = timedelta(minutes=5)
"""Pods that start so near to one another are of one roll-out."""
LINES = 20
"""So many of a log's newest lines tell whether it is written to."""
_USER = late(r"user(?:name)? ?[=:]? ?[\"'\[]?([\w.-]+)", re.IGNORECASE)
"""Where servers and clients name the user that is refused."""
_PASSWORD = late(
    r"password authentication failed|28P01|access denied for user|wrongpass|ora-01017"
    r"|(?:peer|ident|md5|scram\S{0,20}|certificate|pam|ldap) authentication failed for user",
    re.IGNORECASE,
)
"""Words of a login that is refused for what it shows, whatever else a client tells of further tries."""
_CLOUD = late(
    r"arn:aws|api error \w+:|googleapi|AuthorizationFailed|AmazonS3Exception|botocore|InvalidAccessKeyId"
    r"|(?:invalid|expired|incorrect) (?:subscription|api|access)[ -]key",
    re.IGNORECASE,
)
"""Words of a provider's client, which names no host."""

_LOOKS_UP = late(
    r"Could not query server using DN \[|\binitial (?:LDAP )?bind (?:for|failed)\b|\bLDAP bind \(service\) failed",
    re.IGNORECASE,
)
"""How a server of logins tells that a directory refuses its own login, by which it looks users up: no user's password
is in play yet (Keycloak, Dex, nginx-auth-ldap, Vault)."""


class Refusal(NamedTuple):
    """A workload that is refused: by whom, which Secret it reads, when that was written, which pods are refused.

    ``older`` are refused pods that started before the Secret was written, ``newer`` those that started after it,
    ``well`` pods that started after it and are not refused. ``younger`` are pods of the same template that started
    after all that are refused, and work with what they took at their start. ``locks_out``: others with newer pods that
    read the Secret and are told that the account is locked, which is what an old password does to it again and again.
    ``as_new``: pods of others that started after the Secret was written and are refused with what it holds.
    ``unsynced``: what shows that the Secret itself has not got the newest credentials.
    """

    workload: Workload
    server: str
    secret: str
    written: datetime | None
    older: tuple[Pod, ...]
    newer: tuple[Pod, ...]
    well: tuple[Pod, ...]
    younger: tuple[Pod, ...]
    complaints: tuple[Complaint, ...]
    locks_out: tuple[str, ...] = ()
    as_new: tuple[Pod, ...] = ()
    unsynced: tuple[Evidence, ...] = ()

    @property
    def outlived(self) -> bool:
        """Tell whether a start anew gives credentials that are good: only pods that took theirs earlier are refused."""
        no_better = self.newer or self.as_new or self.unsynced
        return bool(self.younger) or bool(self.secret and self.older and not no_better)

    @property
    def users(self) -> set[str]:
        """Return the names of users that are refused, as far as lines tell."""
        return {user[1] for c in self.complaints if (user := _USER.search(c.hit.line))}

    @property
    def hosts(self) -> set[str]:
        """Return who refuses, by name or address."""
        return {host for c in self.complaints for host in (c.about, *c.hosts) if host}

    @property
    def outside(self) -> bool:
        """Tell whether it is somebody outside that refuses."""
        return all(c.hit.trouble == "outside_authentication" for c in self.complaints)


def refusals(view: View) -> tuple[Refusal, ...]:
    """Return the workloads whose credentials are refused."""
    by_caller: dict[str, list[Complaint]] = {}
    of_another = {(c.hit.pod, c.hit.line) for c in complaints(view, *_NOT_THE_PASSWORD)}
    for each in complaints(view, *REFUSED):
        line = each.hit.line
        if of_a_right(line) or ((each.hit.pod, line) in of_another and not password_refused(line)):
            continue
        outside = any("." in host for host in each.hosts) or _CLOUD.search(line) or _LOOKS_UP.search(line)
        if each.hit.trouble == "outside_authentication" and not outside and not _locks_out(view, each.caller):
            continue  # somebody's own wrong password at our door
        if each.caller in view.workloads and role_of(view, each.caller) not in ("database", "broker", "pooler"):
            by_caller.setdefault(each.caller, []).append(each)
    each_one = [_refusal(view, view.workloads[ref], found) for ref, found in by_caller.items()]
    return tuple(each._replace(as_new=tuple(_as_new(view, each, each_one))) for each in each_one)


def password_refused(line: str) -> bool:
    """Tell whether a line says that what a login shows is refused, and not only that somebody is not let in."""
    return bool(_PASSWORD.search(line))


def _as_new(view: View, each: Refusal, all_refused: list[Refusal]) -> Iterator[Pod]:
    """Yield the pods of others that took the same credentials after the Secret was written, and are refused as well."""
    beside = (o for o in all_refused if o is not each and each.secret and o.secret == each.secret)
    for other in beside:
        same = _agree(each.users, other.users) and _agree(each.hosts, other.hosts)
        if same and _wrong(view, other.newer):
            yield from other.newer


def _agree(mine: set[str], others: set[str]) -> bool:
    """Tell whether two may speak of the same one: they name one alike, or one of them names nobody."""
    return not mine or not others or bool(mine & others)


def _refusal(view: View, workload: Workload, found: list[Complaint]) -> Refusal:
    secret = secret_of(view, workload, [c.hit.line for c in found])
    at = last_brought(view, secret) if secret else None
    refused = {c.hit.pod for c in found}
    older: list[Pod] = []
    newer: list[Pod] = []
    well: list[Pod] = []
    for pod in workload.pods if workload.kind in BATCH else workload.live:
        started = last_start(pod)
        fresh = at is None or started is None or started >= at
        if pod.name in refused:
            (newer if fresh else older).append(pod)
        elif fresh and pod.ready:
            well.append(pod)
    return Refusal(
        workload=workload,
        server=next((c.about for c in found if c.about), ""),
        secret=f"Secret/{name(secret)}" if secret else "",
        written=at,
        older=tuple(older),
        newer=tuple(newer),
        well=tuple(well),
        younger=tuple(younger(view, workload, found)),
        complaints=tuple(found),
        locks_out=_locks_out(view, workload.ref),
        unsynced=_not_the_newest(view, secret, well, found) if secret else (),
    )


def _not_the_newest(view: View, secret: Obj, well: list[Pod], found: list[Complaint]) -> tuple[Evidence, ...]:
    """Return what shows that a Secret was not brought up to date before its readers were refused.

    Not where a pod that started since then is well: it took what the Secret holds. Nor where it was brought up to date
    right before: what it got then is what its readers lack, and whoever brought it may well fail the next time.
    """
    failing = unsynced(view, secret)
    first, at = oldest(c.hit.first for c in found), last_brought(view, secret)
    if failing is None or (first is not None and failing.since is not None and failing.since > first):
        return ()
    if first is not None and at is not None and timedelta() <= first - at <= SOON:
        return ()
    starts = [start for pod in well if (start := last_start(pod)) is not None]
    return () if first is not None and any(start > first for start in starts) else failing.evidence


def _locks_out(view: View, ref: str) -> tuple[str, ...]:
    """Return those whose account a workload locks: it alone is told of a wrong password, and it never read the new one.

    Each of them reads the same Secret, started after it was written, and is told of the lock and of nothing else.
    """
    workload = view.workloads.get(ref)
    secret = secret_of(view, workload) if workload else None
    at = last_brought(view, secret) if secret else None
    if workload is None or secret is None or at is None or not is_old(workload, at) or not _wrong(view, workload.live):
        return ()
    with_it = [
        other
        for other in view.serving
        if other is not workload and ("Secret", name(secret)) in reads(other.template) and not is_old(other, at)
    ]
    return tuple(o.ref for o in with_it if view.hits_of(o.ref, "account_locked") and not _wrong(view, o.live))


def is_old(workload: Workload, at: datetime) -> bool:
    """Tell whether a pod of a workload took its settings before a time."""
    return any((start := last_start(pod)) is None or start < at for pod in workload.live)


def _wrong(view: View, pods: Iterable[Pod]) -> bool:
    """Tell whether pods are refused for what they show, and not just for the account's being locked."""
    return any(
        any(tells(kind, line) for kind in REFUSED) and not tells("account_locked", line)
        for log in view.logs_of(pods, previous=False)
        for line in log.lines
    )


def younger(view: View, workload: Workload, found: list[Complaint]) -> Iterator[Pod]:
    """Yield the pods of the refused ones' template that started after them all and tell of work, and of no refusal."""
    refused = [pod for pod in workload.live if pod.name in {c.hit.pod for c in found}]
    first = min((c.hit.first for c in found if c.hit.first), default=None)
    starts = [start for pod in refused if (start := last_start(pod)) is not None]
    kinds, leased = {c.hit.trouble for c in found}, _leased(view, found)
    if not refused or len(starts) < len(refused) or len({pod.revision for pod in refused}) > 1:
        return
    for pod in workload.live:
        start = last_start(pod)
        if not pod.ready or pod.revision != refused[0].revision or start is None or start <= max(starts) + CLEARLY:
            continue
        if not leased and (first is None or start < first):
            continue  # it may still use sessions that it got before
        told = {hit.trouble for hit in view.hits_of(workload.ref) if hit.pod == pod.name}
        if not told & kinds and _works(view, pod, {c.hit.container for c in found}):
            yield pod


def _leased(view: View, found: list[Complaint]) -> bool:
    """Tell whether each pod has credentials of its own, for a time: other users, or somebody tells of the lease."""
    users = {c.hit.pod: user[1] for c in found if (user := _USER.search(c.hit.line))}
    ended = view.hits_of(found[0].caller, "lease_over")
    return len(set(users.values())) > 1 or {c.hit.pod for c in found} <= {hit.pod for hit in ended}


def _works(view: View, pod: Pod, containers: set[str]) -> bool:
    """Tell whether a pod's containers wrote something of late: whoever does nothing is refused by nobody."""
    return any(
        (at := stamp(line)) is not None and view.recent(at, STILL)
        for log in view.logs_of([pod], previous=False)
        if log.container in containers
        for line in log.lines[-LINES:]
    )


def last_start(pod: Pod) -> datetime | None:
    """Return when a pod last took its settings: a container that was started again reads them anew."""
    times = [c.started_at for c in pod.containers]
    times += [c.ended.started_at or c.ended.at for c in pod.containers if c.ended and c.state != "running"]
    return newest(times) or pod.created
