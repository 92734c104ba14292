"""For how long the transactions of a database's clients have done nothing, as figures tell."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Series
from tuheg_ir.diagnosis.rules._holders import owners_told
from tuheg_ir.diagnosis.rules._sessions import label_of
from tuheg_ir.diagnosis.view.figures import summed
from tuheg_ir.diagnosis.view.view import View

IDLE = timedelta(minutes=10)
"""A transaction that does nothing for so long is forgotten: nobody's work is lost with it."""
_LONGEST = timedelta(days=3650)
"""No server runs for longer, so no transaction is older: what is told as more is no age."""
IDLING = "idle in transaction"
_AGES, _COUNTS = "db_transaction_age_by_client", "db_connections_by_client"
CLOCKS = timedelta(seconds=60)
"""A wait is told a little after it began, and figures are read every so often."""


def idle_since(view: View, ref: str, client: str, since: datetime | None, waits: datetime | None) -> datetime | None:
    """Return since when a client's only open transaction has done nothing, as figures tell; None if it is not so.

    ``since``: when it was first told that others wait for it; ``waits``: since when any wait. Its transaction is older
    than that, and what it works on since waits too. Where no figure tells whose the oldest is, it is the client's if
    nobody else's do nothing, and those of the client have done so for long.
    """
    told = ages_told(view, ref)
    if not told:
        count = int(sum(_by_state(view, "db_connections_by_state", ref, IDLING).values()))
        its_own = count > 1 and idle_all_along(view, ref, client, count)
        return idle_alone_since(view, ref, waits, count if its_own else 1)
    ages: dict[str, float] = {}
    for owner, state, age in told:
        if owner == client:
            ages[state] = max(ages.get(state, 0.0), age)
    idle = max((age for state, age in ages.items() if state.startswith(IDLING)), default=0.0)
    younger = since is not None and ages.get("active", 0.0) < (view.now - since).total_seconds()
    return _ago(view, idle) if younger or not ages.get("active") else None


def idle_all_along(view: View, ref: str, client: str, count: int) -> bool:
    """Tell whether so many of a client's sessions have idled in transactions for so long that they are forgotten.

    Who works on one row after another leaves a transaction alone for moments, and some of its sessions at work between.
    """
    since = (view.now - IDLE).timestamp()
    idle = idle_of(view, ref, client)
    before = [time for time, _ in idle if time <= since]
    return bool(before) and all(held >= count for time, held in idle if time >= max(before))


def idle_of(view: View, ref: str, client: str) -> list[tuple[float, float]]:
    """Return how many sessions of a client idled in transactions at each time; [] where no figures tell states."""
    label = label_of(view, _COUNTS, ref)
    told = tuple(view.figures.series(_COUNTS, component=label)) if label else ()
    owners = owners_told(view, ref, [series.labels for series in told])
    pairs = zip(told, owners, strict=True)
    return summed(s.points for s, who in pairs if who == client and s.labels.get("state", "").startswith(IDLING))


def ages_told(view: View, ref: str) -> list[tuple[str, str, float]]:
    """Return (workload, state, age) of the oldest transactions of a database's clients; "" for one not known."""
    label = label_of(view, _AGES, ref)
    told = tuple(view.figures.series(_AGES, component=label)) if label else ()
    owners = owners_told(view, ref, [series.labels for series in told])
    return [
        (owner, series.labels.get("state", ""), by_now(view, _AGES, series))
        for series, owner in zip(told, owners, strict=True)
    ]


def by_now(view: View, signal: str, series: Series) -> float:
    """Return how old what a series tells of is by now: it has grown since it was read; 0 if there is none."""
    if not view.figures.alone(signal, series).now(signal):
        return 0.0
    read, age = series.points[-1]
    return age + max(0.0, view.now.timestamp() - read) if age else 0.0


def idle_alone_since(view: View, ref: str, waits: datetime | None, own: int = 1) -> datetime | None:
    """Return since when the one session that is idle in a transaction has it open, if it has to be the holder's.

    Where no figure tells whose a transaction is: all others are younger than the waits, so none of them is waited for.
    ``own``: so many that are idle in transactions are known to be the holder's; of them the oldest is meant.
    """
    ages = _by_state(view, "db_transaction_age_by_state", ref)
    idle = max((age for state, age in ages.items() if state.startswith(IDLING)), default=0.0)
    others = max((age for state, age in ages.items() if not state.startswith(IDLING)), default=0.0)
    alone = sum(_by_state(view, "db_connections_by_state", ref, IDLING).values()) == own
    if waits is None or not alone or others >= (view.now - waits + CLOCKS).total_seconds():
        return None
    return _ago(view, idle)


def _ago(view: View, idle: float) -> datetime | None:
    """Return when a transaction that is idle for so long began; None if that is no time to speak of, or no age."""
    return view.now - timedelta(seconds=idle) if IDLE.total_seconds() <= idle <= _LONGEST.total_seconds() else None


def _by_state(view: View, signal: str, ref: str, begins: str = "") -> dict[str, float]:
    """Return how a signal of a database stands in each state of its sessions that begins so."""
    label = label_of(view, signal, ref)
    told = view.figures.latest(signal, "state", component=label) if label else {}
    return {state: value for state, value in told.items() if state.startswith(begins)}
