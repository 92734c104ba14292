"""Names that lead nowhere since somebody took away what bore them: a name server rightly knows them no more.

Who delivers from a repository takes away what stands there no longer, and does it in a moment and by the dozen when a
template renders to less than it did. He tells it himself; where nobody hears him, pods were ended and nothing is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import lines_told, speaks_of
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import items, moment, name, ref, text
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import owner_references
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple

_TAKEN = late(r"\b(?:prun(?:ed|ing)|delet(?:ed?|ing)|garbage collect\w*|uninstall\w*)\b", re.IGNORECASE)
_WORDS = ("prun", "delet", "garbage collect", "uninstall")
_NOT_TAKEN = late(
    r"prune ?skipped|no prune|ignored|dry.?run|\b(?:fail|error|cannot|could not|unable|forbidden|would)|not found",
    re.IGNORECASE,
)
"""What is only spoken of stays."""
_SERVICE = late(
    r"\bservices?/(?:(?P<space>[a-z0-9-]+)/)?(?P<a>[a-z][a-z0-9-]*)"
    r"|\bservice [\"'\\]+(?P<b>[a-z][a-z0-9-]*)"
    r"|\bdelete for [\"'\\]+(?P<c>[a-z][a-z0-9-]*)[\"'\\]+ service\b"
    r"|\bkind=service name=(?P<d>[a-z][a-z0-9-]*)",
    re.IGNORECASE,
)
"""How Flux (`Service/shop/cart deleted`), kubectl, Helm's two ways and Argo CD name the Service that they take away."""
_SPACE = late(r"\bnamespace[=:/ ]+[\"'\\]*([a-z0-9-]+)", re.IGNORECASE)
_BY = late(
    r"\bapplication=(?:[\w-]+/)?(?P<a>[\w-]+)"
    r"|\"(?P<kind>Kustomization|HelmRelease)\": ?\{\"name\": ?\"(?P<b>[\w-]+)\""
)
"""For whom a controller does it: an Application of Argo CD, or an object of Flux, as its log names it."""


class Gone(NamedTuple):
    """What bore a name was taken away: on whose account (or nobody is known), how one sees it, when."""

    by: str
    seen: tuple[Evidence, ...]
    at: datetime | None


def label_of(view: View, host: str) -> str:
    """Return which Service of the namespace a host means by its name, if there is one or not; "" one of elsewhere."""
    head, _, _ = f"{host.lower().strip('.')}.".partition(".svc.")
    parts = head.strip(".").split(".")
    if len(parts) > 1 and parts[-1] != view.snapshot.namespace.lower():
        return ""
    return parts[-2] if len(parts) > 1 else parts[0]


def taken_away(view: View, label: str) -> Gone | None:
    """Return that a Service of the namespace was taken away; None where it is there, or nobody can tell."""
    if not label or label in view.services or not view.snapshot.known("Service"):
        return None
    return _delivered(view).get(label) or _told(view).get(label) or _ended(view).get(label)


@once_a_view
def _delivered(view: View) -> Mapping[str, Gone]:
    """Return name -> what an Application of Argo CD says of its last sync: what it pruned."""
    found = {}
    for app in view.snapshot.of("Application"):
        state = ("status", "operationState")
        at = moment(app, *state, "finishedAt") or moment(app, *state, "startedAt")
        began = moment(app, *state, "startedAt") or at
        for each in items(app, *state, "syncResult", "resources"):
            ours = text(each, "namespace") in ("", view.snapshot.namespace)
            if ours and (text(each, "kind"), text(each, "status")) == ("Service", "Pruned"):
                label = text(each, "name")
                seen = Evidence("objects", ref(app), f"its sync pruned Service {label}", at)
                above = _above(view, app, began)
                wrote = (Evidence("objects", ref(above), "it was changed then", edited(above)),) if above else ()
                found[label] = Gone(ref(above or app), (seen, *wrote), at)
    return found


def _above(view: View, app: Obj, began: datetime | None) -> Obj | None:
    """Return what makes an Application, if it was changed just before that began to sync."""
    makers = {(text(each, "kind"), text(each, "name")) for each in owner_references(app)}
    sets = view.snapshot.of("ApplicationSet")
    return next((s for s in sets if ("ApplicationSet", name(s)) in makers and soon_after(began, edited(s))), None)


@once_a_view
def _told(view: View) -> Mapping[str, Gone]:
    """Return name -> what an event, or the log of who delivers, tells: it took away a Service of the namespace."""
    found: dict[str, Gone] = {}
    for event in view.events:
        for label in _named(view, event.message):
            by = "" if event.about.startswith(("Pod/", "Service/")) else event.about
            found.setdefault(label, Gone(by, (view.event_evidence(event),), event.first))
    for log in view.snapshot.logs:
        for line in log.lines if speaks_of(log, _WORDS) else ():
            for label in _named(view, line):
                whose = _BY.search(line)
                who = f"{whose['kind'] or 'Application'}/{whose['a'] or whose['b']}" if whose else ""
                at = stamp(line)
                found.setdefault(label, Gone(who, (lines_told(log.pod, 1, line, at),), at))
    return found


def _named(view: View, line: str) -> Iterator[str]:
    """Yield the Services of the namespace that a line says were taken away."""
    if not _TAKEN.search(line) or _NOT_TAKEN.search(line):
        return
    space = _SPACE.search(line)
    for told in _SERVICE.finditer(line):
        where = told["space"] or (space[1] if space else "")
        if where in ("", view.snapshot.namespace):
            yield (told["a"] or told["b"] or told["c"] or told["d"]).lower()


@once_a_view
def _ended(view: View) -> Mapping[str, Gone]:
    """Return name -> that pods were ended of which no workload is left: of what is scaled down or released one is."""
    found: dict[str, Gone] = {}
    if not view.snapshot.known("Deployment"):
        return found
    for event in view.events:
        label = event.component.partition("/")[2]
        if event.reason == "Killing" and event.about.startswith("Pod/") and not _is_there(view, label):
            fact = f"its pods were ended, and neither it nor a Service {label} is there"
            found.setdefault(label, Gone("", (Evidence("events", event.component, fact, event.last),), event.last))
    return found


def _is_there(view: View, label: str) -> bool:
    return any(workload.name == label for workload in view.workloads.values())
