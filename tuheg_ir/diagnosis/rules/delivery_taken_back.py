"""A broker takes a message back from who works on it for longer than it waits for the word that it is done.

The message is dealt out anew, the work begins anew, and it is taken back again at the same moment: it is never done.
Or it lay in the memory of a reader that a release lets fetch all there is, while others like it have nothing to do; or
in a batch of so many that the first one is taken back before the last one is done; or a release keeps it for later.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._fetches_more import fetches_more
from tuheg_ir.diagnosis.rules._figures import finds_slow
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for
from tuheg_ir.diagnosis.rules._kept_since_release import kept_since_release
from tuheg_ir.diagnosis.rules._taken_deliveries import brokers_that_tell, kept_for, of_ours, told
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, release_cause
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

AGAIN = 3
"""What was taken back less often may have met a pause of somebody else, and be done since."""
SEVERAL = 2
"""So many readers tell it before what they were set to fetch is blamed, though it came less often."""
LATELY = timedelta(hours=2)
"""A broker waits for half an hour by itself: what it takes back again it takes back within this time."""
MOMENT = timedelta(seconds=10)
"""Who ends by it ends so soon after the line that tells it."""
TOGETHER = timedelta(minutes=5)
"""What is taken back within so short a time was begun together: one process that hangs has many messages."""


class _Taken(NamedTuple):
    """What a consumer tells of what is taken from it: a line, since when, how often, and whether that ended it.

    ``by``: what a release set since which it fetches, or takes in one batch, much more than it works off.
    """

    line: str
    since: datetime
    times: int
    ended: int
    by: tuple[Change, ...]


def when(view: View) -> Iterator[Match]:
    """A consumer tells that what it works on is taken from it, again and again, and what it asks is no slower."""
    for workload in view.serving:
        taken = None if role(workload) else _taken(view, workload)
        if taken is not None and not finds_slow(view, workload.ref):
            yield _match(view, workload, taken)


def _taken(view: View, workload: Workload) -> _Taken | None:
    lines = [each for log in view.logs_of(workload.live) for each in told(log)]
    if not lines or not view.recent(newest(at for at, _ in lines), LATELY):
        return None
    # Who ends by it leaves only its last end in a log: how often it was started again tells the others.
    ended = max((pod.restarts for pod in workload.live if _ended_by_it(view, pod)), default=0)
    times = max((len(_moments(told(log))) for log in view.logs_of(workload.live)), default=0)
    first = min(at for at, _ in lines)
    line = lines[-1][1]
    ours = _told_by_brokers(view) if of_ours(line) else ()
    since = oldest((first, *ours)) or first
    # To service buses 0 is to fetch nothing ahead. One reader alone may have met a message that takes it so long.
    several = sum(any(map(told, view.logs_of([pod], previous=False))) for pod in workload.live) >= SEVERAL
    by = fetches_more(view, workload, since - kept_for(line)) if several and of_ours(line) else ()
    return _Taken(line, since, times, ended, by) if by or max(ended, times) >= AGAIN else None


def _moments(lines: list[tuple[datetime, str]]) -> list[datetime]:
    """Return the moments at which messages were taken back of late, one for all that were taken back together."""
    found: list[datetime] = []
    times = sorted(at for at, _ in lines)
    for at in times:
        if times[-1] - at <= LATELY and (not found or at - found[-1] > TOGETHER):
            found.append(at)
    return found


def _ended_by_it(view: View, pod: Pod) -> bool:
    """Tell whether the last words of the former life of a pod's container were such."""
    logs = [log for log in view.logs_of((pod,)) if log.previous]
    ends = ((newest(map(stamp, log.lines)), newest(at for at, _ in told(log))) for log in logs)
    return any(end is not None and at is not None and end - at <= MOMENT for end, at in ends)


def _told_by_brokers(view: View) -> tuple[datetime, ...]:
    """Return when brokers of ours took messages back, as they tell themselves."""
    return tuple(at for b in brokers_that_tell(view) for log in view.logs_of(b.live) for at, _ in told(log))


