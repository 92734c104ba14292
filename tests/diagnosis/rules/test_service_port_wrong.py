"""A Service that sends to a port on which nothing listens or serves, or listens on one that nobody asks."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, OLD, SHOP, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import DAY, figure, log, pod, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

REFUSED = 'Get "http://cart:8080/": dial tcp 10.96.0.9:8080: connect: connection refused'

LATE = "ERROR cart: connect ETIMEDOUT"


def renumbered(line: str, url: str = "http://cart:8080", *, since: float = 240, headless: bool = False) -> Snapshot:
    """Return a caller that does not reach a Service whose port is another one since some minutes."""
    return snapshot(
        shop(env={"CART_URL": url}),
        workload("cart", service=False),
        service_for("cart", port=80, target=8080, written=600, headless=headless),
        figures=[errors("shop", 0.5)],
        logs=logs("shop", line, since=since),
    )


HTTP, METRICS = {"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}
GRPC, PLAIN = {"name": "grpc", "containerPort": 9000}, {"containerPort": 9090}
PROBED = {"readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}}}
NOT_FOUND = "ERROR item failed: Client error '404 Not Found' for url 'http://cart:8080/v1/items'"
GONE = rate("cart", 50, 0, 590)


def unwell(since: float = 590, line: str = NOT_FOUND, of: str = "worker") -> list[Log]:
    """Return the log of a caller that was well before it repeats an error."""
    well = log(pod(of), *["INFO item done"] * 9, since=3000 - since)
    later = log(pod(of), *[line] * 9, since=since)
    shifted = log(pod(of), *["INFO item done"] * 9, since=3000).lines[:5]
    return [Log(well.pod, well.container, (*shifted, *later.lines))]


def edited(
    *ports: dict[str, Any],
    target: Any = 9090,
    written: float | None = 600,
    figures: Any = (GONE,),
    told: Any = None,
    cart: dict[str, Any] | None = None,
    more: Any = (),
) -> Snapshot:
    """Return a cart whose Service was written, a shop that was released minutes before, a worker that was not."""
    return snapshot(
        shop(env=CALLS_CART, before=OLD, released=700),
        workload("worker", env=CALLS_CART, service=False),
        workload("cart", ports=list(ports or (HTTP, METRICS)), service=False, **{**PROBED, **(cart or {})}),
        service_for("cart", target=target, written=written),
        *more,
        figures=[errors("shop", 0.9, 590), *figures],
        logs=unwell() if told is None else told,
    )


def of_old(*lines: str, name: str = "edge", well: str = "INFO fine", written: float = DAY, **more: Any) -> Snapshot:
    """Return a Service that sends to a port more, since ever, than its pods declare, and a shop that complains."""
    leads = service_for(name, port=80, target=8080, written=written)
    leads["spec"]["ports"].append({"name": "more", "port": 443, "targetPort": 443, "protocol": "TCP"})
    told = [log(pod("shop"), *[well] * 9, since=3000).lines[:5], log(pod("shop"), *lines, since=590).lines]
    return snapshot(
        shop(env={"URL": f"http://{name}"}),
        workload(name, service=False, **more.pop("edge", {})),
        leads,
        logs=[Log(pod("shop"), "shop", (*(told[0] if well else ()), *told[1])), *more.pop("logs", ())],
        **more,
    )


BY_443 = "ERROR dial tcp 10.96.0.9:443: connect: connection refused, host=edge"
BY_80 = "ERROR Get http://edge:80/: dial tcp: connect: connection refused"
ACCESS = '203.0.113.9 - - [04/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 502 157 "-" "curl/8"'

FOUND = ("Service/cart", "configuration_error", "page_human")
HARM = ("rollback_workload", "restart_workload")


def led_aside(what: str, world: Snapshot) -> Holds:
    """Return that the edit of the Service is all that ails: no remedy for who calls it."""
    return Holds(
        what,
        world,
        FOUND,
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        harmful=HARM,
        alone=True,
    )


HOLDS = [
    *(
        Holds(
            f"its own port was changed, and callers ask the old one, as {what}",
            renumbered(line, url),
            ("Service/cart", "configuration_error", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, line, url in (
            ("the address in their errors tells", "connect ETIMEDOUT 10.96.0.176:8080", "http://cart"),
            ("their settings tell", LATE, "http://cart:8080"),
        )
    ),
    *(
        led_aside(f"it was edited to send to a port that does not serve: {what}", world)
        for what, world in (
            ("that of the metrics", edited()),
            ("that of the metrics, by its name", edited(target="metrics")),
            ("one that no probe asks", edited(HTTP, PLAIN)),
            ("what is behind it was released with it", edited(cart={"before": OLD, "released": 620})),
            ("nobody measures its requests", edited(figures=())),
            ("of a caller without a release users tell", edited(figures=(GONE, errors("worker", 0.9, 590)), told=())),
        )
    ),
    *(
        Holds(
            f"its target port was changed to {target}",
            snapshot(
                shop(env=CALLS_CART),
                workload("cart", service=False),
                service_for("cart", target=target, written=600),
                logs=logs("shop", REFUSED, times=1),
            ),
            ("Service/cart", "configuration_error", "page_human"),
        )
        for target in (9090, "metrics")
    ),
    *(
        Holds(
            f"it sends to a port that no container declares, since ever: {what}",
            world,
            ("Service/edge", "configuration_error", "page_human"),
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, world in (
            ("who is refused never came through", of_old(*[BY_443] * 9, well="")),
            ("who is refused was told to ask another port", of_old(*[BY_443.replace("443", "444")] * 9, well="")),
            ("it was edited just then", of_old(*[BY_443] * 9, written=600)),
        )
    ),
    Holds(
        "a release moved the port of the pods",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart", port=9090, before={"port": 8080}, service=False),
            service_for("cart"),
            logs=logs("shop", REFUSED, times=1),
        ),
        (CART, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "its own port was changed, and callers ask the old one",
        snapshot(
            workload("pay", service=False),
            service_for("pay", port=9090, target=8080, written=700),
            shop(env={"PAY_URL": "http://pay:8080"}),
            figures=[errors("shop", 0.5), rate("shop")],
            logs=logs("shop", "dial tcp 10.96.0.91:8080: i/o timeout calling http://pay:8080/charge", times=8),
        ),
        ("Service/pay", "configuration_error", "page_human"),
    ),
]
EDGE = "Deployment/edge"
GONE_QUIET = ("dependency_failure", "page_human")
RELEASED = (SHOP, "code_defect", "rollback_workload")
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"its port was changed, but {what}", world, (CART, "dependency_failure", "page_human"))
        for what, world in (
            ("callers name the new one", renumbered(LATE, "http://cart:80")),
            ("callers name both", renumbered(LATE, "http://cart:80,http://cart:8080")),
            ("they did not reach it long before", renumbered(LATE, since=3000)),
            ("whoever asks is led to the pods themselves", renumbered(LATE, headless=True)),
        )
    ),
    *(
        DoesNotHold(f"the release of a caller is what fails: {what}", world, RELEASED)
        for what, world in (
            ("nobody wrote the Service since", edited(written=None)),
            ("the Service was written long before", edited(written=DAY)),
            ("the Service was written after it", edited(written=60)),
        )
    ),
    *(
        # Both were changed in one minute: a person tells which of them it is.
        DoesNotHold(f"it was edited right before, but {what}", world, (SHOP, "code_defect", "page_human"))
        for what, world in (
            ("a caller that was not released is well", edited(told=())),
            ("its requests come as before", edited(figures=(rate("cart"),))),
            ("it sends to the port that serves", edited(target="http", figures=())),
            (
                "the probes ask the port of operators",
                edited(
                    HTTP,
                    METRICS,
                    target=8080,
                    cart={"readinessProbe": {"httpGet": {"path": "/ready", "port": "metrics"}}},
                ),
            ),
            (
                "it serves by another protocol than its probes",
                edited(HTTP, GRPC, target="grpc", figures=(rate("cart"),)),
            ),
            (
                "no probe asks the port, and what is behind it was released with it",
                edited(HTTP, PLAIN, cart={"before": OLD, "released": 620}),
            ),
            (
                "callers ask another Service",
                edited(
                    more=[service_for("basket", selector={"app": "cart"})],
                    told=unwell(line=NOT_FOUND.replace("cart", "basket")),
                ),
            ),
        )
    ),
    DoesNotHold(
        "a port that no container declares, while nobody suffers",
        snapshot(shop(env=CALLS_CART), workload("cart", service=False), service_for("cart", target=9090)),
    ),
    *(
        DoesNotHold(f"it sends to a port that no container declares, since ever: {what}", world, instead)
        for what, world, instead in (
            ("requests come through, and fail behind it", of_old("INFO", figures=[errors("edge", 0.4)]), (EDGE, *ASK)),
            (
                "its own log tells of requests that fail, though it was edited just then",
                of_old("INFO", logs=[log(pod("edge"), *[ACCESS] * 30, since=500)]),
                (EDGE, *ASK),
            ),
            ("callers do not reach its other port", of_old(*[BY_80] * 9, well=""), (EDGE, *GONE_QUIET)),
            ("who is refused came through before", of_old(*[BY_443] * 9), (EDGE, *GONE_QUIET)),
            (
                "calls of it were well before",
                of_old("INFO", figures=[figure("dependency_error_ratio", 0, 0.5, component="shop", dependency="edge")]),
                (EDGE, *GONE_QUIET),
            ),
        )
    ),
    DoesNotHold(
        "its port is right",
        snapshot(shop(env=CALLS_CART), workload("cart"), logs=logs("shop", REFUSED, times=1)),
        (CART, "dependency_failure", "page_human"),
    ),
]
