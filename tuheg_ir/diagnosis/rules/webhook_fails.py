"""An admission webhook does not answer, or its certificate is bad: nothing that it looks at can be made.

Who answers for it may show a certificate that has ended though a new one lies there for long: it reads it at its start
alone. Then a start anew is what helps, if its own new pods need not ask it. Where nobody answers for it, as its pods
end, wait for what they lack or find no room, that is the cause: whatever is found there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._own_certificate import OF_AN_END, keep_the_old, own
from tuheg_ir.diagnosis.rules._webhooks import KINDS, asks_itself, entries, server_of
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.reading import newest, oldest, text
from tuheg_ir.diagnosis.view.refusals import Refusal, in_full
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_HOOK = late(r'failed calling webhook "([^"]+)"', re.IGNORECASE)
_PATH = late(r"https?://([a-z0-9-]+)[^/\s\"]*(/[^\s\"?]*)?", re.IGNORECASE)
AGAIN = timedelta(minutes=10)
"""So long after a certificate was renewed whoever reads it again by and by shows it: kubelet brings it within two."""


def when(view: View) -> Iterator[Match]:
    """The cluster could not ask a webhook whether pods may be made."""
    found: dict[str, list[tuple[str, Refusal]]] = {}
    for workload in view.workloads.values():
        for each in in_full(view, workload):
            if named := _HOOK.search(each.full):
                found.setdefault(named.group(1), []).append((workload.ref, each))
    for hook, told in found.items():
        refused = tuple(dict.fromkeys(ref for ref, _ in told))
        yield _match(view, hook, refused, [each for _, each in told])


def _match(view: View, hook: str, refused: tuple[str, ...], told: list[Refusal]) -> Match:
    said = " ".join(each.full for each in told)
    bad = tells("certificate", said)
    server = server_of(view, hook, said)
    renewed = _renewed(view, server, told, said) if server and bad else None
    stale = server.ref if server and renewed and not asks_itself(view, hook, server) else ""
    away = server if server and not bad and server.ref not in refused and _is_away(view, server) else None
    free = {stale, away.ref if away and not asks_itself(view, hook, away) else ""}
    everybody = [w.ref for w in view.serving if w.ref not in free]
    return Match(
        component=stale or _configuration(view, hook, said),
        evidence=(
            *(each.short for each in told[:3]),
            *((renewed,) if renewed else ()),
            *((_unready(away),) if away else ()),
            *_unmade(view, refused),
        ),
        certainty=0.9,
        root_cause="configuration_error" if bad else "dependency_failure",
        remedy="restart_workload" if stale else "",
        since=oldest(each.short.time for each in told),
        explains=(*refused, *((server.ref,) if server and bad and not stale else ())),
        excludes=(
            *not_for(everybody, f"no pod can be made while the webhook {hook} cannot be asked"),
            *not_for([stale] if stale else (), "an older template reads the same files", ("rollback_workload",)),
        ),
        served_by=away.ref if away else "",
    )


def _is_away(view: View, server: Workload) -> bool:
    """Tell whether no pod of who answers for a webhook is ready, or each ended of late: it may come up for moments."""
    ended = {crash.pod.name for crash in crashes(view, server)}
    return not server.ready or {pod.name for pod in server.live} <= ended


def _unready(server: Workload) -> Evidence:
    return Evidence("objects", server.ref, f"{server.ready} of {server.wanted} pods that answer for it are ready")


def _renewed(view: View, server: Workload, told: list[Refusal], said: str) -> Evidence | None:
    """Return that who answers for a webhook started before its certificate was renewed, and shows an ended one."""
    secret, at = own(view, server)
    last = newest(each.last or view.now for each in told)
    if at is None or last is None or last - at < AGAIN or not OF_AN_END.search(said):
        return None
    if not keep_the_old(view, server, secret, at, complaints(view, "certificate")):
        return None
    return Evidence("objects", secret, f"it was renewed, and {server.ref} started before", at)


def _configuration(view: View, hook: str, said: str) -> str:
    """Return Kind/name of the configuration that names a webhook; guessed from the message if it was not read."""
    if known := next((ref for ref, each in entries(view) if text(each, "name") == hook), ""):
        return known
    where = _PATH.search(said)
    service, path = (where.group(1), where.group(2) or "") if where else (hook.split(".", maxsplit=1)[0], "")
    return f"{KINDS[1] if 'valid' in f'{hook}{path}'.lower() else KINDS[0]}/{service}"


def _unmade(view: View, refused: tuple[str, ...]) -> Iterator[Evidence]:
    for ref in refused:
        workload = view.workloads[ref]
        if len(workload.live) < workload.wanted:
            yield Evidence("objects", ref, f"{len(workload.live)} of {workload.wanted} pods exist")


RULE = Rule(
    name="webhook_fails",
    title="An admission webhook cannot be asked: no pod can be made",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pod was refused for want of a webhook",
)
