"""Since their own release clients of RabbitMQ work on the thread that should answer for them, and are hung up on.

A client sends a heartbeat now and then; who is heard of no more is thought dead, and what it has not acknowledged goes
to another. A program whose thread of the connection does the work itself sends none meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import finds_slow
from tuheg_ir.diagnosis.rules._held_up import WAITS, held_up_by
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import ADDRESS, heard_since
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.releases import SOON, release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_CLOSES = late(r"closing AMQP connection <[\d.]+> \((\d+\.\d+\.\d+\.\d+):\d+ -> ")
"""How RabbitMQ tells whose connection it closes; the reason stands beside it, or on the next line."""
_MISSED = late(r"missed heartbeats from client, timeout: \d+s")
_KNOWN = late(r"accepting AMQP connection|authenticated and granted access")
"""How RabbitMQ tells of who comes."""

_WAITS = frozenset(WAITS) - {"connection_reset"}
"""What holds a client up; that its connection was reset is how it hears that the broker hung up."""


class Hung(NamedTuple):
    """A connection that was closed for missed heartbeats: when, by whom, to which address."""

    at: datetime
    broker: Workload
    address: str
    line: str


def when(view: View) -> Iterator[Match]:
    """RabbitMQ hangs up, for missed heartbeats, on the pods of one release alone, and on nobody for long before it.

    Its pods are on several nodes, have processor time and wait for nobody; another client keeps its connection.
    """
    for broker in of_role(view.workloads, "broker"):
        hung = sorted(_hung(view, broker), key=lambda each: each.at)
        if len(hung) < OFTEN or not view.alerts or not view.recent(hung[-1].at, STILL):
            continue
        client = _client(view, hung)
        if client is None or not _since_its_release(view, client, broker, hung[0].at):
            continue
        if not _has_other_reasons(view, client, broker, hung[0].at) and _another_stays(view, client, broker):
            yield _match(view, client, broker, hung)


def _hung(view: View, broker: Workload) -> Iterator[Hung]:
    """Yield the connections that a broker closed because it heard nothing of the client."""
    for log in view.logs_of(broker.live):
        for line, following in pairwise((*log.lines, "")):
            whose = _CLOSES.search(line)
            at = stamp(line) if whose else None
            if whose and at is not None and (_MISSED.search(line) or _MISSED.search(following)):
                yield Hung(at, broker, whose[1], line)


def _client(view: View, hung: Iterable[Hung]) -> Workload | None:
    """Return the one workload whose live pods all of this happens to: to most of them, on more than one node."""
    addresses = {each.address for each in hung}
    owners = [w for w in view.serving if addresses & {pod.address for pod in w.live}]
    if len(owners) != 1:
        return None
    pods = [pod for pod in owners[0].newest_pods() if pod.address in addresses]
    if len(pods) != len(addresses) or 2 * len(pods) <= len(owners[0].live) or len({pod.node for pod in pods}) < 2:
        return None
    return owners[0]


def _since_its_release(view: View, client: Workload, broker: Workload, began: datetime) -> bool:
    """Tell whether it began with a client's release, and the broker's log tells of as long a time before, and none."""
    at, heard = client.released_at, heard_since(view.logs_of(broker.live))
    if at is None or heard is None or client.returned or not since_release(client, began):
        return False
    return at - heard >= SOON


def _has_other_reasons(view: View, client: Workload, broker: Workload, began: datetime) -> bool:
    """Tell whether something else may be the reason: a release or a start beside it, too little of what it needs."""
    if any(since_release(each, began) for each in view.workloads.values() if each is not client):
        return True
    started = (pod.started or pod.created for pod in broker.live)
    if any(at is None or at > began - SOON for at in started):
        return True
    waits = finds_slow(view, client.ref) or any(hit.trouble in _WAITS for hit in held_up_by(view, client))
    return bool(waits or starving(view, client))


def _another_stays(view: View, client: Workload, broker: Workload) -> bool:
    """Tell whether the broker's log tells of another client that came, and on which it never hung up."""
    came = {
        found[0]
        for log in view.logs_of(broker.live)
        for line in log.lines
        if _KNOWN.search(line) and (found := ADDRESS.search(line[line.find("connection") :]))
    }
    return any(came & {pod.address for pod in w.live} for w in view.serving if w is not client and w is not broker)


def _match(view: View, client: Workload, broker: Workload, hung: list[Hung]) -> Match:
    first, pods = hung[0], len({each.address for each in hung})
    fact = f"missed heartbeats: {len(hung)} connections of {pods} pods of {client.ref} closed: {first.line}"
    return Match(
        component=client.ref,
        evidence=(Evidence("logs", broker.ref, fact, first.at), *release_evidence(client)),
        certainty=0.7,
        root_cause=release_cause(view, client),
        since=first.at,
        explains=behind(view, client.ref, but=client.ref),
        excludes=(
            *not_for((client.ref,), "the same release keeps silent as long, and is hung up on again", RESTARTS),
            *not_for((client.ref,), "further pods of this release lose their connections as well", ("scale_workload",)),
            *not_for((broker.ref,), f"it only hangs up on who keeps silent, and that is {client.ref} alone"),
        ),
    )


RULE = Rule(
    name="beats_missed_since_release",
    title="Clients of the broker send no heartbeats while they work, since their own release",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no broker hangs up for missed heartbeats on the pods of one young release alone",
    follows=True,
)
