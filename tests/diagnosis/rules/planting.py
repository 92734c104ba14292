"""A site whose visitors send files, one of whom calls a script that he has sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.scenes import WELL
from tests.diagnosis.rules.tiny import at, log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

THIEF, BROWSER = "203.0.113.7", '"Mozilla/5.0 (X11) Chrome/130.0.0.0"'
SHELL = "/media/custom_options/quote/p/i/pix.php"
SHELLS = (
    'WARNING: [pool www] child 214 said into stderr: "sh: 1: netstat: not found"',
    'WARNING: [pool www] child 219 said into stderr: "cat: /run/secrets/kubernetes.io/x: Is a directory"',
)
CONVERTS = ("convert: no decode delegate for this image format", "INFO gs: page 1 of 3 done")
DUMP = "SELECT /*!40001 SQL_NO_CACHE */ * FROM `customer_entity`;"


def asks(
    path: str = "/",
    client: str = THIEF,
    *,
    how: str = "POST",
    status: int = 200,
    sent: int = 164,
    agent: str = BROWSER,
) -> str:
    """Return a line of an access log."""
    return f'{client} - - "{how} {path} HTTP/1.1" {status} {sent} "-" {agent}'


VISITORS = tuple(asks("/cart", f"198.51.100.{n}", how="GET") for n in range(20, 28))
"""Enough others who ask for something else."""


def beside(*pairs: tuple[float, str], of: str = "shop", previous: bool = False) -> Log:
    """Return the log of a workload's first pod: lines and how many seconds ago they were told."""
    told = tuple(f"{at(age)} {line}" for age, line in sorted(pairs, reverse=True))
    return Log(pod(of), of, told, previous)


def site(
    path: str = SHELL,
    *,
    clients: tuple[str, ...] = (THIEF,),
    status: int = 200,
    how: str = "POST",
    says: tuple[str, ...] = SHELLS,
    apart: float = 1,
    dumps: str = "",
    name: str = "shop",
    **more: Any,
) -> Snapshot:
    """Return a site, its visitors, who asked for a script in it, what its tools complained of, and a database."""
    objects = workload(name, **more)
    address = next(each["status"]["podIP"] for each in objects if each["kind"] == "Pod")
    asked = [(900 - 60 * n, asks(path, c, how=how, status=status)) for n, c in enumerate(clients * 2)]
    told = [(age - apart, line) for (age, _), line in zip(asked, says, strict=False)]
    slow = f"# User@Host: shop[shop] @  [{address}]  Id: 9 # Query_time: 173.8 {dumps}"
    return snapshot(
        objects,
        postgres(),
        logs=[
            beside(*((1000 - n, line) for n, line in enumerate(VISITORS)), *asked, *told, of=name),
            *([log("postgres-0", slow, of="postgres", since=600)] if dumps else []),
        ],
        figures=[WELL],
    )


ORDERS = (("id", 54), ("uname%20-a%3Bnproc", 131), ("env", 2874), ("cat+/etc/passwd", 0))
"""Commands in the address of a script, and how long its answers were."""
FIELDS = '{{"remote": "{client}", "request": "GET {path} HTTP/1.1", "status": 200, "body_bytes_sent": {sent}}}'
"""The same in a log of JSON."""
BOASTS = tuple(
    (f"{order}&size={n}&x=%22&bytes:{n}", 22387) for n, (order, _) in zip((54, 131, 2874), ORDERS, strict=False)
)
"""Commands of a scanner that writes lengths of its own into the address; each gets the page of a site."""
ESCAPED = '{{"remote": "{client}", "request": "GET {path}&d=\\"size\\":{sent} HTTP/1.1", "status": 200, "size": 22387}}'
"""The same in a log of JSON, which escapes the quotes of the asker."""
SORTED = (("id", 5400), ("find", 131), ("ps", 2874), ("cat", 0))
"""Fields' own words, which are the names of commands as well."""


def told(
    orders: tuple[tuple[str, int], ...] = ORDERS,
    path: str = "/uploads/2026/11/a.phtml",
    *,
    clients: tuple[str, ...] = (THIEF,),
    status: int = 200,
    form: str = "",
    behind: bool = False,
    image: str = "",
    alerts: Sequence[Alert] = (),
) -> Snapshot:
    """Return a site of which a client asks a script, by its address, to run commands.

    form: how the log tells of an answer, if not as web servers do. behind: another workload, which it calls, tells of
    the same requests as well.
    """
    lines = [
        form.format(client=client, path=f"{path}?c={order}", sent=sent)
        if form
        else asks(f"{path}?c={order}", client, how="GET", status=status, sent=sent)
        for order, sent in orders
        for client in clients
    ]
    pairs = [*((1000 - n, line) for n, line in enumerate(VISITORS)), *((900 - 30 * n, x) for n, x in enumerate(lines))]
    inner = [beside(*pairs, of="cart")] if behind else []
    return snapshot(
        workload("shop", image, env={"BACKEND": "http://cart:8080"}),
        workload("cart"),
        logs=[beside(*pairs), *inner],
        alerts=list(alerts),
        figures=[WELL],
    )
