"""Something outside the namespace that a service calls does not answer, or answers with errors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._all_at_work import outruns
from tuheg_ir.diagnosis.rules._asked_hosts import asks
from tuheg_ir.diagnosis.rules._blames_another import keeps_for_others
from tuheg_ir.diagnosis.rules._demand import SLACK, multiplied
from tuheg_ir.diagnosis.rules._ends_without import end_without
from tuheg_ir.diagnosis.rules._figures import felt, is_well
from tuheg_ir.diagnosis.rules._filled_by_silence import filled_by_silence
from tuheg_ir.diagnosis.rules._got_through import answers_mostly, got_through
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._hosts_outside import Host, hosts_outside
from tuheg_ir.diagnosis.rules._kept_by_calls import is_asked_alone
from tuheg_ir.diagnosis.rules._led_outside import whose_answers
from tuheg_ir.diagnosis.rules._nat_ports import falls_on_our_way
from tuheg_ir.diagnosis.rules._own_misses import misses_since_release
from tuheg_ir.diagnosis.rules._reach import names_host
from tuheg_ir.diagnosis.rules._through_gateway import barred
from tuheg_ir.diagnosis.rules._used_up import used_up
from tuheg_ir.diagnosis.rules._way_out import narrow_way
from tuheg_ir.diagnosis.rules._witnesses import TOGETHER, agree
from tuheg_ir.diagnosis.view.complaints import complaints, fresh, told
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import AMID, since_release
from tuheg_ir.diagnosis.view.trouble import ERRORS, labels_of, troubles
from tuheg_ir.diagnosis.view.view import View

EARLIER = timedelta(minutes=5)
"""What suffered so long before a host failed suffers from something else."""
FAINT, TOLD, MEASURED, AGREED = 0.4, 0.6, 0.65, 0.8
FEW = 5
"""So few lines are ordinary while users feel nothing."""


def when(view: View) -> Iterator[Match]:
    """Troubles of a service name a host outside, or its figures do."""
    for host, known in hosts_outside(view).items():
        space = view.graph.other_space(host)
        callers = [c for c in known.callers if c in view.workloads and not barred(view, c, host, known.said, space)]
        if not callers or any(_brought_of_late(view, caller, host, known) for caller in callers):
            continue
        if _late_on_our_way(view, callers, host, known):
            continue
        if not known.measured and all(outruns(view, view.workloads[each]) for each in callers):
            continue  # some calls fail at all times: these hold nobody up
        calm = is_well(view, behind(view, *callers))
        few = not known.measured and sum(c.hit.count for c in known.said) < FEW
        if few and (calm or got_through(view, known.said) or answers_mostly(view, known.said, host)):
            continue
        nearest = [c for c in callers if not view.graph.needs(c) & set(callers)] or callers[:1]
        hurt = _hurt(view, callers, nearest, host, known)
        first = hurt[0] if hurt else nearest[0]
        # Of two that ask it, either may send what it refuses.
        may_ask_more = {first, nearest[0]} if known.limited else set()
        if known.limited and (used_up(view, host) or any(_spent_by_us(view, c, known) for c in may_ask_more)):
            continue
        if any(misses_since_release(view, view.workloads[c]) for c in may_ask_more):
            continue  # it asks for what it kept before
        onset = _onset(view, first, known)
        first = first if hurt else _where_it_hurts(view, first)
        calm = calm and first in callers
        suffer = tuple(
            r for r in behind(view, first, *callers) if r != first and (r in callers or not _before(view, r, onset))
        )
        agreed = not calm and not _before(view, first, _since(known)) and agree(view, known.said)
        yield Match(
            component=first,
            evidence=(
                *(e for _, e in known.measured[:2]),
                *told(view, known.said),
                *whose_answers(known.said),
                *_connections_held(view, first),
                *filled_by_silence(view, view.workloads[first])[-1:],
                *(felt(view, first)[:1] if agreed else ()),
            ),
            certainty=FAINT if calm else AGREED if agreed else MEASURED if known.measured else TOLD,
            since=_since(known),
            explains=suffer,
            excludes=tuple(
                each
                for each in not_for(callers, f"{host} is outside: nothing done to who calls it makes it answer")
                if each.remedy != "rollback_workload" or not _may_be_its_release(view, each.target, host, known)
            ),
        )


def _brought_of_late(view: View, caller: str, host: str, known: Host) -> bool:
    """Tell whether a release brought a host into the settings, and nobody shows that all was well for a day since."""
    workload = view.workloads[caller]
    if not names_host(workload.changes, host):
        return False
    began, came = _onset(view, caller, known), workload.released_at
    firsts = [view.figures.first("error_ratio", component=label) for label in labels_of(view, caller, "error_ratio")]
    well = bool(known.measured) or (bool(firsts) and all((first or 0.0) <= ERRORS for first in firsts))
    return not well or began is None or came is None or began - came < AMID


def _late_on_our_way(view: View, callers: list[str], host: str, known: Host) -> bool:
    """Tell whether nothing but our own way out is behind it: it has no processor time, or no ports left."""
    if not known.measured and falls_on_our_way(view, known.said):
        return True
    late = all(c.hit.trouble == "connection_timeout" for c in known.said)
    return late and all(narrow_way(view, caller, host) for caller in callers)


def _may_be_its_release(view: View, caller: str, host: str, known: Host) -> bool:
    """Tell whether a host became slow with the release of its one caller, which has not given connections back since.

    Who keeps all its connections is late with its calls as well, and nobody else tells how the host is.
    """
    workload = view.workloads[caller]
    if known.callers != [caller] or known.said or not view.hits_of(caller, "connection_leak"):
        return False
    with_it = any(since_release(workload, seen.time, TOGETHER) for _, seen in known.measured)
    return with_it and is_asked_alone(view, workload, host)


def _hurt(view: View, callers: list[str], nearest: list[str], host: str, known: Host) -> list[str]:
    """Return which callers of a host suffer: the nearest that end by it or fail, else others that ask it themselves.

    Who calls a caller only passes its words on, unless figures or its settings show that it asks the host as well:
    the nearest may do without it. Who has no connections left amid such calls suffers, whoever measures it.
    """
    found = [*end_without(view, nearest, host, known.said), *(c for c in nearest if felt(view, c))]
    if found:
        return found
    since = _since(known)
    asking = [c for c in callers if c in nearest or _asks_itself(view, c, host, known)]
    failing = [c for c in asking if felt(view, c) and not _before(view, c, since)]
    return failing or [c for c in asking if _connections_held(view, c)]


def _asks_itself(view: View, caller: str, host: str, known: Host) -> bool:
    return any(by == caller for by, _ in known.measured) or host in asks(view, view.workloads[caller])


def _connections_held(view: View, caller: str) -> tuple[Evidence, ...]:
    """Return that a caller tells of a pool without connections, which it keeps while it waits for others' answers."""
    empty = [hit for hit in view.hits_of(caller, "pool_exhausted") if fresh(view, hit) and not hit.previous]
    return tuple(map(view.hit_evidence, empty[:1])) if empty and keeps_for_others(view, view.workloads[caller]) else ()


