"""A node's link came back slower than it was, and is full: who sends much over it crawls, wherever he is."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, shop
from tests.diagnosis.rules.test_node_network import NODE
from tests.diagnosis.rules.tiny import event, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

MEGABIT = 125e3
IXGBE = "kernel: ixgbe 0000:3b:00.0 {}: NIC Link is Up {}, Flow Control: None"
MLX5 = "mlx5_core 0000:17:00.0 {}: Link up, {} full duplex"
E1000 = "e1000e: {} NIC Link is Up {} Full Duplex, Flow Control: Rx/Tx"
KEEPS = {"DB_HOST": "store"}


def links(
    now: float, before: float = 10_000, *, since: float = 900, others: float = 10_000, device: str = "eno1"
) -> list[tuple[str, Series]]:
    """Return how many Mbit/s the link of the one node can carry, and that of another one."""
    of_it, of_another = ({"node": node, "device": device} for node in ("n1", "n2"))
    steps = ((3600, before * MEGABIT), (since, now * MEGABIT))
    return [
        ("node_link_speed", series(of_it, *steps)),
        ("node_link_speed", series(of_another, (3600, others * MEGABIT))),
    ]


def carries(megabits: float, way: str = "sent", device: str = "eno1") -> tuple[str, Series]:
    return f"node_link_{way}", series({"node": "n1", "device": device}, (3600, megabits * MEGABIT))


def crawling(
    *more: Any, figures: list[tuple[str, Series]], since: float = 840, env: Any = KEEPS, **of: Any
) -> Snapshot:
    """Return a store on the one node alone, and a shop elsewhere whose users suffer since some time."""
    return snapshot(
        shop(nodes=("n2",), env=env, **of),
        workload("store", nodes=("n1",), kind="StatefulSet", pods=1, image="postgres:16"),
        workload("stock", nodes=("n3",)),
        *more,
        figures=[*figures, errors("shop", 0.2, since)],
    )


def came_up(form: str, speed: str, age: float = 3660, device: str = "eno1") -> Any:
    return event("Node/n1", "NICLinkChange", form.format(device, speed), age=age)


WHOLE = links(100, 100, since=3600)
"""It is slower since before the figures begin."""
HARM = ("restart_workload", "rollback_workload", "scale_workload", "restart_connection_pool")
HOLDS = [
    Holds(
        f"who calls what is there suffers since its link is slower, and it is full: {what}",
        world,
        NODE,
        excludes=no("rollback_workload", at=SHOP),
        alone=True,
        harmful=HARM,
    )
    for what, world in (
        ("to a hundredth", crawling(figures=[*links(100), carries(93)])),
        ("to a tenth, by what it receives", crawling(figures=[*links(1000), carries(870, "received"), carries(90)])),
        ("another card", crawling(figures=[*links(2500, 25_000, device="ens1f0"), carries(2300, device="ens1f0")])),
        ("nobody knows whom the shop calls", crawling(figures=[*links(100), carries(93)], env={})),
        *(
            (
                f"the kernel told of it before the figures begin: {form[:5]}",
                crawling(came_up(form, speed), figures=[*WHOLE, carries(90)], since=3500),
            )
            for form, speed in ((IXGBE, "100 Mbps"), (MLX5, "100Mb/s"), (E1000, "100 Mbps"))
        ),
    )
]
HOLDS += [
    Holds(
        "who calls what is there suffers since long after its settings were written",
        crawling(
            thing("ConfigMap", "conf", written=9000, data={"a": "b"}),
            figures=[*links(100), carries(93)],
            spec={"volumes": [{"name": "conf", "configMap": {"name": "conf"}}]},
        ),
        NODE,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"who calls what is there suffers, and {what}", world)
    for what, world in (
        ("its link is slower, and carries little", crawling(figures=[*links(1000), carries(40)])),
        ("its link is slower, and nobody measures what it carries", crawling(figures=links(100))),
        ("its link is full, and as fast as ever", crawling(figures=[*links(1000, 1000), carries(930)])),
        ("its link has ever been slower than others", crawling(figures=[*WHOLE, carries(93)], since=840)),
        ("its link is slower since long after", crawling(figures=[*links(100, since=300), carries(93)], since=1800)),
        ("its link was slower for long before", crawling(figures=[*links(100, since=3400), carries(93)], since=600)),
        (
            "its link came up as fast as before",
            crawling(came_up(IXGBE, "10 Gbps"), figures=[*links(10_000), carries(9300)], since=3500),
        ),
        (
            "another link of it came up slower",
            crawling(came_up(IXGBE, "100 Mbps", device="eno4"), figures=[*WHOLE, carries(93)], since=3500),
        ),
        (
            "it is known to call others alone",
            crawling(figures=[*links(100), carries(93)], env={"STOCK": "http://stock:8080"}),
        ),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "its link is slower and full, and nobody suffers",
        snapshot(shop(nodes=("n2",), env=KEEPS), workload("store", nodes=("n1",)), figures=[*links(100), carries(93)]),
    ),
    DoesNotHold(
        "who calls what is there suffers since a release of his in those minutes",
        crawling(figures=[*links(100), carries(93)], before=OLD, released=900),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "who calls what is there suffers since its settings were written in those minutes",
        crawling(
            thing("ConfigMap", "conf", written=850, data={"a": "b"}),
            figures=[*links(100), carries(93)],
            spec={"volumes": [{"name": "conf", "configMap": {"name": "conf"}}]},
        ),
        ("ConfigMap/conf", "configuration_error", "page_human"),
    ),
]
