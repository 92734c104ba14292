"""Limits of requests were written, and refuse since then what they let through before: no client asks for more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, not_for
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._tighter import REFUSED, Written, asked_more, limits_written, refused_more, tighter
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """More is refused with 429 since the one setting of limits was written, and not because so much more is asked."""
    for workload in view.serving:
        for label in labels_of(view, workload.ref, REFUSED):
            since, fewer = refused_more(view, label), tighter(view, label) is not None
            written = limits_written(view, workload, since, fewer=fewer) if since else ()
            if since is None or len(written) != 1 or _released(view, workload, written[0], since):
                continue
            if fewer or asked_more(view, workload.ref, label) is False:
                yield _match(view, workload, label, written[0], since)
                break


def _released(view: View, workload: Workload, written: Written, since: datetime) -> bool:
    """Tell whether the one who refuses, or who reads the limits, was released as well: it may be that."""
    mine = (view.workloads[ref] for ref in (workload.ref, *written.readers))
    return any(each.changes and near(each.released_at, since) for each in mine)


def _match(view: View, workload: Workload, label: str, written: Written, since: datetime) -> Match:
    ratio, less = view.figures.now(REFUSED, component=label) or 0.0, tighter(view, label)
    told = f"{ratio:.1%} of requests are refused with 429"
    told += f"; {less.now:.3g} a second are let through, {less.before:.3g} before, of no fewer requests" if less else ""
    by = tuple(dict.fromkeys((workload.ref, *written.readers)))
    return Match(
        component=written.ref,
        evidence=(
            Evidence("objects", written.ref, "its limits were written; more requests are refused since", written.at),
            Evidence("metrics", workload.ref, told, since),
        ),
        certainty=0.65 if less else 0.45,
        since=since,
        explains=by,
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
