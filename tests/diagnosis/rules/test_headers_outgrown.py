"""Servers refuse what users carry in their headers since somebody hands out more of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, alert, shop
from tests.diagnosis.rules.tiny import DAY, at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

REFUSED = (
    "java.lang.IllegalArgumentException: Request header is too large",
    "org.eclipse.jetty.http.BadMessageException: 431: Request Header Fields Too Large",
    '[info] 31#31: *12 client sent too long header line: "Cookie: session=1" while reading client request headers',
    "Microsoft.AspNetCore.Server.Kestrel.Core.BadHttpRequestException: Request headers too long.",
    "clientError: Parse Error: Header overflow HPE_HEADER_OVERFLOW",
    "[WARNING] Invalid request from ip=10.0.0.7: limit request headers fields size",
    "request failed: error reading the headers: size of a request header field exceeds server limit",
    "Puma::HttpParserError: HTTP element HEADER is longer than the (1024 * (80 + 32)) allowed length (was 114921)",
    "io.netty.handler.codec.http.TooLongHttpHeaderException: HTTP header is larger than 8192 bytes.",
)
HANDED = (
    '{"msg":"access token issued","sub":"u-1","roles":243,"bytes":11555}',
    "INFO issued id_token for u-1 (9120 bytes)",
    "INFO session cookie set for u-1 size=6014",
)
SMALL = '{"msg":"access token issued","sub":"u-1","roles":2,"bytes":1190}'
DOOR = "Deployment/door"
FAILS = alert("BadRequests", app="shop")


def server(line: str = REFUSED[0], number: int = 0, *, since: float = 1800, well: float = 1500) -> Log:
    """Return the log of a server that was calm for so long and then refused headers once: many tell it but once."""
    lines = [f"{at(age)} INFO request done" for age in range(int(since + well), 0, -60)]
    lines += [f"{at(since)} INFO Error parsing HTTP request header", f"{at(since)} {line}"] if line else []
    return Log(pod("shop", number), "shop", tuple(sorted(lines)))


def giver(line: str = HANDED[0], times: int = 6) -> Log:
    """Return the log of who hands out tokens: most are small, and some as told."""
    lines = [f"{at(age)} {SMALL}" for age in range(2390, 0, -60)]
    lines += [f"{at(2000 - 200 * n)} {line}" for n in range(times)]
    return Log(pod("door"), "door", tuple(sorted(lines)))


def world(
    *logs: Log, door: Mapping[str, Any] | None = None, more: Any = (), fires: bool = True, **of_shop: Any
) -> Snapshot:
    """Return a shop that nobody touched, and a door that was released forty minutes ago."""
    told = logs or (server(), giver())
    of_door = {"before": IMAGE, "released": 2400.0, **(door or {})}
    of_shop = {"before": IMAGE, "released": 40 * DAY, "age": 90 * DAY, **of_shop}
    return snapshot(shop(**of_shop), workload("door", **of_door), more, logs=told, alerts=[FAILS] if fires else [])


ROLLED_BACK = (DOOR, "code_defect", "rollback_workload")
HOLDS = [
    Holds(
        "a server refuses headers half an hour after the release of who hands out big tokens",
        world(),
        ROLLED_BACK,
        excludes={*no("restart_workload", "scale_workload", at=DOOR), *no("rollback_workload", at=SHOP)},
        began=1800,
    ),
    *(Holds(f"it refuses so: {line}", world(server(line), giver()), ROLLED_BACK) for line in REFUSED[1:]),
    *(Holds(f"it hands out so: {line}", world(server(), giver(line)), ROLLED_BACK) for line in HANDED[1:]),
    Holds(
        "another server was released since, and refuses them as well",
        world(
            server(),
            giver(),
            Log(pod("cart"), "cart", (f"{at(500)} INFO up", f"{at(480)} {REFUSED[0]}")),
            more=workload("cart", before=OLD, released=520),
        ),
        ROLLED_BACK,
        excludes=no("rollback_workload", at="Deployment/cart"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("what is handed out is small", world(server(), giver(SMALL))),
    DoesNotHold("one big token is one user's", world(server(), giver(times=1))),
    DoesNotHold("a big thing is an upload", world(server(), giver("INFO file stored bytes=11555"))),
    DoesNotHold("nobody refuses headers", world(server(""), giver())),
    DoesNotHold("nobody suffers", world(fires=False)),
    DoesNotHold("it was refused before that release", world(server(since=3000), giver())),
    DoesNotHold("it was refused hours after that release", world(door={"released": 3 * 3600.0})),
    DoesNotHold("its log does not reach back", world(server(well=60), giver())),
    DoesNotHold(
        "the server may take less since its own release", world(released=1900.0), harmful=("restart_workload",)
    ),
    DoesNotHold("another was released in that hour", world(more=workload("edge", before=OLD, released=2100))),
    DoesNotHold("nobody was released", world(door={"before": None})),
]
