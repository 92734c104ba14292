"""The link of a node is bad, and what lives there alone is missed from elsewhere: it has no twin that tells more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import again, looping, pods_of, put
from tests.diagnosis.rules.tiny import Obj, event, log, pod, redis, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

NODE = ("Node/n1", "network_fault", "page_human")
BACK = ("rollback_workload", "scale_workload", "restart_workload")
FLAPS = event("Node/n1", "NICLinkDown", "kernel: ixgbe 0000:3b:00.0 eth0: NIC Link is Down", age=600, count=12)
LOST = event("Node/n1", "LinkLost", "systemd-networkd: ens5: Lost carrier", age=600, count=9)
GO = "ERROR session: dial tcp redis:6379: i/o timeout"
JAVA = "io.lettuce.core.RedisConnectionException: Unable to connect to redis:6379: connection timed out"
MAIL = "error: Error: connect ETIMEDOUT 198.51.100.24:587 command=CONN"
LEDGER = "ERROR ledger: dial tcp ledger:8080: i/o timeout"
REFUSED = "ERROR session: dial tcp redis:6379: connect: connection refused"


def told(name: str, line: str, *numbers: int, since: float = 500) -> list[Log]:
    """Return what some pods (the first one) of a workload repeat since a time."""
    return [log(pod(name, number), *[line] * 9, since=since) for number in numbers or (0,)]


def home(
    *logs: Log, sign: Obj | None = FLAPS, figures: Iterable[tuple[str, Series]] = (), store: Sequence[Obj] = ()
) -> Snapshot:
    """Return a node with the only pods of a cache, of a ledger and of who sends mail; who calls them is elsewhere."""
    env = {"REDIS_URL": "redis://redis:6379", "LEDGER_URL": "http://ledger:8080"}
    return snapshot(
        workload("auth", nodes=("n2", "n3"), env=env),
        workload("web", nodes=("n3", "n4"), env={"AUTH_URL": "http://auth:8080"}),
        *(store or redis(nodes=("n1",))),
        workload("ledger", pods=1, nodes=("n1",)),
        workload("mail", pods=1, nodes=("n1",), env={"SMTP_HOST": "198.51.100.24", **env}),
        [sign] if sign else [],
        logs=logs,
        figures=figures,
    )


def ended(status: Obj, *, ready: bool) -> list[Obj]:
    """Return a cache whose pod ended since the link is bad."""
    made = redis(nodes=("n1",))
    put(pods_of(made)[0], status, ready=ready, unready=None if ready else 300)
    return made


ILL = thing(
    "Node",
    "n1",
    status={
        "conditions": [
            {"type": "Ready", "status": "True"},
            {
                "type": "FrequentLinkFlap",
                "status": "True",
                "reason": "LinkFlapping",
                "message": "eth0 lost its carrier",
            },
        ]
    },
)
DAMAGED = [("node_receive_errors", series({"node": f"n{n}"}, (3600, 0), (600, 90 if n == 1 else 0))) for n in (1, 2, 3)]
MISSED = (*told("auth", GO, 0, 1), *told("mail", MAIL))

HOLDS = [
    Holds(
        "its link goes down again and again: a cache there is missed, and who sends mail from there reaches nobody",
        home(*MISSED),
        NODE,
        harmful=BACK,
    ),
    Holds(
        "its interface loses its carrier, and a cache and a ledger there are missed",
        home(*told("auth", JAVA), *told("auth", LEDGER, 1), sign=LOST),
        NODE,
        harmful=BACK,
    ),
    Holds(
        "a condition tells of its link, and two that live there are cut off",
        home(*MISSED, sign=ILL),
        NODE,
        harmful=BACK,
    ),
    Holds(
        "it alone receives damaged packets, and two that live there are cut off",
        home(*MISSED, sign=None, figures=DAMAGED),
        NODE,
        harmful=BACK,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("no link is bad: the cache may hang", home(*MISSED, sign=None)),
    DoesNotHold("its link is bad, and the cache alone is missed: it may hang", home(*told("auth", GO, 0, 1))),
    DoesNotHold("its link is bad, and the cache is missed there as well", home(*told("auth", GO), *told("mail", GO))),
    DoesNotHold(
        "its link is bad, and the cache was missed long before",
        home(*told("auth", GO, 0, 1, since=2400), *told("mail", MAIL)),
    ),
    DoesNotHold(
        "its link is bad, and the cache refuses, which was reached so",
        home(*told("auth", GO), *told("auth", REFUSED, 1), *told("mail", MAIL)),
    ),
    DoesNotHold(
        "its link is bad, and the cache has ended since then",
        home(*MISSED, store=ended(again("Error", 1, age=300), ready=True)),
    ),
    DoesNotHold(
        "its link is bad, and the cache ends at each start",
        home(*MISSED, store=ended(looping(), ready=False)),
    ),
    DoesNotHold(
        "its link is bad, and the cache has a pod elsewhere, which may be the one that is missed",
        home(*MISSED, store=redis(pods=2, nodes=("n1", "n2"))),
    ),
    DoesNotHold(
        "the link of another node is bad",
        home(*MISSED, sign=event("Node/n2", "NICLinkDown", "eth0: NIC Link is Down", age=600, count=12)),
    ),
    DoesNotHold(
        "the interface of a pod went down there",
        home(*MISSED, sign=event("Node/n1", "LinkDown", "kernel: cali3f2: link is down", age=600, count=12)),
    ),
]
