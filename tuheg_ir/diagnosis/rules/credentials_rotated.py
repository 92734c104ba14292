"""The credentials were changed or came to their end; pods that started before still use the old one."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._credentials import Refusal, refusals
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._sessions import role_of
from tuheg_ir.diagnosis.rules._their_secret import LATELY
from tuheg_ir.diagnosis.view.complaints import began, told
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """All pods that are refused started before their Secret was written, or before one of their kind that works."""
    for each in refusals(view):
        if not each.outlived:
            continue
        workload = each.workload
        yield Match(
            component=workload.ref,
            evidence=(_shown(each), *told(view, each.complaints)),
            root_cause="" if _of_a_database(view, each) else "configuration_error",
            certainty=_sure(view, each),
            since=began(each.complaints) or each.written,
            explains=tuple(ref for ref in _explained(view, each) if ref and ref != workload.ref),
            excludes=(
                *not_for(each.locks_out, f"it has the newest credentials: {workload.ref} locks their account"),
                *not_for((workload.ref,), "an older template reads the same Secret", ("rollback_workload",)),
                *not_for(
                    (each.server,) if each.server else (),
                    "it is well: it refuses an old password",
                    ("restart_workload", "scale_database"),
                ),
            ),
        )


def _of_a_database(view: View, each: Refusal) -> bool:
    """Tell whether it is a database that refuses: neither somebody outside nor a broker of messages."""
    return not each.outside and role_of(view, each.server) != "broker"


def _sure(view: View, each: Refusal) -> float:
    if each.well or each.younger or each.locks_out:
        return 0.8
    return 0.7 if view.recent(each.written, LATELY) else 0.5


def _explained(view: View, each: Refusal) -> tuple[str, ...]:
    """Return who suffers: those behind it, and those whose account it locks, with the ones behind them."""
    behind_them = (ref for locked in each.locks_out for ref in (locked, *behind(view, locked)))
    return (*behind(view, each.workload.ref), each.secret, *behind_them)


def _shown(each: Refusal) -> Evidence:
    """Return what shows that only pods are refused that took their credentials too early."""
    named = each.workload.name
    if not (each.secret and each.older and not each.newer):
        fact = f"{each.younger[0].name} of the same template started after all that are refused, and works"
        return Evidence("objects", each.workload.ref, fact, each.younger[0].created)
    fact = f"{len(each.older)} refused pods of {named} started before it was written"
    if each.well:
        fact += f"; {len(each.well)} started after it and work"
    if each.locks_out:
        fact += f"; {', '.join(each.locks_out)} started after it, and are told that the account is locked"
    return Evidence("objects", each.secret, fact, each.written)


RULE = Rule(
    name="credentials_rotated",
    title="A password was rotated or a lease is over; pods that started before still use the old one",
    root_cause="database_connection",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no refused pods are older than the Secret that they read, or than others of their kind that work",
)
