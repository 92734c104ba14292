"""A release leads a program to take what stands before it for all its users: a limit for each holds for all together.

An edge believes who sends a request on only if it is told whom to believe. Without that every user has the address of
the balancer, and shares its allowance. Those behind the edge see the same, across any release of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._edge_limit import maps_of
from tuheg_ir.diagnosis.rules._helping import HOURS, ON_CALLERS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._seen_users import (
    OF_USERS,
    REFUSED,
    Seen,
    are_few,
    became_few,
    led,
    parted,
    refused_more,
    refused_yet,
    seen,
    shown,
)
from tuheg_ir.diagnosis.rules.edge_released import leads_from_outside
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.releases import release_cause, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple


class _Told(NamedTuple):
    """Who tells of users before a release and since."""

    by: Workload
    before: list[Seen]
    after: list[Seen]


def when(view: View) -> Iterator[Match]:
    """Since a release of who leads to them users have few addresses in common, and many are refused for too many.

    That they had their own before is seen behind it, or it is what the release changed: whom to believe of that. Where
    a Service or settings were written in the same minutes, or another one from outside was released, it may be those.
    """
    for workload in view.serving:
        at = workload.released_at
        if not workload.changes or workload.returned or at is None or not view.recent(at, HOURS):
            continue
        if _others_changed(view, workload, at):
            continue
        told = list(_told(view, workload, at))
        settings = _settings(workload)
        limited = [each for each in told if _limited(view, each, bool(settings))]
        turned = [each for each in told if became_few(each.before, each.after)]
        if limited and (turned or settings) and not any(map(_as_ever, told)):
            yield _match(view, workload, at, limited, turned, settings)


def _others_changed(view: View, workload: Workload, at: datetime) -> bool:
    """Tell whether the way to it, its settings or another one that leads from outside was changed in those minutes."""
    written = [service.obj for service in view.leading_to(workload.ref)]
    if any((wrote := edited(obj)) is not None and near(wrote, at) for obj in (*written, *maps_of(view, workload))):
        return True
    others = (w for w in view.serving if w is not workload and w.changes and near(w.released_at, at))
    return any(leads_from_outside(view, w) for w in others)


def _told(view: View, workload: Workload, at: datetime) -> Iterator[_Told]:
    """Yield what it and those behind it tell of users around its release; not who was released with it."""
    for ref in dict.fromkeys((workload.ref, *led(view, workload))):
        each = view.workloads[ref]
        if each is not workload and each.changes and each.released_at and near(each.released_at, at):
            continue
        until = each.released_at if each is not workload and each.changes and each.released_at else view.now
        yield _Told(each, *parted(list(seen(view, each, at, unanswered=True)), at, until))


def _settings(workload: Workload) -> list[str]:
    """Return what a release took away, gave or changed of whom its program believes from whom requests come."""
    was, now = set(words_of(template_before(workload))), set(words_of(workload.template))
    return sorted(word for word in was ^ now if OF_USERS.search(word))


def _limited(view: View, told: _Told, meant: bool) -> bool:
    """Tell whether few addresses stand for all since a release, and much is refused; ``meant``: it changed that."""
    answered = [each for each in told.after if each.status]
    return (
        refused_yet(view, told.after)
        and are_few(answered, anywhere=meant)
        and refused_more([each for each in told.before if each.status], answered)
    )


def _as_ever(told: _Told) -> bool:
    """Tell whether users have addresses of their own yet, of whom some are refused, or never had any."""
    if told.after and not are_few(told.after, anywhere=True) and len({a.who for a in told.after}) > 1:
        return True
    refused = {a.who for a in told.after if a.status == REFUSED}
    if refused and 2 * len(refused) <= len({a.who for a in told.after if a.status}):
        return True  # most are never refused: each has what is his alone
    return are_few(told.before, anywhere=True)


def _match(
    view: View, workload: Workload, at: datetime, limited: Sequence[_Told], turned: Sequence[_Told], settings: list[str]
) -> Match:
    began = min(each.at for each in limited[0].after if each.status == REFUSED)
    below = not_their_own(view, (ref for ref in led(view, workload) if ref != workload.ref), began)
    suffer = tuple(dict.fromkeys((*below, *not_their_own(view, behind(view, workload.ref, but=workload.ref), began))))
    why = f"{workload.ref} takes all users for a few since its release: whichever pods there are, they share a limit"
    changes = [c for c in workload.changes if any(c.name in word or word in c.said(c.before) for word in settings)]
    changes = changes or sorted(workload.changes, key=lambda c: c.aspect not in ("env", "command"))
    return Match(
        component=workload.ref,
        evidence=(
            *(Evidence("objects", workload.ref, f"released: {c.told()}", at) for c in changes[:3]),
            *(shown(each.by.ref, each.before, each.after, began) for each in limited[:1]),
            *(shown(each.by.ref, each.before, each.after, at) for each in turned[:2] if each is not limited[0]),
        ),
        certainty=0.8 if turned and settings else 0.65,
        root_cause="configuration_error" if settings else release_cause(view, workload),
        since=began,
        explains=suffer,
        excludes=(
            *excluding(workload.ref, "a restart runs the same release", *RESTARTS, "scale_workload"),
            *not_for(suffer, why, ON_CALLERS),
        ),
    )


RULE = Rule(
    name="users_lumped_by_release",
    title="Since a release all users seem to come from a few addresses, and a limit for each holds for all together",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no release made users share few addresses, many of which are refused",
)
