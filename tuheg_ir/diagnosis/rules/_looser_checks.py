"""What a release took from the checks that a pod has to pass before it is asked: a weaker one, a shorter wait, none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tuheg_ir.diagnosis.view.reading import items, mapping, text, whole
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_CHECKS = ("readinessProbe", "startupProbe")
"""A pod is asked as soon as these are passed; what only ends pods keeps nobody from asking them."""
_PORT_ALONE, _PROGRAM = 1, 2
"""A check that holds as soon as somebody listens, and one that the program, or a command, answers itself."""
LEAST_S, HALF = 10, 2
"""A wait that was cut by less than this, or not to half, is hardly missed."""


class Looser(NamedTuple):
    """What a release made of a container's checks; ``waited``: the wait, where that alone was cut."""

    container: str
    told: str
    waited: timedelta | None = None


class _Check(NamedTuple):
    """How strong a check is, and what it asks."""

    strength: int
    asks: str


def looser_checks(workload: Workload) -> tuple[Looser, ...]:
    """Return what lets a release's pods be asked earlier than those before, whatever their containers are called.

    A check that another one as strong stands in for counts too: nobody knows whether that one asks as much. One that a
    stronger one stands in for does not, nor one that the pods before asked as well.
    """
    before, now = (items(each, "spec", "containers") for each in (template_before(workload), workload.template))
    return tuple(found for was, is_ in _pairs(before, now) if (found := _looser(was, is_)))


def paths_of_checks(workload: Workload) -> set[str]:
    """Return the paths that the checks of a release's containers ask for, and those of the ones before."""
    templates = template_before(workload), workload.template
    containers = (each for template in templates for each in items(template, "spec", "containers"))
    return {text(each, probe, "httpGet", "path") for each in containers for probe in _CHECKS} - {""}


def _pairs(
    before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Yield each container that was there before with what it is now; an only one may have got another name."""
    named = {text(each, "name"): each for each in now}
    for was in before:
        is_ = now[0] if len(before) == len(now) == 1 else named.get(text(was, "name"))
        if is_ is not None:
            yield was, is_


def _looser(was: Mapping[str, Any], is_: Mapping[str, Any]) -> Looser | None:
    had, has = _checks(was), _checks(is_)
    most = max((each.strength for each in has), default=0)
    lost = sorted(each for each in had - has if each.strength >= most)
    if lost:
        asked = f"asked {lost[-1].asks} before, now {max(has).asks if has else 'nothing'}"
        return Looser(text(is_, "name"), asked)
    waited, waits = _wait(was), _wait(is_)
    if had == has and waited - waits >= LEAST_S and waits * HALF <= waited:
        cut = f"waited {waited} s before it was asked, now {waits} s"
        return Looser(text(is_, "name"), cut, timedelta(seconds=waited))
    return None


def _checks(container: Mapping[str, Any]) -> set[_Check]:
    found = (mapping(container, each) for each in _CHECKS)
    return {_check(container, each) for each in found if each}


def _check(container: Mapping[str, Any], probe: Mapping[str, Any]) -> _Check:
    """Return what a probe asks; a port of a name and of its number are the same one."""
    ports = {text(each, "name"): text(each, "containerPort") for each in items(container, "ports")}
    port = next((given for each in ("httpGet", "tcpSocket", "grpc") if (given := text(probe, each, "port"))), "")
    port = ports.get(port, port)
    if "tcpSocket" in probe:
        return _Check(_PORT_ALONE, f"whether port {port} is open")
    if "httpGet" in probe:
        return _Check(_PROGRAM, f"for {text(probe, 'httpGet', 'path') or '/'} at port {port}")
    if "grpc" in probe:
        return _Check(_PROGRAM, f"for its health by gRPC {text(probe, 'grpc', 'service')} at port {port}")
    command = " ".join(str(word) for word in mapping(probe, "exec").get("command") or ())
    return _Check(_PROGRAM, f"by {command[:120]}")


def _wait(container: Mapping[str, Any]) -> int:
    return max(whole(container, each, "initialDelaySeconds") for each in _CHECKS)
