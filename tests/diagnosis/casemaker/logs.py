"""Log lines in the formats that services of several languages write."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.diagnosis.casemaker.names import digest, fraction
from tests.diagnosis.casemaker.workloads import Workload
from tests.diagnosis.casemaker.world import World

TAIL = 100
"""Lines kept of a log, its newest."""


@dataclass(frozen=True)
class L:
    """A line: how long ago (seconds), how bad, what; ``logger`` is a class, module or session."""

    age: float
    level: str
    text: str
    logger: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


def often(every: float, since: float, until: float, level: str, texts: Sequence[str], logger: str = "") -> list[L]:
    """Return lines from ``since`` to ``until`` (ages), about ``every`` seconds apart, taking the texts in turn.

    ``{n}`` in a text becomes a number that differs from line to line.
    """
    lines, age, count = [], since, 0
    while age > until:
        number = int(fraction(texts[0], count, since) * 90_000) + 10_000
        lines.append(L(age, level, texts[count % len(texts)].replace("{n}", str(number)), logger))
        count += 1
        age -= every * (0.6 + 0.8 * fraction(texts[0], count))
    return lines


def log(
    w: World,
    of: Workload,
    number: int,
    style: str,
    lines: Iterable[L],
    *,
    previous: bool = False,
    container: str = "",
    flat: bool = False,
) -> None:
    """Keep a pod's log; ``flat`` stores it as logs/<pod>.log instead of a folder for each pod."""
    pod = of.pods[number]
    name = pod["metadata"]["name"]
    inner = container or pod["spec"]["containers"][0]["name"]
    ending = ".previous.log" if previous else ".log"
    path = f"{name}{ending}" if flat else f"{name}/{inner}{ending}"
    ordered = sorted(lines, key=lambda line: -line.age)
    kept = w.logs.setdefault(path, [])
    kept.extend(text for line in ordered for text in STYLES[style](w, line).split("\n"))
    del kept[:-TAIL]


def raw(w: World, of: Workload, number: int, text: str, *, previous: bool = False, container: str = "") -> None:
    """Keep a text without times, such as a runtime's own error."""
    log(w, of, number, "plain", [L(0, "", text)], previous=previous, container=container)


def _stamp(w: World, line: L, form: str) -> tuple[datetime, str, int]:
    moment = w.time(line.age)
    milli = int(fraction(line.text, line.age) * 999)
    return moment, moment.strftime(form), milli


def plain(_w: World, line: L) -> str:
    return line.text


def logfmt(w: World, line: L) -> str:
    _, stamp, milli = _stamp(w, line, "%Y-%m-%dT%H:%M:%S")
    more = "".join(f" {key}={value}" for key, value in line.fields.items())
    text = json.dumps(line.text)
    return f"time={stamp}.{milli:03}Z level={line.level.upper()} msg={text}{more}"


def zap(w: World, line: L) -> str:
    _, stamp, milli = _stamp(w, line, "%Y-%m-%dT%H:%M:%S")
    made = {"level": line.level, "ts": f"{stamp}.{milli:03}Z", "caller": line.logger or "server/handler.go:118"}
    return json.dumps(made | {"msg": line.text} | line.fields)


def golang(w: World, line: L) -> str:
    _, stamp, _ = _stamp(w, line, "%Y/%m/%d %H:%M:%S")
    return f"{stamp} {line.text}"


def logback(w: World, line: L) -> str:
    _, stamp, milli = _stamp(w, line, "%Y-%m-%dT%H:%M:%S")
    thread = f"nio-8080-exec-{1 + milli % 10}"
    logger = line.logger or "c.e.shop.web.RequestLog"
    return f"{stamp}.{milli:03}Z {line.level.upper():>5} 1 --- [{thread:>15}] {logger:<40} : {line.text}"


def python(w: World, line: L) -> str:
    _, stamp, milli = _stamp(w, line, "%Y-%m-%d %H:%M:%S")
    return f"{stamp},{milli:03} {line.level.upper()} [{line.logger or 'app.views'}] {line.text}"


