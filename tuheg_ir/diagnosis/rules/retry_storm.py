"""A caller asks again and again: the service behind it gets many times the requests that users make."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._asked_of_callers import takes_from_a_broker
from tuheg_ir.diagnosis.rules._came_back import found_work
from tuheg_ir.diagnosis.rules._demand import Multiplied, fell_short, has_no_room, multiplied, multiplying
from tuheg_ir.diagnosis.rules._figures import Turn, felt
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._innocent_image import run_began
from tuheg_ir.diagnosis.rules._pressed import pressed
from tuheg_ir.diagnosis.rules._served_well import settled
from tuheg_ir.diagnosis.rules._tries_again import tries_again, works_more
from tuheg_ir.diagnosis.rules._twins import own_container
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, complaints, fresh, told
from tuheg_ir.diagnosis.view.reading import oldest, text
from tuheg_ir.diagnosis.view.releases import cause_of_release, since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes


def when(view: View) -> Iterator[Match]:
    """Requests between two services multiply, and those of the users do not."""
    for ref in view.workloads:
        found = multiplied(view, ref)
        if found is not None and has_no_room(view, ref, found):
            continue  # its own cause is told: what it refuses is sent again until it has room
        ill = felt(view, ref) if found else ()
        hung_up = () if ill or found is None else _missed(view, ref)
        echo = found is not None and fell_short(view, ref, found.grew)
        if found is not None and (ill or hung_up) and (tries := _of_another(view, ref, found)) is not None:
            yield _of_tries(view, ref, found.grew, *tries, ill or hung_up)
        elif found is not None and found.by is not None and not echo:
            match = _of_release(view, ref, found.by, found)
            since = found.grew.since
            another = run_began(view, found.by, since) or found_work(view, found.by, since)
            another = another or _edited_since(view, ref, found)
            if another or _unproven(view, found):
                yield match._replace(remedy="page_human")
            else:
                yield _with_stores(match, pressed(view, ref, found.by, found.grew))
        elif found is not None and (ill or hung_up) and (again := tries_again(view, ref, found.grew)) is not None:
            yield _of_tries(view, ref, found.grew, *again, ill or hung_up)
        elif found is not None and ill:
            yield Match(
                component=ref,
                evidence=(_grew(ref, found.grew), *ill),
                certainty=0.5,
                since=oldest((found.grew.since, *(e.time for e in ill))),
                explains=behind(view, ref, but=ref),
            )


def _of_another(
    view: View, ref: str, found: Multiplied
) -> tuple[Workload, tuple[Evidence, ...], tuple[Evidence, ...]] | None:
    """Return who tries again since something was away, where a release of another had asked as ever until then.

    Other code that asks more often does so from its first requests on, and no pause of a store makes it begin. None
    where the release set how often it asks, where it is the released one that tries, or has more to do since then: what
    it does by the hour it begins long after it was released.
    """
    by, since = found.by, found.grew.since
    if by is None or since is None or multiplying(by) or not settled(by, since) or works_more(view, by, since):
        return None
    again = tries_again(view, ref, found.grew)
    return again if again is not None and again[0].ref != by.ref else None


def _unproven(view: View, found: Multiplied) -> bool:
    """Tell whether other code began to ask late, or reads a broker and nobody counts what it is given.

    What asks more often by itself does so from its first requests on.
    """
    by = found.by
    if by is None or multiplying(by):
        return False
    fed = not found.measured and takes_from_a_broker(view, by)
    return fed or not since_release(by, found.grew.since)


def _edited_since(view: View, ref: str, found: Multiplied) -> bool:
    """Tell whether what another caller reads was edited between a release and the many requests: it may ask more."""
    by, since = found.by, found.grew.since
    if by is None or by.released_at is None or since is None or multiplying(by):
        return False
    others = (view.workloads[each] for each in view.graph.asked_by(ref) if each in view.workloads and each != by.ref)
    return any(by.released_at < at <= since + MINUTE for each in others for _, at in outside_changes(view, each))


def _of_release(view: View, ref: str, caller: Workload, found: Multiplied) -> Match:
    changed = multiplying(caller)
    released = (changed or caller.changes)[:3]
    return Match(
        component=caller.ref,
        evidence=(
            _grew(ref, found.grew),
            *found.shown,
            *(Evidence("objects", caller.ref, c.told(), caller.released_at) for c in released),
            *told(view, [c for c in complaints(view, "throttled_retry") if c.caller == caller.ref], 1),
        ),
        certainty=0.8 if changed else 0.65,
        root_cause=_brought(caller),
        remedy="rollback_workload",
        since=found.grew.since,
        explains=behind(view, ref, but=caller.ref),
        excludes=not_for(
            (ref,),
            f"{caller.ref} sends too much: the same load would come again",
            ("restart_workload", "rollback_workload"),
        ),
    )


def _brought(caller: Workload) -> str:
    """Return what the release of who asks brought to the container that asks: another image beside it asks nobody."""
    own = own_container(caller)
    return cause_of_release(caller, text(own, "name") if own else "")


def _with_stores(match: Match, stores: tuple[str, ...]) -> Match:
    """Return a release that also explains the stores which have no processor left by what it sends."""
    busy = f"it is busy with what {match.component} sends too much, and would be again"
    return match._replace(
        explains=(*match.explains, *stores),
        excludes=(*match.excludes, *not_for(stores, busy, ("restart_workload", "scale_database"))),
    )


def _missed(view: View, ref: str) -> tuple[Evidence, ...]:
    """Return how those fare whom a workload does not answer in time: who is left by its callers counts no failure."""
    told = (c for c in complaints(view, *UNANSWERED) if c.about == ref != c.caller and fresh(view, c.hit))
    return tuple(each for caller in sorted({c.caller for c in told}) for each in felt(view, caller))


def _of_tries(
    view: View,
    ref: str,
    grew: Turn,
    caller: Workload,
    released: tuple[Evidence, ...],
    told_of: tuple[Evidence, ...],
    ill: tuple[Evidence, ...],
) -> Match:
    """Return that a caller tries so often that a service cannot come back, though nothing is wrong behind it."""
    needed, others = sorted(view.graph.needs(ref)), f"nothing is wrong with it: the tries of {caller.ref} go on"
    return Match(
        component=caller.ref,
        evidence=(_grew(ref, grew), *released, *told_of, *ill),
        certainty=0.75,
        root_cause="code_defect" if released and caller.changed("image") else "configuration_error",
        remedy="rollback_workload" if released else "",
        since=grew.since,
        explains=(*behind(view, ref, but=caller.ref), *needed),
        excludes=(
            *not_for(
                (ref,),
                f"{caller.ref} tries again as often: what starts anew is overrun while it is cold",
                ("restart_workload", "rollback_workload", "restart_connection_pool"),
            ),
            *not_for(needed, others, (*ON_CALLERS, "scale_database")),
            *not_for((caller.ref,), "more instances try as often", ("scale_workload",)),
        ),
    )


def _grew(ref: str, grew: Turn) -> Evidence:
    fact = f"{grew.before:.3g} requests a second before, {grew.now:.3g} now; its callers' own requests did not grow so"
    return Evidence("metrics", ref, fact, grew.since)


RULE = Rule(
    name="retry_storm",
    title="A caller multiplies its requests to the service behind it",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no service gets many times the requests that its callers get",
)
