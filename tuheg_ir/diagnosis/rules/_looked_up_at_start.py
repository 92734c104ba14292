"""Names of a proxy's file that it looks up once, when it starts: it keeps the addresses of pods that are gone.

So nginx takes each name that stands in its file as it is, unless a line bids it look again (``resolve``) or the name is
made of a variable. Behind a Service with an address of its own that does no harm; where each pod has its own name, or
the name leads to all of them, their addresses change as they are made anew.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.reading import mapping, newest, oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

_COMMENT = late(r"#[^\n]{0,400}")
_SERVER = late(r"(?<![\w$.-])server\s+([a-z][\w.-]{0,252})(?::\d{1,5})?((?:\s[^;{}]{0,200})?);", re.IGNORECASE)
"""One of several that a proxy chooses from, and what more is said of it."""
_PASSES = late(
    r"\b(?:proxy|grpc|fastcgi|uwsgi|scgi|memcached)_pass\s+(?:[a-z]{2,6}://)?([a-z][\w.-]{0,252})(?=[:/;])",
    re.IGNORECASE,
)
_GROUP = late(r"\bupstream\s+([\w.-]{1,252})\s*\{", re.IGNORECASE)
_AGAIN = late(r"\bresolve\b", re.IGNORECASE)


def looked_up_at_start(view: View, caller: Workload, renewed: Workload, gone: Collection[str]) -> tuple[Evidence, ...]:
    """Return the file by which a caller looked up pods of a workload as it started; () if another one would as little.

    A file that was edited since is read by whoever starts now: nobody knows how that goes. Nor if a file has the
    addresses themselves, or somebody who is younger than the new pods is led to those that are gone.
    """
    maps = list(view.maps_read(caller.template))
    files = [(label, obj, str(value)) for label, obj in maps for value in mapping(obj, "data").values()]
    began = oldest(pod.started for pod in caller.live)
    if began is None or any(each in value for *_, value in files for each in gone):
        return ()
    if any((at := edited(obj)) is not None and at > began for _, obj, _ in files) or _misled(view, renewed, gone):
        return ()
    for label, obj, value in files:
        found = [(host, again) for host, again in _hosts(value) if names_pods(view, host, renewed.ref)]
        if found and not any(again for _, again in found):
            fact = f"it has {found[0][0]}, which is looked up when it is read, and not again"
            return (Evidence("objects", f"ConfigMap/{label}", fact, edited(obj)),)
    return ()


def _hosts(value: str) -> Iterator[tuple[str, bool]]:
    """Yield the names that a file leads to, and whether it bids that they are looked up again."""
    said = _COMMENT.sub("", value)
    groups = {each[1].lower() for each in _GROUP.finditer(said)}
    for each in _SERVER.finditer(said):
        yield each[1].lower(), _AGAIN.search(each[2]) is not None
    yield from ((host, False) for each in _PASSES.finditer(said) if (host := each[1].lower()) not in groups)


def names_pods(view: View, host: str, ref: str) -> bool:
    """Tell whether a name leads to the addresses of a workload's pods: its Service has none of its own."""
    parts = host.lower().split(".")[:2]
    bare = (each.name for each in view.leading_to(ref) if each.headless)
    return any(each in parts for each in bare) and view.graph.resolve(host) == ref


def _misled(view: View, renewed: Workload, gone: Collection[str]) -> bool:
    """Tell whether a pod that started after the new ones came is led to those that are gone."""
    came = newest(pod.created for pod in renewed.live)
    young = {pod.name for _, pod in view.pods() if came and pod.started and pod.started > came}
    return any(hit.pod in young and not set(gone).isdisjoint(hit.hosts) for hit in view.hits)
