"""Which objects ask who keeps a DNS zone for a record, and at which of them it looks.

It is asked by a note of its own, or by the hosts of what it was told to look at. A name stands in much else: in what
browsers may call, in what is redirected to, in rules of kinds at which it does not look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.rules._deleted_records import Deleted, named_by
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.reading import at, items, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_NOTE = late(r"/(?:internal-)?hostname$")
_SOURCE = late(r"(?:^--|_)source(?:=|$)(?P<value>.*)", re.IGNORECASE)
_LOOKED_AT = late(
    r"^-{0,2}[\w-]*(?:source|filter|polic|class|regist|owner|prefix|suffix|namespace|domain|zone|record|provider)"
    r"|^--(?:publish|ignore|fqdn|combine|gateway|crd|service-type|annotation)",
    re.IGNORECASE,
)
"""Settings of what is looked at, and of what is deleted; all else changes how it is told, and how often."""


def _hosts(obj: Obj, *path: str) -> Iterator[str]:
    yield from (str(each) for each in at(obj, *path) or ())


_ASKS: Mapping[str, tuple[tuple[str, ...], Callable[[Obj], Iterator[Any]]]] = {
    "Service": (("service",), lambda _: iter(())),
    "Ingress": (
        ("ingress",),
        lambda obj: iter(
            [
                *(text(rule, "host") for rule in items(obj, "spec", "rules")),
                *(host for each in items(obj, "spec", "tls") for host in each.get("hosts") or ()),
            ]
        ),
    ),
    "HTTPRoute": (("gateway-httproute",), lambda obj: _hosts(obj, "spec", "hostnames")),
    "Gateway": (
        ("istio-gateway",),
        lambda obj: (host for each in items(obj, "spec", "servers") for host in each.get("hosts") or ()),
    ),
    "VirtualService": (("istio-virtualservice",), lambda obj: _hosts(obj, "spec", "hosts")),
    "IngressRoute": (("traefik-proxy",), lambda obj: (text(each, "match") for each in items(obj, "spec", "routes"))),
    "DNSEndpoint": (("crd",), lambda obj: (text(each, "dnsName") for each in items(obj, "spec", "endpoints"))),
}
"""Kinds of objects for which names are put into a zone, what a keeper calls them, and the hosts of their rules."""
KINDS = tuple(_ASKS)


def asking(view: View, gone: Deleted) -> list[Obj]:
    """Return the objects that ask for a name, at which its keeper looks, or looked with a template of before.

    Of a keeper that is not told its kinds only notes are known to be meant for it.
    """
    looks_at = {source for template in _templates(gone.by) for source in _sources(template)}
    named, found = named_by(gone.host), list[Obj]()
    for kind, (sources, hosts) in _ASKS.items():
        looked_at = not looks_at.isdisjoint(sources)
        for obj in view.snapshot.of(kind) if looked_at or not looks_at else ():
            notes = mapping(obj, "metadata", "annotations").items()
            asked = [str(note) for key, note in notes if _NOTE.search(key)]
            asked += [str(host) for host in hosts(obj)] if looked_at else []
            if any(map(named.search, asked)):
                found.append(obj)
    return found


def looks_otherwise(keeper: Workload) -> bool:
    """Tell whether a keeper's last release changed what it looks at, or what it takes for its own."""
    if keeper.changed("image"):
        return True
    before = next((each.template for each in keeper.revisions if each.template != keeper.template), keeper.template)
    return any(map(_LOOKED_AT.search, set(words_of(before)) ^ set(words_of(keeper.template))))


def _templates(keeper: Workload) -> Iterator[Mapping[str, Any]]:
    yield keeper.template
    yield from (each.template for each in keeper.revisions)


def _sources(template: Mapping[str, Any]) -> Iterator[str]:
    """Yield the kinds at which a template lets a keeper look: by `--source=service`, a word after it, a variable."""
    words = words_of(template)
    for word, following in zip(words, (*words[1:], ""), strict=False):
        if source := _SOURCE.search(word):
            yield from (source["value"] or following).split()
