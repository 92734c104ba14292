"""An edge that waits for a PROXY header which nobody sends, or the other way round, reads no request."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import SHOP, alert, ingress, shop
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

EDGE = "Deployment/edge"
REQUEST = '198.51.100.7 - - "GET /items HTTP/1.1" 200 512 "-" "Mozilla/5.0" 310 0.021 [town-shop-8080] [] 10.1.0.9:8080'
BROKEN = '[error] 31#31: *902 broken header: "" while reading PROXY protocol, client: 10.0.0.7, server: 0.0.0.0:443'
HAPROXY = "public/1: Received something which does not look like a PROXY protocol header"
OF_GO = 'level=error msg="Error while peeking first byte" error="proxyproto: proxy protocol signature not present"'
UNASKED = '10.0.0.7 - - "PROXY TCP4 198.51.100.9 10.0.0.8 51234 443" 400 150 "-" "-" 0 0.004 [] [] - - - -'
SECOND = r'10.0.0.7 - - "\x00\x0D\x0AQUIT\x0A!\x11\x00\x0C\xC6" 400 150 "-" "-" 0 0.001 [] [] - - - -'
GARBLED = (
    "10.0.0.7:36339 [04/Mar/2026:11:58:18.973] https/v4: SSL handshake failure (error:0A00010B::wrong version number)",
    '10.0.0.7:42157 [04/Mar/2026:11:58:42] http http/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 2/1/0/0/0 0/0 "<BADREQ>"',
    "http: TLS handshake error from 10.0.0.7:3456: tls: first record does not look like a TLS handshake",
    "[info] SSL_do_handshake() failed (SSL: error:1408F10B:SSL routines:ssl3_get_record:wrong version number)",
    "io.netty.handler.ssl.NotSslRecordException: not an SSL/TLS record: 50524f5859205443503420",
    '[04/Mar/2026] "- - HTTP/1.1" 400 DPE http1.codec_error - "-" 0 11 0 - "-" "-" "-" "-" "-"',
)
PROXIED = "service.beta.kubernetes.io/do-loadbalancer-enable-proxy-protocol"
POD = pods_of(shop())[0]["status"]["podIP"]
ACT = ("rollback_workload", "restart_workload", "scale_workload")


def settings(key: str = "use-proxy-protocol", written: float | None = 900) -> Obj:
    return thing("ConfigMap", "edge", written=written, data={key: "true", "proxy-body-size": "8m"})


def service(key: str = "load-balancer.hetzner.cloud/uses-proxyprotocol", written: float = 900, of: str = "") -> Obj:
    """Return the Service before the edge, of which one annotation was written, or a field of its spec."""
    made = thing("Service", "outer", written=written, spec={"type": "LoadBalancer", "selector": {"app": "edge"}})
    made["metadata"]["annotations"] = {key: "true"}
    wrote: Obj = {"f:spec": {f"f:{of}": {}}} if of else {"f:metadata": {"f:annotations": {f"f:{key}": {}}}}
    made["metadata"]["managedFields"][0]["fieldsV1"] = wrote
    return made


def world(
    line: str,
    *objects: Any,
    served: range | tuple[float, ...] = range(3000, 900, -20),
    told: range | tuple[float, ...] = range(880, 0, -20),
    inner: range | tuple[float, ...] = (),
    caller: list[Obj] | None = None,
) -> Snapshot:
    """Return an edge before a shop whose log has a line at some times, and requests at others, or of a pod."""
    lines = [(float(age), REQUEST) for age in served] + [(float(age), line) for age in told]
    lines += [(float(age), REQUEST.replace("198.51.100.7", POD)) for age in inner]
    return snapshot(
        workload("edge", "registry.k8s.io/ingress-nginx/controller:v1.11.2", port=443),
        ingress("shop", "shop.example"),
        caller or shop(),
        *objects,
        logs=[timed(pod("edge"), *sorted(lines, reverse=True))],
        alerts=[alert(service="shop")],
    )


HOLDS = [
    Holds(
        "its ConfigMap says so since it reads nothing more",
        world(BROKEN, settings()),
        (EDGE, "configuration_error", "page_human"),
        excludes=(*no(*ACT, at=EDGE), *no("rollback_workload", "restart_workload", at=SHOP)),
        alone=True,
        began=880,
    ),
    Holds(
        "a release behind it came before",
        world(BROKEN, settings(), caller=shop(before={"image": "shop:0"}, released=1300)),
        (EDGE, "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "it tells of no request, but its ConfigMap was written as it began",
        world(BROKEN, settings(), served=()),
        (EDGE, "configuration_error", "page_human"),
    ),
    *(
        Holds(f"nobody sees what was changed: {line[:30]}", world(line), (EDGE, "configuration_error", "page_human"))
        for line in (BROKEN, HAPROXY, OF_GO, UNASKED)
    ),
    Holds(
        "the Service before it sends a header that it reads as a request",
        world(
            UNASKED,
            thing(
                "Service",
                "outer",
                written=900,
                spec={"type": "LoadBalancer", "selector": {"app": "edge"}},
                metadata={
                    **thing("Service", "outer", written=900)["metadata"],
                    "annotations": {"service.beta.kubernetes.io/aws-load-balancer-proxy-protocol": "*"},
                },
            ),
        ),
        (EDGE, "configuration_error", "page_human"),
    ),
    *(
        Holds(
            f"its Service had it written, and what comes is nothing that it knows: {line[:60]}",
            world(line, service(), caller=shop(before={"image": "shop:0"}, released=1300)),
            (EDGE, "configuration_error", "page_human"),
            excludes=no("rollback_workload", "restart_workload", at=SHOP),
            harmful=ACT,
            began=880,
        )
        for line in (*GARBLED, SECOND)
    ),
    Holds(
        "it reads the second version of the header as a request, and nobody sees what was changed",
        world(SECOND),
        (EDGE, "configuration_error", "page_human"),
    ),
    Holds(
        "another cloud's Service had it written, and who calls the edge from a pod is served as before",
        world(GARBLED[0], service(PROXIED), inner=range(3000, 0, -5)),
        (EDGE, "configuration_error", "page_human"),
    ),
    Holds(
        "its Service had it written, and the edge tells of no request any more, nor of anything else",
        world("", service(), told=()),
        (EDGE, "configuration_error", "page_human"),
        harmful=ACT,
        began=900,
    ),
    Holds(
        "its Service had it written, and but for calls from a pod the edge tells of no request any more",
        world("", service(), told=(), inner=range(3000, 0, -20)),
        (EDGE, "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, seen, harmful=ACT)
        for what, seen in (
            ("it serves more than that: a stranger knocks", world(BROKEN, settings(), served=range(3000, 0, -10))),
            ("nobody knows whether it ever read a request", world(BROKEN, served=())),
            ("its ConfigMap was written hours before", world(BROKEN, settings(written=9000), served=())),
            ("what was written is another setting", world(BROKEN, settings("proxy-timeout"), served=())),
            ("a few lines", world(BROKEN, settings(), told=range(380, 0, -20), served=range(3000, 400, -20))),
            ("no Service had it written: strangers speak no TLS", world(GARBLED[3])),
            ("its Service had another setting written", world(GARBLED[0], service("load-balancer.example/type"))),
            ("its Service has had it for long, another field was written", world(GARBLED[0], service(of="ports"))),
            ("its Service had it written hours before", world(GARBLED[0], service(written=9000))),
            ("it serves more than that from outside", world(GARBLED[0], service(), served=range(3000, 0, -10))),
            (
                "it serves on since its Service had it written",
                world("", service(), served=range(3000, 0, -20), told=()),
            ),
            ("it had few requests before", world("", service(), told=(), served=range(1500, 900, -60))),
            (
                "its Service had it written a minute ago",
                world("", service(written=60), told=(), served=range(3000, 50, -20)),
            ),
            ("it is over", world(BROKEN, settings(), told=range(2900, 1500, -20), served=range(1400, 0, -20))),
        )
    ),
]
