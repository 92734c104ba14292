"""A proxy's settings give it fewer servers than there are pods: those beyond idle, and requests wait for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import OLD, alert, autoscaler, latency, logs, rate
from tests.diagnosis.rules.tiny import SPACE, Obj, at, figure, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

EDGE, WEB = "Deployment/edge", "Deployment/web"
SLOTS = ("ConfigMap/slots", "configuration_error", "page_human")
FIRES = alert("Checkout503", service="edge")
HAPROXY = "haproxy:3.0-alpine"
PLACES = "backend be_web\n  balance leastconn\n  server-template web {} {} resolvers kube check maxconn 20\n"
SRV, NAME = f"_http._tcp.web.{SPACE}.svc.cluster.local", "web:8080"
BUSY = "AH00161: server reached MaxRequestWorkers setting, consider raising the MaxRequestWorkers setting"
GET = '10.1.0.7 - - "GET /cart HTTP/1.1" 200 512 "-" "Mozilla/5.0"'
PROBED = '10.1.0.1 - - "GET /healthz HTTP/1.1" 200 15 "-" "kube-probe/1.31"'


def config(text: str, key: str = "haproxy.cfg") -> Obj:
    """Return the settings of the edge."""
    return thing("ConfigMap", "slots", age=200 * 86400, data={key: text})


def lines(*, waited: int = 7800, end: str = "----", status: int = 200, count: int = 30) -> Log:
    """Return what HAProxy tells of its requests of late, which all waited so long for a server."""
    told = (
        f"{at(300 - n * 9)} 203.0.113.{n}:4711 [30/Nov/2026:04:18:31.091] fe be_web/web{n % 3} "
        f'0/{waited}/1/50/{waited + 51} {status} 217 - - {end} 372/370/342/20/0 0/102 "GET /cart HTTP/1.1"'
        for n in range(count)
    )
    return Log(pod("edge"), "edge", tuple(told))


def work(*busy: float, signal: str = "cpu_usage", of: str = "web") -> list[tuple[str, Series]]:
    """Return how much each pod does."""
    return [figure(signal, each, each, pod=pod(of, n)) for n, each in enumerate(busy)]


MEASURED = work(1.5, 1.4, 1.5, 0.01, 0.02)
SAID = [*logs("web", GET, 0, 1, 2), *logs("web", PROBED, 3, 4)]


def world(
    text: str = PLACES.format(3, SRV),
    *,
    image: str = HAPROXY,
    key: str = "haproxy.cfg",
    figures: Iterable[tuple[str, Series]] = MEASURED,
    told: Sequence[Log] | None = None,
    web: Sequence[Obj] | None = None,
    more: Iterable[Obj] = (),
    fires: bool = True,
    **of_edge: Any,
) -> Snapshot:
    """Return an edge that reads how many servers it may have, before a web of five pods."""
    volumes = {"volumes": [{"name": "cfg", "configMap": {"name": "slots"}}]}
    return snapshot(
        workload("edge", image, pods=1, spec=volumes, **of_edge),
        list(web) if web is not None else workload("web", pods=5),
        config(text, key),
        *more,
        figures=figures,
        logs=[lines()] if told is None else told,
        alerts=[FIRES] if fires else (),
    )


def listing(*numbers: int, form: str, web: Sequence[Obj]) -> str:
    """Return a list of some pods of the web by their addresses."""
    pods = pods_of(web)
    return "".join(form.format(n, pods[n]["status"]["podIP"]) for n in numbers)


FIVE = workload("web", pods=5)
SET = workload("web", kind="StatefulSet", pods=5)
OF_SET = [figure("cpu_usage", each, each, pod=f"web-{n}") for n, each in enumerate((1.5, 1.4, 1.5, 0.01, 0.02))]
NGINX = "upstream web {{\n  {}}}\n"
CALLS_DB = {"DATABASE_URL": "postgres://db:5432/shop"}
SPARED = (
    *no("scale_workload", "restart_workload", "rollback_workload", at=WEB),
    *no("restart_workload", "rollback_workload", "scale_workload", at=EDGE),
)
HARM = ("scale_workload", "restart_workload", "rollback_workload")

RELEASED = workload("web", pods=5, before=OLD, released=900)
HOT = [figure("cpu_share", 0.3, now, 900, pod=pod("web", n)) for n, now in enumerate((0.97, 0.96, 0.98, 0.01, 0.01))]
HEAVY = [*MEASURED, *HOT, latency("web", since=890)]

HOLDS = [
    *(
        Holds(what, made, SLOTS, excludes=SPARED, harmful=HARM)
        for what, made in (
            ("places for names of SRV records, and processors tell who idles", world()),
            ("places for a Service's name, counted from one to another", world(PLACES.format("1-3", NAME))),
            (
                "requests tell who idles, and the queue sends users away",
                world(
                    figures=work(40, 42, 39, 0, 0, signal="request_rate_by_pod"), told=[lines(end="sQ--", status=503)]
                ),
            ),
            ("nobody measures anything, and only probes ask some", world(figures=(), told=[lines(), *SAID])),
            (
                "the proxy's log is not there, and who is asked has no worker left",
                world(told=logs("web", BUSY, 0, 1)),
            ),
            (
                "the proxy's log is not there, and who is asked uses all of its processors",
                world(told=(), figures=[*MEASURED, *work(0.97, 0.96, 0.98, 0.01, 0.01, signal="cpu_share")]),
            ),
            ("an autoscaler is at its maximum", world(more=[autoscaler("web", 5, 5)])),
            (
                "a list of addresses of nginx",
                world(
                    NGINX.format(listing(0, 1, 2, form="server {1}:8080; # {0}\n", web=FIVE)),
                    image="nginx:1.27",
                    key="nginx.conf",
                    web=FIVE,
                    told=(),
                    figures=[*MEASURED, latency("web")],
                ),
            ),
            (
                "a list of addresses of Envoy",
                world(
                    listing(0, 1, 2, form="- endpoint: {{address: {1}, port: 8080}} # {0}\n", web=FIVE),
                    image="envoyproxy/envoy:v1.31",
                    key="envoy.yaml",
                    web=FIVE,
                    told=logs("web", BUSY, 2),
                ),
            ),
        )
    ),
    Holds(
        "a list of names of a set's pods",
        world("".join(f"server w{n} web-{n}.web:8080 check\n" for n in range(3)), web=SET, figures=OF_SET),
        SLOTS,
        harmful=HARM,
    ),
    Holds(
        "a list of whole names of a set's pods",
        world(
            "".join(f"server w{n} web-{n}.web.{SPACE}.svc.cluster.local:8080\n" for n in range(3)),
            web=SET,
            figures=OF_SET,
        ),
        SLOTS,
        harmful=HARM,
    ),
    Holds(
        "the web was released as it began: that is not ruled out, and not advised",
        world(web=workload("web", pods=5, before=OLD, released=900)),
        SLOTS,
        harmful=HARM,
    ),
    *(
        Holds(
            f"the web was released, and uses far more, as {who} got far more requests",
            world(web=RELEASED, figures=[*HEAVY, rate(who, 50, 150, 890)]),
            SLOTS,
            harmful=HARM,
        )
        for who in ("edge", "web")
    ),
    Holds(
        "the web uses far more, and was released long before",
        world(web=workload("web", pods=5, before=OLD, released=90000), figures=HEAVY),
        SLOTS,
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world(text, web=SET, figures=OF_SET))
        for what, text in (
            (
                "a list names pods of the same names in another namespace",
                "".join(f"server w{n} web-{n}.web.village.svc:8080 check\n" for n in range(3)),
            ),
            ("a list names hosts elsewhere", "".join(f"server w{n} web-{n}.example.org:8080\n" for n in range(3))),
        )
    ),
    DoesNotHold(
        "one pod is asked, and another is held in reserve for it",
        world(
            "server w0 web-0.web:8080 check\nserver w1 web-1.web:8080 check backup\n",
            web=SET,
            figures=[
                figure("cpu_usage", each, each, pod=f"web-{n}") for n, each in enumerate((1.5, 0.0, 0.0, 0.0, 0.0))
            ],
        ),
    ),
    *(
        DoesNotHold(f"its places are those of a reserve, {what}", world(text))
        for what, text in (
            ("as the last word", PLACES.format(3, SRV).replace("maxconn 20", "maxconn 20 backup")),
            (
                "after an empty line",
                "\n\n" + PLACES.format(3, SRV).partition("conn\n")[2].replace("check", "check backup"),
            ),
        )
    ),
    *(
        DoesNotHold(
            f"the web takes far longer since its release for no more requests: {what}",
            made,
            (WEB, "code_defect", "rollback_workload"),
        )
        for what, made in (
            ("its figures", world(told=(), web=RELEASED, figures=HEAVY)),
            ("beside an autoscaler", world(told=(), web=RELEASED, more=[autoscaler("web", 5, 5)], figures=HEAVY)),
            ("it is known how many", world(told=(), web=RELEASED, figures=[*HEAVY, rate("web"), rate("edge")])),
            ("and requests wait for it", world(web=RELEASED, figures=HEAVY)),
        )
    ),
    DoesNotHold("there are as many places as pods", world(PLACES.format(5, SRV))),
    DoesNotHold("there are more places than pods", world(PLACES.format(12, SRV))),
    *(
        DoesNotHold(f"its places are counted in a way that gives none: {places}", world(PLACES.format(places, SRV)))
        for places in ("0", "5-2", "9-1", "9" * 5000)
    ),
    DoesNotHold("the places are for somebody else", world(PLACES.format(3, "mail:8080"), more=workload("mail"))),
    DoesNotHold("the places are a remark", world("# " + PLACES.format(3, SRV).replace("\n", "\n# "))),
    DoesNotHold("all pods are asked alike", world(figures=work(1.5, 1.4, 1.5, 1.4, 1.5))),
    DoesNotHold("more pods are asked than there are places", world(figures=work(1.5, 1.4, 1.5, 1.4, 0.01))),
    DoesNotHold("nobody waits", world(told=[lines(waited=0)])),
    DoesNotHold("only some waited", world(told=[lines(count=3)])),
    DoesNotHold("nobody suffers", world(fires=False, told=[lines(waited=900)])),
    DoesNotHold("those beyond have just come", world(web=workload("web", pods=5, started=60))),
    DoesNotHold("those beyond are not ready", world(web=workload("web", pods=5, ready=3))),
    DoesNotHold("it is told of no servers", world("frontend fe\n  bind :8080\n")),
    DoesNotHold(
        "who is asked waits for its database",
        world(
            web=workload("web", pods=5, env=CALLS_DB),
            more=workload("db", "postgres:17", kind="StatefulSet", pods=1, port=5432),
            told=[lines(), *logs("web", "ERROR dial tcp db:5432: i/o timeout", 0, 1, 2)],
        ),
    ),
    DoesNotHold(
        "a list names one pod: that one is meant",
        world(listing(0, form="server w{0} {1}:8080\n", web=FIVE), web=FIVE, figures=work(1.5, 0.0, 0.0, 0.0, 0.0)),
    ),
    DoesNotHold("nobody knows who idles", world(figures=())),
]
