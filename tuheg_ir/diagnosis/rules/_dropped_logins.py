"""Which logins of a store were dropped, as whoever dropped them tells, and by which login a pod says that it asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._elsewhere import elsewhere
from tuheg_ir.diagnosis.view.logs import speaks_of, times_near
from tuheg_ir.diagnosis.view.marked import is_marked
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

_THING = (
    r"(?!(?:account|cache|connection|cookie|credential|data|grant|group|password|permission|pod|privilege|quer(?:y|ie)"
    r"|record|request|row|session|token)s?(?![\w@-]))"
)
"""What is dropped of a login is not a login."""
_NAME = _THING + r"(?P<{}>\w[\w.@-]{{2,62}})(?![\w@-])"
_QUOTE = r"\\?[\"'`\[]?"
_DONE = r"(?:dropp(?:ed|ing)|delet(?:ed|ing)|remov(?:ed|ing)|revok(?:ed|ing))"
_MEANWHILE = (
    r"(?:,? ?\b(?:is|was|are|has|have|had|been|being|past|after|its|the|retention|expir(?:ed|y)|old|older|than|unused"
    r"|stale|no|longer|needed|used|in|use|and|so|now|successfully|\d{1,4} ?d?|days?|ago|time|period)\b,?){0,12} ?"
)
"""Why a login goes: between its name and that word stands nothing else that might go."""
_OF_ANOTHER = r"(?! (?:from|of|to|on) (?:the )?(?!(?:database|db|server|instance|cluster|store|postgres\w*|mysql)\b))"
"""Who is taken out of a group, or off a table, is a login still."""
_DROPS = late(
    "|".join(
        (
            rf"\bdrop (?:role|user|login)s?(?: if exists)? {_QUOTE}{_NAME.format('sql')}",
            rf"\bdropUser\({_QUOTE}{_NAME.format('mongo')}",
            rf"\b{_DONE}(?: the| expired| former| old| database| rotation| stale| unused){{0,3}}"
            rf" (?:role|user|login)s?:? {_QUOTE}{_NAME.format('told')}{_QUOTE}{_OF_ANOTHER}",
            rf"\b(?:role|user|login) {_QUOTE}{_NAME.format('named')}{_QUOTE}{_MEANWHILE}\b{_DONE}\b{_OF_ANOTHER}",
        )
    ),
    re.IGNORECASE,
)
"""How servers, operators and jobs tell that they drop a login, which they name: by a statement, or in words."""
_NOT_DONE = late(
    r"\b(?:fail(?:ed|s|ure)?|can ?not|can't|could not|unable|denied|refus\w{1,4}|skip\w{0,4}|dry.?run"
    r"|would|will|not|if)\b(?! exists\b)",
    re.IGNORECASE,
)
"""Words of what was not done, or is to come."""
_OF_THE_CLUSTER = late(
    r"\brbac\b|rolebinding|clusterrole|serviceaccount|\bkind\\?[\"']?\s?[=:]\s?\\?[\"']?role\b", re.IGNORECASE
)
"""Kubernetes has roles and users too, which no store knows."""
_HINTS = ("drop", "delet", "remov", "revok")
_MADE = r"\b(?:creat(?:e|ed|ing)|grant\w{{0,3}}|restor\w{{1,4}}) .{{0,60}}?(?<![\w.@-]){}(?![\w@-])"
"""How somebody tells that he made a login of this name, anew."""
_SESSION = late(
    r"\bpool|\bconn(?:ect\w*|ection\w*|s)?\b|\bsession|\blog(?:ged|ging)?[ -]?in\b|\bauthenticat|\bdatabase\b|\bdsn\b"
    r"|\bpostgres|\bpgx?\b|\bmysql|\bmaria|\bmongo|\bredis|\bjdbc|\bhikari|\brole\b|\bdb\b",
    re.IGNORECASE,
)
"""Words of lines that tell of sessions of a store: elsewhere a user is one of the program's own."""
_AS = late(
    r"(?:\b|_)(?:user(?:_?name)?|login|principal)\b\\?[\"']?(?: ?[=:]| as)? ?\\?[\"'\[`]?(?P<field>\w[\w.@-]{2,62})"
    r"|\brole \\?[\"'`](?P<role>\w[\w.@-]{2,62})"
    r"|://(?P<url>\w[\w.-]{2,62})(?::[^@\s/]{0,80})?@"
    r"|\b(?:connected|log(?:ged|ging) in|authenticated) as \\?[\"'`]?(?P<word>\w[\w.@-]{2,62})",
    re.IGNORECASE,
)
"""Where a client names the login of its sessions."""
_LINES = 4000


class Drop(NamedTuple):
    """A login that was dropped: which, when, by whom (Kind/name), and how that was told."""

    login: str
    at: datetime
    by: str
    seen: Evidence


@once_a_view
def dropped_logins(view: View) -> tuple[Drop, ...]:
    """Return the logins that pods use, were dropped and not made anew since, the first word of each."""
    found: dict[str, Drop] = {}
    for each in _told(view):
        if each.login not in found or each.at < found[each.login].at:
            found[each.login] = each
    used = set(logins_used(view).values()) if found else set()
    return tuple(each for each in found.values() if each.login in used and not _made_since(view, each))


@once_a_view
def logins_used(view: View) -> dict[str, str]:
    """Return by which login each live pod that serves tells that it asks a store, of those that tell of one."""
    pods = [pod for workload in view.serving if role(workload) not in DATA for pod in workload.live]
    return {pod.name: login for pod in pods if (login := login_of(view, pod))}


def _told(view: View) -> Iterator[Drop]:
    stores = [store.obj for store in of_role(view.workloads, *DATA)]
    for log in view.snapshot.logs:
        if not speaks_of(log, _HINTS):
            continue
        lines = log.lines[-_LINES:]
        for at, line in zip(times_near(lines), lines, strict=True):
            lowered = line.lower()
            if at is None or not any(hint in lowered for hint in _HINTS):
                continue
            found = _DROPS.search(line)
            if found is None or is_marked(line) or _NOT_DONE.search(line):
                continue
            if _OF_THE_CLUSTER.search(line) or elsewhere(view, line, stores):
                continue
            login = next(word for word in found.groups() if word)
            seen = Evidence("logs", f"Pod/{log.pod}", f"log: {line.strip()[:200]}", at)
            yield Drop(login.rstrip(".-"), at, view.owner_of(log.pod), seen)


def _made_since(view: View, drop: Drop) -> bool:
    """Tell whether somebody tells later that a login of this name was made."""
    made = re.compile(_MADE.format(re.escape(drop.login)), re.IGNORECASE)
    for log in view.snapshot.logs:
        if speaks_of(log, (drop.login.lower(),)):
            for at, line in zip(times_near(log.lines), log.lines, strict=True):
                if at is not None and at >= drop.at and drop.login in line and made.search(line):
                    return True
    return False


def login_of(view: View, pod: Pod) -> str:
    """Return the one login by which a pod tells that it asks a store; "" if it tells of none, or of several.

    A pool shows the same all the time: who tells of several may speak of his users.
    """
    told: set[str] = set()
    for log in view.logs_of([pod], previous=False):
        for line in log.lines:
            found = _AS.search(line) if _SESSION.search(line) else None
            if found is not None:
                told.add(next(word for word in found.groups() if word).rstrip(".-"))
    return told.pop() if len(told) == 1 else ""
