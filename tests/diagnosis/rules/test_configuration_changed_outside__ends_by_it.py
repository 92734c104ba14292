"""A setting that a program read anew, by which it throws out who is quiet for so long; what looks so and is another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.reread import EDIT, HARM, MOUNTS, READ
from tests.diagnosis.rules.scenes import CART, WELL, alert, errors
from tests.diagnosis.rules.tiny import at, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

YAML = "listeners:\n- name: mqtt\n  # clients ping each minute\n  idle_timeout: 36s\n  max_conns: 12000\n"
GONE = '{{"lvl":"info","logger":"mqtt","m":"session gone","id":"{n}","why":"idle","quiet_s":36.{d},"by":"us"}}'
LONGER = GONE.replace("36.", "360.")
JAVA = "INFO 1 --- [exec-{d}] c.e.Sockets : closing websocket of user u{n}: client was idle for 30{d} ms"
GO = 'level=info msg="disconnecting client" reason="keepalive timeout" after=45s id=c{n}'
TOKEN = "INFO session s-{n} expired after 5m"
SETTLED = "INFO session s-{n} ended by the user after 36 clicks"
POOL = "DEBUG HikariPool-1 - closing connection {n}: idle for 36.{d} s"
OTHER = GONE.replace("36.", "900.")
CALLED = (alert("FewOnline", service="map"),)
HELD = "INFO cart {n} held"


def throwing(
    file: str = YAML,
    said: str = GONE,
    *,
    key: str = "listeners.yaml",
    told: str = "INFO cfg: /etc/rates/{key}: ..data moved, rereading",
    before: Callable[[int], list[tuple[float, str]]] = lambda _: [],
    began: float = 1100,
    end: float = 0,
    each: int = 60,
    throw: int = 2,
    readers: int = 2,
    young: int = 1,
    alerts: tuple[Alert, ...] = CALLED,
    figures: tuple[Any, ...] = (WELL,),
    data: dict[str, str] | None = None,
    cart: dict[str, Any] | None = None,
) -> Snapshot:
    """Return a cart that reads settings anew and ends sessions since, and another that lives on what it publishes.

    readers, throw: how many of its two old pods read it, and end any; young: how many pods were started since.
    """
    pods = 2 + young
    made = workload("cart", pods=pods, **{**MOUNTS, **(cart or {})})
    logs: list[Log] = []
    for n in range(pods):
        reach = 3300 if n < 2 else 600
        lines = [(float(age), HELD.format(n=age)) for age in range(reach, 0, -120)]
        lines += [(READ, told.format(key=key))] if n < readers else []
        lines += before(n) if n < 2 else []
        ages = range(int(min(began, reach - 10)), int(end), -each) if n < throw or n >= 2 else ()
        lines += [(float(age), said.format(n=age, d=age % 5)) for age in ages]
        logs.append(timed(pod("cart", n), *sorted(lines, key=lambda line: -line[0])))
    for obj in made:
        if obj["kind"] == "Pod" and obj["metadata"]["name"] in {pod("cart", n) for n in range(2, pods)}:
            for status in obj["status"]["containerStatuses"]:
                status["state"]["running"]["startedAt"] = at(640)
            obj["status"]["startTime"] = obj["metadata"]["creationTimestamp"] = at(650)
    return snapshot(
        made,
        workload("map"),
        thing("ConfigMap", "rates", written=EDIT, data=data or {key: file}),
        logs=logs,
        figures=figures,
        alerts=list(alerts),
    )


def always(line: str, step: int = 60) -> Callable[[int], list[tuple[float, str]]]:
    """Return what each pod told before it read its settings, by its number."""
    return lambda _: [(float(age), line.format(n=age, d=age % 5)) for age in range(3200, 1200, -step)]


NAMED = ("ConfigMap/rates", "configuration_error", "page_human")
HOLDS = [
    Holds(
        f"a program throws out whoever is there for as long as it read anew: {what}",
        world,
        NAMED,
        alone=True,
        excludes=no("rollback_workload", "restart_workload", at=CART),
        harmful=HARM,
    )
    for what, world in (
        ("quiet devices, and one who lives on what it publishes is called for", throwing()),
        ("its own alert", throwing(alerts=(alert(service="cart"),))),
        ("in thousandths, by properties", throwing("ws.idle-timeout-ms=300\n", JAVA, key="ws.properties")),
        ("in Go, by a file in JSON", throwing('{\n "keepaliveTimeout": "45s"\n}', GO, key="conf.json")),
        ("in minutes", throwing("session_ttl: 5m\n", TOKEN)),
        ("a key that is no file", throwing(data={"a.yaml": "1", "SESSION_IDLE_SECONDS": "36"}, key="a.yaml")),
        ("it let some go before, after far longer", throwing(before=always(LONGER, 900))),
        ("half of its pods were started since", throwing(young=2)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a program read settings anew, ends sessions since, and {what}", world)
    for what, world in (
        ("the time that was written is another", throwing(said=OTHER)),
        ("it let as many go before, after far longer", throwing(before=always(LONGER))),
        ("it let as many go after that time before", throwing(before=always(GONE))),
        ("it is of no time of theirs", throwing("max_conns: 36\n")),
        ("the time stands in a comment", throwing("# idle_timeout: 36s\nmax_conns: 12\n")),
        ("they ended by themselves", throwing(said=SETTLED)),
        ("they are its own ways to a database", throwing(said=POOL)),
        ("it is the time of its own pool", throwing("pool.idle_timeout: 36s\n")),
        ("it is over", throwing(end=950, young=0)),
        ("it began much later", throwing(began=600, young=0)),
        ("few are", throwing(each=400, young=0)),
        ("one pod of two does", throwing(throw=1)),
        ("one pod of two read them", throwing(readers=1, young=0)),
        ("nobody is called", throwing(alerts=())),
    )
] + [
    DoesNotHold(
        "a program read settings anew, ends sessions since, and who is called for fails by figures",
        throwing(figures=(WELL, errors("map", 0.4, 1100))),
    ),
]
