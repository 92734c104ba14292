"""A gRPC server's release limits its connections, and its clients tell of just that limit since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import SHOP, errors, shop
from tests.diagnosis.rules.tiny import DAY, Obj, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

RATES = "Deployment/rates"
OF_GO = (
    'level=error msg="stream broken" err="rpc error: code = Unavailable desc = closing transport due to: connection '
    'error: desc = \\"error reading from server: EOF\\", received prior goaway: code: NO_ERROR, '
    'debug data: \\"max_age\\""'
)
OF_JAVA = (
    "io.grpc.StatusRuntimeException: UNAVAILABLE: Connection closed after GOAWAY. HTTP/2 error code: NO_ERROR, "
    "debug data: max_age"
)
PINGS = (
    "rpc error: code = Unavailable desc = closing transport due to: connection error: desc = "
    '"error reading from server: EOF", received prior goaway: code: ENHANCE_YOUR_CALM, debug data: "too_many_pings"'
)
WAITED = (
    "io.grpc.StatusRuntimeException: DEADLINE_EXCEEDED: CallOptions deadline exceeded after 1.999934975s. "
    "[closed=[], open=[[buffered_nanos=1998037531, remote_addr=rates/10.96.0.9:8080]]]"
)
OLDER = (
    "io.grpc.StatusRuntimeException: DEADLINE_EXCEEDED: deadline exceeded after 1999934975ns. "
    "[buffered_nanos=1998037531, remote_addr=rates/10.96.0.9:8080]"
)
SENT = WAITED.replace("buffered_nanos=1998037531", "buffered_nanos=1037531")
ELSE = 'level=error msg="no price for an article" article=17'
SERVED = "GET /quotes 200 20ms"
TOLD = range(1500, 0, -60)
ACT = ("rollback_workload", "restart_workload", "scale_workload")


def rates(before: Mapping[str, str], now: Mapping[str, str], *, released: float = 2 * HOUR, **more: Any) -> list[Obj]:
    return workload("rates", env=now, before={"env": dict(before)}, released=released, **more)


def told(name: str, line: str, *, number: int = 0, heard: float = 3 * HOUR, at: range = TOLD) -> Log:
    """Return the log of a client that serves from a time on, and tells a line again and again."""
    lines = [(float(age), SERVED) for age in range(int(heard), 0, -100)] + [(float(age), line) for age in at]
    return timed(pod(name, number), *sorted(lines, reverse=True))


def world(
    server: list[Obj],
    line: str,
    *objects: Any,
    heard: float = 3 * HOUR,
    at: range = TOLD,
    since: float = 1500,
    caller: Mapping[str, Any] | None = None,
    others: Iterable[Log] = (),
) -> Snapshot:
    """Return a shop that calls a server, and what it tells; its users suffer since a time, 0: they do not."""
    return snapshot(
        server,
        shop(**{"env": CALLS, **(caller or {})}),
        *objects,
        figures=[errors("shop", 0.3, since=since)] if since else [],
        logs=[told("shop", line, heard=heard, at=at), *others],
    )


CALLS = {"RATES_TARGET": "dns:///rates:8080"}
AGE = {"GRPC_MAX_CONNECTION_AGE": "45s"}
FEW, MANY = {"MAX_CONCURRENT_STREAMS": "32"}, {"MAX_CONCURRENT_STREAMS": "1000"}
OFTEN, SELDOM = {"KEEPALIVE_MIN_TIME": "10s"}, {"KEEPALIVE_MIN_TIME": "5m"}
LONG, SHORT = {"MAX_CONNECTION_AGE_MS": "3600000"}, {"MAX_CONNECTION_AGE_MS": "45000"}
RIGHT = (RATES, "configuration_error", "rollback_workload")
YOUNG = {"before": {"image": "shop:0"}, "released": 1600}
HOLDS = [
    Holds(
        "connections have an age since, and long calls are cut off",
        world(rates({}, AGE), OF_GO),
        RIGHT,
        excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no("restart_workload", at=RATES)),
        alone=True,
        began=1500,
    ),
    Holds("the age is lower than it was", world(rates(LONG, SHORT), OF_JAVA), RIGHT),
    Holds(
        "one client was released as its users came, another one was not",
        world(
            rates({}, AGE),
            OF_GO,
            workload("till", env=CALLS),
            caller=YOUNG,
            heard=1590,
            others=[told("till", OF_GO, at=range(5000, 0, -300))],
        ),
        RIGHT,
    ),
    Holds("fewer calls may be open on a connection", world(rates(MANY, FEW), WAITED), RIGHT),
    Holds("a client of an older library says so", world(rates(MANY, FEW), OLDER), RIGHT),
    Holds("pings that were allowed are too many", world(rates(OFTEN, SELDOM), PINGS), RIGHT),
    Holds(
        "it is an argument of its command",
        world(
            workload("rates", args=["--grpc-max-connection-age=45s"], before={"args": ["--log=info"]}, released=7200),
            OF_GO,
        ),
        RIGHT,
    ),
    Holds(
        "nobody heard the client before, but it was well for long, and the limit is another one by far",
        world(rates(MANY, FEW), WAITED, heard=5000),
        RIGHT,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, seen, harmful=ACT)
        for what, seen in (
            ("the release raised the age", world(rates(SHORT, LONG), OF_GO)),
            ("more calls may be open than before", world(rates(FEW, MANY), WAITED)),
            ("pings may come more often than before", world(rates(SELDOM, OFTEN), PINGS)),
            ("the client told of it before", world(rates({}, AGE), OF_GO, at=range(9000, 0, -60), since=3000)),
            ("calls were sent, and the server is slow", world(rates(MANY, FEW), SENT)),
            ("nobody suffers: the client asks again", world(rates({}, AGE), OF_GO, since=0)),
            (
                "most of what the client fails by is something else",
                world(rates({}, AGE), OF_GO, others=[told("shop", ELSE, number=1, at=range(1500, 0, -10))]),
            ),
            ("it is over", world(rates({}, AGE), OF_GO, at=range(6800, 2000, -60), since=0)),
            ("a few lines", world(rates({}, AGE), OF_GO, at=range(400, 0, -100))),
            (
                "nobody heard the client before, and the limit is nearly the same",
                world(rates({"MAX_CONCURRENT_STREAMS": "40"}, FEW), WAITED, heard=5000),
            ),
            (
                "nobody heard the client before, and it tells of it since soon after its start",
                world(rates(MANY, FEW), WAITED, heard=1900),
            ),
            ("the limit is of another kind", world(rates({}, AGE), WAITED)),
            ("the release was days ago", world(rates({}, AGE, released=3 * DAY), OF_GO, heard=3.1 * DAY)),
            ("who was released is nobody that it calls", world(rates({}, AGE), OF_GO, caller={"env": {}})),
            (
                "two servers were released with such a limit",
                world(rates({}, AGE), OF_GO, workload("stock", env=AGE, before={"env": {}}, released=7000)),
            ),
        )
    ),
]
