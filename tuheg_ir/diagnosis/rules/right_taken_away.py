"""A login may not do any more what it did, since the object that says what it may do was written.

Whoever tidies such objects writes the names down that he knows of; a client that uses others is denied them from then
on, keeps its password and its template, and mostly ends with the error and is started again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._rights import Denied, Rights, denials, rights
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.logs import begun
from tuheg_ir.diagnosis.view.reading import last_write, written
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

STOOD = timedelta(minutes=1)
"""Pods of a release that were not denied for so long are not denied by it."""


class _Met(NamedTuple):
    """What is denied to a login, since when, and whether its rights were written right then and lack what is denied."""

    of: Rights
    lines: tuple[Denied, ...]
    began: datetime
    at: datetime | None
    lacks: tuple[str, ...]


def when(view: View) -> Iterator[Match]:
    """A login is denied something again and again since its rights were written, and no login whose rights were not.

    Where nobody knows when they were written they have to lack what is denied.
    """
    told = list(denials(view))
    known = list(rights(view)) if told else []
    found = [met for each in known if (met := _met(view, each, told))]
    if any(met.at is None and not met.lacks for met in found):
        return  # one is denied whose rights are as they were: it is the server, or what it is asked for
    for met in found:
        clients = [each for each in view.serving if met.of.of(view, each)]
        if not any(_by_release(each, met) for each in clients):
            yield _match(view, met, clients)


def _met(view: View, one: Rights, told: Sequence[Denied]) -> _Met | None:
    """Return what is denied to a login; None: too little, or not lately."""
    mine = {each.ref for each in view.serving if one.of(view, each)}
    found = (each for each in told if each.login in one.logins or each.by in mine)
    lines = tuple(sorted(found, key=lambda each: each.at))
    recent = [each for each in lines if view.recent(each.at, STILL)]
    ended = any(crashes(view, view.workloads[each.by]) for each in recent if each.by in mine)
    if not recent or (len(lines) < OFTEN and not ended):
        return None
    began = _began([each.at for each in lines])
    at = written(one.obj)
    lacks = tuple(sorted({each.what for each in lines if one.lacks(each.what)}))
    unknown = last_write(one.obj) is None
    return _Met(one, lines, began, at if at and near(at, began) else None, lacks if near(at, began) or unknown else ())


def _began(times: Sequence[datetime]) -> datetime:
    """Return since when a login is denied; who is started again ever more rarely tells it in bursts."""
    first = begun(times) or min(times)
    return min(times) if sum(at < first for at in times) >= OFTEN else first


def _by_release(client: Workload, met: _Met) -> bool:
    """Tell whether a client may be denied since it asks for more than before: since a release, or one that names it."""
    if not since_release(client, met.began) or client.released_at is None:
        return False
    if any(what in change.told() for change in client.changes for what in met.lacks):
        return True
    return met.at is None or client.released_at > met.at - STOOD


def _match(view: View, met: _Met, clients: Sequence[Workload]) -> Match:
    named = ", ".join(met.lacks[:3])
    lacking = f"it gives no right to {named}" if named else "it says what is denied or not"
    wrote = f"it was written, and its login is denied since; {lacking}" if met.at else lacking
    first = {each.by: each for each in reversed(met.lines)}
    number = {ref: sum(each.by == ref for each in met.lines) for ref in first}
    suffer = behind(view, *(each.ref for each in clients))
    return Match(
        component=met.of.ref,
        evidence=(
            Evidence("objects", met.of.ref, wrote, met.at),
            *(each.told(number[each.by]) for each in sorted(first.values(), key=lambda e: e.at)[:3]),
        ),
        certainty=(0.85 if met.lacks else 0.7) if met.at else 0.6,
        since=met.began,
        explains=suffer,
        excludes=not_for(
            (each.ref for each in clients), "the server denies the login to new pods and older releases as well"
        ),
    )


RULE = Rule(
    name="right_taken_away",
    title="A login lost a right as its rights were written",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no login is denied something since the object of its rights was written",
)
