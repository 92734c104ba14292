"""What proxies of Envoy's kind turned away by themselves: the flag that says why, and whom they would have asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.view.logs import lines_told, speaks_of, times_near
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

_STATUS = late(r"\" (\d{3}|0) |\"response_code\": ?\"?(\d{3}|0)\b")
"""0: whoever asked did not wait for the answer."""
_FLAGS = late(r"\" (?:\d{3}|0) ([A-Z]{2,5}(?:,[A-Z]{2,5})*) |\"response_flags\": ?\"([A-Z]{2,5}(?:,[A-Z]{2,5})*)\"")
"""Flags behind a status, as Envoy and Istio write them, or in a field of JSON: UH, UO, or several."""
_CLUSTER = late(r"\b((?:out|in)bound[|_][^\s\"]*)|\"upstream_cluster\": ?\"([^\"]+)\"")
"""Whom a proxy would have asked: `outbound|8080|green|cart.town.svc.cluster.local`, `httproute/town/cart/rule/0`."""
_PARTS = late(r"[a-z0-9][a-z0-9.-]*")
_OF_PROXIES = ("bound|", '"upstream_cluster"', '"response_flags"', " http/1.1", " http/2")
_CALLED = "outbound|"


class Answer(NamedTuple):
    """One line of a proxy: when, of which pod, its status (0: none) and flags, and the cluster that it chose ("")."""

    at: datetime | None
    pod: str
    status: int
    flags: frozenset[str]
    cluster: str
    line: str

    @property
    def names(self) -> frozenset[str]:
        """Return the names that its cluster holds: of a Service and a namespace, of a route."""
        head = (part.partition(".")[0] for part in _PARTS.findall(self.cluster.lower()))
        return frozenset(head)

    @property
    def told(self) -> str:
        """Return what the line says, without what it says of a client: `503 UH for outbound|8080|green|cart...`."""
        to = f" for {self.cluster}" if self.cluster else f": {self.line.strip()}"
        return f"{self.status} {','.join(sorted(self.flags))}{to}"[:300]

    @property
    def called(self) -> tuple[str, str]:
        """Return (subset, host) of a cluster of Istio; ("", "") of any other."""
        parts = self.cluster.rstrip(";").split("|")
        return (parts[2], parts[3]) if self.cluster.startswith(_CALLED) and len(parts) == 4 else ("", "")


@once_a_view
def answers(view: View) -> tuple[Answer, ...]:
    """Return how proxies answered, as their logs tell in lines that name a cluster or a flag."""
    found = (each for log in view.snapshot.logs if speaks_of(log, _OF_PROXIES) for each in _told(log))
    return tuple(found)


def _told(log: Log) -> Iterator[Answer]:
    for line, at in zip(log.lines, times_near(log.lines), strict=True):
        status = _STATUS.search(line)
        flags, cluster = _FLAGS.search(line), _CLUSTER.search(line)
        if status and (flags or cluster):
            said = frozenset((flags[1] or flags[2]).split(",")) if flags else frozenset[str]()
            chosen = (cluster[1] or cluster[2]) if cluster else ""
            yield Answer(at, log.pod, int(status[1] or status[2]), said, chosen, line)


def shown(found: Iterable[Answer], most: int = 3) -> tuple[Evidence, ...]:
    """Return what was turned away as evidence, of each pod once."""
    by_pod: dict[str, list[Answer]] = {}
    for each in found:
        by_pod.setdefault(each.pod, []).append(each)
    return tuple(lines_told(pod, len(told), told[-1].told, first(told)) for pod, told in list(by_pod.items())[:most])


def first(found: Iterable[Answer]) -> datetime | None:
    """Return when the first of some answers was given."""
    return oldest(each.at for each in found)
