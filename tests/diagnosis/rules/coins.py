"""A coin's node of the house's own, and who only looks like it."""

from __future__ import annotations

from tests.diagnosis.rules.scenes import alert, policy
from tests.diagnosis.rules.tiny import DAY, log, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

LEDGER = "StatefulSet/ledger"
MONEROD, BITCOIND, XMRIG = "ghcr.io/shop/monerod:0.18", "registry.example/bitcoind:27", "docker.io/metal3d/xmrig:6"
EVIL = "docker.io/evil/monerod:latest"
BEHIND = "2026-03-04 11:31:02.118 I [198.51.100.71:18080 OUT] Sync data returned a new top block candidate: 1 -> 9"
CAUGHT_UP = ("2026-03-04 11:40:44.016 I Synced 3695099/3695099", "2026-03-04 11:40:44.020 I SYNCHRONIZED OK")
TIP = "UpdateTip: new best=00000000 height=900123 version=0x2000 log2_work=95.1 tx=1150 date='x' progress=1.000000"


def coin_node(
    *lines: str,
    image: str = MONEROD,
    age: float = 90 * DAY,
    opened: float = 90 * DAY,
    widened: float | None = None,
    args: tuple[str, ...] = ("--data-dir=/data", "--max-concurrency=2", "--prune-blockchain"),
    name: str = "CryptominerSuspected",
    port: int = 18080,
    env: dict[str, str] | None = None,
    settings: dict[str, str] | None = None,
    since: float = 240,
) -> Snapshot:
    """Return a node of a coin's network, of which an alert says that it mines; ``opened``: since when it is let out.

    ``widened``: since when the way out is as it is. ``settings``: a file of settings that it mounts. ``since``: when
    its log begins.
    """
    mounted = {"volumes": [{"name": "conf", "configMap": {"name": "ledger"}}]} if settings else {}
    way = {"ports": [{"port": port, "protocol": "TCP"}]}
    let_out = policy("ledger-egress", "ledger", age=opened, egress=[way])
    let_out["metadata"] = thing("NetworkPolicy", "ledger-egress", age=opened, written=widened)["metadata"]
    return snapshot(
        workload(
            "ledger", image, kind="StatefulSet", pods=1, age=age, started=2400, args=list(args), env=env, spec=mounted
        ),
        *([thing("ConfigMap", "ledger", data=settings)] if settings else []),
        let_out,
        logs=[log("ledger-0", BEHIND, *(lines or CAUGHT_UP), of="ledger", since=since)],
        alerts=[alert(name, statefulset="ledger", severity="critical")],
    )
