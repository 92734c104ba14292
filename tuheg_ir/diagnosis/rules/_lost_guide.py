"""A proxy beside one pod that lost the stream of its settings and never took it up again.

It serves on with what it was told last: of keys, places and rights that came since it knows nothing, and it refuses
what its like take. A process that is started anew opens a stream of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.view.askers import of_probe
from tuheg_ir.diagnosis.view.logs import speaks_of, times_near
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.odd import MOSTLY, same_template
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_LOST = late(
    r"\bgRPC config stream (?:to \S{1,80} )?closed\b"
    r"|\bxdsproxy\b.{0,20}\b(?:failed to connect to (?:delta )?upstream|disconnected from)"
    r"|\bxdsproxy\b.{0,20}\bupstream .{0,40}\bterminated\b"
    r"|\bcontroller\{addr=[^}]{1,120}\}.{0,120}\b(?:Failed to connect|Service failed|connection closed)\b"
    r"|\bserver-connection-manager: .{0,40}\b(?:connection error|lost|closed|stream error)\b"
    r"|\[clustering\].{0,80}\bcontrol plane\b.{0,60}\b(?:closed|lost|failed|broken)\b"
)
"""How Envoy, and the agents of Istio, Linkerd, Consul and Kong, tell that nobody tells them their settings any more."""
_GUIDED = late(
    r"\bxdsproxy\b.{0,20}\bconnected to (?:delta )?upstream XDS server\b"
    r"|\b(?:lds|cds|rds|sds|eds|srds|ecds): (?:add/update|added|add \d|adding|updat)"
    r"|\bcontroller\{addr=[^}]{1,120}\}.{0,120}\b(?:Connected|Connection established|reconnected)\b"
    r"|\bserver-connection-manager: (?:connected|switched|updated)\b"
    r"|\[clustering\].{0,80}\b(?:received (?:initial |updated )?(?:reconfigure|config\w*)"
    r"|connected to (?:the )?control plane)"
)
"""The same of a stream that is open, and of what came by it."""
_WORDS = ("config stream", "xdsproxy", "controller{addr=", "server-connection-manager: ", "[clustering]")
"""One of these is in the log of a proxy that lost its stream."""
_PASSED_ON = late(r"\bvia_upstream\b")
"""So Envoy marks the answers that are of the program behind it."""
_OF_CLIENT = late(r"\bJwt_(?:is_expired|not_yet_valid|is_not_in_the_form)")
"""What a client shows that no settings make good, nor a clock that goes wrong."""
_INBOUND = late(r"\binbound\|")
_FAR = 5
"""Who is well refuses so many times less by himself: some of what is shown to all is no good."""
SILENT = timedelta(minutes=15)
"""Who was told nothing and tells nothing of his stream for so long does not try any more."""


class Left(NamedTuple):
    """A pod whose proxy lost its stream, since when it refuses requests, and what shows both.

    well: what shows that one of its like has a stream.
    """

    pod: Pod
    began: datetime
    seen: tuple[Evidence, ...]
    well: Evidence


class _Proxy(NamedTuple):
    """What a proxy beside a pod tells: of its stream (whether it is open, when, the line), and how it answers."""

    pod: Pod
    container: str
    stream: Sequence[tuple[bool, datetime, str]]
    answers: Sequence[tuple[bool, datetime, str]]

    def lost(self) -> tuple[datetime, str] | None:
        """Return when it lost its stream for good, and how it told so; None where it has one as far as is known."""
        if not self.stream or self.stream[-1][0]:
            return None
        _, at, line = self.stream[-1]
        return at, line

    def anew(self, since: datetime) -> tuple[datetime, str] | None:
        """Return the last that came by its stream after a time; None for nothing."""
        told = [(at, line) for is_open, at, line in self.stream if is_open and at > since]
        return told[-1] if told and self.stream[-1][0] else None

    def share(self, since: datetime) -> float:
        """Return which share of requests it answers with a refusal of its own since a time; 1 of too few to tell."""
        told = [bad for bad, at, _ in self.answers if at >= since]
        return sum(told) / len(told) if len(told) >= OFTEN else 1.0

    def refuses(self, since: datetime) -> bool:
        """Tell whether it refuses any request by itself since a time."""
        return any(bad for bad, at, _ in self.answers if at >= since)

    def refused_before(self, moment: datetime) -> bool:
        """Tell whether it refused many of its requests by itself up to a time as well."""
        told = [bad for bad, at, _ in self.answers if at <= moment]
        return bool(told) and sum(told) / len(told) > 1 / _FAR


@once
def lost_guide(view: View, workload: Workload) -> tuple[Left, ...]:
    """Return the pods whose proxy alone lost its stream, and refuses since what its like with the same template take.

    Not where one of its like has none either: then nobody can be told his settings, and a new pod could not start.
    """
    if len(workload.live) < 2 or not any(speaks_of(log, _WORDS) for log in view.logs_of(workload.live)):
        return ()
    proxies = list(_proxies(view, workload))
    found = [left for each in proxies if (left := _left(view, each, proxies)) is not None]
    names = {each.pod.name for each in found}
    others = [each for each in proxies if each.pod.name not in names]
    if not found or not others or len(found) > len(others) or any(each.lost() for each in others):
        return ()
    return tuple(found) if same_template(each.pod for each in proxies) else ()


def lost_by_node(view: View, workload: Workload, left: Sequence[Left]) -> bool:
    """Tell whether all that lost it are on one node, where another's proxies lost it too and none got it back.

    Such a node does not reach who tells the settings, and a new pod there would not start.
    """
    places = {each.pod.node for each in left}
    if len(places) != 1 or not all(places):
        return False
    there = [(each.ref, proxy) for each in view.serving for proxy in _proxies(view, each) if proxy.pod.node in places]
    return all(proxy.lost() for _, proxy in there) and any(ref != workload.ref for ref, _ in there)


def _left(view: View, proxy: _Proxy, proxies: Iterable[_Proxy]) -> Left | None:
    lost = proxy.lost()
    if lost is None or view.recent(lost[0], SILENT):
        return None
    bad = [(at, line) for ill, at, line in proxy.answers if ill and at > lost[0]]
    began = next((at for at, _ in bad if proxy.share(at) >= MOSTLY), None)
    if began is None or not view.recent(bad[-1][0], STILL) or proxy.refused_before(lost[0]):
        return None
    bad, most = [each for each in bad if each[0] >= began], proxy.share(began) / _FAR
    if len(bad) < OFTEN:
        return None
    like = [each for each in proxies if each.container == proxy.container and each.pod is not proxy.pod]
    well = [(each, told) for each in like if (told := each.anew(lost[0])) and each.share(began) <= most]
    if not well or any(each.lost() is None and each.refuses(began) and each.share(began) > most for each in like):
        return None
    ref, (other, (at, line)) = f"Pod/{proxy.pod.name}", well[0]
    gone = f"its proxy lost the stream of its settings, and tells of none since: {lost[1]}"
    refuses = f"it refuses {len(bad)} requests by itself, which its like take: {bad[-1][1][:240]}"
    return Left(
        proxy.pod,
        began,
        (Evidence("logs", ref, gone, lost[0]), Evidence("logs", ref, refuses, began)),
        Evidence("logs", f"Pod/{other.pod.name}", f"its proxy has one: {line}", at),
    )


def _proxies(view: View, workload: Workload) -> Iterator[_Proxy]:
    """Yield the proxies of ready pods that tell of a stream of settings."""
    for pod in workload.live:
        for log in view.logs_of([pod], previous=False) if pod.ready else ():
            if speaks_of(log, _WORDS) and (each := _read(pod, log)).stream:
                yield each


def _read(pod: Pod, log: Log) -> _Proxy:
    stream: list[tuple[bool, datetime, str]] = []
    answers: list[tuple[bool, datetime, str]] = []
    for line, at in zip(log.lines, times_near(log.lines), strict=True):
        if at is None:
            continue
        if status := status_of(line):
            if not of_probe(line):
                answers.append((_by_itself(line, status), at, line.strip()))
        elif _GUIDED.search(line):
            stream.append((True, at, line.strip()))
        elif _LOST.search(line):
            stream.append((False, at, line.strip()))
    return _Proxy(pod, log.container, stream, answers)


def _by_itself(line: str, status: int) -> bool:
    """Tell whether a proxy refuses a request by itself; that the program behind it does not answer is of that one."""
    if _PASSED_ON.search(line) or _OF_CLIENT.search(line):
        return False
    return status in (401, 403, 404) or (status >= 500 and _INBOUND.search(line) is None)
