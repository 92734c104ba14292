"""A cart that reads a file anew which somebody wrote, and what it tells of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.diagnosis.rules.cases import Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, OLD, URL, WELL, alert, errors, rate
from tests.diagnosis.rules.tiny import Obj, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

EDIT, READ = 1200.0, 1150.0
"""How many seconds ago somebody wrote the file, and the cart read it."""
MOUNTS: dict[str, Any] = {
    "spec": {"volumes": [{"name": "r", "configMap": {"name": "rates"}}]},
    "volumeMounts": [{"name": "r", "mountPath": "/etc/rates"}],
}
JAVA = "INFO RateStore : /etc/rates/rates.json read, 14 rates"
GO = 'level=info msg="fsnotify: WRITE /etc/rates/..data"'
NODE = '{"level":"info","msg":"rates.json changed, 14 entries"}'
PYTHON = "INFO rates: reloading /etc/rates/rates.json"
HARM = ("rollback_workload", "restart_workload", "scale_workload", "no_action")


def rereading(
    logs: Iterable[Log],
    *beside: Obj,
    called: str,
    about: str = "cart",
    alerts: Iterable[Alert] = (),
    figures: Iterable[Any] = (WELL,),
    cart: dict[str, Any] | None = None,
    file: Obj | None = None,
) -> Snapshot:
    """Return a cart with these logs, who asks it, its database and the file; ``called``: the alert if none is given."""
    return snapshot(
        workload("cart", **{**MOUNTS, **(cart or {})}),
        workload("shop", env=CALLS_CART),
        postgres(),
        file or thing("ConfigMap", "rates", written=EDIT, data={"rates.json": "[]"}),
        *beside,
        logs=logs,
        figures=figures,
        alerts=list(alerts) or [alert(called, service=about)],
    )


def names_the_file(says: str, rows: Iterable[tuple[str, Snapshot]]) -> Iterator[Holds]:
    """Yield that the file is named, alone, and nothing is done to the cart."""
    for what, world in rows:
        yield Holds(
            f"{says}: {what}",
            world,
            ("ConfigMap/rates", "configuration_error", "page_human"),
            alone=True,
            excludes=no("rollback_workload", "restart_workload", at=CART),
            harmful=HARM,
        )


def of_another_reason(made: Callable[..., Snapshot], began: float, released: float) -> Iterator[tuple[str, Snapshot]]:
    """Yield worlds in which it is not the file: not read, or something else came as it ``began``, or nobody suffers."""
    yield "it could not read it", made(told="WARN could not parse /etc/rates/rates.json, reading the former one")
    yield "it tells nothing of a file", made(told="INFO 14 rates")
    yield "it was released as it began", made(cart={"before": OLD, "released": released})
    yield "its database is ill", made(cart={"env": URL}, figures=[WELL, errors("postgres", 0.5, began)])
    yield "far more is asked of it", made(figures=[WELL, rate("cart", 50, 400, began)])
    yield "nobody was called for it", made(alerts=[alert(service="postgres")])
