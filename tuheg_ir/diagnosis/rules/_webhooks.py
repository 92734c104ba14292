"""Which entry of which configuration a webhook is, who answers for it, and whether its own pods have to ask it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.view.reading import at, items, label_selector, mapping, name, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_HOST = late(r"https?://([a-z0-9-]+)(?:\.([a-z0-9-]+)\.svc)?[.:/]")


def entries(view: View) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (Kind/name of its configuration, entry) of each webhook."""
    for kind in KINDS:
        for obj in view.snapshot.of(kind):
            yield from ((f"{kind}/{name(obj)}", each) for each in items(obj, "webhooks"))


def server_of(view: View, hook: str, said: str) -> Workload | None:
    """Return the one workload that answers for a webhook; by its configuration, or by whom a refusal names."""
    named = (each for _, each in entries(view) if text(each, "name") == hook)
    asked = mapping(next(named, {}), "clientConfig", "service")
    host = _HOST.search(said)
    service, space = text(asked, "name"), text(asked, "namespace")
    if not service and host:
        service, space = host[1], host[2] or ""
    found = view.services.get(service)
    if found is None or len(found.backends) != 1 or (space and _space(found.obj) not in ("", space)):
        return None
    return view.workloads[found.backends[0]]


def asks_itself(view: View, hook: str, server: Workload) -> bool:
    """Tell whether new pods of who answers for a webhook would have to be let in by it, as far as anybody can tell."""
    for _, each in entries(view):
        if text(each, "name") != hook:
            continue
        labels = mapping(server.template, "metadata", "labels")
        spaces = at(each, "namespaceSelector")
        return label_selector(at(each, "objectSelector"), labels) and (not spaces or _chosen(view, spaces, server))
    return _space(server.obj) in ("", view.snapshot.namespace)


def _chosen(view: View, selector: Any, server: Workload) -> bool:
    """Tell whether the namespace of a server is one of those for which a webhook is asked, as ours is.

    Values of labels may be hidden: then it is, if it has the same ones as ours.
    """
    there, here = _space(server.obj), view.snapshot.namespace
    if there in ("", here):
        return True
    theirs, ours = (mapping(view.objects("Namespace").get(each), "metadata", "labels") for each in (there, here))
    if label_selector(selector, ours):
        return label_selector(selector, theirs)
    keys = {*mapping(selector, "matchLabels"), *(text(each, "key") for each in items(selector, "matchExpressions"))}
    return bool(ours) and all(ours.get(key) == theirs.get(key) for key in keys)


def _space(obj: Obj) -> str:
    return text(obj, "metadata", "namespace")
