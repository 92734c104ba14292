"""Whose clients lose sessions that they made since its start, again and again: it cuts them by its own settings.

A server that was started again takes the sessions of its former process with it, and a client that keeps those needs a
start of its own. One that cuts new ones as well cuts those of any new process too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._tighter import is_hidden
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import OFTEN, Complaint, complaints, told
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.logs import speaks_of, times_around
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import ASLEEP, slept
from tuheg_ir.named import NamedTuple

SETTLED = timedelta(minutes=5)
"""Sessions of the former process are lost by then, once each, where a pool makes new ones by itself."""
_CUTS = late(
    r"\s[cs]D\s+\d+(?:/\d+){4}\s|client_idle_timeout|idle[ -]session timeout|"
    r"disconnected by the server because of inactivity|[Gg]ot timeout reading communication packets"
)
"""How servers tell that they ended a session that was silent for too long; HAProxy by two letters."""
_CUT_WORDS = (" cd ", " sd ", "idle_timeout", "session timeout", "inactivity", "got timeout reading")
"""One of these is in a log that tells of it."""
_USED = late(r"last packet successfully received from the server was (\d[\d.,]*) (milliseconds|seconds) ago")
"""How the driver of MySQL for Java tells when a session that is lost was last known to be well."""
_LIMITS = late(r"time.?out|idle|life.?time|max.?age|keep.?alive", re.IGNORECASE)
"""Words of settings that say how long a session may stand."""


class CutOff(NamedTuple):
    """The edits with which a server was the first to start, when it did, what shows that it cuts, and whom."""

    edits: tuple[tuple[str, datetime], ...]
    started: datetime
    seen: tuple[Evidence, ...]
    clients: tuple[str, ...]


@once
def cuts_off(view: View, server: Workload) -> CutOff | None:
    """Return that a healthy server cuts its clients' sessions since it was started with other settings of how long.

    Its log or theirs must show it: that several programs keep sessions of its former process is nothing of that kind.
    """
    edits, started = slept(view, server)
    maps = tuple(each for each in edits if _limits(view, each[0]))
    well = server.ready >= server.wanted and not crashes(view, server)
    if not maps or started is None or not well or not view.recent(started, ASLEEP):
        return None
    lost = [each for each in _lost(view, server) if soon_after(each.hit.first, started)]
    clients = {each.caller: each for each in lost if each.hit.last and each.hit.last - started >= SETTLED}
    felt = [seen for ref in clients for seen, _ in troubles(view, ref)]
    used = (used_since(view, view.workloads[ref], started) for ref in clients)
    anew = [*_says(view, server, started), *(seen for seen in used if seen is not None)]
    if not felt or not anew:
        return None
    return CutOff(maps, started, (*anew[:1], *told(view, clients.values(), 2), *felt[:1]), tuple(sorted(clients)))


def _lost(view: View, server: Workload) -> Iterator[Complaint]:
    """Yield who tells again and again that its sessions with a server are lost; some lines name nobody."""
    for each in complaints(view, "connection_reset"):
        asks = view.graph.calls.get(each.caller, set())
        unnamed = not each.about and not each.hosts and asks == {server.ref}
        if each.caller in view.workloads and each.hit.count >= OFTEN and (each.about == server.ref or unnamed):
            yield each


def _says(view: View, server: Workload, started: datetime) -> Iterator[Evidence]:
    """Yield that a server's own log tells, since its start, of sessions that it ended as they were silent."""
    for log in view.logs_of(server.live, previous=False):
        lines = [line for line in log.lines if _CUTS.search(line)] if speaks_of(log, _CUT_WORDS) else []
        times = [at for line in lines if (at := stamp(line)) is not None and at > started]
        if len(times) >= OFTEN:
            fact = f"it ends sessions that are silent ({len(times)} lines): {lines[-1].strip()}"
            yield Evidence("logs", f"Pod/{log.pod}", fact, min(times))


def used_since(view: View, client: Workload, started: datetime) -> Evidence | None:
    """Return that a client had used most sessions that it lost since a server's start: they are none of before."""
    every = _last_used(view, client)
    since = [seen for seen, ago in every if seen.time and (seen.time - started - SETTLED).total_seconds() > ago]
    return since[0] if len(since) >= OFTEN and 2 * len(since) > len(every) else None


@once
def _last_used(view: View, client: Workload) -> tuple[tuple[Evidence, float], ...]:
    """Return the sessions that a client tells to have lost, and how many seconds before it had used each."""
    return tuple(_told_of_use(view, client))


def _told_of_use(view: View, client: Workload) -> Iterator[tuple[Evidence, float]]:
    for log in view.logs_of(client.live, previous=False):
        found = [(n, used) for n, line in enumerate(log.lines) if (used := _USED.search(line))]
        upto = times_around(log.lines)[0] if found else []
        for n, used in found:
            ago = float(used[1].replace(",", "").replace(".", "")) / (1000 if used[2] == "milliseconds" else 1)
            fact = f"it loses sessions that it used since: {log.lines[n].strip()}"
            yield Evidence("logs", f"Pod/{log.pod}", fact, upto[n]), ago


def _limits(view: View, ref: str) -> bool:
    """Tell whether a ConfigMap says how long something may stand, or nobody sees what it says."""
    kind, _, label = ref.partition("/")
    obj = view.objects(kind).get(label) if kind == "ConfigMap" else None
    said = mapping(obj, "data").items()
    return obj is not None and (is_hidden(obj) or any(_LIMITS.search(f"{key} {value}") for key, value in said))