def _where_it_hurts(view: View, first: str) -> str:
    """Return who suffers from a host that its caller does without: the one that fails and does not say by whom."""
    if felt(view, first) or view.workloads[first].ready < view.workloads[first].wanted:
        return first
    nameless = {c.caller for c in complaints(view, "upstream_failure") if not c.hosts and not c.about}
    hurt = [ref for ref in sorted(nameless & view.workloads.keys()) if ref != first and felt(view, ref)]
    return hurt[0] if len(hurt) == 1 else first


def _spent_by_us(view: View, caller: str, known: Host) -> bool:
    """Tell whether a host only counts our requests, which a release behind its caller multiplied before it refused.

    Where the caller's own callers are not measured, or the refusals came first, the host may have cut its limit.
    """
    found = multiplied(view, caller)
    if found is None or found.by is None or not found.measured or found.grew.since is None:
        return False
    refused = oldest(e.time for _, e in known.measured) or oldest(c.hit.first for c in known.said)
    return refused is not None and found.grew.since <= refused + SLACK


def _since(known: Host) -> datetime | None:
    times = [*(c.hit.first for c in known.said), *(e.time for _, e in known.measured)]
    return min((t for t in times if t), default=None)


def _onset(view: View, first: str, known: Host) -> datetime | None:
    """Return when a host began to fail by figures; None where only the tails of logs tell, which begin anywhere."""
    return oldest((*(e.time for _, e in known.measured), *(since for _, since in troubles(view, first))))


def _before(view: View, ref: str, onset: datetime | None) -> bool:
    """Tell whether a workload suffered long before: that has a reason of its own."""
    began = oldest(since for _, since in troubles(view, ref))
    return began is not None and onset is not None and onset - began > EARLIER


RULE = Rule(
    name="outside_dependency_fails",
    title="A service outside the namespace does not answer or fails",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no trouble names a host outside the namespace",
)
