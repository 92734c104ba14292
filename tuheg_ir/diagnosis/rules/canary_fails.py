"""A new version runs beside the stable one as a workload of its own, gets a share of the requests, and fails them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import fmean

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._twins import another_program, programs
from tuheg_ir.diagnosis.rules.changed_beside import around
from tuheg_ir.diagnosis.view.reading import created, last_write, name, oldest, text
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.trouble import ERRORS, labels_of, of_pods, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

DAY = timedelta(days=1)


def when(view: View) -> Iterator[Match]:
    """Users of a workload suffer since it was made; an older one of the same program, on the same way in, is well."""
    for canary in view.serving:
        made = created(canary.obj)
        found = list(troubles(view, canary.ref)) if view.recent(made, DAY) and not canary.changes else []
        began = oldest(since for _, since in found)
        if made is None or began is None or not _since_traffic(view, canary, began):
            continue
        stable = [w for w in view.serving if _is_stable(view, w, canary)]
        if len(stable) == 1:
            yield _match(view, canary, stable[0], [seen for seen, _ in found], began)


def _since_traffic(view: View, canary: Workload, began: datetime) -> bool:
    """Tell whether it failed from the first: since it was made, or since what leads to it was written."""
    times = [created(canary.obj), *(last_write(obj) for obj in around(view, canary))]
    return any(soon_after(began, at) for at in times)


def _is_stable(view: View, other: Workload, canary: Workload) -> bool:
    """Tell whether a workload is an older version of the same program, is reached as the canary is, and serves well."""
    mine, made = created(canary.obj), created(other.obj)
    if other is canary or mine is None or made is None or mine - made < DAY or another_program(other, canary):
        return False
    if programs(other, tags=True) == programs(canary, tags=True) or other.ready < max(1, other.wanted):
        return False
    by_pod = of_pods(view, other.ref, "error_ratio_by_pod")  # what is measured at the way in is of both
    if not by_pod and (not labels_of(view, other.ref, "error_ratio") or felt(view, other.ref)):
        return False
    named = canary.name.startswith(f"{other.name}-")
    return fmean(by_pod.values() or (0.0,)) <= ERRORS and (named or bool(_ways(view, other) & _ways(view, canary)))


def _ways(view: View, workload: Workload) -> set[str]:
    """Return the Services, routes and hosts by which a workload is reached."""
    services = {service.name for service in view.leading_to(workload.ref)}
    routes = [route for route in view.routes if route.service in services]
    return services | {route.ref for route in routes} | {route.host for route in routes if route.host}


def _match(view: View, canary: Workload, stable: Workload, seen: list[Evidence], began: datetime) -> Match:
    hits = view.hits_of(canary.ref, "code_crash", "schema", "configuration_missing")
    settings = any(hit.trouble == "configuration_missing" for hit in hits)
    ways = tuple(f"{text(obj, 'kind')}/{name(obj)}" for obj in around(view, canary))
    runs = ", ".join(sorted(programs(canary, tags=True)))
    return Match(
        component=canary.ref,
        evidence=(
            *seen[:2],
            Evidence("objects", canary.ref, f"it is new, and runs {runs}", created(canary.obj)),
            Evidence("metrics", stable.ref, "the version before, beside it, is well"),
            *(view.hit_evidence(hit) for hit in hits[:2]),
        ),
        certainty=0.75,
        root_cause="configuration_error" if settings else "code_defect",
        since=began,
        explains=(*ways, *behind(view, canary.ref, but=canary.ref)),
        excludes=(
            *excluding(canary.ref, "it fails since it is there: new pods run the same", *RESTARTS, "scale_workload"),
            *not_for((stable.ref,), f"it is well: {canary.ref} fails beside it"),
        ),
    )


RULE = Rule(
    name="canary_fails",
    title="A new version beside the stable one fails its share of the requests",
    root_cause="code_defect",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no new workload fails beside an older one of the same program that is well",
)
