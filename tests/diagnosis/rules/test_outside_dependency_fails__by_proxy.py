"""A host outside answers late, and only the log of the proxy beside who asks it tells so."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, errors, shop
from tests.diagnosis.rules.tiny import SPACE, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

HOST, OTHER = "api.acmepay.example", "gw.bank.example"
FAILS = (CART, "dependency_failure", "page_human")
SINCE, LATE = 900, 27_400
ACT = ("restart_workload", "rollback_workload", "restart_connection_pool", "scale_workload")


def istio(host: str, took: float, status: str = "200 - via_upstream") -> str:
    """Return a line of Istio's proxy about a call that took so many milliseconds."""
    return (
        f'"POST /v3/pay HTTP/1.1" {status} - "-" 538 0 {took:.0f} - "-" "python-requests/2.32.3" "f63f74c6" '
        f'"{host}" "185.71.64.20:443" outbound|443||{host} 10.42.3.41:51504 185.71.64.20:443 10.42.3.41:58142 - default'
    )


def envoy(host: str, took: float) -> str:
    """Return such a line as a record of JSON."""
    return (
        f'{{"response_code":200,"response_flags":"-","duration":{took:.0f},"upstream_cluster":"outbound|443||{host}"}}'
    )


def gone(host: str, took: float) -> str:
    """Return a line about a call whose sender did not wait for the end."""
    return istio(host, took, "0 DC downstream_remote_disconnect")


def fellow(_: str, took: float) -> str:
    """Return a line about a call of a Service of the namespace."""
    return istio(f"stock.{SPACE}.svc.cluster.local", took)


def told(number: int, line: Any = istio, *, before: float = 210, now: float = LATE, other: float | None = 80) -> Log:
    """Return what the proxy of a pod tells: a call a minute, and some of another host."""
    calls = [(age, line(HOST, before)) for age in range(3000, SINCE, -120)]
    calls += [(age, line(HOST, now)) for age in range(SINCE - 10, 20, -60)]
    beside = [(age + 7, istio(OTHER, other)) for age in range(2900, 20, -200)] if other else []
    made = timed(pod("cart", number), *sorted([*calls, *beside], reverse=True))
    return Log(made.pod, "istio-proxy", made.lines)


def world(*logs: Log, beside: tuple[Any, ...] = (), **mine: Any) -> Snapshot:
    """Return a cart of two pods that fails since then."""
    made = workload("cart", pods=2, **mine)
    caller = shop(env={"CART_URL": "http://cart:8080"})
    return snapshot(caller, made, *beside, figures=[errors("cart", since=SINCE)], logs=logs)


HOLDS = [
    *(
        Holds(
            f"both pods wait for one host outside alone: {what}",
            world(told(0, line), told(1, line)),
            FAILS,
            excludes=no(*ACT, at=CART),
            harmful=ACT,
        )
        for what, line in (
            ("a proxy of Istio tells it", istio),
            ("who asks does not wait for the end", gone),
            ("it is told in records of JSON", envoy),
        )
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, found)
        for what, found in (
            ("it has always taken so long", world(told(0, before=LATE), told(1, before=LATE))),
            ("it takes three times as long, and still no second", world(told(0, now=700), told(1, now=700))),
            ("one pod alone waits: its node may be behind it", world(told(0), told(1, now=210))),
            ("one pod alone asks it", world(told(0))),
            ("the other host takes as long since then", world(told(0, other=LATE), told(1, other=LATE))),
            ("no other host is asked: the way out may be closed", world(told(0, other=None), told(1, other=None))),
        )
    ),
    DoesNotHold("a fellow takes so long", world(told(0, fellow), told(1, fellow), beside=(workload("stock"),))),
]
