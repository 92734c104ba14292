"""Answers of a server that a network drops, paths and tests that are passed on: no pod tries the doors of others."""

from __future__ import annotations

from collections.abc import Sequence

from tests.diagnosis.rules.cases import DoesNotHold
from tests.diagnosis.rules.test_intrusion__knocking import (
    ATTACK,
    CALICO,
    COMBINED,
    GUEST,
    HBA,
    PLACES,
    SHM,
    SPRING,
    names,
    places,
    ports,
    shop,
)
from tests.diagnosis.rules.test_intrusion__obeyed import may_be_a_test
from tests.diagnosis.rules.tiny import event, pod

RECORD = "2 123456789010 eni-0a1 {shop} %s 8080 %d 6 1 60 1431280876 1431280934 REJECT OK"
CILIUM = "{shop}:8080 (ID:88) -> %s:%d (ID:9) Policy denied DROPPED (TCP Flags: SYN, ACK)"
PACKET = "kernel: calico-packet: IN=cali1 OUT=eth0 SRC={shop} DST=%s LEN=60 TTL=63 PROTO=TCP SPT=8080 DPT=%d"
FLOW = (
    '{{"verdict":"DROPPED","IP":{{"source":"{shop}","destination":"%s"}},'
    '"l4":{{"TCP":{{"source_port":8080,"destination_port":%d}}}}}}'
)
SEEN = {**event(f"Pod/{pod('shop')}", "PolicyViolation", SHM), "source": {"component": "falco"}}
ASKS = FLOW.replace("8080", "51002")


def dropped(form: str, first: int) -> Sequence[str]:
    """Return that packets to ports of six clients were dropped."""
    return [form % (f"10.0.7.{n % 6 + 1}", first + 7 * n) for n in range(20)]


HOLDS = [
    may_be_a_test(
        "a pod looks through ports, and its own answers are dropped as well",
        shop(at={"agent": [*ports(CALICO, 20, 4), *dropped(PACKET, 2000)[:10]]}),
    ),
    may_be_a_test("a pod looks through ports, as flows tell", shop(at={"agent": dropped(ASKS, 6000)})),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world)
    for what, world in (
        ("answers to clients are dropped, as a cloud's records tell", shop(at={"agent": dropped(RECORD, 40000)})),
        ("answers to clients are dropped, as Cilium tells", shop(at={"agent": dropped(CILIUM, 40000)})),
        ("answers to low ports of clients are dropped: records", shop(at={"agent": dropped(RECORD, 2000)})),
        ("answers to low ports of clients are dropped: packets", shop(at={"agent": dropped(PACKET, 2000)})),
        ("answers to low ports of clients are dropped: flows", shop(at={"agent": dropped(FLOW, 2000)})),
        (
            "answers of a port that nobody declares are dropped, by their flags",
            shop(at={"agent": dropped(CILIUM.replace("8080", "9999"), 2000)}),
        ),
        (
            "answers are dropped, and a watcher saw a program in a scratch folder",
            shop(at={"agent": dropped(RECORD, 40000)}, events=[SEEN]),
        ),
        (
            "a page passes on what scanners ask and logs none of it, and one login is lost",
            shop(at={"cart": places(SPRING), "jobs": places(SPRING), "queue": [GUEST % "{shop}:5011"]}),
        ),
        (
            "whom the owners pay for what he finds says so",
            shop(
                at={
                    "cart": [COMBINED % (each, "hackerone-jo") for each in PLACES],
                    "redis": ["bugcrowd " + ATTACK],
                    "postgres": ["bug-bounty " + each for each in names(HBA)],
                }
            ),
        ),
    )
]
