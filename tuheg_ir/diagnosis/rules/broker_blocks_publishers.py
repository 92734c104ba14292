"""The message broker protects itself: it takes no more messages."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for, settings_written
from tuheg_ir.diagnosis.rules.crash_later import SUSPECT
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import items, name, text
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, releases
from tuheg_ir.diagnosis.view.scaling import scaled_by
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """A broker, or who publishes to it, tells of a resource alarm."""
    for broker in of_role(view.workloads, "broker"):
        found = [c for c in complaints(view, "broker_alarm") if broker.ref in (c.about, c.caller)]
        if not found:
            continue
        if (paused := _paused(view)) is not None:
            yield _of_paused(view, broker, paused, found)
            continue
        if (consumer := _gives_back(view)) is not None:
            yield _of_consumer(view, broker, consumer, found)
            continue
        callers = behind(view, broker.ref, but=broker.ref)
        since = began(found)
        settings = settings_written(view, broker, since)
        yield Match(
            component=settings[0].object if settings else broker.ref,
            evidence=(*settings, *told(view, found)),
            certainty=0.75,
            root_cause="configuration_error" if settings else "",
            since=since,
            explains=(*callers, *((broker.ref,) if settings else ())),
            excludes=(
                *not_for(callers, f"{broker.ref} blocks who publishes: nothing done to them makes room"),
                *not_for(
                    (broker.ref,),
                    "messages that are only in memory would be lost, and the alarm comes back",
                    ("restart_workload", "scale_workload", "rollback_workload"),
                ),
            ),
        )


def _paused(view: View) -> Obj | None:
    """Return the one ScaledObject (KEDA) that somebody paused while its workload has no pods."""
    found = [
        scaled
        for scaled in view.snapshot.of("ScaledObject")
        if any(
            (text(c, "type"), text(c, "status")) == ("Paused", "True") for c in items(scaled, "status", "conditions")
        )
        and (target := view.workloads.get(scaled_by(scaled)))
        and not target.wanted
    ]
    return found[0] if len(found) == 1 else None


def _of_paused(view: View, broker: Workload, scaled: Obj, found: list[Complaint]) -> Match:
    """Return that nobody works the queue off, because who should is paused at zero."""
    target = scaled_by(scaled)
    component = f"ScaledObject/{name(scaled)}"
    suffer = behind(view, broker.ref)
    return Match(
        component=component,
        evidence=(Evidence("objects", component, f"it is paused, and {target} has no pods"), *told(view, found, 2)),
        certainty=0.75,
        root_cause="configuration_error",
        since=began(found),
        explains=(target, *suffer),
        excludes=not_for(suffer, "nobody works off what is published: nothing done to it changes that"),
    )


def _gives_back(view: View) -> Workload | None:
    """Return the one consumer whose young release gives messages back instead of working them off."""
    found = [
        workload
        for workload in view.serving
        if sum(hit.count for hit in view.hits_of(workload.ref, "message_rejected")) >= OFTEN
        and workload.changes
        and releases(view, workload, SUSPECT)
    ]
    return found[0] if len(found) == 1 else None


def _of_consumer(view: View, broker: Workload, consumer: Workload, found: list[Complaint]) -> Match:
    """Return that the queue fills because a release works nothing off: the broker and who publishes only suffer."""
    hits = view.hits_of(consumer.ref, "message_rejected")
    callers = behind(view, broker.ref, but=consumer.ref)
    return Match(
        component=consumer.ref,
        evidence=(view.hit_evidence(hits[0]), *told(view, found, 2), *release_evidence(consumer)),
        certainty=0.75,
        root_cause=release_cause(view, consumer),
        remedy="rollback_workload",
        since=consumer.released_at,
        explains=callers,
        excludes=not_for(callers, f"the queue fills because {consumer.ref} gives back what it takes"),
    )


RULE = Rule(
    name="broker_blocks_publishers",
    title="The message broker is out of memory or disk and blocks publishers",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no broker tells of a resource alarm",
)
