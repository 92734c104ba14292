"""A proxy of ours passes on what a host outside answers: its access log has that host's status, and not its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.proxied import meshed
from tests.diagnosis.rules.refusing import HOST
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, rate, shop
from tests.diagnosis.rules.tiny import Obj, container, pod, redis, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

GATE = "Deployment/gate"
FAILS, FAILS_SHOP = (GATE, "dependency_failure", "page_human"), (SHOP, "dependency_failure", "page_human")
BARRED = no("restart_workload", "rollback_workload", "scale_workload", at=GATE)
HARMFUL = ("rollback_workload", "restart_workload", "scale_workload", "switch_traffic", "no_action")
ASKS_GATE = {"FARES_URL": "http://gate:8080"}
TOLD = "ERROR fares: 429 Too Many Requests from http://gate:8080/v2/offers"
NGINX = f"location /v2/ {{ proxy_pass https://{HOST}; proxy_cache fares; access_log /dev/stdout up; }}"
TWO = f"{NGINX}\nlocation /v3/ {{ proxy_pass https://api.trains.example.org; }}"
BESIDE = f"{NGINX}\nlocation /me {{ proxy_pass http://127.0.0.1:9000; }}"
INNER = f"{NGINX}\nlocation /me {{ proxy_pass http://users:8080; }}"
AGES = range(1500, 0, -20)
OK = '10.1.0.1 [-] "GET /v2/offers/7 HTTP/1.1" 200 MISS up=200 ut=0.080'
SAYS = '10.1.0.1 [-] "GET /v2/offers/7 HTTP/1.1" 429 MISS up=429 ut=0.020'
ITSELF = '10.1.0.1 [-] "GET /v2/offers/7 HTTP/1.1" 429 - up=- ut=-'
JSON = '{{"method": "GET", "path": "/v2/offers/7", "status": {0}, "upstream_status": "{1}", "cache": "MISS"}}'
ISTIO = (
    '"GET /v2/offers HTTP/1.1" {0} - via_upstream - "-" 0 37 14 13 "-" "Go/1.1" "7f" "{1}" "52.1.2.3:443"'
    " {2}|443||{1} 10.1.0.1:44052 52.1.2.3:443 10.1.0.1:44050 - default"
)


def mounted(text: str, **more: Any) -> list[Obj]:
    """Return a proxy that reads a file of settings from a ConfigMap."""
    volumes = [{"name": "conf", "configMap": {"name": "gate-conf"}}]
    mounts = [{"name": "conf", "mountPath": "/etc/nginx/conf.d"}]
    made = workload("gate", "nginx:1.27", volumeMounts=mounts, spec={"volumes": volumes}, **more)
    return [*made, thing("ConfigMap", "gate-conf", data={"default.conf": text})]


def passed(
    now: str = SAYS,
    gate: list[Obj] | None = None,
    *others: list[Obj],
    well: str = OK,
    told: str = TOLD,
    turned: float = 600,
    figures: tuple[Any, ...] = (),
    last: str = "",
    **more: Any,
) -> Snapshot:
    """Return a shop that fails behind a proxy, whose lines are others since some time."""
    lines = [(float(age), well if age > turned else now) for age in AGES]
    return snapshot(
        known("10.1.0.9", shop(env=ASKS_GATE, **more)),
        mounted(NGINX) if gate is None else gate,
        *others,
        figures=[errors("shop", 0.4, turned - 20), *figures],
        logs=[
            timed(pod("gate"), *lines, *([(1.0, last)] if last else [])),
            timed(pod("shop"), *((float(age), "INFO offers n=12" if age > turned else told) for age in AGES)),
        ],
    )


def in_mesh(line: str, host: str = HOST, way: str = "outbound", status: int = 429) -> Snapshot:
    """Return a shop whose sidecar tells of what it asks."""
    form = line.format
    lines = ((float(age), form(200 if age > 600 else status, host, way)) for age in AGES)
    return snapshot(
        meshed("shop", env={"FARES_URL": f"https://{HOST}"}),
        figures=[errors("shop", 0.4, 580)],
        logs=[timed(pod("shop"), *lines, of="istio-proxy")],
    )


def known(address: str, world: list[Obj]) -> list[Obj]:
    """Return a workload whose first pod has an address."""
    pods_of(world)[0]["status"]["podIP"] = address
    return world


def with_app(env: Mapping[str, str]) -> list[Obj]:
    """Return a proxy before a program in its own pod, whose settings stand in the image."""
    spec = {"containers": [container("gate", "nginx:1.27"), container("app", "fares:7", env=env)]}
    return workload("gate", "nginx:1.27", spec=spec)


BY_ENV = workload("gate", "fares-gateway:3", env={"UPSTREAM_URL": f"https://{HOST}"})
RELEASED: dict[str, Any] = {"before": OLD, "released": 900.0}
HOLDS = [
    Holds(what, world, FAILS, excludes=BARRED, harmful=HARMFUL)
    for what, world in (
        ("nginx tells the status of its upstream, and its file names one host", passed()),
        ("its client is known by its address", passed(SAYS.replace("10.1.0.1", "10.1.0.9"))),
        ("the last of several tries counts", passed(SAYS.replace("up=429", "up=502, 429"))),
        ("a gateway of fields, whose variable names the host", passed(JSON.format(429, 429), BY_ENV)),
        ("a number without quotes", passed(JSON.format(429, 429).replace('"429"', "429"), BY_ENV)),
        ("a store beside keeps what it got", passed(SAYS, mounted(NGINX, env={"REDIS_URL": "redis://redis"}), redis())),
        (
            "a user was released minutes before, and asks as much as ever",
            passed(figures=(rate("gate", 60, 61),), **RELEASED),
        ),
        ("a user was released an hour before", passed(**{**RELEASED, "released": 4000.0})),
    )
]
HOLDS += [
    Holds(f"a sidecar names whom it asked, who answers {status}", in_mesh(ISTIO, status=status), FAILS_SHOP)
    for status in (429, 503)
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, answer)
    for what, world, answer in (
        ("the proxy refuses by itself", passed(ITSELF), ASK),
        ("most refusals are its own", passed(ITSELF, last=SAYS), ASK),
        ("the host answered well, and the proxy not", passed(SAYS.replace("up=429", "up=200")), ASK),
        ("it leads to two hosts outside", passed(SAYS, mounted(TWO)), ASK),
        ("it leads to one of ours as well", passed(SAYS, mounted(INNER), workload("users")), ASK),
        (
            "it leads to one of ours as well, whose port goes without saying",
            passed(SAYS, mounted(INNER.replace(":8080", "")), workload("users")),
            ASK,
        ),
        ("it leads to its own pod as well", passed(SAYS, mounted(BESIDE)), ASK),
        ("the host is another container's", passed(SAYS, with_app({"PAY_URL": f"https://{HOST}"})), ASK),
        ("a user was released minutes before, and nobody counts what it asks", passed(**RELEASED), ASK),
        (
            "a user was released minutes before, and more is asked",
            passed(figures=(rate("gate", 20, 60),), **RELEASED),
            ASK,
        ),
        ("a sidecar tells of what its program answers", in_mesh(ISTIO, way="inbound"), ASK),
    )
]
