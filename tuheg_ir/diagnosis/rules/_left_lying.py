"""Sessions of a database that a program has taken, does nothing with, and does not give back: whoever it serves."""

from __future__ import annotations

from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._pools import kept
from tuheg_ir.diagnosis.rules._sessions import Full, Holder
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH

LEAST = 5
"""Fewer forgotten transactions than this are no leak."""
SHARE = 0.3
"""Share of the usable sessions, or of the client's own, from which on forgotten transactions are the trouble."""
LONG = timedelta(minutes=20)
"""No program that runs on and on comes back to a transaction that it has left alone for so long."""
SAME = 0.9
"""Share of what a pool has taken that a database has to count of its user, or they are not the same sessions."""


def leaks(holder: Holder, of: int) -> bool:
    """Tell whether most sessions of a client are idle in transactions, and many of all."""
    return holder.forgotten >= max(LEAST, SHARE * of) and 2 * holder.forgotten >= holder.count


def left_lying(view: View, each: Full, holder: Holder, source: str = "database") -> tuple[Evidence, ...]:
    """Return that a program which runs on and on leaves sessions lying, whether or not anybody calls it.

    Its transactions are open for long and do nothing; or its pool has as many connections taken as the database counts
    asleep, and gives none back. A run, or a person's console, comes to its end with them.
    """
    client = view.workloads.get(holder.ref)
    if client is None or client.kind in (*BATCH, "Pod") or not each.usable:
        return ()
    if leaks(holder, each.usable) and holder.oldest_s >= LONG.total_seconds():
        fact = f"{holder.forgotten} of the {holder.count} sessions of {holder.name} do nothing in transactions"
        return (Evidence(source, each.ref, f"{fact}, the oldest for {holder.oldest_s / 60:.0f} min"),)
    return _taken_and_asleep(view, each, holder, source)


def _taken_and_asleep(view: View, each: Full, holder: Holder, source: str) -> tuple[Evidence, ...]:
    """Return that most of what a pool holds as taken is asleep at the database: nobody uses it, nor gives it back."""
    asleep = holder.of_state("idle") - holder.of_state("idle in transaction")
    if asleep < SHARE * each.usable:
        return ()
    climb = kept(view, view.workloads[holder.ref], each.since)
    if climb is None or holder.count < SAME * climb.taken:
        return ()
    unused = climb.taken - (holder.count - asleep)
    if unused < max(LEAST, SHARE * each.usable) or 2 * unused < climb.taken:
        return ()
    fact = f"{asleep} of the {holder.count} sessions of {holder.name} are asleep, {climb.taken} are taken of its pool"
    return (Evidence(source, each.ref, fact), climb.shown)
