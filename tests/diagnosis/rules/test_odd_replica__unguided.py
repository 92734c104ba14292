"""A proxy that lost the stream of its settings refuses what its like take; who has no stream for good is another."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, shop
from tests.diagnosis.rules.tiny import pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

CLOSED = "warning envoy config StreamAggregatedResources gRPC config stream to xds-grpc closed: 14, connection reset"
GIVES_UP = "error xdsproxy failed to connect to upstream istiod.istio-system.svc:15012: giving up this attempt"
BACK = "info xdsproxy connected to delta upstream XDS server: istiod.istio-system.svc:15012 id=4"
PUSHED = "info envoy upstream lds_api.cc:109 lds: add/update listener 'virtualInbound'"
LINKERD = "WARN controller{addr=linkerd-dst.linkerd:8086}:endpoint: linkerd_reconnect: Failed to connect error=refused"
LINKERD_BACK = "INFO controller{addr=linkerd-dst.linkerd:8086}:endpoint: linkerd_reconnect: Connected"
KONG = "[error] 12#0: [lua] [clustering] connection to control plane closed with code 1006"
KONG_BACK = "[info] 12#0: [lua] [clustering] received reconfigure frame from control plane"
WELL = '"POST /orders HTTP/1.1" 201 - via_upstream - "-" 41 18 73 inbound|8080||'
NO_KEY = '"POST /orders HTTP/1.1" 401 - jwt_authn_access_denied{Jwks_doesn\'t_have_key_to_match_kid} - inbound|8080||'
TOO_OLD = '"POST /orders HTTP/1.1" 401 - jwt_authn_access_denied{Jwt_is_expired} - inbound|8080||'
NO_RIGHT = '"GET /orders HTTP/1.1" 403 - rbac_access_denied_matched_policy[none] - "-" inbound|8080||'
FORMER = '"GET /cart HTTP/1.1" 503 UF upstream_reset_before_response_started{connection_timeout} - outbound|80||cart'
OF_PROGRAM = '"POST /orders HTTP/1.1" 401 - via_upstream - "-" 41 18 3 inbound|8080||'
NOT_HEARD = '"POST /orders HTTP/1.1" 503 UF upstream_reset_before_response_started{remote_refused} - inbound|8080||'
PLAIN, PLAIN_404 = '"GET /orders HTTP/1.1" 200 812', '"GET /orders HTTP/1.1" 404 52'


def mesh(
    bad: str = NO_KEY,
    *,
    lost: tuple[str, ...] = (CLOSED, GIVES_UP),
    back: tuple[str, ...] = (BACK,),
    well: str = WELL,
    others: str = "",
    age: float = 9000,
    told: tuple[tuple[float, str], ...] = (),
    beside: tuple[tuple[float, str], ...] | None = None,
    ill_from: float = 1500,
    of: str = "istio-proxy",
    **more: Any,
) -> Snapshot:
    """Return a shop of three, of which the last one's proxy lost its stream, and answers otherwise since.

    ``lost``: how all proxies tell that they lost it; ``back``: how the others, that they have it again. ``told``: what
    that one tells besides; ``beside``: what the others do instead of ``back``. ``others``: how they answer since.
    """
    stream = [(age - n, line) for n, line in enumerate(lost)]
    again = [(age - 20 - n, line) for n, line in enumerate(back)] if beside is None else list(beside)
    before = [(4000.0 - 100 * n, well) for n in range(6)]

    def since(line: str) -> list[tuple[float, str]]:
        return [(ill_from - ill_from / 13 * n, line) for n in range(13)]

    def spoken(*lines: tuple[float, str]) -> list[tuple[float, str]]:
        return sorted(lines, reverse=True)

    logs = [timed(pod("shop", n), *spoken(*stream, *again, *before, *since(others or well)), of=of) for n in (0, 1)]
    logs.append(timed(pod("shop", 2), *spoken(*stream, *told, *before, *since(bad)), of=of))
    return snapshot(shop(pods=3, **more), logs=logs, figures=[errors("shop", 0.3)])


def by_node(cart: tuple[str, ...], *, back: bool = False) -> Snapshot:
    """Return a shop and a cart of three: the shop's last pod lost its stream, and the cart's last one as well.

    ``cart``: the nodes of the cart's pods; ``back``: whether that one has it again.
    """
    logs = []
    for name in ("shop", "cart"):
        for n in range(3):
            lost = n == 2 and not (back and name == "cart")
            told = [(9000.0, CLOSED), (8999.0, GIVES_UP), *([] if lost else [(8970.0, BACK)])]
            told += [(4000.0 - 100 * k, WELL) for k in range(6)]
            told += [(1500 - 1500 / 13 * k, NO_KEY if lost else WELL) for k in range(13)]
            logs.append(timed(pod(name, n), *told, of="istio-proxy"))
    objects = workload("shop", pods=3, nodes=("n1", "n1", "n2")), workload("cart", pods=3, nodes=cart)
    return snapshot(*objects, logs=logs, figures=[errors("shop", 0.3), errors("cart", 0.3)])


HOLDS = [
    Holds(
        f"one proxy of three goes by former settings: {what}",
        world,
        (SHOP, "service_crash", "restart_workload"),
        excludes=no("rollback_workload", "scale_workload", at=SHOP),
        harmful=("rollback_workload", "scale_workload"),
    )
    for what, world in (
        ("it lacks a new key", mesh()),
        ("it lacks a new right", mesh(NO_RIGHT)),
        ("it sends requests to former places", mesh(FORMER)),
        ("the others were told something new", mesh(back=(BACK, PUSHED))),
        ("the agent of another mesh", mesh(FORMER, lost=(LINKERD,), back=(LINKERD_BACK,), of="linkerd-proxy")),
        ("another's proxy on its node has it again", by_node(("n1", "n1", "n2"), back=True)),
        ("a gateway that is told its routes", mesh(PLAIN_404, lost=(KONG,), back=(KONG_BACK,), well=PLAIN, of="proxy")),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a proxy is not behind its like: {what}", world, harmful=("restart_workload",))
    for what, world in (
        ("it has its stream again", mesh(told=((8000, BACK),))),
        ("it was told something since", mesh(told=((7000, PUSHED),))),
        ("none of them came back", mesh(back=())),
        ("another lost its stream later, for good", mesh(beside=((8900, BACK), (5000, CLOSED)))),
        ("all refuse the same", mesh(others=NO_KEY)),
        ("the program behind it refuses", mesh(OF_PROGRAM)),
        ("the program behind it does not hear", mesh(NOT_HEARD)),
        ("it still tries to get it back", mesh(told=((200, GIVES_UP), (100, GIVES_UP)))),
        ("it lost it a moment ago", mesh(age=600, ill_from=500)),
        ("nothing is refused", mesh(WELL)),
        ("what clients show is too old", mesh(TOO_OLD)),
        ("its node does not reach who tells the settings", by_node(("n1", "n1", "n2"))),
        ("it refused as many before", mesh(told=tuple((9500.0 - n, NO_KEY) for n in range(8)))),
    )
]
