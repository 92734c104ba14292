"""A Job has done its work and does not end: a helper beside it, made to serve for ever, holds its pod open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.reading import items, last_write, newest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

LONG = timedelta(minutes=15)
"""So long after the work is done a helper that knows that it should end has ended."""
DAY = timedelta(hours=24)
HELPERS = late(
    r"proxy|side.?car|agent|envoy|istio|linkerd|mesh|tunnel|exporter|collector|otel|fluent|filebeat|vector|forward|"
    r"shipper|dapr|vault",
    re.IGNORECASE,
)

_METRICS = late(r"metric|prom|monitor|pprof", re.IGNORECASE)
"""A worker has such a port as well."""


def when(view: View) -> Iterator[Match]:
    """A container of a run completed, only helpers run on for long, and somebody misses the next runs."""
    for workload in view.workloads.values():
        missed = tuple(_missed(view, workload)) if workload.kind in BATCH else ()
        held = [pod for pod in workload.live if _left(view, pod)] if missed else []
        if held:
            yield _match(view, workload, held[0], missed)


def _left(view: View, pod: Pod) -> list[Container]:
    """Return the helpers that run on in a pod whose work was done long ago; [] if it is not so."""
    mine = [c for c in pod.containers if not c.init]
    done = [c for c in mine if c.state == "terminated" and c.ended and c.ended.exit_code == 0]
    left = [c for c in mine if c.state == "running"]
    ended = newest(c.ended.at for c in done if c.ended)
    over = ended is not None and view.now - ended >= LONG
    return left if over and len(done) + len(left) == len(mine) and all(map(_helps, left)) else []


def _helps(container: Container) -> bool:
    """Tell whether a container is there for others: it listens, or is a program of that kind."""
    serves = any(not _METRICS.search(text(port, "name")) for port in items(container.spec, "ports"))
    named = HELPERS.search(f"{container.name} {text(container.spec, 'image')}") is not None
    return serves or named or "readinessProbe" in container.spec


def _missed(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield who tells that runs are missed: an alert, or the controller that may not start the next one."""
    for alert in view.alerts:
        if view.about_alert(alert) == workload.ref:
            yield alert.fires(workload.ref)
    if text(workload.obj, "spec", "concurrencyPolicy") == "Forbid":
        yield from (view.event_evidence(e) for e in view.events_of(workload.ref, "JobAlreadyActive")[:1])


def _match(view: View, workload: Workload, pod: Pod, missed: tuple[Evidence, ...]) -> Match:
    left = _left(view, pod)
    done = [c for c in pod.containers if not c.init and c not in left]
    ended = newest(c.ended.at for c in done if c.ended)
    changed = last_write(workload.obj)
    lately = changed is not None and view.recent(changed, DAY)
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", f"Pod/{pod.name}", f"{done[0].name} completed, {left[0].name} runs on", ended),
            *missed[:2],
            *((Evidence("objects", workload.ref, "it was written of late", changed),) if lately else ()),
        ),
        certainty=0.75,
        since=ended,
    )


RULE = Rule(
    name="run_held_open",
    title="A Job is done, and a helper beside it never ends",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no run that is missed has completed but for helpers that run on",
)
