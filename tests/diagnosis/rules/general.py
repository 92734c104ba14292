"""Worlds with what a good answer to them may be: told by a decorator, asked by one test."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from tests.diagnosis.rules.tiny import NOW, Obj, figure, thing
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Alert, Finding, Series, Snapshot

Answer = tuple[str, str, str]
"""Component, root cause, remedy."""
World = Callable[[], Snapshot]


@dataclass(frozen=True, slots=True)
class Told:
    """A world with the answers that are right for it and the remedies that would do harm."""

    make: World
    right: tuple[Answer, ...]
    harmful: tuple[str, ...]


class Worlds(dict[str, Told]):
    """Worlds by name."""

    def world(self, *right: Answer, harmful: Collection[str] = ()) -> Callable[[World], World]:
        """Return a decorator that keeps a world with its right answers."""

        def keep(make: World) -> World:
            self[make.__name__] = Told(make, right, tuple(harmful))
            return make

        return keep

    def judge(self, name: str) -> None:
        """Assert that the first answer is right, and none does harm."""
        told = self[name]
        found = decide(told.make()).findings
        assert answer(found[0]) in told.right, found
        assert not {each.remedy for each in found} & set(told.harmful), found


def answer(finding: Finding) -> Answer:
    return finding.component, finding.root_cause, finding.remedy


def errors(component: str, now: float = 0.3, since: float = 600, before: float = 0.001) -> tuple[str, Series]:
    return figure("error_ratio", before, now, since, component=component)


def latency(component: str, before: float = 0.1, now: float = 2.0, since: float = 600) -> tuple[str, Series]:
    return figure("latency_p95", before, now, since, component=component)


def rate(component: str, before: float = 50, now: float = 50, since: float = 600) -> tuple[str, Series]:
    return figure("request_rate", before, now, since, component=component)


def alert(name: str = "HighErrors", state: str = "firing", **labels: str) -> Alert:
    return Alert(name, labels, {}, state, NOW - timedelta(minutes=10))


def ingress(name: str, host: str) -> Obj:
    """Return an Ingress that sends a host to the Service of the same name."""
    path = {"path": "/", "backend": {"service": {"name": name, "port": {"number": 8080}}}}
    rules = [{"host": host, "http": {"paths": [path]}}]
    return thing("Ingress", name, spec={"ingressClassName": "nginx", "rules": rules})
