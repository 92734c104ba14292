"""Checks that others than the kubelet make of pods: an edge or a balancer leads nobody to who does not pass its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules._edge_limit import maps_of
from tuheg_ir.diagnosis.rules._named_backends import by_address
from tuheg_ir.diagnosis.rules.edge_released import is_proxy
from tuheg_ir.diagnosis.view.askers import answer_of
from tuheg_ir.diagnosis.view.logs import ADDRESS, times_near
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import items, mapping, ref, text
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_DOWN = late(
    r"(?:\bServer|Health check for server) (?P<haproxy>\S+/\S+?) (?:is (?:going )?DOWN|failed),.{0,60}? reason: "
    r"Layer7 .{0,40}?code: (?P<code>\d{3})"
    r"|(?i:health ?check).{0,300}?(?:fail|remov|unhealthy|critical).{0,300}?"
    r"(?:status(?:[ _]code)?|code):? ?(?P<status>\d{3})\b"
    r"|health_?checker\.active.{0,200}status_code\"?: ?(?P<caddy>\d{3})\b"
    r"|Health checks failed with these codes: \[(?P<aws>\d{3})"
)
"""How who leads users to pods tells that his own check of one was answered with a status that he does not take.

HAProxy, Traefik and most others, Caddy, and the balancers of AWS.
"""
_UP = late(
    r"\bis (?:going )?UP\b|(?i:health ?check).{0,80}(?:succeed|success|passe[ds]|recover|returning)|\bis healthy\b"
)
"""How the same tell that one passes again."""
_ASKED = late(
    r"\b(?:GET|HEAD|OPTIONS)\b[\"']?,? +[\"']?(?:https?://[^/\s\"']+)?(?P<asked>/[^\s\"'?,;]*)"
    r"|\b(?:http_?|request_?)?(?:path|uri|url)[\"']?\s*[=:]\s*[\"']?(?:https?://[^/\s\"']+)?(?P<field>/[^\s\"'?,;]*)"
)
_BALANCERS = late(
    r"GoogleHC|ELB-HealthChecker|HAProxy|Traefik|Envoy/HC|Consul Health|Edge Health Probe|Load ?Balancer Agent",
    re.IGNORECASE,
)
"""How those call themselves who lead nobody to whom their check refuses; monitoring only calls a person."""
_CONTENT_WITH = late(r"success-?codes|matcher|expect(?:ed)?-?(?:status|codes?)", re.IGNORECASE)
"""Names of annotations that say which answers a check is content with."""
_OF_CHECKS = late(r"health|check|probe", re.IGNORECASE)
_PATHS = late(r"(?<![\w./:*-])/[\w./~-]*")
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
REFUSED = frozenset(range(300, 500)) - {304, 408, 429, 499}
"""Who answers with such a status is there, and takes what he is asked for another thing than it is meant as."""
LEFT = 400
MANY = 10
"""So often a check comes within minutes; who looks for it by chance asks less."""
NOW = timedelta(minutes=10)


class Down(NamedTuple):
    """A line in which somebody tells that his check of a workload's pod was refused, and when about."""

    by: Workload
    about: str
    pod: str
    line: str
    at: datetime | None


class Refusal(NamedTuple):
    """Which path its pods refuse by now, how often, since when, a line of it, and who may be known to ask it."""

    path: str
    times: int
    since: datetime
    line: str
    pod: str


@once_a_view
def downs(view: View) -> tuple[Down, ...]:
    """Return what is told of checks that were refused, of workloads that are known by name or address."""
    return tuple(_downs(view))


def _downs(view: View) -> Iterator[Down]:
    for workload in view.serving:
        for log in view.logs_of(workload.live, previous=False):
            if not any("ealth" in line or " DOWN, " in line for line in log.lines):
                continue
            found: dict[str, list[Down]] = {}
            for line, at in zip(log.lines, times_near(log.lines), strict=True):
                if _UP.search(line):
                    found.pop(about_whom(view, line), None)
                elif (about := _refused(view, line)) and about != workload.ref:
                    found.setdefault(about, []).append(Down(workload, about, log.pod, line, at))
            yield from (each for told in found.values() for each in told)


