"""Connections that leave a node get one port twice: whose release is taken back for it, and what is no handshake."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, latency
from tests.diagnosis.rules.scenes import shop as of_shop
from tests.diagnosis.rules.test_outgoing_ports_clash import AGENT, ASKS, TOOK, agent, fallen, late, opened
from tests.diagnosis.rules.tiny import Obj, figure, pod, series, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

SNAT = "AWS_VPC_K8S_CNI_RANDOMIZESNAT"
HOURS_AGO = 40 * 3600
TIMEOUTS = "GET https://api.pay.example.com/v1/rates 200 in 40ms timeouts: connect=%s read=10.0"
SETTING = "GET https://api.pay.example.com/v1/rates 200 in 40ms, connect=%s"
ANEW = "attempt 2 after a backoff: connected to api.pay.example.com in %s s"
PAGE = (AGENT, "network_fault", "page_human")
BY_SHOP = (SHOP, "code_defect", "rollback_workload")
BY_AGENT = (AGENT, "configuration_error", "rollback_workload")


def shop(released: float = 1500) -> list[Obj]:
    return of_shop(env=ASKS, before={"image": "registry.example/shop:0"}, released=released)


def told(was: str, now: str, released: float = 900, key: str = SNAT) -> list[Obj]:
    """Return who gives out ports, and was told another word of how."""
    return agent(env={key: now} if now else {}, before={"env": {key: was} if was else {}}, released=released)


def files(was: float, now: float) -> list[tuple[str, Series]]:
    """Return what pods of a release that came 1500 seconds ago hold, and what those before them did."""
    old = ("pod_open_files", Series({"pod": "shop-old-x"}, series({}, (3600, was)).points[:60]))
    return [old, *(figure("pod_open_files", was, now, 1500, pod=pod("shop", n)) for n in range(2))]


def crawls(now: float = 60.0, since: float = 640) -> list[tuple[str, Series]]:
    return [figure("connections_opened", 0.5, now, since, pod=pod("crawler", n)) for n in range(2)]


def clash(*objects: list[Obj], more: list[tuple[str, Series]] | None = None) -> Snapshot:
    took = late("shop", TOOK, "1004", "3012", "1009", "1003")
    return snapshot(*objects, logs=took, figures=[*fallen(), latency("shop"), *(more or ())])


HOLDS = [
    Holds(
        "ports were chosen more at random long ago",
        clash(of_shop(env=ASKS), told("none", "hashrandom", HOURS_AGO)),
        PAGE,
    ),
    Holds("ports were chosen more at random just before", clash(of_shop(env=ASKS), told("none", "hashrandom")), PAGE),
    Holds(
        "ports were chosen less at random just before", clash(of_shop(env=ASKS), told("prng", "hashrandom")), BY_AGENT
    ),
    Holds(
        "ports were chosen less at random, and nodes ran well for hours",
        clash(of_shop(env=ASKS), told("prng", "none", HOURS_AGO)),
        PAGE,
    ),
    Holds("a word of how ports are chosen is taken out", clash(of_shop(env=ASKS), told("prng", "")), PAGE),
    Holds(
        "who gives out ports was told which addresses to spare",
        clash(of_shop(env=ASKS), told("", "10.9.0.0/16", key="AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS")),
        PAGE,
    ),
    Holds(
        "a caller is counted, and long ago addresses were spared",
        clash(shop(), told("", "10.9.0.0/16", HOURS_AGO, "AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS"), more=opened(0.5, 9.0)),
        BY_SHOP,
    ),
    Holds(
        "a caller is counted, and ports are chosen in turn as well",
        clash(shop(), told("prng", "none"), more=opened(0.5, 9.0)),
        BY_SHOP,
    ),
    Holds(
        "a release holds more files and opens no more connections; a crawler beside does",
        clash(shop(), workload("crawler", env=ASKS), agent(), more=[*files(30, 100), *opened(0.5, 0.5), *crawls()]),
        PAGE,
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "a release holds more files, and nobody counts what it opens", clash(shop(), agent(), more=files(30, 100)), PAGE
    ),
    Holds(
        "a release opens more, and a crawler beside far more than that",
        clash(shop(), workload("crawler", env=ASKS), agent(), more=[*opened(0.5, 2.0), *crawls()]),
        PAGE,
        harmful=("rollback_workload",),
    ),
    Holds(
        "a release opens more, and a crawler beside a few more",
        clash(shop(), workload("crawler", env=ASKS), agent(), more=[*opened(0.5, 9.0), *crawls(2.0)]),
        BY_SHOP,
    ),
]


def settings(line: str, *times: str) -> Snapshot:
    """Return that a release made a program slow, which tells at each call how long it would wait."""
    return snapshot(
        shop(700), agent(), logs=late("shop", line, *times), figures=[*fallen(), latency("shop", since=600)]
    )


DOES_NOT_HOLD = [
    DoesNotHold("a client tells its timeouts at each call", settings(TIMEOUTS, *["3.0"] * 9), BY_SHOP),
    DoesNotHold("a client tells timeouts of several pools", settings(TIMEOUTS, "3.05", "1.05", "3.1"), BY_SHOP),
    DoesNotHold("what is told is the same each time", settings(SETTING, *["3.05"] * 9), BY_SHOP),
    DoesNotHold("what is told is whole seconds", settings(SETTING, "1.0", "3.0", "1.0", "3.0"), BY_SHOP),
    DoesNotHold("a client waited until it tried anew", settings(ANEW, "1.02", "3.04", "1.03", "3.02"), BY_SHOP),
]