def _started_just_before(view: View, workload: Workload, since: datetime) -> Workload | None:
    """Return the one broker that tells it too, if it runs since just before, and its consumer was well for long.

    It waits for less long than the broker before it did: another version, or settings that it read as it started.
    """
    brokers = brokers_that_tell(view)
    started = oldest(pod.started for b in brokers for pod in b.live)
    if len(brokers) != 1 or started is None or not BEFORE <= since - started <= HOURS:
        return None
    proved = workload.released_at is not None and started - workload.released_at >= HOURS
    return brokers[0] if proved or not workload.changes else None


def _of_release(view: View, workload: Workload, taken: _Taken) -> Match:
    """Return that a release lets readers fetch what they do not come to within the time that a broker waits."""
    how = f"{taken.line[:240]}, {taken.times} times"
    return Match(
        component=workload.ref,
        evidence=(
            *(Evidence("objects", workload.ref, each.told(), workload.released_at) for each in taken.by),
            Evidence("logs", workload.ref, how, taken.since),
        ),
        certainty=0.7,
        remedy="rollback_workload",
        since=taken.since,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *not_for((workload.ref,), "whoever connects is given as much at once again, and begins anew", RESTARTS),
            *not_for(
                (workload.ref,), "what each is given at once stays more than it does in time", ("scale_workload",)
            ),
        ),
    )


def _of_code(view: View, workload: Workload, taken: _Taken, brought: tuple[Evidence, ...]) -> Match:
    """Return that readers keep what they are given for longer than their broker waits, since their release."""
    ref = workload.ref
    return Match(
        component=ref,
        evidence=(Evidence("logs", ref, taken.line[:240], taken.since), *brought),
        certainty=0.7,
        root_cause=release_cause(view, workload),
        remedy="rollback_workload",
        since=taken.since,
        explains=behind(view, ref, but=ref),
        excludes=(
            *not_for((ref,), "with this template it is kept as long again, and taken back again", RESTARTS),
            *not_for((ref,), "each of them has its message taken back", ("scale_workload",)),
        ),
    )


def _match(view: View, workload: Workload, taken: _Taken) -> Match:
    if taken.by:
        return _of_release(view, workload, taken)
    broker = _started_just_before(view, workload, taken.since) if of_ours(taken.line) else None
    brought = kept_since_release(view, workload) if of_ours(taken.line) and not broker else ()
    if brought:
        return _of_code(view, workload, taken, brought)
    how = f", and a pod was started again {taken.ended} times" if taken.ended else f", {taken.times} times"
    ran = oldest(pod.started for pod in broker.live) if broker else None
    return Match(
        component=broker.ref if broker else workload.ref,
        evidence=(
            Evidence("logs", workload.ref, f"{taken.line[:240]}{how}", taken.since),
            *((Evidence("objects", broker.ref, "it runs since just before that", ran),) if broker else ()),
        ),
        certainty=0.65,
        since=taken.since,
        explains=behind(view, workload.ref, but="" if broker else workload.ref),
        excludes=(
            *not_for((workload.ref,), "who begins anew takes as long, and it is taken back again", RESTARTS),
            *not_for((workload.ref,), "each of them has its message taken back", ("scale_workload",)),
            *(_not_for_broker(workload, broker) if broker else ()),
        ),
    )


def _not_for_broker(workload: Workload, broker: Workload) -> tuple[Excluded, ...]:
    """Return what is in vain, or worse, where a broker that was started just before waits for less long."""
    return (
        *not_for((workload.ref,), f"it worked so before {broker.ref} was started", ("rollback_workload",)),
        *not_for((broker.ref,), "it waits as long after a start", (*RESTARTS, "scale_workload")),
        *not_for((broker.ref,), "the version before may not read its data any more", ("rollback_workload",)),
    )


RULE = Rule(
    name="delivery_taken_back",
    title="A broker takes messages back before who works on them is done",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no consumer tells again and again that a message was taken from it before it was done",
    follows=True,
)