def _refused(view: View, line: str) -> str:
    """Return the workload whose pod a line says did not pass a check by its answer; "" for none."""
    found = _DOWN.search(line)
    if found is None or int(next(filter(None, found.group("code", "status", "caddy", "aws")))) not in REFUSED:
        return ""
    return about_whom(view, found["haproxy"] or line)


def about_whom(view: View, words: str) -> str:
    """Return the one workload of which words name a Service or a pod's address; "" where there is none."""
    pods = by_address(view)
    found = {pods[ip][1].ref for ip in ADDRESS.findall(words) if ip in pods}
    if not found:
        named = (s for s in view.services.values() if _names(words, s.name))
        found = {each for service in named for each in service.backends}
    return found.pop() if len(found) == 1 else ""


def _names(words: str, label: str) -> bool:
    return label in words and re.search(rf"(?<![A-Za-z0-9-]){re.escape(label)}(?![A-Za-z0-9-])", words) is not None


def refusal(view: View, workload: Workload) -> Refusal | None:
    """Return the path of a check that most newest pods of a workload refuse since their start, each time until now.

    It is asked by a balancer, or was what the kubelet asked of the template before, or stands in a way in to it. What
    the kubelet asks by now is no such path.
    """
    counts, last, since, heard = (
        Counter[str](),
        dict[str, tuple[str, str]](),
        dict[str, datetime](),
        dict[str, set[str]](),
    )
    taken = set[str]()
    for log in view.logs_of(workload.newest_pods(), previous=False):
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            path, status = path_of(line), answer_of(line)
            if not path or at is None or not status:
                continue
            if status not in REFUSED:
                taken.add(path)
                continue
            if status < LEFT and not of_balancer(line):
                continue  # most take being led on for an answer
            counts[path] += view.recent(at, NOW)
            since[path] = min(at, since.get(path, at))
            last[path] = line, log.pod
            heard.setdefault(path, set()).add(log.pod)
    for path, times in counts.most_common():
        known = path not in taken and path not in _kubelet(workload.template)
        if known and times >= MANY and 2 * len(heard[path]) > len(workload.newest_pods()):
            return Refusal(path, times, since[path], *last[path])
    return None


def path_of(line: str) -> str:
    """Return the path that a line of an access log tells of; "" for none."""
    found = _ASKED.search(line)
    return (found["asked"] or found["field"]) if found else ""


def of_balancer(line: str) -> bool:
    """Tell whether a line of an access log is of one who leads users to whom he checks."""
    return _BALANCERS.search(line) is not None


def asked_before(workload: Workload, path: str) -> bool:
    """Tell whether the kubelet asked a path of the template before: whoever else asks it had an answer then."""
    return path in _kubelet(template_before(workload))


def _kubelet(template: object) -> set[str]:
    probes = (mapping(c, probe) for c in items(template, "spec", "containers") for probe in _PROBES)
    return {text(probe, "httpGet", "path") for probe in probes} - {""}


def told_to_check(view: View, workload: Workload, path: str) -> Iterator[Evidence]:
    """Yield the ways in to a workload, or settings of an edge, that tell to check a path of it."""
    for obj in ways_to(view, workload):
        notes = mapping(obj, "metadata", "annotations")
        if any(_CONTENT_WITH.search(str(key)) for key in notes):
            continue  # it may be content with just that answer
        for key, value in notes.items():
            if _OF_CHECKS.search(str(key)) and path in _PATHS.findall(str(value)):
                yield Evidence("objects", ref(obj), f"its annotation {key} has {path} checked", None)
    for edge in filter(is_proxy, view.serving):
        for obj in maps_of(view, edge):
            said = [line for value in mapping(obj, "data").values() for line in str(value).splitlines()]
            if any(_OF_CHECKS.search(line) and path in _PATHS.findall(line) for line in said):
                yield Evidence("objects", ref(obj), f"{edge.ref} is told by it to check {path}", None)


def ways_to(view: View, workload: Workload) -> Iterator[Obj]:
    """Yield the Services of a workload, and what leads to them from outside."""
    led = view.leading_to(workload.ref)
    yield from (service.obj for service in led)
    names = {service.name for service in led}
    for found in dict.fromkeys(route.ref for route in view.routes if route.service in names):
        kind, _, name = found.partition("/")
        if (obj := view.objects(kind).get(name)) is not None:
            yield obj
