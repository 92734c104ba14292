"""A shop of which the kubelet killed a pod amid a rush of requests, that is over."""

from __future__ import annotations

from datetime import timedelta

from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.scenes import alert, shop
from tests.diagnosis.rules.tiny import NOW, event, log, pod, series, snapshot
from tuheg_ir.diagnosis.model import Snapshot

KILLED = "Container shop failed liveness probe, will be restarted"


def rush(
    *told: str,
    asked: tuple[float, float, float] = (50.0, 900.0, 55.0),
    rose: float = 1750,
    fell: float | None = None,
    fails: float = 0.0,
    over: float = 900,
    died: float = 1400,
    code: int = 137,
    restarts: int = 1,
    probed: bool = True,
) -> Snapshot:
    """Return a shop of which requests failed since half an hour, until ``over`` seconds ago; one pod was killed then.

    ``asked``: how many requests came before, then and since; ``rose``, ``fell``: from when on and until when more did.
    ``fails``: what share still fails. ``probed``: whether events tell why it was killed. ``told``: what another says.
    """
    made = shop(pods=3)
    put(pods_of(made)[0], again("Error", code, age=died, restarts=restarts), ready=True, unready=died - 20)
    why = [event(f"Pod/{pod('shop')}", "Killing", KILLED, age=died, kind="Normal", count=1)] if probed else []
    of = {"component": "shop"}
    return snapshot(
        made,
        why,
        figures=[
            ("error_ratio", series(of, (3600, 0.0), (1700, 0.5), (over, fails))),
            (
                "request_rate",
                series(of, (3600, asked[0]), (rose, asked[1]), (over if fell is None else fell, asked[2])),
            ),
        ],
        logs=[log(pod("shop", 1), *told, since=1500)] if told else [],
        alerts=[alert("ShopErrors", service="shop")._replace(starts_at=NOW - timedelta(seconds=1600))],
    )
