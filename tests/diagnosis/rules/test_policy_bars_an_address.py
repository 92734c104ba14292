"""A policy lets a workload out to some addresses; what it calls has another one now."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, logs, policy, shop
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

DAYS = 90 * 86400.0
LINE = "ERROR Connect to https://bureau.example:443 [bureau.example/198.51.100.21] failed: Connect timed out"


def lets_out_to(*cidrs: str, **more: Any) -> Obj:
    peers = [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]
    return policy("shop-egress", "shop", age=DAYS, egress=[{"to": peers, **more}])


def everywhere(port: int) -> Obj:
    return policy("any-host", "shop", age=DAYS, egress=[{"ports": [{"port": port}]}])


OLD, NEW = "10.60.4.12", "10.60.7.31"
TIMEOUT = "org.postgresql.util.PSQLException: The connection attempt failed: Connect timed out"
FORMER = f'WARNING connection failed: connection to server at "{OLD}", port 5432 failed: Connection refused'
AGAIN = f"INFO connected host={NEW} port=5432 user=reports in_recovery=false"
DB_PORT = {"ports": [{"port": 5432, "protocol": "TCP"}]}


def after_a_move(*policies: Obj, told: tuple[str, ...] = (FORMER, AGAIN), line: str = TIMEOUT) -> Snapshot:
    """Return a shop that is out of time, and another client of its database that tells what it sees."""
    logged = [*logs("shop", line, 0, 1), log(pod("reports"), *told)]
    return snapshot(shop(), workload("reports"), policies, figures=[errors("shop")], logs=logged)


HOLDS = [
    Holds(
        "its database has another address since a failover, as another client tells",
        after_a_move(lets_out_to(f"{OLD}/32", **DB_PORT)),
        ("NetworkPolicy/shop-egress", "configuration_error", "page_human"),
        excludes=no("restart_workload", "restart_connection_pool", "rollback_workload", at=SHOP),
        harmful=("restart_workload",),
    ),
    Holds(
        "another client tells it with the port at the address",
        after_a_move(
            lets_out_to(f"{OLD}/32", ports=[{"port": 5000, "endPort": 6000}]),
            told=(f"dial tcp {OLD}:5432: connect: connection refused", f"connection to {NEW}:5432 is up"),
        ),
        ("NetworkPolicy/shop-egress", "configuration_error", "page_human"),
    ),
    Holds(
        "the calls go to an address of no range that is let out to",
        snapshot(
            shop(),
            lets_out_to("203.0.113.32/27"),
            figures=[errors("shop")],
            logs=logs("shop", LINE, 0, 1),
        ),
        ("NetworkPolicy/shop-egress", "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(name, world, (SHOP, "unknown", "page_human"))
        for name, world in (
            ("its range has both addresses", after_a_move(lets_out_to("10.60.0.0/16", **DB_PORT))),
            ("it is let out to anywhere at that port", after_a_move(lets_out_to(f"{OLD}/32"), everywhere(5432))),
            (
                "it was never let out to the former address at that port",
                after_a_move(lets_out_to(f"{OLD}/32", ports=[{"port": 443}])),
            ),
            (
                "the other client reaches nobody at the new address either",
                after_a_move(lets_out_to(f"{OLD}/32"), told=(FORMER, AGAIN, f"ERROR {NEW}:5432: Connect timed out")),
            ),
            (
                "the other client is back at the former address",
                after_a_move(lets_out_to(f"{OLD}/32"), told=(FORMER, AGAIN.replace(NEW, OLD))),
            ),
            (
                "what the other client names has another port",
                after_a_move(lets_out_to(f"{OLD}/32"), told=(FORMER, AGAIN.replace("5432", "6379"))),
            ),
            (
                "it reaches the new address itself",
                snapshot(
                    *(shop(), workload("reports"), lets_out_to(f"{OLD}/32")),
                    figures=[errors("shop")],
                    logs=[log(pod("shop"), *[TIMEOUT] * 9, AGAIN), log(pod("reports"), FORMER, AGAIN)],
                ),
            ),
        )
    ),
    DoesNotHold(
        "the address is in a range that is let out to",
        snapshot(shop(), lets_out_to("198.51.100.0/24"), figures=[errors("shop")], logs=logs("shop", LINE, 0, 1)),
        (SHOP, "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "nothing binds the caller",
        snapshot(shop(), figures=[errors("shop")], logs=logs("shop", LINE, 0, 1)),
        (SHOP, "dependency_failure", "page_human"),
    ),
]
