"""A primary throws its replicas off again and again: it may keep less for them than is written while they copy it.

A replica that was thrown off asks for everything anew. While that is sent, what is written is kept for it, and where
this is more than may be kept it is thrown off before it has all. As long as so much is written it never catches up.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own, settings_written
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import heard_since
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

OFTEN = 3
"""A replica that is thrown off once or twice, as a network was slow, comes back by itself."""
STILL = timedelta(minutes=10)
"""One that is thrown off over and over is so each minute or two; what was longer ago has come to an end."""
_THROWN_OFF = late(r"\bflags=[A-Za-z]*S[A-Za-z]*\s.{0,400}\bclosed (?:ASAP )?for overcoming of output buffer limits")
"""Redis and its kin of a replica (S); a client or a subscriber (N, P) that reads too slowly is its own matter."""
_BACK = late(
    r"\bSynchronization with (?:replica|slave)(?: \S{1,80})? succeeded"
    r"|\bPartial resynchronization request from \S{1,80} accepted"
)
WELL = timedelta(minutes=10)
"""One that is thrown off so soon after it was sent everything had not yet read it: it was not well in between."""
TWICE = 2
"""One that is back for so many times as long as it was at most before it was thrown off again is well."""
SLACK = timedelta(minutes=2)
_SHOWN = 240


class _Thrown(NamedTuple):
    """How often a pod has thrown replicas off since one was well last, since when, and the last line of it.

    heard: since when its log is there.
    """

    pod: str
    times: int
    since: datetime
    line: str
    heard: datetime | None


def when(view: View) -> Iterator[Match]:
    """A cache tells that it closed replicas for the limit of their buffers, often and lately; none is back since."""
    for store in of_role(view.workloads, "cache"):
        thrown = [found for log in view.logs_of(store.live, previous=False) if (found := _thrown_off(view, log))]
        if thrown:
            yield _match(view, store, max(thrown, key=lambda each: each.times))


def _thrown_off(view: View, log: Log) -> _Thrown | None:
    """Return that a pod throws its replicas off still; None if it does not, or one was well since."""
    found: list[tuple[datetime, str]] = []
    back: datetime | None = None
    lasted = timedelta(0)
    for line in log.lines:
        if "ynchronization" in line and _BACK.search(line):
            back = stamp(line)
        elif "output buffer" in line and _THROWN_OFF.search(line) and (at := stamp(line)):
            if back is not None and at - back > WELL:
                found, back, lasted = [], None, timedelta(0)
            lasted = max(lasted, at - back) if back is not None else lasted
            back = None
            found.append((at, line))
    if back is not None and view.now - back > TWICE * lasted:
        return None
    if len(found) < OFTEN or not view.recent(found[-1][0], STILL):
        return None
    return _Thrown(log.pod, len(found), found[0][0], found[-1][1], heard_since([log]))


def _ill_before(view: View, ref: str, thrown: _Thrown) -> bool:
    """Tell whether a caller suffers since a release of its own, when the primary's log told of nothing yet."""
    began = oldest(at for _, at in troubles(view, ref))
    if began is None or thrown.heard is None or not thrown.heard <= began < thrown.since - SLACK:
        return False
    return since_release(view.workloads[ref], began)


def _match(view: View, store: Workload, thrown: _Thrown) -> Match:
    callers = not_their_own(view, behind(view, store.ref, but=store.ref), thrown.since)
    callers = tuple(ref for ref in callers if not _ill_before(view, ref, thrown))
    told = f"its replicas were thrown off {thrown.times} times, and none is well since: {thrown.line[-_SHOWN:]}"
    suffer = tuple(dict.fromkeys((*suffering(view, store.ref), *(e for ref in callers for e in felt(view, ref)))))
    return Match(
        component=store.ref,
        evidence=(
            Evidence("logs", f"Pod/{thrown.pod}", told, thrown.since),
            *settings_written(view, store, thrown.since),
            *suffer[:3],
        ),
        certainty=0.8,
        since=thrown.since,
        explains=callers,
        excludes=(
            *not_for(callers, f"replicas of {store.ref} never get all its data: nothing done to callers gives it them"),
            *not_for(
                (store.ref,),
                "each pod that starts asks for all data once more, and is thrown off alike; "
                "who runs it has to let it keep more for replicas, or have less written",
                (*RESTARTS, "rollback_workload", "scale_workload"),
            ),
        ),
    )


RULE = Rule(
    name="replicas_thrown_off",
    title="A primary may keep less for its replicas than is written while they copy it",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no primary throws its replicas off again and again for the limit of their buffers",
)
