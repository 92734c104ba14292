"""A release that was tried before, and taken back: what failed in that time speaks for it as much as against it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.test_errors_since_release__waves import BACK, CODE, LOOK, NOBODYS, waves
from tests.diagnosis.rules.tiny import at
from tuheg_ir.diagnosis.model import Obj, Snapshot

FIRST = 12000.0
"""How many seconds ago the release was tried first."""
REVISION = "deployment.kubernetes.io/revision"
INTO_IT = (9000.0, 8990.0, 8980.0, 8970.0)
"""Fifty minutes later who asks it failed."""


def _numbered(obj: Obj, number: int, **more: Any) -> Obj:
    """Return a ReplicaSet with its number, and more in what tells of it."""
    return {**obj, "metadata": {**obj["metadata"], "annotations": {REVISION: str(number)}, **more}}


def _with(before: tuple[float, ...], *sets: Callable[[Obj, Obj], Obj]) -> Snapshot:
    """Return a shop that fails since it was released, with other ReplicaSets: made of the two that it has."""
    world = waves(600, released=1100, before=before, figures=NOBODYS, heard=20000)
    well, bad = (each for each in world.of("ReplicaSet") if each["metadata"]["name"].startswith("shop-"))
    others = (each for each in world.of("ReplicaSet") if each not in (well, bad))
    return replace(world, objects={**world.objects, "ReplicaSet": (*others, *(each(well, bad) for each in sets))})


def again(*before: float, back: bool = True, ended: float | None = None) -> Snapshot:
    """Return a shop whose release of late is the second try of it.

    ``before``: when who asks it failed before; ``back``: whether the template of before came back between them, or
    another one was made; ``ended``: when the first try was scaled down, if its ReplicaSet tells.
    """

    def first(_: Obj, bad: Obj) -> Obj:
        wrote = [] if ended is None else [{"manager": "kube-controller-manager", "time": at(ended)}]
        made = {"name": "shop-r9", "creationTimestamp": at(FIRST), "managedFields": wrote}
        spec = copy.deepcopy({**bad["spec"], "replicas": 0})
        spec["template"]["spec"]["containers"][0]["image"] = "registry.example/shop:1-rc1"
        return _numbered({**bad, "spec": spec}, 2, **made)

    made = {} if back else {"creationTimestamp": at(FIRST - 2400)}
    return _with(before, lambda well, _: _numbered(well, 3, **made), lambda _, bad: _numbered(bad, 4), first)


def reused(*before: float) -> Snapshot:
    """Return the same where the second try has the template of the first one, and so its ReplicaSet."""

    def second(_: Obj, bad: Obj) -> Obj:
        found = _numbered(bad, 4, creationTimestamp=at(FIRST))
        found["metadata"]["annotations"][f"{REVISION}-history"] = "2"
        return found

    return _with(before, lambda well, _: _numbered(well, 3), second)


HOLDS = [
    *(
        Holds(f"its first try was taken back, and {what}", world, (SHOP, *CODE))
        for what, world in (
            ("all was well then", again()),
            ("who asks it failed as it came", again(FIRST - 100, FIRST - 110)),
            ("who asks it failed well into it", again(*INTO_IT)),
            ("failed into it, until its ReplicaSet was scaled down", again(*INTO_IT, ended=8900)),
            ("failed well into it, with the same template as now", reused(*INTO_IT)),
        )
    ),
    *(
        Holds(f"it was tried before, but who asks it failed {what}", world, (SHOP, *LOOK), harmful=(BACK,))
        for what, world in (
            ("minutes before it came again", again(1700, 1690, 1680)),
            ("minutes before it came again, with the same template", reused(1700, 1690, 1680)),
            ("after its ReplicaSet was scaled down", again(*INTO_IT, ended=9600)),
            ("long after another one had followed it", again(*INTO_IT, back=False)),
            ("before the first try of it", again(FIRST + 900, FIRST + 890, FIRST + 880)),
        )
    ),
]
