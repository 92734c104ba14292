"""A login was dropped that running pods still use: those that started since its successor was given out are well.

Who rotates logins makes a new one each time and keeps the former for a while, for whoever read it at his start. A pod
that runs for longer than that is refused from the next session on, and may only tell that its store is away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._credentials import CLEARLY, REFUSED, SOON, last_start
from tuheg_ir.diagnosis.rules._dropped_logins import Drop, dropped_logins, logins_used
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._their_secret import last_brought, secret_of
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.marked import LATELY, marked
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import name, oldest
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_KINDS = (*REFUSED, "role_missing", "permission")


class _Ill(NamedTuple):
    """What pods tell since a login was dropped: since when, a line of it each, and whether one is of a refusal."""

    since: datetime
    lines: dict[str, Evidence]
    refused: bool


def when(view: View) -> Iterator[Match]:
    """Pods that used a login fail since it was dropped, and a start anew gives them another one."""
    drops = dropped_logins(view)
    for workload in view.serving if drops else ():
        if role(workload) in DATA:
            continue
        used = {pod.name: login for pod in workload.live if (login := logins_used(view).get(pod.name))}
        for drop in drops:
            old = [pod for pod in workload.live if used.get(pod.name) == drop.login]
            ill = _ill(view, workload, old, drop) if old and drop.by != workload.ref else None
            newer = _newer(view, workload, [pod for pod in old if pod.name in ill.lines], used, ill) if ill else None
            if ill is not None and newer is not None and ill.lines.keys() <= {pod.name for pod in old}:
                yield _match(view, workload, drop, ill, newer)


def _ill(view: View, workload: Workload, old: Sequence[Pod], drop: Drop) -> _Ill | None:
    """Return what the pods with a dropped login tell since then, and did not before; None: nothing, or too late."""
    lines: dict[str, Evidence] = {}
    times: list[datetime] = []
    refused = False
    for each in marked(view, workload):
        if each.since is not None and _soon(drop, each.since):
            times.append(each.since)
            lines |= {pod: Evidence("logs", f"Pod/{pod}", f"log: {each.line}", each.since) for pod in each.pods}
    for hit in view.hits_of(workload.ref, *_KINDS):
        fresh = hit.last is None or view.recent(hit.last, STILL)
        if not hit.previous and hit.first is not None and fresh and _soon(drop, hit.first):
            times.append(hit.first)
            lines[hit.pod] = view.hit_evidence(hit)
            refused = True
    began = oldest(times)
    told = any(pod.name in lines for pod in old)
    return _Ill(began, lines, refused) if began is not None and told and view.recent(drop.at, SOON + LATELY) else None


def _soon(drop: Drop, at: datetime) -> bool:
    return -MINUTE <= at - drop.at <= SOON


def _newer(view: View, workload: Workload, ill: Sequence[Pod], used: dict[str, str], told: _Ill) -> Evidence | None:
    """Return what shows that a start anew gives another login: a younger pod that has one and is well, or the Secret.

    The Secret was written after all that are ill had started, and before the former login went; where none tells of a
    refused login, anything may ail them all, and only a pod that is well beside them shows what it is.
    """
    starts = [start for pod in ill if (start := last_start(pod)) is not None]
    if not ill or len(starts) < len(ill):
        return None
    logins, names = {used[pod.name] for pod in ill}, {pod.name for pod in ill}
    for pod in workload.live:
        start = last_start(pod)
        other = used.get(pod.name, "")
        if pod.name in names or not pod.ready or start is None or start <= max(starts) + CLEARLY:
            continue
        if other and other not in logins and pod.revision in {each.revision for each in ill}:
            return Evidence(
                "objects", f"Pod/{pod.name}", f"it started after them, logs in as {other}, and works", start
            )
    secret = secret_of(view, workload, [*logins]) if told.refused else None
    at = last_brought(view, secret) if secret else None
    if secret is None or at is None or at <= max(starts) or _as_old(workload, at, used, logins):
        return None
    return Evidence("objects", f"Secret/{name(secret)}", "it was written after they had started", at)


def _as_old(workload: Workload, at: datetime, used: dict[str, str], logins: Collection[str]) -> bool:
    """Tell whether a pod that read a Secret as it is now has the former login still: what is new in it is another."""
    fresh = [pod for pod in workload.live if (start := last_start(pod)) is not None and start > at]
    return any(used.get(pod.name) in logins for pod in fresh)


def _match(view: View, workload: Workload, drop: Drop, ill: _Ill, newer: Evidence) -> Match:
    stores = [store.ref for store in of_role(view.workloads, "database", "pooler", "broker", "cache", "search")]
    asked = [ref for ref in stores if ref in view.graph.calls.get(workload.ref, ())]
    again = "each new session of these processes shows the login that is gone, and an older template gives the same"
    return Match(
        component=workload.ref,
        evidence=(drop.seen, *list(ill.lines.values())[:2], newer),
        certainty=0.85,
        since=ill.since,
        explains=tuple(dict.fromkeys((*behind(view, workload.ref, but=workload.ref), *asked))),
        excludes=(
            *not_for((workload.ref,), again, ("rollback_workload", "restart_connection_pool")),
            *not_for(
                asked, "it is well: it does not know a login that was dropped", ("restart_workload", "scale_database")
            ),
        ),
    )


RULE = Rule(
    name="login_dropped",
    title="A login was dropped that pods use which started before its successor was given out",
    root_cause="database_connection",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no pods fail since a login was dropped that they use",
)
