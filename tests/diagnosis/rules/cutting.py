"""A proxy before a database that was started again, and what is told of sessions that are lost since."""

from __future__ import annotations

from tests.diagnosis.rules.scenes import errors
from tests.diagnosis.rules.tiny import Obj, log, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

CLOSED = ("psycopg2.InterfaceError: connection already closed", "server closed the connection unexpectedly")
TRACE = "The last packet successfully received from the server was {} ago. The last packet sent successfully to it"
USED = (
    "ERROR o.h.engine.jdbc.spi.SqlExceptionHelper : Communications link failure",
    TRACE.format("25,544 milliseconds"),
)
LONG_UNUSED = (USED[0], TRACE.format("2,925,544 milliseconds"))
ENDED = (
    "10.1.0.9:42360 [04/Mar/2026:11:52:14.791] db_in db_out/pg-0 1/0/81000 8449 cD 22/22/9/16/0 0/0",
    "LOG C-0x5581: shop/shop@10.1.0.9:51044 closing because: client_idle_timeout (age=31s)",
    "FATAL:  terminating connection due to idle-session timeout",
    "Got an error reading communication packets (The client was disconnected by the server because of inactivity.)",
)
DONE = "10.1.0.9:42360 [04/Mar/2026:11:52:14.791] db_in db_out/pg-0 1/0/81000 8449 -- 22/22/9/16/0 0/0"


def proxied(
    *clients: str,
    edit: float | None = 1000,
    started: float = 900,
    settings: str = "timeout client 20s",
    says: str = DONE,
    told: tuple[str, ...] = CLOSED,
    last: tuple[str, ...] = (),
    since: float = 840,
    ratio: float = 0.12,
) -> Snapshot:
    """Return clients of a database behind a proxy whose settings were edited, and which was started again."""
    env = {"DATABASE_URL": "postgres://shop@proxy:5432/shop"}
    conf: Obj = {"volumes": [{"name": "c", "configMap": {"name": "proxy-config"}}]}
    return snapshot(
        postgres(),
        workload("proxy", "haproxy:2.8", port=5432, started=started, spec=conf),
        *(workload(name, env=env) for name in clients),
        thing("ConfigMap", "proxy-config", written=edit, data={"proxy.cfg": settings}),
        figures=[errors(name, ratio, since) for name in clients],
        logs=[
            log(pod("proxy"), "Loading success.", *[says] * 20, since=started - 10),
            *(log(pod(name), *told * 20, *last, since=since) for name in clients),
        ],
    )
