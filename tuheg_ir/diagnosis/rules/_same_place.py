"""Whether two programs lay down and find work in the same place of a store, and not only on the same server."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._fed_by import OF_A_STORE
from tuheg_ir.diagnosis.rules._hands_work import OF_A_QUEUE
from tuheg_ir.diagnosis.view.changes import keys_of
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_ADDRESS = late(
    r"(?P<kind>[a-z][\w+.-]{0,40})://(?:[^@/\s]{0,300}@)?[^/\s?'\"]{1,300}(?:/(?P<place>[^\s?'\"]{0,200}))?"
    r"(?:\?(?:[^\s'\"]{0,200}&)?db=(?P<number>\d{1,5}))?",
    re.IGNORECASE,
)
_REDIS = late(r"redis|valkey", re.IGNORECASE)
_WHERE = late(
    r"(?:^|_)(?:redis|valkey|horizon|sidekiq|celery|queue|broker|amqp|rabbitmq|db|database|pg|postgres|mysql|cache)_?"
    r"(?:\w{1,40}_)?(?:db|database|db_?name|v(?:irtual_?)?host|prefix|namespace)(?:_?(?:number|index|name))?$|^db_name$",
    re.IGNORECASE,
)
"""Variables that name a part of a server which one has for oneself: a database, a vhost, a prefix of all keys."""
_WHOSE = late(
    r"^(?!new_?relic|elastic|dd_|datadog|otel|sentry|app_?signal|scout|log)(?:\w{1,40}_)?"
    r"(?:app(?:lication)?_?name|(?:default_)?queue(?:_?name)?|(?:tenant|customer|brand|market|country|site|realm"
    r"|organi[sz]ation|shard|partition|region)s?(?:_?(?:id|name|key|code|slug|index|number|no))?)$",
    re.IGNORECASE,
)
"""Variables of whose, or which part of the, work it is: keys may be made of them, as Laravel's are of APP_NAME.

What one is called where it is watched is none.
"""
_FIRST = {"redis_db": "0"}
"""What is meant where nothing is said."""
_LONGEST = 1000
"""A setting that is longer is no address."""


def same_place(view: View, one: Workload, other: Workload) -> bool:
    """Tell whether two may use the same place of a store, as far as settings tell.

    Where they call no store that is known, one key of a store in common tells it, or a Secret taken whole.
    """
    if _named_apart(view, one, other):
        return False
    calls = view.graph.calls
    both = calls.get(one.ref, set()) & calls.get(other.ref, set())
    stores = [ref for ref in both if ref in view.workloads and is_store(view.workloads[ref])]
    if stores:
        return all(_meet(view, one, other, ref) for ref in stores)
    return bool(_keys(one) & _keys(other))


def _meet(view: View, one: Workload, other: Workload, ref: str) -> bool:
    mine, its = (set(_places(view, each, ref)) for each in (one, other))
    return not mine or not its or "" in mine | its or bool(mine & its)


def _places(view: View, workload: Workload, ref: str) -> Iterator[str]:
    """Yield what part of a store the addresses of a workload name; "" for an address that names none."""
    for _, value in view.graph.settings(workload):
        for found in _ADDRESS.finditer(value[:_LONGEST]):
            if ref in map(view.graph.resolve, hosts_in("", found[0])):
                place = (found["number"] or found["place"] or "").strip("/").lower()
                yield place or ("0" if _REDIS.match(found["kind"]) else "")


def _named_apart(view: View, one: Workload, other: Workload) -> bool:
    """Tell whether variables of one name tell that two have parts of their own of a server, or may have them."""
    mine, its = (
        {
            key.lower(): value.strip().lower()
            for key, value in view.graph.settings(each)
            if value and (_WHERE.search(key) or _WHOSE.search(key))
        }
        for each in (one, other)
    )
    if (mine.keys() | its.keys()) & _FIRST.keys():
        mine, its = {**_FIRST, **mine}, {**_FIRST, **its}
    return any(mine[key] != its[key] for key in mine.keys() & its.keys())


def _keys(workload: Workload) -> set[tuple[str, str]]:
    """Return what a workload takes of the Secrets of stores, or of such as it takes whole."""
    return {
        (label, key)
        for kind, label, key, _ in keys_of(workload.template)
        if kind == "Secret" and (not key or OF_A_STORE.search(f"{label} {key}") or OF_A_QUEUE.search(f"{label} {key}"))
    }
