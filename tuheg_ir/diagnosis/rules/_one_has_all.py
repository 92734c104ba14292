"""Readers of which few have all the work and the others hardly any: messages are dealt out by a key.

Whoever is free takes the next message of a common queue, so there all are as busy. Where messages of one key, partition
or shard belong to one reader, further readers get nothing of what one has too much of.
"""

from __future__ import annotations

from statistics import median

from tuheg_ir.diagnosis.view.usage import BUSY, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

CALM = 0.5
"""Who uses less of its processor limit than this has room for more."""
WORKS = 0.2
"""So much of a core is work, and no more what any program does that waits."""
TIMES = 3.0
"""Who uses so many times what most of its like use has work that they have not."""
FEWEST = 3
"""Of two nobody can tell which is the odd one."""


def at_their_limit(view: View, consumer: Workload) -> tuple[str, ...]:
    """Return the few pods at their processor limit while all others have hardly anything to do."""
    share = usage(view.figures, consumer, "cpu_share")
    hot = share.beyond(BUSY)
    calm = [pod for pod, value in share.by_pod.items() if value < CALM]
    alone = len(hot) + len(calm) == len(share.by_pod) and len(hot) <= len(calm)
    return tuple(hot) if alone else ()


def far_busier(view: View, consumer: Workload) -> tuple[str, ...]:
    """Return the few pods that use many times the processor time of each other one, below their limit as they may be.

    What one thread does in order uses one core at most, and what waits for its store less, whatever the limit is.
    """
    used = usage(view.figures, consumer, "cpu_usage").by_pod
    if len(used) < max(FEWEST, len(consumer.live)):
        return ()
    hot = sorted(pod for pod, value in used.items() if value >= max(WORKS, TIMES * median(used.values())))
    others = [value for pod, value in used.items() if pod not in hot]
    apart = bool(hot) and TIMES * max(others, default=0.0) <= min(used[pod] for pod in hot)
    return tuple(hot) if apart and 2 * len(hot) < len(used) else ()
