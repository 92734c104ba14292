"""An edge refuses large bodies since a way in, or what it is told to read, was written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, ingress, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot
from tuheg_ir.diagnosis.rules._too_large import limit_of

HOST, OTHER = "shop.example", "cart.example"
SIZE = "nginx.ingress.kubernetes.io/proxy-body-size"
EDGE, SCANS = "Deployment/edge", "Deployment/scans"
BODY = (
    "[error] 33#33: *538 client intended to send too large body: 8086076 bytes, client: 217.9.158.77, "
    f'server: {HOST}, request: "POST /files HTTP/2.0", host: "{HOST}"'
)
ACCESS = '10.0.0.9 - - "POST /files HTTP/1.1" 413 176 "https://shop.example/" "Mozilla/5.0" [town-shop-8080] [] - - - -'
ON_EDGES = (
    ACCESS,
    BODY.replace("large body", "large chunked body"),
    f'{{"RequestHost":"{HOST}","RequestMethod":"POST","DownstreamStatus":413,"OriginStatus":0}}',
    f'{{"logger":"http.log.access","request":{{"host":"{HOST}","method":"PUT"}},"status":413}}',
)
OF_CLIENTS = (
    f"requests.exceptions.HTTPError: 413 Client Error: Request Entity Too Large for url: https://{HOST}/files",
    "AxiosError: Request failed with status code 413",
    'ERROR upload failed: unexpected status: 413 Request Entity Too Large"',
    "feign.FeignException: [413 Request Entity Too Large] during [POST]",
    "HttpRequestException: Response status code does not indicate success: 413 (Request Entity Too Large).",
    "fatal: RPC failed; HTTP 413 curl 22 The requested URL returned error: 413",
    "rpc error: code = Unknown desc = unexpected HTTP status code received from server: 413",
    '{"level":"error","msg":"upload of scan 7 refused, status=413 body=<html>\\r\\n<title>413 Request Entity"}',
    'level=warn msg="upload refused" http=413',
    '{"level":50,"code":413,"msg":"Payload Too Large"}',
)
NOT_SAID = (
    "ERROR order 413 failed",
    "2026/03/04 11:59:00 [error] 413#413: *9 upstream timed out",
    "ERROR returned 413 rows in 20 ms",
    "status: 413 ms since the last heartbeat",
    "ERROR http://10.0.0.7:413 is not reachable",
    'level=error msg="upload refused" status=403',
    '10.0.0.9 - - "POST /files HTTP/1.1" 200 413 "-" "Mozilla/5.0"',
)
OWN = (
    "PayloadTooLargeError: request entity too large",
    "org.springframework.web.multipart.MaxUploadSizeExceededException: Maximum upload size exceeded",
    "http: request body too large",
    ACCESS,
)


def told(name: str, line: str, times: int = 12, *, since: float = 1000, heard: float = 3000, calm: str = "") -> Log:
    """Return the log of who is heard for so long, and repeats a line since."""
    lines = [f"{at(age)} INFO done {age}" for age in range(int(heard), 0, -120)]
    lines += [f"{at(since - n * since / times)} {line}" for n in range(times)]
    lines += [f"{at(heard - n * 60)} {calm}" for n in range(9) if calm]
    return Log(pod(name), name, tuple(sorted(lines)))


def way(limit: str = "", name: str = "shop", host: str = HOST, *, written: float | None = 1060, **more: Any) -> Obj:
    """Return an Ingress, and how large a body it lets through."""
    made = ingress(name, host, written=written, **more)
    made["metadata"]["annotations"] = {SIZE: limit} if limit else {"nginx.ingress.kubernetes.io/ssl-redirect": "true"}
    return made


SISTER = way("64m", "cart", OTHER, written=None)
EDGES = workload("edge", "registry.example/ingress-nginx:1", args=["--configmap=$(POD_NAMESPACE)/edge-settings"])


def world(
    *logs: Log, ways: Any = None, more: Any = (), figures: Any = (), fires: bool = True, **of_shop: Any
) -> Snapshot:
    """Return a shop behind an edge, whose way in was written a minute before large bodies were refused."""
    return snapshot(
        shop(**{"age": 90 * DAY, **of_shop}),
        workload("cart", age=90 * DAY),
        workload("scans", env={"FILES": f"https://{HOST}/files"}),
        EDGES,
        *([way(), SISTER] if ways is None else ways),
        more,
        logs=logs,
        figures=figures,
        alerts=[alert("UploadsDropped")] if fires else [],
    )


def asked(line: str, **more: Any) -> Log:
    """Return the log of a client who is told so."""
    return told("scans", line, **more)


def counted(before: float = 0.0, now: float = 0.2, since: float = 1000) -> list[Any]:
    """Return what an edge counts of refused bodies."""
    return [figure("too_large_ratio", before, now, since, component="shop")]


PAGES = ("Ingress/shop", "configuration_error", "page_human")
SAVED = no("restart_workload", "rollback_workload", "scale_workload", at=SHOP)
MAP = thing("ConfigMap", "edge-settings", written=1060, data={"use-gzip": "true"})
HEARD = 'NOTICE a user met a problem {"screen":"scans","http":413,"retry":1}'


def edge_map(**data: str) -> Obj:
    """Return what the edge is told to read, and what stands in it."""
    return thing("ConfigMap", "edge-settings", written=1060, data=data)


ROUTE = thing(
    "HTTPRoute", "shop", written=1060, spec={"hostnames": [HOST], "rules": [{"backendRefs": [{"name": "shop"}]}]}
)
CALM = way("", written=None)
DESK = workload("desk", env={"FILES": f"https://{OTHER}/files"})

HOLDS = [
    Holds(
        "an edge refuses bodies since a way was written without the limit that its sister has",
        world(told("edge", BODY)),
        PAGES,
        excludes={*SAVED, *no("restart_workload", "rollback_workload", at=EDGE)},
        began=1000,
    ),
    *(Holds(f"an edge tells so: {line}", world(told("edge", line)), PAGES) for line in ON_EDGES),
    *(
        Holds(
            f"a client tells so, and no other way says how much it takes: {line}",
            world(asked(line), ways=[way()]),
            PAGES,
        )
        for line in OF_CLIENTS
    ),
    Holds("nothing but figures of the edge tell of it", world(figures=counted()), PAGES, excludes=SAVED),
    Holds("it lets less through than is refused", world(told("edge", BODY), ways=[way("5m")]), PAGES),
    Holds("it lets less through than its sister", world(figures=counted(), ways=[way("1m"), SISTER]), PAGES),
    Holds(
        "who stands behind it was released as well, and the way lacks what its sister has",
        world(told("edge", BODY), before=IMAGE, released=1090),
        PAGES,
        excludes=no("restart_workload", "scale_workload", at=SHOP),
    ),
    Holds(
        "a chart wrote all ways, and one of them lacks it",
        world(asked(OF_CLIENTS[1]), ways=[way(), way("64m", "cart", OTHER)]),
        PAGES,
    ),
    Holds(
        "a route of the gateway API was written",
        world(asked(OF_CLIENTS[3]), ways=[ROUTE]),
        ("HTTPRoute/shop", *PAGES[1:]),
    ),
    Holds(
        "what the edge is told to read was written",
        world(told("edge", BODY), ways=[CALM], more=MAP),
        ("ConfigMap/edge-settings", *PAGES[1:]),
        excludes=no("restart_workload", "rollback_workload", at=EDGE),
    ),
    Holds(
        "the limit that the edge is told for all was cut, and who stands behind it only hears of it",
        world(
            told("edge", BODY),
            told("shop", HEARD),
            ways=[CALM, SISTER],
            more=edge_map(**{"proxy-body-size": "2m"}),
            before=IMAGE,
            released=1900,
        ),
        ("ConfigMap/edge-settings", *PAGES[1:]),
        excludes=no("restart_workload", at=EDGE),
    ),
    Holds(
        "another edge calls that limit otherwise; who stands behind a way with one of its own refuses some himself",
        world(
            told("edge", BODY),
            told("cart", ACCESS.replace("town-shop-8080", "-")),
            ways=[CALM, SISTER],
            more=edge_map(**{"client-max-body-size": "4m"}),
        ),
        ("ConfigMap/edge-settings", *PAGES[1:]),
    ),
    Holds(
        "nothing but figures tell of it, and the map says how much it lets through",
        world(figures=counted(), ways=[CALM], more=edge_map(**{"proxy-body-size": "1m"})),
        ("ConfigMap/edge-settings", *PAGES[1:]),
    ),
    Holds(
        "the edge tells how large they were in some of its lines only",
        world(
            Log(pod("edge"), "edge", (*told("edge", BODY).lines, *told("edge", ACCESS).lines[-3:])),
            ways=[CALM],
            more=edge_map(**{"proxy-body-size": "2m"}),
            before=IMAGE,
            released=1090,
        ),
        ("ConfigMap/edge-settings", *PAGES[1:]),
    ),
]
DOES_NOT_HOLD = [
    *(DoesNotHold(f"it tells of no refused body: {line}", world(told("edge", line), asked(line))) for line in NOT_SAID),
    *(
        DoesNotHold(
            f"who stands behind it refuses them himself: {line}", world(asked(OF_CLIENTS[1]), told("shop", line))
        )
        for line in OWN
    ),
    DoesNotHold("nobody wrote a way", world(told("edge", BODY), ways=[CALM, SISTER])),
    DoesNotHold("it was written an hour before", world(told("edge", BODY), ways=[way(written=4600), SISTER])),
    DoesNotHold("it was written since", world(told("edge", BODY), ways=[way(written=500), SISTER])),
    DoesNotHold("another way was written", world(told("edge", BODY), ways=[CALM, way("", "cart", OTHER)])),
    DoesNotHold("it lets through what is refused", world(told("edge", BODY), ways=[way("40m"), SISTER])),
    DoesNotHold("it lets all through", world(told("edge", BODY), ways=[way("0")])),
    DoesNotHold(
        "what the edge reads lets through what is refused",
        world(told("edge", BODY), ways=[CALM], more=edge_map(**{"proxy-body-size": "40m"})),
    ),
    DoesNotHold(
        "the way that refuses says its own limit, and the map counts for the others",
        world(
            told("edge", BODY),
            ways=[way("2m", written=None), way("", "cart", OTHER, written=None)],
            more=edge_map(**{"proxy-body-size": "2m"}),
        ),
    ),
    DoesNotHold(
        "who stands behind it has an edge of his own that refuses them too",
        world(told("edge", BODY), told("shop", BODY), ways=[CALM], more=edge_map(**{"proxy-body-size": "2m"})),
    ),
    DoesNotHold(
        "who stands behind it tells of it, and no edge tells that it was the one",
        world(told("edge", ACCESS), told("shop", HEARD), ways=[CALM], more=edge_map(**{"proxy-body-size": "2m"})),
    ),
    DoesNotHold("one user with one large thing", world(told("edge", BODY, 3))),
    DoesNotHold("it was refused before as well", world(told("edge", BODY, calm=BODY))),
    DoesNotHold("the edge counts as many before", world(figures=counted(0.2))),
    DoesNotHold("the log does not reach back", world(told("edge", BODY, heard=900))),
    DoesNotHold(
        "a client asks the Service itself",
        world(asked("ERROR POST http://shop:8080/files answered 413 Payload Too Large")),
    ),
    DoesNotHold(
        "a client is refused at another way",
        world(asked(f"413 Client Error: Request Entity Too Large for url: https://{OTHER}/x")),
    ),
    DoesNotHold("a client knows another way only", world(told("desk", OF_CLIENTS[1]), more=DESK)),
    DoesNotHold(
        "who stands behind it was released as well, and the way lacks nothing",
        world(told("edge", BODY), ways=[way()], before=IMAGE, released=1090),
    ),
    DoesNotHold(
        "two ways were written, and nothing tells which", world(asked(OF_CLIENTS[1]), ways=[ROUTE, CALM, MAP, way()])
    ),
    DoesNotHold("nobody suffers", world(told("edge", BODY), fires=False)),
]


@pytest.mark.parametrize(
    ("written", "limit"),
    [("1m", 1 << 20), ("8k", 1 << 13), ("10485760", 10485760), ("40MB", 40 << 20), ("0", float("inf")), ("much", None)],
)
def test_how_much_a_way_lets_through_is_read_as_edges_write_it(written: str, limit: float | None) -> None:
    found = limit_of(way(written))
    assert (found and found[1]) == limit


def test_a_map_says_it_in_a_key_of_its_own() -> None:
    found = limit_of(edge_map(**{"proxy-buffer-size": "16k", "proxy-body-size": "2m"}))
    assert found == ("2m", 2 << 20)


def test_a_buffer_is_no_limit() -> None:
    made = way()
    made["metadata"]["annotations"] = {"nginx.ingress.kubernetes.io/client-body-buffer-size": "16k"}
    assert limit_of(made) is None
