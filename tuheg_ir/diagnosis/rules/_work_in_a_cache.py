"""Whether work may lie for a program in a cache, as Celery, Sidekiq or Bull lay it down there: no broker is needed."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._eviction import leads_to_others
from tuheg_ir.diagnosis.rules._readers import works_on_messages
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.programs import image_name, role
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_WORK = late(
    r"broker|queue|celery|sidekiq|resque|dramatiq|bull(?:mq)?(?![a-z])|(?<![a-z])(?:jobs?|rq|arq)(?![a-z])",
    re.IGNORECASE,
)
"""Words of work that lies somewhere until somebody does it, in settings and commands."""
_OF_A_CACHE = late(r"redis|valkey|keydb|dragonfly", re.IGNORECASE)
"""Words of stores that such programs use, where they are run outside, or a Secret keeps the address."""
_LAID = late(
    r"sidekiq|celery|resque|dramatiq|asynq|huey|taskiq|(?<![a-z])(?:bullmq|laravel.horizon)(?![a-z])|artisan.horizon"
    r"|(?:^|[\s/])a?rq(?:\s|$)",
    re.IGNORECASE,
)
"""Programs that lay down work in such a store, where nothing tells that it is in another.

As an image or a command: variables speak of them as well to switch them off, or to measure them.
"""
_QUEUES = late(r"^(?!.*cache).*(?:queue|broker)", re.IGNORECASE)
"""Names of settings that tell where work lies, if their value or they themselves name such a store.

Not where copies lie; nor are jobs always work, as people look for them.
"""
_TELEMETRY = late(r"^(?:otel|dd|datadog|new_?relic|elastic|sentry|statsd|prometheus|scout|app_?signal)_", re.IGNORECASE)
"""How variables begin of what a program tells of itself: that names whatever may be measured."""
_ELSEWHERE = late(r"amqps?://|rabbitmq|kafka|pulsar|\bnats://|(?<![a-z])sqs(?![a-z])|faktory", re.IGNORECASE)
"""Words of where else work may lie."""
_LONGEST = 1000
"""A setting that is longer is no address, but a certificate or a program."""


def finds_work_in_a_cache(view: View, workload: Workload) -> bool:
    """Tell whether who asks a cache speaks of such work, or has no Service and shares that cache with another.

    The other may lay down there what it does. What a setting says of a host of others is not of the cache.
    """
    caches = {each.ref for each in view.called(workload.ref) if role(each) == "cache"}
    settings = [(key, value[:_LONGEST]) for key, value in view.graph.settings(workload)]
    if not caches and not any(_OF_A_CACHE.search(f"{key} {value}") for key, value in settings):
        return False
    if any(_OF_WORK.search(f"{key} {value}") for key, value in settings if not _of_others(view, key, value, caches)):
        return True
    shared = any(caches & called for ref, called in view.graph.calls.items() if ref != workload.ref)
    return shared and works_on_messages(view, workload)


def _of_others(view: View, key: str, value: str, caches: set[str]) -> bool:
    """Tell whether a setting names hosts, and all of them are of workloads here that are none of these caches."""
    hosts = hosts_in(key, value)
    return bool(hosts) and all((ref := view.graph.resolve(host)) and ref not in caches for host in hosts)


def lays_work_in(view: View, user: Workload, cache: Workload) -> bool:
    """Tell whether who asks a cache lays its work down there, or works it off, by all that is known of it.

    Not where it speaks of another place for its work, or asks a broker: then it has only copies in the cache.
    """
    settings = [(key, value[:_LONGEST]) for key, value in view.graph.settings(user)]
    if any(role(each) == "broker" for each in view.called(user.ref)) or _keeps_it_elsewhere(view, settings, cache):
        return False
    images = (image_name(text(each, "image")) for each in items(user.template, "spec", "containers"))
    # A flag may name what is not to run, or not to be measured.
    words = (value for key, value in settings if not key and not value.startswith("-"))
    return any(_LAID.search(each) for each in (*images, *words)) or any(
        _QUEUES.search(key) and not _TELEMETRY.search(key) and _OF_A_CACHE.search(f"{key} {value}")
        for key, value in settings
    )


def _keeps_it_elsewhere(view: View, settings: list[tuple[str, str]], cache: Workload) -> bool:
    """Tell whether settings name another place for work: a store that is none of this cache, or a broker."""
    if any(_ELSEWHERE.search(f"{key} {value}") for key, value in settings):
        return True
    of_work = [(key, value) for key, value in settings if _OF_WORK.search(f"{key} {value}")]
    return any(leads_to_others(view, k, v, cache) for k, v in of_work if not v.startswith("http"))
