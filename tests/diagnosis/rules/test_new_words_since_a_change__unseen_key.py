"""What a release cannot decrypt takes nobody back, where its key may have been replaced and nobody may see it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, shop
from tests.diagnosis.rules.test_stored_under_a_former_key import GO, PYTHON, TAKES, keys
from tests.diagnosis.rules.tiny import Obj, log, pod, secret_key, snapshot
from tuheg_ir.diagnosis.model import Snapshot


def told(line: str, *secrets: Obj, env: Any = TAKES, was: Any = None, times: int = 20) -> Snapshot:
    """Return a shop whose logs repeat a line since its release, and an alert that names nobody."""
    lines = ["INFO GET /a 200"] * 20 + [line] * times
    return snapshot(
        shop(env=env, before={**IMAGE, "env": was or env}, released=900),
        list(secrets),
        logs=[log(pod("shop", n), *lines, since=800) for n in (0, 1)],
        alerts=[alert()],
    )


HOLDS = [
    Holds(f"it cannot decrypt, and its key was not read: {what}", world, (SHOP, "code_defect", "page_human"))
    for what, world in (("Python", told(PYTHON)), ("Go", told(GO)))
]
HOLDS += [
    Holds(f"it was released, and {what}", world, (SHOP, "code_defect", "rollback_workload"))
    for what, world in (
        ("the key by which it cannot decrypt was not written", told(PYTHON, keys())),
        ("stumbles over its own code", told("ERROR TypeError: x is undefined")),
        ("took the key by which it cannot decrypt from elsewhere", told(GO, was={"DATA_KEY": secret_key("b", "data")})),
        ("takes no key that could have been replaced", told(GO, env={})),
    )
]
