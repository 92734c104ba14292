"""An edge that waits for a PROXY header which nobody sends, or the other way round, reads no request."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, ingress, shop
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

EDGE = "Deployment/edge"
REQUEST = '198.51.100.7 - - "GET /items HTTP/1.1" 200 512 "-" "Mozilla/5.0" 310 0.021 [town-shop-8080] [] 10.1.0.9:8080'
BROKEN = '[error] 31#31: *902 broken header: "" while reading PROXY protocol, client: 10.0.0.7, server: 0.0.0.0:443'
HAPROXY = "public/1: Received something which does not look like a PROXY protocol header"
OF_GO = 'level=error msg="Error while peeking first byte" error="proxyproto: proxy protocol signature not present"'
UNASKED = '10.0.0.7 - - "PROXY TCP4 198.51.100.9 10.0.0.8 51234 443" 400 150 "-" "-" 0 0.004 [] [] - - - -'
ACT = ("rollback_workload", "restart_workload", "scale_workload")


def settings(key: str = "use-proxy-protocol", written: float | None = 900) -> Obj:
    return thing("ConfigMap", "edge", written=written, data={key: "true", "proxy-body-size": "8m"})


def world(
    line: str,
    *objects: Any,
    served: range | tuple[float, ...] = range(3000, 900, -20),
    told: range | tuple[float, ...] = range(880, 0, -20),
    caller: list[Obj] | None = None,
) -> Snapshot:
    """Return an edge before a shop whose log has a line at some times, and requests at others."""
    lines = [(float(age), REQUEST) for age in served] + [(float(age), line) for age in told]
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
            ("it is over", world(BROKEN, settings(), told=range(2900, 1500, -20), served=range(1400, 0, -20))),
        )
    ),
]
