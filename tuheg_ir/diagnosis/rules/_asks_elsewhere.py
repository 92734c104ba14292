"""A program asks in vain, since its release, at an address which only its new template names.

It runs and is ready, as nobody asked of it whether it gets what it lives on. Where its log names the address, and the
template before named another one, it is not by chance that both came in one minute. Where nobody read its log, the
Service at that address may offer no such port.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.complaints import OFTEN, fresh
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.releases import since_release, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_ADDRESS = late(r"(?<![\w.-])([a-zA-Z](?:[\w-]*\w)?(?:\.[\w-]+)*):(\d{2,5})(?![\w:.])")


@once
def asks_elsewhere(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return what the pods of a release tell of an address that is new with it; () where going back is no better.

    Where the address before is one of a Service that is not there any more, the release went with the times.
    """
    now, was = words_of(workload.template), words_of(template_before(workload))
    if not was or _moved_away(view, was, now):
        return ()
    pods = {pod.name for pod in workload.newest_pods()}
    told = [
        hit
        for hit in view.hits_of(workload.ref)
        if hit.pod in pods
        and not hit.previous
        and hit.count >= OFTEN
        and fresh(view, hit)
        and since_release(workload, hit.first)
        and any(_names(now, each) and not _names(was, each) for each in _asked(hit))
    ]
    heard = tuple(view.hit_evidence(hit) for hit in told) if {hit.pod for hit in told} == pods else ()
    return (*heard, *_not_offered(view, workload, now, was))


def _not_offered(view: View, workload: Workload, now: Sequence[str], was: Sequence[str]) -> Iterator[Evidence]:
    """Yield a Service that only the new template names, at a port which it does not offer.

    One without an address of its own leads to whichever port of its pods is asked.
    """
    for found in (found for word in now for found in _ADDRESS.finditer(word) if not _names(was, found[0])):
        name, _, rest = found[1].lower().partition(".")
        service = view.services.get(name)
        space = text(service.obj, "metadata", "namespace") if service else ""
        elsewhere = bool(rest and space) and rest.partition(".")[0] != space
        if service is None or elsewhere or service.headless or not service.ports:
            continue
        if found[2] not in {text(port, "port") for port in service.ports}:
            told = f"it asks {found[0]} since its release, and {service.ref} offers no such port"
            yield Evidence("objects", workload.ref, told, workload.released_at)


def asked_elsewhere(view: View, workload: Workload) -> tuple[str, ...]:
    """Return the workloads at whose addresses a program asks since its release, and did not before."""
    now, was = (_hosts(words_of(each)) for each in (workload.template, template_before(workload)))
    return tuple(sorted(ref for host in now - was if (ref := _service(view, host))))


def _service(view: View, host: str) -> str:
    """Return the workload behind the Service that a host names, in whichever namespace."""
    service = view.services.get(host.partition(".")[0])
    return next(iter(service.backends), "") if service else ""


def _moved_away(view: View, was: Sequence[str], now: Sequence[str]) -> bool:
    """Tell whether the Service that was asked before is gone, where those of its namespace were read."""
    old, new = _hosts(was) - _hosts(now), _hosts(now) - _hosts(was)
    read = {host.partition(".")[2] for host in new if host.partition(".")[0] in view.services}
    return any(rest in read and name not in view.services for name, _, rest in (host.partition(".") for host in old))


def _hosts(given: Sequence[str]) -> set[str]:
    return {host for word in given for host in hosts_in("", word)}


def _asked(hit: Hit) -> Iterator[str]:
    """Yield the addresses in a line as far as they are written: with what they are asked by, and their port."""
    for host in hit.hosts:
        for found in re.finditer(
            rf"(?:\w+://)?(?<![\w.-]){re.escape(host)}(?::\d+)?(?![\w.-])", hit.line, re.IGNORECASE
        ):
            yield found[0].lower()


def _names(given: Sequence[str], address: str) -> bool:
    known = re.compile(rf"(?<![\w.-]){re.escape(address)}(?![\w:.-])", re.IGNORECASE)
    return any(known.search(word) for word in given)