def pino(w: World, line: L) -> str:
    moment, _, milli = _stamp(w, line, "")
    number = {"debug": 20, "info": 30, "warn": 40, "error": 50, "fatal": 60}.get(line.level, 30)
    made = {"level": number, "time": int(moment.timestamp()) * 1000 + milli, "pid": 1}
    return json.dumps(made | line.fields | {"msg": line.text})


def postgres(w: World, line: L) -> str:
    _, stamp, milli = _stamp(w, line, "%Y-%m-%d %H:%M:%S")
    pid = 200 + int(digest(line.text, line.age)[:3], 16)
    return f"{stamp}.{milli:03} UTC [{pid}] {line.logger}{' ' if line.logger else ''}{line.level.upper()}:  {line.text}"


def redis(w: World, line: L) -> str:
    _, stamp, milli = _stamp(w, line, "%d %b %Y %H:%M:%S")
    sign = {"warn": "#", "error": "#", "info": "*"}.get(line.level, "*")
    return f"1:M {stamp}.{milli:03} {sign} {line.text}"


def klog(w: World, line: L) -> str:
    _, stamp, milli = _stamp(w, line, "%m%d %H:%M:%S")
    return f"{line.level[:1].upper()}{stamp}.{milli:03}000       1 {line.logger or 'main.go:101'}] {line.text}"


def coredns(w: World, line: L) -> str:
    return f"[{line.level.upper()}] {line.text}"


def nginx(w: World, line: L) -> str:
    _, stamp, _ = _stamp(w, line, "%d/%b/%Y:%H:%M:%S +0000")
    client = f"10.244.0.{10 + int(digest(line.text, line.age)[:2], 16) % 80}"
    return f"{client} - - [{stamp}] {line.text}"


def nginx_error(w: World, line: L) -> str:
    _, stamp, _ = _stamp(w, line, "%Y/%m/%d %H:%M:%S")
    return f"{stamp} [{line.level}] 31#31: *{int(digest(line.age)[:4], 16)} {line.text}"


def mongo(w: World, line: L) -> str:
    _, stamp, milli = _stamp(w, line, "%Y-%m-%dT%H:%M:%S")
    made = {"t": {"$date": f"{stamp}.{milli:03}+00:00"}, "s": line.level[:1].upper(), "c": line.logger or "REPL"}
    return json.dumps(made | {"id": 20000 + milli, "ctx": "ReplCoord-0", "msg": line.text, "attr": line.fields})


def kafka(w: World, line: L) -> str:
    _, stamp, milli = _stamp(w, line, "%Y-%m-%d %H:%M:%S")
    return f"[{stamp},{milli:03}] {line.level.upper()} {line.text} ({line.logger or 'kafka.server.KafkaServer'})"


def rabbitmq(w: World, line: L) -> str:
    _, stamp, milli = _stamp(w, line, "%Y-%m-%d %H:%M:%S")
    return f"{stamp}.{milli:03}000+00:00 [{line.level}] <0.{900 + milli}.0> {line.text}"


def mysql(w: World, line: L) -> str:
    _, stamp, milli = _stamp(w, line, "%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{milli:03}000Z {milli % 90} [{line.level.title()}] [MY-010{milli:03}] [Server] {line.text}"


def fluentbit(w: World, line: L) -> str:
    _, stamp, _ = _stamp(w, line, "%Y/%m/%d %H:%M:%S")
    return f"[{stamp}] [{line.level:>5}] {line.text}"


def envoy(w: World, line: L) -> str:
    _, stamp, milli = _stamp(w, line, "%Y-%m-%dT%H:%M:%S")
    return f"[{stamp}.{milli:03}Z] {line.text}"


STYLES = {
    each.__name__: each
    for each in (
        plain, logfmt, zap, golang, logback, python, pino, postgres, redis, klog, coredns, nginx, nginx_error,
        mongo, kafka, rabbitmq, mysql, fluentbit, envoy,
    )
}  # fmt: skip
