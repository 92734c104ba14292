"""Name servers that have too much to do: held back at their limit, as figures tell, or an alert where nobody measures.

Or out of memory, again and again: each question that is not answered yet holds some.
Their load is that of all who ask: a peak of users is a peak of questions, several for each name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._capacity import GROWN
from tuheg_ir.diagnosis.rules._helping import settings_written
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.growth import grown
from tuheg_ir.diagnosis.view.pods import Container
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.scaling import autoscaler
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, killed_for_memory, limit_cut, starting, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AGAIN = 2
"""A first kill may have been one large answer."""
SOON_S = 3600.0
"""What fills the memory of a name server within an hour of its start is what it is asked."""
SUSPECT = timedelta(hours=24)
"""A release of a name server so long ago may still be the reason: load has its hours."""
LATELY = timedelta(hours=2)
"""Who was released so long ago may ask for more names than before."""
NAMES = "Service/kube-dns"
_LATE = late(r"plugin/health: Local health request .{0,80} took more than")
_HELD_BACK = late(r"cpu.{0,20}throttl|throttl.{0,20}cpu", re.IGNORECASE)


def answers_late(view: View, server: Workload) -> bool:
    """Tell whether a name server is late to answer even itself."""
    return any(_LATE.search(line) for log in view.logs_of(server.live) for line in log.lines)


def too_much(view: View, server: Workload) -> tuple[Evidence, ...]:
    """Return how one sees that a name server has more to do than it can; () if it does not."""
    held = at_its_limit(view, server)
    return (held,) if held else out_of_memory(view, server)


def out_of_memory(view: View, server: Workload) -> tuple[Evidence, ...]:
    """Return that most pods of a name server run out of memory soon after each start, and that more is asked.

    It is itself as it was: what a release, or settings that were written of late, brought may take the memory. What
    leaks has lived long when it is killed.
    """
    killed = [each for each in killed_for_memory(view, server) if _soon_again(each[1])]
    if 2 * len({pod.name for pod, _ in killed}) <= len(server.live) or limit_cut(server, "memory"):
        return ()
    if releases(view, server, SUSPECT) or settings_written(view, server, None):
        return ()
    seen = (
        Evidence(
            "objects",
            f"Pod/{pod.name}",
            f"{container.name} OOMKilled, {container.restarts} restarts",
            container.ended.at if container.ended else None,
        )
        for pod, container in killed[:2]
    )
    more = _asked_more(view)
    return (*seen, *more) if more else ()


def _soon_again(container: Container) -> bool:
    """Tell whether a container was killed not for the first time, and had not lived long."""
    lived = container.ended.lived_s if container.ended else None
    return container.restarts >= AGAIN and (lived is None or lived <= SOON_S)


def _asked_more(view: View) -> tuple[Evidence, ...]:
    """Return that more is asked than before: as those who ask are asked themselves, as servers count, as more pods ask.

    One who does more among many who do not asks no more than a part. Where more names are asked for, and nobody knows
    whether more is done, a release of late may ask for more of them.
    """
    known = [n for each in view.serving if (n := traffic_growth(view, each.ref)) is not None]
    if known:
        fact = f"those who ask for names get {median(known):.1f} times the requests of before"
        return (Evidence("metrics", NAMES, fact),) if median(known) >= GROWN else ()
    first, now = view.figures.first("dns_request_rate"), view.figures.still("dns_request_rate")
    if first and now is not None:
        fact = f"names are asked for {now / first:.1f} times as often as before"
        innocent = now >= GROWN * first and not any(releases(view, each, LATELY) for each in view.serving)
        return (Evidence("metrics", NAMES, fact),) if innocent else ()
    return _more_pods(view)


def _more_pods(view: View) -> tuple[Evidence, ...]:
    """Return that most of those whom an autoscaler may grow were given more pods of late."""
    scaled = [each for each in view.serving if autoscaler(view, each.ref)]
    steps = [(each.ref, step) for each in scaled if (step := grown(view, each)) and step.now >= GROWN * step.before]
    if 2 * len(steps) <= len(scaled):
        return ()
    return tuple(Evidence(each.source, ref, f"more of it ask: {each.fact}", each.at) for ref, each in steps[:2])


def at_its_limit(view: View, server: Workload) -> Evidence | None:
    """Return that most pods of a name server have no processor time left; None if they have, or a release cut it.

    Throttled as ever is how it works. What an alert tells is believed of one that is late to answer even itself.
    """
    share, throttled = (usage(view.figures, server, signal) for signal in ("cpu_share", "throttled_share"))
    if share.widely(BUSY):
        return Evidence("metrics", server.ref, f"{share.most:.0%} of its CPU limit is used, in most of its pods")
    if limit_cut(server, "cpu") or starting(view, server):
        return None
    if throttled.widely(THROTTLED) and not _as_ever(view, throttled.beyond(THROTTLED)):
        return Evidence("metrics", server.ref, f"most of its pods are throttled, in {throttled.most:.0%} of periods")
    if share.by_pod or throttled.by_pod or not answers_late(view, server):
        return None
    said = (a for a in view.alerts if view.about_alert(a) == server.ref and _HELD_BACK.search(a.name.lower()))
    return next((a.fires(server.ref) for a in said), None)


def _as_ever(view: View, pods: Iterable[str]) -> bool:
    return all(view.figures.beyond_from_the_start("throttled_share", THROTTLED, pod=pod) for pod in pods)


def asked_more_often(view: View, callers: Iterable[str]) -> tuple[Evidence, ...]:
    """Return that who asks a name server has more to do than before, of whom it grew most."""
    grown = sorted((traffic_growth(view, each) or 0.0, each) for each in callers)
    return tuple(Evidence("metrics", e, f"traffic has grown {n:.1f} times") for n, e in grown[-1:] if n >= GROWN)
