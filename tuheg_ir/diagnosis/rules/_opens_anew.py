"""Who fills a node's table of connections and holds few of them: a new one for each request stays there when closed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._did_before import did_before
from tuheg_ir.diagnosis.view.nodes import on_node
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

PROMPT = timedelta(minutes=10)
"""Who opens so many fills a table within this time; what fills it later is of what came since."""
TIMES = {"connections_opened": 3.0, "network_packets_sent": 1.5}
"""So many times what the pods before them did is of another template, at the same work; packets are those of it too."""
MOST = 0.5
"""Share of what all pods of a node send that nobody else there can send as well."""
ENTRIES = 3.0
"""So many entries of the table one connection takes at most: its own, and those of the questions for a name."""
_TAKEN, _LIMIT = "node_connections", "node_connections_limit"


def opens_anew(view: View, workload: Workload, node: str, full: datetime) -> Evidence | None:
    """Return that the table of a node fills since a workload's newest pods came there, which send or open by far most.

    They do many times what its pods before them did. Where that is not measured nothing speaks for them but the time.
    ``full``: since when nothing is left of the table.
    """
    mine = [pod for pod in workload.newest_pods() if pod.node == node]
    came = oldest(pod.created for pod in mine)
    rose = _rose(view, node, came, full) if came else None
    if came is None or rose is None:
        return None
    asked: tuple[tuple[str, str, Callable[[], bool]], ...] = (
        ("connections_opened", "opens {:.0f} connections a second", lambda: _fills(view, node, mine, full - came)),
        ("network_packets_sent", "sends {:.0f} packets a second", lambda: _sends_most(view, node, mine)),
    )
    for signal, words, enough in asked:
        was, now = did_before(view, workload, signal, came), _of(view, signal, mine)
        if was is not None and now >= TIMES[signal] * max(was * len(mine), 1.0) and enough():
            told = f"{words.format(now)} from {node}, and its pods before {was:.0f} each; connections fill up since"
            return Evidence("metrics", workload.ref, told, rose)
    return None


def _rose(view: View, node: str, came: datetime, full: datetime) -> datetime | None:
    """Return since when more than half of what a table took since a time is in it, if it took it soon after.

    Where nobody counts what it holds: since when it is full.
    """
    was, limit = view.figures.before(_TAKEN, came, node=node), view.figures.now(_LIMIT, node=node)
    rose: datetime | None = full
    if view.figures.now(_TAKEN, node=node) is not None and limit:
        if was is None or was >= MOST * limit:
            return None
        rose = view.figures.crossed(_TAKEN, (was + limit) / 2, node=node)
    return rose if rose is not None and came <= rose <= came + PROMPT else None


def _fills(view: View, node: str, mine: Collection[Pod], meanwhile: timedelta) -> bool:
    """Tell whether what pods opened while a table filled may be most of what came to it; not if nobody counts that."""
    was, limit = view.figures.first(_TAKEN, node=node), view.figures.now(_LIMIT, node=node)
    opened = _of(view, "connections_opened", mine) * meanwhile.total_seconds()
    return was is not None and limit is not None and ENTRIES * opened >= MOST * (limit - was)


def _sends_most(view: View, node: str, mine: Collection[Pod]) -> bool:
    """Tell whether pods send most of what all pods of a node do; those with its own address count what it sends."""
    there = [pod for _, pod in on_node(view, node) if not pod.on_host_network]
    return _of(view, "network_packets_sent", mine) >= MOST * _of(view, "network_packets_sent", there)


def _of(view: View, signal: str, pods: Collection[Pod]) -> float:
    return sum(view.figures.now(signal, pod=pod.name) or 0.0 for pod in pods)
