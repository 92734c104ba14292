"""Servers refuse what users carry in their headers since somebody hands out more of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, OLD, ROOM, SHOP, alert, shop
from tests.diagnosis.rules.tiny import DAY, at, pod, snapshot, thing, workload
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
    "INFO session cookie set for u-1 size=9014",
)
HUGE = '{"msg":"access token issued","sub":"u-1","bytes":96000}'
NOT_HANDED = (
    "INFO file stored bytes=11555",
    "INFO created 912 tokens, context size: 9216",
    "DEBUG Set-Cookie: sid=1, Content-Length: 12044",
    "INFO access token issued for u-1 response_bytes=12044",
)
"""What is big, and not a thing that users carry."""
SMALL = '{"msg":"access token issued","sub":"u-1","roles":2,"bytes":1190}'
DOOR = "Deployment/door"
FAILS = alert("BadRequests", app="shop")


def server(line: str = REFUSED[0], number: int = 0, *, since: float = 1800, well: float = 1500) -> Log:
    """Return the log of a server that was calm for so long and then refused headers once: many tell it but once."""
    lines = [f"{at(age)} INFO request done" for age in range(int(since + well), 0, -60)]
    lines += [f"{at(since)} INFO Error parsing HTTP request header", f"{at(since)} {line}"] if line else []
    return Log(pod("shop", number), "shop", tuple(sorted(lines)))


def servers(line: str = REFUSED[0], *, since: float = 1800, well: float = 1500) -> list[Log]:
    """Return the logs of both pods of that server, the second of which was asked so a while later."""
    return [server(line, since=since, well=well), server(line, 1, since=since - 120, well=well)]


def giver(line: str = HANDED[0], times: int = 6, first: float = 2000) -> Log:
    """Return the log of who hands out tokens: most are small, and some as told."""
    lines = [f"{at(age)} {SMALL}" for age in range(2390, 0, -60)]
    lines += [f"{at(first - first / 10 * n)} {line}" for n in range(times)]
    return Log(pod("door"), "door", tuple(sorted(lines)))


def world(
    *logs: Log, door: Mapping[str, Any] | None = None, more: Any = (), fires: bool = True, **of_shop: Any
) -> Snapshot:
    """Return a shop that nobody touched, and a door that was released forty minutes ago."""
    told = logs or (*servers(), giver())
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
    *(Holds(f"it refuses so: {line}", world(*servers(line), giver(HUGE)), ROLLED_BACK) for line in REFUSED[1:]),
    *(Holds(f"it hands out so: {line}", world(*servers(), giver(line)), ROLLED_BACK) for line in HANDED[1:]),
    Holds(
        "another server was released since, and refuses them as well",
        world(
            *servers(),
            giver(),
            Log(pod("cart"), "cart", (f"{at(500)} INFO up", f"{at(480)} {REFUSED[0]}")),
            more=workload("cart", before=OLD, released=520),
        ),
        ROLLED_BACK,
        excludes=no("rollback_workload", at="Deployment/cart"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("what is handed out is small", world(*servers(), giver(SMALL))),
    DoesNotHold("one big token is one user's", world(*servers(), giver(times=1))),
    *(DoesNotHold(f"what is big is not carried: {line}", world(*servers(), giver(line))) for line in NOT_HANDED),
    DoesNotHold(
        "what is handed out is less than they take", world(*servers(), giver('{"msg":"token issued","bytes":5120}'))
    ),
    *(
        DoesNotHold(f"a server that takes more is refusing something else: {line}", world(*servers(line), giver()))
        for line in REFUSED[3:5]
    ),
    DoesNotHold(
        "big ones come long after the release: users were given more", world(*servers(since=300), giver(first=500))
    ),
    DoesNotHold("one pod refuses what a scanner sent", world(server(), giver())),
    DoesNotHold("nobody refuses headers", world(*servers(""), giver())),
    DoesNotHold("nobody suffers", world(fires=False)),
    DoesNotHold("it was refused before that release", world(*servers(since=3000), giver())),
    DoesNotHold(
        "another server refused them before that release, as far as its log reaches back",
        world(*servers(), giver(), Log(pod("cart"), "cart", (f"{at(3500)} {REFUSED[0]}",)), more=workload("cart")),
    ),
    DoesNotHold("the release gave it more memory", world(door={"before": ROOM})),
    DoesNotHold(
        "what a server reads was changed in that hour",
        world(
            more=thing("ConfigMap", "limits", written=2000, data={"server.xml": "x"}),
            envFrom=[{"configMapRef": {"name": "limits"}}],
        ),
    ),
    DoesNotHold("it was refused hours after that release", world(door={"released": 3 * 3600.0})),
    DoesNotHold("its log does not reach back", world(*servers(well=60), giver())),
    DoesNotHold(
        "the server may take less since its own release", world(released=1900.0), harmful=("restart_workload",)
    ),
    DoesNotHold("another was released in that hour", world(more=workload("edge", before=OLD, released=2100))),
    DoesNotHold("nobody was released", world(door={"before": None})),
]
