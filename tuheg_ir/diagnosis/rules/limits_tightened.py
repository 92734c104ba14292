"""Limits of requests were written, and refuse since then what they let through before: no client asks for more.

Who reads them at a start alone refuses only when its pods are made anew, perhaps days later.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._lets_less_through import lets_less_through
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._tighter import Written, asked_more, limits_written, refused_more, tighter
from tuheg_ir.diagnosis.view.refused_shares import REFUSED
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """More is refused with 429 since the one setting of limits was written, and not because so much more is asked.

    It is so, too, since all pods were made anew that are the first to start with it. Where nobody counts refusals the
    words of who refuses tell, if whom it asks gets fewer requests since, while as many are asked as before.
    """
    for workload in view.serving:
        for label in labels_of(view, workload.ref, REFUSED):
            since, fewer = refused_more(view, label), tighter(view, label) is not None
            written = limits_written(view, workload, since, fewer=fewer) if since else ()
            if since is None or len(written) != 1 or _released(view, workload, written[0], since):
                continue
            if fewer or asked_more(view, workload.ref, label) is False:
                yield _match(view, workload, written[0], since, *_counted(view, workload, label, since))
                break
        else:
            if (less := lets_less_through(view, workload)) is None:
                continue
            written = limits_written(view, workload, less.since, fewer=True)
            if len(written) == 1 and not _released(view, workload, written[0], less.since):
                yield _match(view, workload, written[0], less.since, less.seen, fewer=True)


def _released(view: View, workload: Workload, written: Written, since: datetime) -> bool:
    """Tell whether the one who refuses, or who reads the limits, was released as well: it may be that."""
    mine = (view.workloads[ref] for ref in (workload.ref, *written.readers))
    return any(each.changes and near(each.released_at, since) for each in mine)


def _counted(view: View, workload: Workload, label: str, since: datetime) -> tuple[tuple[Evidence, ...], bool]:
    """Return what tells that more is refused, as is counted, and whether fewer are let through."""
    ratio, less = view.figures.now(REFUSED, component=label) or 0.0, tighter(view, label)
    told = f"{ratio:.1%} of requests are refused with 429"
    told += f"; {less.now:.3g} a second are let through, {less.before:.3g} before, of no fewer requests" if less else ""
    return (Evidence("metrics", workload.ref, told, since),), less is not None


def _match(
    view: View, workload: Workload, written: Written, since: datetime, seen: tuple[Evidence, ...], fewer: bool
) -> Match:
    by = tuple(dict.fromkeys((workload.ref, *written.readers)))
    wrote = "its limits were written; more requests are refused since"
    if written.woken:
        wrote = "its limits were written; the pods that read it are the first to start with that, and refuse more"
    suffer = not_their_own(view, behind(view, workload.ref, but=workload.ref), since) if fewer else ()
    return Match(
        component=written.ref,
        evidence=(Evidence("objects", written.ref, wrote, written.at), *seen),
        certainty=0.65 if fewer else 0.45,
        since=since,
        explains=tuple(dict.fromkeys((*by, *suffer))),
        excludes=not_for(by, f"it does what {written.ref} says, whichever template it is of", ON_CALLERS),
    )


RULE = Rule(
    name="limits_tightened",
    title="Limits of requests were tightened, and clients are refused that were served before",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no more is refused with 429 since a setting of limits was written",
)
