"""How many servers a proxy may have at most for one workload, where its settings list them or keep a number of places.

A list of pods, or so many places to be filled from names (`server-template` of HAProxy), is as long as it was written:
pods beyond it are ready, stand behind the Service, and are asked by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.rules._edge_limit import maps_of
from tuheg_ir.diagnosis.view.reading import mapping, name
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_PLACES = late(
    r"^[ \t]*server-template\s+[\w.-]+\s+(?:(?P<low>\d{1,6})-)?(?P<high>\d{1,6})\s+"
    r"(?:_[\w-]+\._[\w-]+\.)?(?P<host>[A-Za-z0-9][\w.-]*)",
    re.MULTILINE,
)
"""How HAProxy is told of places, and of the name that fills them, which may be one of SRV records."""
_ONE = late(r"(?<![\w.-])((?:\d{1,3}\.){3}\d{1,3}|[a-z0-9][a-z0-9-]*-\d+(?:\.[a-z0-9-]+)+)(?![\w-])")
"""An address, or a name of one pod of a set: `web-0.web`."""
_REMARK = late(r"^[ \t]*(?:#|//).*$", re.MULTILINE)
_SPARE = late(r"^.*\bbackup\b.*$", re.MULTILINE)
"""Servers that are asked only where no other is there."""
A_LIST = 2
"""Who names one pod means that one."""


class Listed(NamedTuple):
    """A ConfigMap that gives a proxy so many servers of a workload, and how it says so."""

    ref: str
    workload: Workload
    most: int
    told: str


def listed(view: View, proxy: Workload) -> Iterator[Listed]:
    """Yield for which workloads a proxy's settings bound how many servers there are."""
    for obj in maps_of(view, proxy):
        said = "\n".join(_REMARK.sub("", str(value)) for value in mapping(obj, "data").values())
        places = list(_places(view, obj, said))
        found = {each.workload.ref: each for each in sorted(places, key=lambda each: each.most)}
        yield from found.values()
        yield from (each for each in _one_by_one(view, obj, said) if each.workload.ref not in found)


def _places(view: View, obj: Obj, said: str) -> Iterator[Listed]:
    for line in _PLACES.finditer(said):
        workload = view.workloads.get(view.graph.resolve(line["host"]))
        most = int(line["high"]) - int(line["low"] or 1) + 1
        rest = said[line.end() :].partition("\n")[0]
        if workload is not None and most > 0 and "backup" not in rest.split():
            yield Listed(f"ConfigMap/{name(obj)}", workload, most, line[0].strip()[:160])


def _one_by_one(view: View, obj: Obj, said: str) -> Iterator[Listed]:
    """Yield of which workloads pods are listed; who has some of them in reserve has thought of how many are asked."""
    hosts, spare = _hosts(view, said), _hosts(view, "\n".join(_SPARE.findall(said)))
    for workload in view.serving:
        pods = [pod for pod in workload.live if {(pod.name, workload.ref), (pod.address, "")} & hosts]
        kept = any({(pod.name, workload.ref), (pod.address, "")} & spare for pod in pods)
        if len(pods) >= A_LIST and not kept and not is_store(workload):
            told = f"it lists {len(pods)} servers: {', '.join(sorted(pod.name for pod in pods)[:4])}"
            yield Listed(f"ConfigMap/{name(obj)}", workload, len(pods), told)


def _hosts(view: View, said: str) -> set[tuple[str, str]]:
    """Return the pods that a text names: by their names with whose they are, or by their addresses."""
    return {
        (host.partition(".")[0], view.graph.resolve(host)) if host[-1].isalpha() else (host, "")
        for host in _ONE.findall(said)
    }
