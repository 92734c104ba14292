"""From the record of an incident to the facts of its messages: pure, and never a guess.

Only what events and results say goes in; the rest stays None, which messages call not known.
A notice to users is made of catalogue texts and times alone, so that nothing that a machine or
a person wrote into the journal can reach it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tuheg_ir.messages.effects import impact_of, user_facing
from tuheg_ir.messages.progress import progress_lines
from tuheg_ir.messages.record import EventLike, IncidentLike
from tuheg_ir.messages.telling import Teller
from tuheg_ir.messages.words import words


@dataclass(frozen=True, slots=True)
class Policy:
    """What the catalogue says about this incident.

    ``update_minutes`` between two updates, ``fix_minutes`` for the fix once it has begun (None if
    the severity sets no limit), ``user_impact`` in the language of the message.
    """

    update_minutes: int
    user_impact: str
    fix_minutes: int | None = None


def facts_from_journal(
    incident: IncidentLike,
    events: Sequence[EventLike],
    policy: Policy,
    *,
    lang: str = "zh",
    now: datetime | None = None,
) -> dict[str, dict[str, Any]]:
    """Return the facts of all stages, as ``render`` takes them."""
    teller = Teller(words(lang))
    state = _state(incident)
    recovered = _recovered(incident, events) if state == "resolved" else None
    expected = None if state == "resolved" else incident.expected_recovery
    impact = _stated(incident.impact) or impact_of(events, teller)
    users = _stated(incident.users)
    return {
        "internal_update": {
            "incident": incident.number,
            "state": state,
            "impact": impact,
            "users": users,
            "started": incident.opened_at,
            "expected_recovery": expected,
            "recovered": recovered,
            "goal": _goal(events, policy),
            "progress": progress_lines(incident, events, teller),
            "next_update_minutes": None if state == "resolved" else policy.update_minutes,
        },
        "user_notice": {
            "state": state,
            "problem": teller.word("problem"),
            "impact": _user_impact(events, policy, teller),
            "expected_minutes": _minutes_left(expected, now or datetime.now(UTC)),
            "recovered": recovered,
            "team": teller.word("team"),
        },
        "summary": {
            "started": incident.opened_at,
            "ended": recovered,
            "impact": impact,
            "users": users,
            "root_cause": _root_cause(events, teller),
            "fixes": _fixes(events, teller),
            "prevention": _prevention(events, teller),
            "owner": _stated(incident.owner),
        },
    }


def _stated(text: str | None) -> str | None:
    """Return what a person stated; blank text states nothing."""
    return (text or "").strip() or None


_STATES = {
    "healed": "resolved",
    "nothing_to_do": "resolved",
    "planned": "planned",
    "not_healed": "not_healed",
    "unknown": "unconfirmed",
    "refused": "waiting",
}


def _state(incident: IncidentLike) -> str:
    if incident.closed:
        return "resolved"
    acted = [run for run in incident.runs if not run.check] or incident.runs
    return _STATES.get(acted[-1].status, "in_progress") if acted else "in_progress"


def _recovered(incident: IncidentLike, events: Sequence[EventLike]) -> datetime | None:
    """Return when the service was well again: the end of the first run of the last good stretch."""
    real = {run.id for run in incident.runs if not run.check}
    at = None
    for event in events:
        if event.kind != "run_ended" or event.run not in real:
            continue
        if event.data.get("status") not in {"healed", "nothing_to_do"}:
            at = None
        elif at is None:
            at = event.happened_at
    return at


def _goal(events: Sequence[EventLike], policy: Policy) -> datetime | None:
    """Return until when the fix should be in: the limit counts from the first change."""
    first = next((event.happened_at for event in events if event.kind == "intent"), None)
    if first is None or policy.fix_minutes is None:
        return None
    return first + timedelta(minutes=policy.fix_minutes)


def _minutes_left(expected: datetime | None, now: datetime) -> int | None:
    if expected is None or expected <= now:
        return None
    return math.ceil((expected - now) / timedelta(minutes=1))


def _user_impact(events: Sequence[EventLike], policy: Policy, teller: Teller) -> list[str] | None:
    return {
        True: [policy.user_impact],
        False: [teller.line("no_user_impact")],
        None: None,
    }[user_facing(events)]


def _root_cause(events: Sequence[EventLike], teller: Teller) -> str | None:
    for event in reversed(events):
        if event.kind == "diagnosis":
            return teller.cause(event.data)
    return None


def _fixes(events: Sequence[EventLike], teller: Teller) -> list[str] | None:
    """Return what was changed; None before any run has ended."""
    done = [teller.outcome(event.data) for event in events if event.kind == "outcome" and event.data.get("changed")]
    ended = any(event.kind == "run_ended" for event in events)
    return list(dict.fromkeys(done)) if done or ended else None


def _prevention(events: Sequence[EventLike], teller: Teller) -> list[str] | None:
    tasks = [teller.text(event.data.get("task")) for event in events if event.kind == "followup"]
    return list(dict.fromkeys(tasks)) or None
