"""What shows that the disk under a store gives less than it did, and not that more is asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log, Series
from tuheg_ir.diagnosis.rules._figures import Turn, rise
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.reading import mapping, name, text
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_CHECKPOINT = late(
    r"(?:checkpoint|restartpoint) complete: wrote (\d{1,12}) buffers\b.{0,200}?\bsync=(\d{1,9}(?:\.\d+)?) s\b"
)
"""What PostgreSQL tells of each checkpoint: how much it wrote, how long the disk took to confirm it."""
SLOW_S, QUICK_S = 5.0, 1.0
"""A disk that confirms a checkpoint within the one has room; of the other even a large one is a sign of distress."""
AGAIN = 2
"""One slow checkpoint is a moment's."""
AS_MUCH = 1.5
"""Who writes or asks no more than so many times what he did before is not why it takes longer."""
OUT, MUCH = 0.01, 0.5
"""What is left of a volume's credits when it has none; with less than the other most were spent before."""
FALLEN = 0.75
"""Credits that were mostly no more than so much of the first ones went by and by, and not at once at the end."""
TOLD_LATE = timedelta(minutes=10)
"""A cloud tells the mean of five minutes, and some minutes later."""
TIMES, WAIT_S = 5.0, 0.02
"""So many times as long as before each operation of a slow disk takes, and so long at least."""
QUEUE = 1.0
"""So many operations wait at any time for a disk that is slow; one on which hardly anything is done keeps nobody."""
FEWER = 0.8
"""A disk that does no more than this of its former operations gives less; else it may do as much as it can."""
STALE = timedelta(minutes=20)
"""Checkpoints are told each five minutes, or as often as a site wants: of longer ago nobody knows how it is now."""


class Slow(NamedTuple):
    """One sign: since when at the earliest, what it is, whether it shows that nobody asks for more than before."""

    since: datetime | None
    evidence: Evidence
    proven: bool


def slow_disk(view: View, store: Workload) -> tuple[Slow, ...]:
    """Return the signs that the disk under a store has become slow, each of its own kind."""
    return (*_synced(view, store), *_out_of_credits(view, store), *_waits(view, store))


def _synced(view: View, store: Workload) -> Iterator[Slow]:
    """Yield that the last checkpoints took seconds to be confirmed, as many pages as before in no time."""
    for log in view.logs_of(store.live, previous=False):
        told = list(_checkpoints(log))
        quick = [each for each in told if each[2] < QUICK_S]
        last = max((at for at, _, _ in quick), default=None)
        slow = [each for each in told if last is not None and each[0] > last]
        if len(quick) < AGAIN or len(slow) < AGAIN or any(sync < SLOW_S for _, _, sync in slow):
            continue
        if not view.recent(slow[-1][0], STALE):
            continue
        wrote, before = median(each[1] for each in slow), median(each[1] for each in quick)
        if wrote <= AS_MUCH * before:
            took, was = median(each[2] for each in slow), median(each[2] for each in quick)
            fact = f"its disk confirms checkpoints within {took:.0f} s, {was:.2f} s before, of as many pages"
            yield Slow(last, Evidence("logs", f"Pod/{log.pod}", fact, slow[0][0]), proven=False)
            return


def _checkpoints(log: Log) -> Iterator[tuple[datetime, int, float]]:
    """Yield when a checkpoint was done, how many pages it wrote, and how many seconds the disk took to confirm it."""
    for line in log.lines:
        found, at = _CHECKPOINT.search(line), stamp(line)
        if found is not None and at is not None:
            yield at, int(found[1]), float(found[2])


def _out_of_credits(view: View, store: Workload) -> Iterator[Slow]:
    """Yield that a volume of a store has no credits left for more than its base rate."""
    claims = set(claims_of(store))
    for volume in view.snapshot.of("PersistentVolume"):
        handle = text(volume, "spec", "csi", "volumeHandle") or text(volume, "spec", "awsElasticBlockStore", "volumeID")
        claim = mapping(volume, "spec", "claimRef")
        if text(claim, "name") not in claims or text(claim, "namespace") != view.snapshot.namespace or not handle:
            continue
        for series in view.figures.series("volume_burst_credits", volume=handle.rpartition("/")[2]):
            figures = view.figures.alone("volume_burst_credits", series)
            left, was = figures.now("volume_burst_credits"), figures.first("volume_burst_credits")
            since = figures.crossed("volume_burst_credits", OUT, below=True)
            if left is not None and was is not None and left <= OUT < was:
                fact = (
                    f"{was:.0%} of its credits for more operations were left, {left:.0%} are now: it has its base rate"
                )
                seen = Evidence("metrics", f"PersistentVolume/{name(volume)}", fact, since)
                fell = since is not None and (figures.before("volume_burst_credits", since) or 0.0) <= FALLEN * was
                yield Slow(since - TOLD_LATE if since else None, seen, proven=was < MUCH and fell)


def _waits(view: View, store: Workload) -> Iterator[Slow]:
    """Yield that each operation of a disk of the store's node takes many times as long, and there are no more."""
    for node in sorted({pod.node for pod in store.live if pod.node}):
        for series in view.figures.series("node_disk_wait", node=node):
            turn = rise(view, series, "node_disk_wait", TIMES, WAIT_S)
            device = series.labels.get("device", "")
            does = _work(view, series)
            if turn is None or does is None or does.now > does.before or does.now * turn.now < QUEUE:
                continue
            fact = f"an operation of {device} takes {turn.now:.2g} s, {turn.before:.2g} s before, and there are no more"
            yield Slow(
                turn.since - MINUTE if turn.since else None,
                Evidence("metrics", f"Node/{node}", fact, turn.since),
                proven=does.now <= FEWER * does.before,
            )
            return


def _work(view: View, series: Series) -> Turn | None:
    """Return how many operations a second a disk did, and does; None if nobody knows."""
    was = view.figures.first("node_disk_operations", **series.labels)
    now = view.figures.now("node_disk_operations", **series.labels)
    return None if was is None or now is None else Turn(was, now, None)
