"""Who may hand work to a worker by way of a queue, and whether he may hand it over in another form of late."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited, outside_changes, reached

OF_A_QUEUE = late(
    r"amqp|broker|queue|sqs|kafka|celery|redis|rabbit|sidekiq|resque|(?<![a-z])nats(?![a-z])|pub_?sub|service_?bus",
    re.IGNORECASE,
)
"""How variables are called that tell where work is laid down."""
_KEEP_QUEUES = ("broker", "cache", "database")
"""Roles of programs in which queues lie, the likeliest first."""
_LONGEST = 1000
"""A setting that is longer is no address, but a certificate or a program."""
HANDS = late(
    r"\b(?:en)?queu(?:ed|ing)\b(?![\"']?\s?[=:])|\bdispatched\b|\bhanded (?:over|on|out)\b"
    r"|\b(?:job|task|message|event)s? (?:was |were )?(?:sent|created|scheduled|produced)\b"
    r"|\b(?:sent|scheduled|produced) (?:a |the )?(?:job|task|message|event)"
    r"|\b(?:job|task|message|event)s? (?:\S{1,60} )?(?:was |were )?publish(?:ed|ing)\b"
    r"|\bpublish(?:ed|ing) (?:\S{1,60} ){0,3}?(?:(?:job|task|message|event)s?|to|on|onto)\b",
    re.IGNORECASE,
)
"""How a log tells that work is handed on. What is only published may be a page, and what has `queued_ms` was done."""


def senders_of(view: View, worker: Workload) -> Iterator[Workload]:
    """Yield who may hand a worker work; what each run of a CronJob hands on, that one does."""
    for each in view.workloads.values():
        if each is not worker and role(each) not in DATA and each.kind != "Job" and may_hand(view, each, worker):
            yield each


def may_hand(view: View, sender: Workload, worker: Workload) -> bool:
    """Tell whether one may hand a worker work: it asks it, or shares a store, or a broker, of the namespace or not."""
    called = view.graph.calls.get(worker.ref, set())
    if sender.ref in view.graph.callers(worker.ref) or _calls_one_of(view, sender, called, DATA):
        return True
    return share_a_store(view, sender, worker) or _told_alike(view, sender, worker)


def shares_its_queue(view: View, sender: Workload, worker: Workload) -> bool:
    """Tell whether one reaches where a worker's queue lies: its broker; of who calls none, its cache, or its database.

    Many share the database of a worker whose queue is in a broker, and hand it nothing.
    """
    if _told_alike(view, sender, worker):
        return True
    called = view.graph.calls.get(worker.ref, set())
    for kind in _KEEP_QUEUES:
        if _calls_one_of(view, worker, called, (kind,)):
            return _calls_one_of(view, sender, called, (kind,))
    return share_a_store(view, sender, worker)


def _calls_one_of(view: View, workload: Workload, refs: Collection[str], roles: Collection[str]) -> bool:
    """Tell whether a workload calls one of some others that has one of these roles."""
    both = view.graph.calls.get(workload.ref, set()).intersection(refs)
    return any(role(view.workloads[ref]) in roles for ref in both if ref in view.workloads)


def _told_alike(view: View, one: Workload, other: Workload) -> bool:
    return bool(set(_queues(view, one)) & set(_queues(view, other)))


def _queues(view: View, workload: Workload) -> Iterator[tuple[str, ...]]:
    """Yield the hosts outside that settings of a queue name, and the keys that such settings are taken from."""
    for key, value in view.graph.settings(workload):
        if OF_A_QUEUE.search(key):
            yield from ((host,) for host in hosts_in(key, value[:_LONGEST]) if view.graph.is_away(host))
    spec = mapping(workload.template, "spec")
    for container in [*items(spec, "initContainers"), *items(spec, "containers")]:
        for entry in items(container, "env"):
            if OF_A_QUEUE.search(text(entry, "name")):
                yield from _taken(entry)


def _taken(entry: object) -> Iterator[tuple[str, ...]]:
    for field in ("configMapKeyRef", "secretKeyRef"):
        found = mapping(entry, "valueFrom", field)
        if text(found, "name"):
            yield field, text(found, "name"), text(found, "key")


def changed_within(view: View, sender: Workload, first: datetime, last: datetime) -> bool:
    """Tell whether a sender was released in a span of time, or got other settings, or its schedule was edited."""
    times = [at for ref, at in outside_changes(view, sender) if reached(sender, ref, at)]
    if sender.changes and sender.released_at:
        times.append(sender.released_at)
    if sender.kind == "CronJob" and (at := edited(sender.obj)):
        times.append(at)
    return any(first <= at <= last for at in times)
