"""A new default priority: pods made since then drive out those that were made before, whoever starts one."""

from __future__ import annotations

from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, excluding
from tuheg_ir.diagnosis.rules._driven_out import SUSPECT, preemptor
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.view.reading import at, created, last_write, oldest, text, whole
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def default_class(view: View, victim: Workload) -> str:
    """Return the priority class that all who drove out pods of a workload have by default since lately; "" if none.

    Who names a class in its own template has it by its owner's will.
    """
    told = view.events_of(victim.ref, "Preempted")
    makers = [preemptor(view, event) for event in told]
    names = {text(maker[1].obj, "spec", "priorityClassName") for maker in makers if maker}
    if not told or None in makers or len(names) != 1:
        return ""
    name = names.pop()
    found = view.objects("PriorityClass").get(name)
    if found is None or at(found, "globalDefault") is not True or whole(found, "value") <= 0:
        return ""
    written, began = last_write(found) or created(found), oldest(event.first for event in told)
    if written is None or began is None or not timedelta() <= began - written <= SUSPECT:
        return ""
    for workload, pod in filter(None, makers):
        given = text(workload.template, "spec", "priorityClassName")
        if given or pod.created is None or pod.created < written:
            return ""
    return name


def blame_class(view: View, name: str, waits: list[tuple[Workload, Evidence]]) -> Match:
    """Return that a class is behind it that pods of some workloads find no place any more."""
    ref, found = f"PriorityClass/{name}", view.objects("PriorityClass")[name]
    victims = [workload.ref for workload, _ in waits]
    events = [event for victim in victims for event in view.events_of(victim, "Preempted")]
    fact = f"globalDefault with value {whole(found, 'value')}: pods made before have a lower priority"
    suffer = behind(view, *victims)
    why = f"every pod made since {ref} is the default drives out older ones"
    return Match(
        component=ref,
        evidence=(
            Evidence("objects", ref, fact, last_write(found) or created(found)),
            *(view.event_evidence(event) for event in events[:2]),
            *(told for _, told in waits[:2]),
        ),
        certainty=0.8,
        root_cause="configuration_error",
        remedy="page_human",
        since=oldest(event.first for event in events),
        explains=(*victims, *suffer),
        excludes=tuple(
            each
            for victim in dict.fromkeys((*victims, *suffer))
            for each in excluding(victim, why, *RESTARTS, "rollback_workload", "scale_workload")
        ),
    )
