"""An Ingress was given to a class that nobody serves, or to another controller than all the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import felt, stays_away
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.view.reading import name, text, written
from tuheg_ir.diagnosis.view.view import View

LATELY = timedelta(hours=6)


def when(view: View) -> Iterator[Match]:
    """A class that does not exist, or a lately changed one unlike all others, while requests stay away."""
    for obj in view.snapshot.of("Ingress"):
        wrong = _wrong(view, obj)
        ref, at = f"Ingress/{name(obj)}", written(obj)
        backends = tuple(dict.fromkeys(b for r in view.routes if r.ref == ref for b in _backends(view, r.service)))
        hurts = tuple(e for backend in backends for e in (*stays_away(view, backend), *felt(view, backend)))
        if not wrong or not (hurts or view.recent(at, LATELY)):
            continue
        yield Match(
            component=ref,
            evidence=(Evidence("objects", ref, wrong, at), *hurts[:3]),
            certainty=0.7 if hurts else 0.5,
            since=min((e.time for e in hurts if e.time), default=at),
            explains=backends,
            excludes=not_for(backends, f"{ref} does not lead to it any more: its pods are well"),
        )


def _class(obj: Obj) -> str:
    old = text(obj, "metadata", "annotations", "kubernetes.io/ingress.class")
    return text(obj, "spec", "ingressClassName") or old


def _wrong(view: View, obj: Obj) -> str:
    mine, known = _class(obj), view.objects("IngressClass")
    if mine and known and mine not in known:
        return f"its class {mine} does not exist"
    others = {_class(each) for each in view.snapshot.of("Ingress") if name(each) != name(obj)}
    if len(others) == 1 and mine not in others and not known and view.recent(written(obj), LATELY):
        return f"its class is {mine or 'unset'}, that of all others is {min(others) or 'unset'}"
    return ""


def _backends(view: View, named: str) -> tuple[str, ...]:
    service = view.services.get(named)
    return service.backends if service else ()


RULE = Rule(
    name="route_of_no_controller",
    title="An Ingress belongs to a class that no controller serves",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="every Ingress has a class that exists, like the others",
)
