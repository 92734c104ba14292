"""Colours that are released by turns: the one that users were led away from is what served before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._colours import coloured
from tuheg_ir.diagnosis.rules._strangers import reached_from_outside
from tuheg_ir.diagnosis.rules._twins import started_alike, started_otherwise
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import created, items, last_write, mapping, newest, oldest, parse_moment, text
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Revision, Workload

_MIGRATES = late(r"migrat|schema|flyway|liquibase|alembic|\bddl\b|goose|dbmate|prisma", re.IGNORECASE)
"""Words by which a run, or a container before the program, tells that it changes the form of data."""
_COLOUR = late(r"(?:.*[-_.])?(?:colou?r|slot)", re.IGNORECASE)
"""Names of labels that tell one colour from the other: a track is a canary's, a release or version anybody's."""
_SWITCHED = late(r"switch|cut-?over", re.IGNORECASE)
"""Names of annotations by which a pipeline keeps when it led users from one colour to the other.

A promotion may be that of a version, which no other colour has served before.
"""
_PROBED = 1.0
"""Requests a second that probes and trials may make; more than that are users."""


def served_before(view: View, workload: Workload) -> tuple[Service, Workload] | None:
    """Return the Service that leads to a workload alone, and its other colour, which served before its release.

    Where colours are released by turns the template before of the one that serves is that of the release before the
    last: the other colour has a newer one. What was released in place, under users that had long been led to it, goes
    back by itself. Where nobody knows when users were led to it, the other one may have served before.
    """
    before, came = _template_before(workload), workload.released_at
    since = before.created if before else None
    if before is None or since is None or came is None:
        return None
    known = (_images(before.template), _images(workload.template))
    found = {
        other.ref: (service, other)
        for service in view.services.values()
        if service.backends == (workload.ref,) and not _led_before(service, came)
        for other in view.serving
        if _other_colour(service, workload, other)
        and not has_users(view, other)
        and (made := brought(other)) is not None
        and since < made < came
        and _images(other.template) not in known
    }
    return next(iter(found.values())) if len(found) == 1 else None


def led_back(view: View, ref: str) -> tuple[str, Evidence] | None:
    """Return the Service by which users can be led back to what served before a release, and that it is well.

    It stands by with as many pods, nothing ails it, it is set up alike, and nobody has changed its data since its own
    release. A pipeline noted that it led the Service away from it since the release: else it may never have served.
    A write of the Service alone proves nothing: Helm writes its labels anew with each release, others annotations.
    """
    workload = view.workloads.get(ref)
    found = served_before(view, workload) if workload else None
    if workload is None or found is None:
        return None
    service, other = found
    at, came = switched_at(service), workload.released_at
    if at is None or came is None or at <= came or not set_up_alike(workload, other):
        return None
    if other.ready < max(1, other.wanted, workload.wanted):
        return None
    if any(troubles(view, other.ref)) or any(fresh(view, hit) for hit in view.hits_of(other.ref)):
        return None
    if _data_changed(view, workload, other):
        return None
    told = f"{other.ready} pods of it stand by with what served before; {service.ref} could lead to them"
    return service.ref, Evidence("objects", other.ref, told, brought(other))


def _led_before(service: Service, moment: datetime) -> bool:
    """Tell whether a Service is known to have led where it leads before a moment: nobody wrote or switched it since."""
    at = newest((last_write(service.obj), switched_at(service)))
    return at is not None and at < moment


def switched_at(service: Service) -> datetime | None:
    """Return when a pipeline noted that it led a Service from one colour to the other; None if it never did.

    Behind the time may stand who did it, and what for.
    """
    notes = mapping(service.obj, "metadata", "annotations")
    told = [notes[key] for key in notes if _SWITCHED.search(str(key))]
    return newest(parse_moment(each) or parse_moment(str(each).partition(" ")[0]) for each in told)


def _other_colour(service: Service, workload: Workload, other: Workload) -> bool:
    """Tell whether another workload is the same program in the colour that a Service does not lead to."""
    if other.ref == workload.ref or started_otherwise(workload, other) or not coloured(service, other, workload):
        return False
    apart = [key for key, value in service.selector.items() if other.labels.get(key) != value]
    return all(_COLOUR.fullmatch(key.rpartition("/")[2]) for key in apart)


def has_users(view: View, other: Workload) -> bool:
    """Tell whether a workload has users of its own: a way from outside, others that call it, or more than trials."""
    callers = (view.workloads.get(ref) for ref in view.graph.callers(other.ref))
    if reached_from_outside(view, other) or any(each is not None and each.kind not in BATCH for each in callers):
        return True
    rates = (
        view.figures.still("request_rate", component=label) for label in labels_of(view, other.ref, "request_rate")
    )
    return any(rate is not None and rate > _PROBED for rate in rates)


def set_up_alike(workload: Workload, other: Workload) -> bool:
    """Tell whether two workloads have the same settings, Secrets and volumes: other data may be another's data."""
    return started_alike(workload, other) and reads(workload.template) == reads(other.template)


def _template_before(workload: Workload) -> Revision | None:
    """Return the last revision with other images than those in force."""
    now = _images(workload.template)
    return next((each for each in workload.revisions if _images(each.template) != now), None)


def _images(template: Mapping[str, Any]) -> set[str]:
    return {text(container, "image") for container in items(template, "spec", "containers")}


def brought(workload: Workload) -> datetime | None:
    """Return when a workload's template came."""
    return workload.released_at or oldest(each.created for each in workload.revisions) or created(workload.obj)


def _data_changed(view: View, workload: Workload, other: Workload) -> bool:
    """Tell whether the form of data may have been changed since the other colour was released: by a run, or at start.

    What it finds then it was not made for, and idle as it is it does not tell.
    """
    theirs = brought(other)
    for run in view.workloads.values():
        made = created(run.obj)
        later = made is None or theirs is None or made > theirs
        if run.kind == "Job" and not controller(run.obj) and later:
            shared = view.graph.needs(run.ref) & view.graph.needs(other.ref)
            if shared or _MIGRATES.search(run.name):
                return True
    first = items(workload.template, "spec", "initContainers")
    return any(_MIGRATES.search(f"{text(each, 'name')} {each.get('command')} {each.get('args')}") for each in first)
