"""A cache whose own release took from it the leave to throw out whatever is least used: once it is full it refuses."""

from __future__ import annotations

import re
from datetime import timedelta

from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.releases import releases, template_before
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.wording import words, words_read
from tuheg_ir.diagnosis.view.workloads import Workload

SUSPECT = timedelta(days=7)
"""A cache that is empty when it starts may take days until it is full for the first time."""
ANY_KEY = frozenset({"allkeys-lru", "allkeys-lfu", "allkeys-lrm", "allkeys-random"})
"""Policies of Redis and its kin by which every key may be thrown out: nothing in the cache is irreplaceable."""
_SOME_KEYS = frozenset(
    {"noeviction", "volatile-lru", "volatile-lfu", "volatile-lrm", "volatile-random", "volatile-ttl"}
)
_OF_WORK = re.compile(r"broker|queue|celery|sidekiq|resque|bull(?:mq)?(?:_|$)|(?:^|_)jobs?(?:_|$)", re.IGNORECASE)
"""Names of settings that lead to where work lies until somebody does it."""


def keeps_all_since_release(view: View, cache: Workload) -> bool:
    """Tell whether a release told a cache to keep keys of which it was free to throw out any before.

    Where neither template nor a ConfigMap names a policy any more, that is what the program does by itself.
    """
    if not cache.changed("command", "env") or not releases(view, cache, SUSPECT) or cache.older_pods():
        return False
    now = words_read(view, cache.template)
    told = bool(now & _SOME_KEYS) or not any(kind in ("ConfigMap", "Secret") for kind, _ in reads(cache.template))
    return bool(words(template_before(cache)) & ANY_KEY) and not now & ANY_KEY and told


def holds_more_than_copies(view: View, cache: Workload) -> bool:
    """Tell whether a cache keeps what it holds on a volume, or somebody has his work lie there: that may be wanted."""
    users = (w for ref, w in view.workloads.items() if cache.ref in view.graph.calls.get(ref, ()))
    settings = (each for user in users for each in view.graph.settings(user))
    hosts = (host for key, value in settings if _OF_WORK.search(key) for host in hosts_in(key, value))
    return keeps_data(view, cache) or any(view.graph.resolve(host) == cache.ref for host in hosts)
