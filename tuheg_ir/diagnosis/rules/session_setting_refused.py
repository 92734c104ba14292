"""A database refuses what its clients set for each session since it was started anew: it is another one than before.

A name of a time zone, a mode or a variable is known to one release or distribution of a server and not to the next. A
tag that moved, or what a node holds of it, brings another one with any new pod, while no template changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._served_well import served_well
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import items, newest, oldest, text
from tuheg_ir.diagnosis.view.releases import BEFORE, release_evidence, since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TROUBLE = "session_setting_refused"


def when(view: View) -> Iterator[Match]:
    """A database that was started anew refuses since then what older pods of a caller set, and users feel it.

    Not where a release of either is as near: another template is nearer than another build of the same one. Nor where
    it was refused before: the log of a server begins with its start, and what a caller always tries is no trouble.
    """
    for server in of_role(view.workloads, "database"):
        callers = [w for w in view.serving if server.ref in view.graph.calls.get(w.ref, ())]
        own, theirs = _told(view, server), {w.ref: _told(view, w) for w in callers}
        # A server's own times are believed first: a program may write those of its own zone, and not say so.
        said = [h for h in own or [h for hits in theirs.values() for h in hits] if fresh(view, h)]
        first, start = oldest(hit.first for hit in said), newest(pod.started for pod in server.live)
        anew = soon_after(first, start) and not _before(view, server, (own, *theirs.values()), start)
        if not anew or sum(hit.count for hit in said) < OFTEN:
            continue
        # Where the database alone tells it, nobody knows whose sessions they are.
        ill = [w for w in callers if felt(view, w.ref) and theirs[w.ref]]
        older = [w for w in ill if _by_older_pods(w, theirs[w.ref], start)]
        if older and not since_release(server, first) and not any(_suspect(view, w, first) for w in ill):
            hits = [*own[:1], *(theirs[w.ref][0] for w in older)]
            yield _match(view, server, ill, hits, (first, start))


def _told(view: View, workload: Workload) -> list[Hit]:
    """Return what the present containers of a workload tell of refused settings."""
    return [hit for hit in view.hits_of(workload.ref, TROUBLE) if not hit.previous]


def _before(view: View, server: Workload, told: Sequence[Sequence[Hit]], start: datetime | None) -> bool:
    """Tell whether a setting was refused before a start: by the container before, as callers tell, or by an older pod.

    Who seems to have ended long ago may write the times of its own zone.
    """
    ended = any(hit.previous for hit in view.hits_of(server.ref, TROUBLE))
    times = [hit.first for hits in told for hit in hits if fresh(view, hit) and hit.first is not None]
    known = bool(times) and start is not None and min(times) < start + BEFORE
    return ended or known or _by_older_pods(server, told[0], start)


def _by_older_pods(workload: Workload, hits: Sequence[Hit], start: datetime | None) -> bool:
    """Tell whether pods tell of it that ran before a start: they set the same as before; younger ones may not."""
    older = {pod.name for pod in workload.live if pod.started and start and pod.started < start + BEFORE}
    return any(hit.pod in older for hit in hits)


def _suspect(view: View, caller: Workload, first: datetime | None) -> bool:
    """Tell whether it may be a caller's release that sets something else: it had not served well before."""
    return since_release(caller, first) and not served_well(view, caller, first)


def _match(
    view: View,
    server: Workload,
    ill: Sequence[Workload],
    hits: Sequence[Hit],
    times: tuple[datetime | None, datetime | None],
) -> Match:
    first, start = times
    images = ", ".join(text(c, "image") for c in items(server.template, "spec", "containers"))
    suffer = not_their_own(view, behind(view, *(w.ref for w in ill), but=server.ref), first)
    reason = f"{server.ref} refuses what it sets for each session, in new pods and by former templates too"
    return Match(
        component=server.ref,
        evidence=(
            Evidence("objects", server.ref, f"it was started anew as {images}; its template is older", start),
            *(view.hit_evidence(hit) for hit in hits[:3]),
            *felt(view, ill[0].ref)[:1],
            *release_evidence(ill[0])[:1],
        ),
        certainty=0.7,
        since=first,
        explains=suffer,
        excludes=(
            *not_for((server.ref,), "new pods run the same image", (*RESTARTS, "rollback_workload", "scale_workload")),
            *not_for(suffer, reason),
        ),
    )


RULE = Rule(
    name="session_setting_refused",
    title="A database that was started anew refuses what its clients set for each session",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no database refuses what sessions set since it was started anew",
)
