"""A process that has no files, threads, ports or channels left is started anew."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import API, OLD, autoscaler, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

FILES = "accept tcp [::]:8080: accept4: too many open files; retrying in 1s"
THREADS = (
    "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or "
    "process/resource limits reached"
)
CHANNELS = 'open channel: Exception (504) Reason: "channel id space exhausted"'
SLOW = "ERROR publish to rabbit:5672: i/o timeout waiting for a confirm"
OPENED = (
    "[error] <0.887.0> Error on AMQP connection <0.887.0> (10.1.0.7:49956 -> 10.1.0.9:5672), channel 23: "
    'operation none caused a connection exception not_allowed: "number of channels opened (2047) has reached the '
    'negotiated channel_max (2047)"'
)
NO_PORT = "[crit] 30#30: *83 connect() to 192.0.2.40:443 failed (99: Cannot assign requested address) to upstream"
ALL_OF_IT = (
    "2026/03/04 11:59:00 [crit] 30#30: *83 connect() to 192.0.2.40:443 failed (99: Cannot assign requested address) "
    'while connecting to upstream, client: 127.0.0.1, server: localhost, request: "GET /listen HTTP/1.1"'
)
PORTS = (
    ("nginx and all beside it", ALL_OF_IT),
    ("nginx of a client in its pod", ALL_OF_IT.replace("127.0.0.1", "::1")),
    ("nginx of a program in its pod", ALL_OF_IT.replace("192.0.2.40:443", "127.0.0.1:9000")),
    (".NET", "System.Net.Sockets.SocketException (99): Cannot assign requested address (api.bank.example:443)"),
    ("nginx", NO_PORT),
    ("Go", 'Post "https://bank.example/v1": dial tcp 192.0.2.40:443: connect: cannot assign requested address'),
    ("Node", "Error: connect EADDRNOTAVAIL 192.0.2.40:443 - Local (10.0.0.7:0)"),
    ("Java", "java.net.NoRouteToHostException: Cannot assign requested address (Address not available)"),
    ("Envoy", "[connection] [C12] immediate connect error: Cannot assign requested address|remote:192.0.2.40:443"),
    ("HAProxy", "Connect() failed for backend bank: no free ports."),
    ("nginx on Alpine", "[crit] *83 connect() to 192.0.2.40:443 failed (99: Address not available) to upstream"),
    ("Rust on Alpine", "error sending request: tcp connect error: Address not available (os error 99)"),
)


PYTHON = "OSError: [Errno 99] Cannot assign requested address"
BIND = "bind() to 192.0.2.1:80 failed (99: Cannot assign requested address)"
FAR = "HTTP 503 Service Unavailable calling https://api.bank.example/v1"


def broker() -> list[Obj]:
    return workload("rabbit", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)


def told(line: str, times: int = 9, ratio: float = 0.6, released: float = 20 * DAY, counted: bool = False) -> Snapshot:
    return snapshot(
        workload("api", before=OLD, released=released),
        figures=[errors("api", ratio), *([rate("api")] if counted else [])],
        logs=logs("api", line, 0, 1, times=times),
    )


def short(
    line: str = NO_PORT,
    *more: Any,
    now: float = 400,
    grew: float = 720,
    fails: float | None = 600,
    pods: tuple[int, ...] = (0, 1),
    beside: tuple[Any, ...] = (),
    figures: tuple[Any, ...] = (),
    **made: Any,
) -> Snapshot:
    """Return a service whose pods have no port left for the connections that they open, and of whom more is asked.

    ``now``: how many requests it gets, of 60 before, since ``grew`` seconds. ``fails``: since when a part of them
    fails; None: nobody counts that. ``pods``: which of them tell it.
    """
    failing = [] if fails is None else [errors("api", 0.2, fails)]
    return snapshot(
        workload("api", **made),
        *beside,
        figures=[*failing, rate("api", 60, now, grew), *figures],
        logs=[*logs("api", line, *pods), *(each for lines in more for each in lines)],
    )


REPEATS = {"env": {"API_URL": "http://api:8080", "RETRIES": "9"}, "before": {"env": {"API_URL": "http://api:8080"}}}
CONF = {"volumes": [{"name": "conf", "configMap": {"name": "conf"}}]}

HOLDS = [
    *(
        Holds(
            f"so much is asked that there is no port left, as {whose} tells it",
            short(line),
            (API, "capacity", "scale_workload"),
            excludes=no("restart_workload", "rollback_workload", at=API),
            alone=True,
        )
        for whose, line in PORTS
    ),
    Holds(
        "so much is asked that there is no port left, and its autoscaler has given all it may",
        short(beside=(autoscaler("api", 2, 2),)),
        (API, "capacity", "page_human"),
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds(
        "there is no port left, as much as ever is asked",
        short(now=60),
        (API, "resource_exhaustion", "restart_workload"),
        harmful=("scale_workload",),
    ),
    *(
        Holds(
            f"there is no port left, and nobody counts what is asked, as {whose} tells it",
            told(line),
            (API, "resource_exhaustion", "page_human"),
            harmful=("scale_workload", "restart_workload"),
        )
        for whose, line in (*PORTS, ("Python", PYTHON))
    ),
    *(
        Holds(
            f"an address cannot be had, as much as ever is asked: {what}",
            told(line, counted=True),
            (API, "resource_exhaustion", "page_human"),
            harmful=("scale_workload", "restart_workload"),
        )
        for what, line in (("it may be its own", PYTHON), ("it is its own", BIND))
    ),
    *(
        Holds(
            f"there is no port left, and more is asked than before: {what}",
            world,
            (API, "resource_exhaustion", "page_human"),
            harmful=("scale_workload", "restart_workload"),
        )
        for what, world in (
            (
                "it has no address of its own to listen on",
                short(BIND),
            ),
            (
                "it asks its own pod under an address that is not there",
                short("dial tcp [::1]:5432: connect: cannot assign requested address"),
            ),
            ("one of two pods tells it", short(pods=(0,))),
            ("files lack as well", short(NO_PORT, logs("api", FILES, 0, 1))),
            (
                "whom it asks does not answer",
                short(NO_PORT, logs("api", "upstream timed out (110: Connection timed out)", 0, 1)),
            ),
            ("what it asks for may be an address of its own", short(PYTHON)),
            ("whom it asks answers with failures", short(NO_PORT, logs("api", FAR, 0, 1, times=30, since=890))),
            (
                "whom it asks answers with failures, told beside",
                short(
                    ALL_OF_IT,
                    logs("api", ALL_OF_IT.replace("99: Cannot assign requested address", "111: Connection refused"), 0),
                ),
            ),
            ("it fails by itself", short(NO_PORT, logs("api", "ERROR cart 7: NullPointerException", 0, 1))),
            ("it lacked ports for long before that", short(fails=1500, grew=900)),
            ("it lacked ports before that, and those that fail ask again", short(grew=480)),
            ("that came at once with it: those that fail may ask again", short(grew=600)),
            ("it told of it before", short(NO_PORT, logs("api", NO_PORT, 0, since=900))),
            ("nobody counts what fails, and since when", short(fails=None)),
            ("it has the ports of its node", short(spec={"hostNetwork": True})),
        )
    ),
    *(
        Holds(
            what,
            told(line),
            (API, "resource_exhaustion", "restart_workload"),
            excludes=no("rollback_workload", at=API),
            harmful=("rollback_workload",),
        )
        for what, line in (("files", FILES), ("threads", THREADS), ("channels of its connection", CHANNELS))
    ),
    Holds(
        "there is no port left since a release opens a connection for each request",
        short(before=OLD, released=900),
        (API, "code_defect", "page_human"),
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds(
        "there is no port left since its settings were edited",
        short(spec=CONF, beside=(thing("ConfigMap", "conf", written=900, data={"nginx.conf": "keepalive 0;"}),)),
        (API, "resource_exhaustion", "page_human"),
        believed="configuration_changed_outside",
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds(
        "there is no port left, since who asks asks again and again",
        short(beside=(shop(**REPEATS, released=660),), figures=(rate("shop"),)),
        (API, "resource_exhaustion", "page_human"),
        believed="retry_storm",
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds("files that a release leaves open", told(FILES, released=900), (API, "code_defect", "rollback_workload")),
    Holds(
        "channels that a release of three hours ago leaves open, and who asks was released since",
        snapshot(
            broker(),
            workload("api", env={"AMQP_URL": "amqp://rabbit:5672"}, before=OLD, released=3 * 3600),
            workload("web", env={"API_URL": "http://api:8080"}, before=OLD, released=1800),
            figures=[errors("api", 0.3, 1200), errors("web", 0.3, 1200), rate("api")],
            logs=logs("api", CHANNELS, 0, 1, since=1200),
        ),
        (API, "code_defect", "rollback_workload"),
        harmful=("scale_workload",),
    ),
    *(
        Holds(
            f"channels {when}, and it waits for its broker, which holds them",
            snapshot(
                broker(),
                workload("api", env={"AMQP_URL": "amqp://rabbit:5672"}, before=OLD, released=released),
                figures=[errors("api", 0.3, 1200), rate("api")],
                logs=[log(pod("api", n), *[SLOW, CHANNELS] * 9, since=1200) for n in range(2)],
            ),
            (API, cause, "page_human"),
            harmful=("restart_workload", "rollback_workload"),
        )
        for when, released, cause in (
            ("since a release", 3 * 3600, "code_defect"),
            ("without a release", 20 * DAY, "resource_exhaustion"),
        )
    ),
    Holds(
        "channels since a release, and twice as much is asked",
        snapshot(
            workload("api", before=OLD, released=3 * 3600),
            figures=[errors("api", 0.3, 600), rate("api", 50, 110, 700)],
            logs=logs("api", CHANNELS, 0, 1),
        ),
        (API, "code_defect", "page_human"),
        harmful=("scale_workload",),
    ),
]
HOLDS += [
    Holds(
        f"one of two pods has no threads left, and {what}",
        snapshot(
            workload("api", nodes=("n1", "n2"), before=OLD, released=released),
            workload("cart", nodes=("n1", "n2")),
            figures=[errors("api", 0.6)],
            logs=[*logs("api", THREADS, 0), *(each for n in pods for each in logs("cart", THREADS, n, times=2))],
        ),
        (API, cause, remedy),
        believed=believed,
    )
    for what, pods, released, cause, remedy, believed in (
        ("on the same node alone one of another", (0,), 20 * DAY, "resource_exhaustion", "page_human", ""),
        (
            "on the same node alone one of another, since a release",
            (0,),
            HOUR,
            "code_defect",
            "page_human",
            "",
        ),
        ("another has its own on the other node", (1,), 20 * DAY, "resource_exhaustion", "restart_workload", ""),
        ("both pods of another", (0, 1), 20 * DAY, "resource_exhaustion", "restart_workload", ""),
        ("no other has", (), HOUR, "code_defect", "rollback_workload", ""),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold("a line while nobody suffers", told(FILES, ratio=0.001), (API, "no_fault", "no_action")),
    DoesNotHold(
        "a broker tells of a client's channels",
        snapshot(
            broker(),
            workload("api", env={"AMQP_URL": "amqp://rabbit:5672"}),
            figures=[errors("api", 0.6)],
            logs=[log("rabbit-0", *[OPENED] * 9)],
        ),
        (API, "unknown", "page_human"),
    ),
    DoesNotHold("other failures", told("ERROR cannot read cart"), (API, "unknown", "page_human")),
]
