"""A store has too many tiny pieces to join since the ConfigMap was edited that says how much a client gathers."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pieces import HOUSE, OF_NONE, PARTS, STORE, writes
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, logs
from tests.diagnosis.rules.tiny import DAY, Obj, log, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

CONF = "ConfigMap/shop-conf"
YAML = "sources:\n  in:\n    type: amqp\nsinks:\n  house:\n    batch:\n      max_events: 200 # soon\n"
INLINE = "sinks:\n  house:\n    batch: {max_events: 200, timeout_secs: 0.25}\n"
TOML = "[sinks.house.batch]\nmax_events = 200\ntimeout_secs = 0.25\n"
JSON = '{\n  "house": {\n    "insert": {\n      "rows": 100,\n      "wait": "100ms"\n    }\n  }\n}\n'
OF_WORKERS = "workers:\n  count: 4\nlog_level: debug\n"
OF_SOURCE = "sources:\n  in:\n    type: kafka\n    kafka:\n      fetch_batch_size: 10\n"
SEALED = "sha256:0011223344556677"
LARGE = PARTS.replace("1.28 KiB", "48.20 MiB")


def mounted(name: str = "shop-conf") -> dict[str, Any]:
    return {
        "spec": {"volumes": [{"name": "conf", "configMap": {"name": name}}]},
        "volumeMounts": [{"name": "conf", "mountPath": "/etc/shop"}],
    }


def edited(
    files: dict[str, str] | None = None,
    *beside: Any,
    written: float = 4000,
    line: str = PARTS,
    told: tuple[str, ...] = ("shop",),
    own: Any = (),
    since: float = 900,
    **of_shop: Any,
) -> Snapshot:
    """Return a store that refuses writes since a while; who writes reads a ConfigMap that was edited before that."""
    data = {"shop.yaml": YAML} if files is None else files
    made = {"env": HOUSE, **mounted(), **of_shop}
    return snapshot(
        workload("house", "clickhouse/clickhouse-server:24.8", kind="StatefulSet", pods=1, port=8123),
        workload("shop", **made),
        thing("ConfigMap", "shop-conf", written=written, data=data),
        workload("cart", env=HOUSE, before=OLD, released=1500),
        *beside,
        figures=[errors("shop", 0.4, since), errors("cart", 0.4, since)],
        logs=[
            log("house-0", *own, *[line] * 9, since=since),
            *(each for name in told for each in logs(name, line, since=since)),
        ],
    )


def feed() -> list[Obj]:
    return [
        *workload("feed", env=HOUSE, **mounted("feed-conf")),
        thing("ConfigMap", "feed-conf", written=4400, data={}),
    ]


HOLDS = [
    *(
        Holds(
            f"how much it gathers stands in a file that was edited: {what}",
            edited({name: said}),
            (CONF, "configuration_error", "page_human"),
            excludes=(
                *no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
                *no("rollback_workload", at="Deployment/cart"),
                *no("restart_workload", "scale_database", at="StatefulSet/house"),
            ),
            harmful=("rollback_workload", "scale_workload", "restart_workload", "scale_database"),
            alone=True,
        )
        for what, name, said in (
            ("YAML", "shop.yaml", YAML),
            ("YAML, on one line", "shop.yaml", INLINE),
            ("TOML", "shop.toml", TOML),
            ("JSON", "shop.json", JSON),
        )
    ),
    *(
        Holds(what, world, (CONF, "configuration_error", "page_human"), harmful=("rollback_workload",))
        for what, world in (
            (
                "it is a variable, and its pods were made anew with it",
                edited(
                    {"SINK_BATCH_ROWS": "50"},
                    spec={},
                    volumeMounts=[],
                    envFrom=[{"configMapRef": {"name": "shop-conf"}}],
                    started=3900,
                ),
            ),
            ("what the ConfigMap says is sealed", edited({"shop.yaml": SEALED})),
            ("the store does not say how large its pieces are", edited(line=OF_NONE)),
            ("half a day before", edited(written=45000)),
        )
    ),
    *(
        Holds(f"nobody is known to write smaller than before: {what}", world, STORE, harmful=("rollback_workload",))
        for what, world in (
            ("it was edited days ago", edited(written=3 * DAY)),
            ("it was edited since", edited(written=600)),
            ("the edited file says nothing of it", edited({"shop.yaml": OF_WORKERS})),
            ("it says how much is read at a time", edited({"shop.yaml": OF_SOURCE})),
            ("the pieces are large: the store joins slowly", edited(line=LARGE)),
            ("who is refused as well was released", edited(told=("shop", "cart"))),
            ("two edits of who is refused", edited(None, feed(), told=("shop", "feed"))),
            ("who reads it is not refused, and another one is", edited(None, feed()[:-1], told=("feed",))),
            (
                "it reads its variables when it starts, and has not since",
                edited(
                    {"SINK_BATCH_ROWS": "50"},
                    spec={},
                    volumeMounts=[],
                    envFrom=[{"configMapRef": {"name": "shop-conf"}}],
                ),
            ),
            (
                "the store tells that another one writes small pieces",
                edited(own=writes("10.1.9.8", 2, 1700, user="prices")),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it was edited, and the store refuses nothing",
        edited(line="INFO 200 rows written"),
        harmful=("rollback_workload",),
    ),
]
