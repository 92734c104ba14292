"""A primary of MySQL starts as its settings say, as one that only reads: somebody had opened it while it ran.

`SET GLOBAL read_only = OFF` is forgotten at the next start. Whoever asks it, and a pooler that looks for a server that
takes writes, finds none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._new_primary import WRITES, named_alone
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, told
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import image_name, of_role
from tuheg_ir.diagnosis.view.reading import items, mapping, newest, oldest, text
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_SAYS = late(r"\s*(?:--)?((?:super[_-])?read[_-]only)(?:\s*=\s*(\w+))?\s*(?:#.*)?$", re.IGNORECASE)
"""How a line of an option file, or an argument, makes a server one that only reads; without a value it does."""
_ON = ("", "on", "1", "true")
_SECTION = late(r"\s*\[([\w.-]+)\]")
_OF_SERVERS = late(r"mysqld|mariadbd?|server|mysqld-[\d.]+|mariadbd?-[\d.]+", re.IGNORECASE)
"""The parts of an option file that servers read; others are for tools."""
_OF_REPLICAS = late(r"replica(?!tion)|slave|secondary|standby|reader", re.IGNORECASE)
"""Names of files, of several in one ConfigMap, that are put in place for those servers alone which follow another."""
_FOLLOWS = late(r"\bconnected to (?:source|master) '[^'@]{0,80}@([\w.-]+):\d+'", re.IGNORECASE)
"""How a server of MySQL or MariaDB tells which other one it follows."""
_FOUND = late(r"\bServer '([\w.-]+):\d+' found with 'read_only=1'")
"""How ProxySQL tells that a server takes no writes."""
_NOBODY = late(r"\bHostgroup \d+ has no servers available|\bMax connect timeout reached while reaching hostgroup\b")
"""How it tells that nobody is left to whom it can send them."""
_PROGRAMS = late(r"mysql|mariadb|percona")
LATELY = timedelta(hours=12)
"""Whoever was started longer ago was used so since, or by nobody."""
CLOCKS = timedelta(minutes=2)
"""Clocks are that far apart."""
FEW = 3


def when(view: View) -> Iterator[Match]:
    """Writes are refused since the start of a primary whose settings let it only read, and that leads yet."""
    refused = complaints(view, "read_only_database")
    for store in of_role(view.workloads, "database"):
        said = _said(view, store)
        if not said:
            continue
        for pod in store.live:
            if not (pod.ready and pod.started and view.recent(pod.started, LATELY)) or _opened(view, pod):
                continue
            mine = [each for each in refused if each.about == store.ref and _asks(view, store, pod, each)]
            shown = [*told(view, mine), *_told_by_pooler(view, store, pod)] if _many(mine) else []
            shown = shown or list(_told_by_pooler(view, store, pod))
            leads = _leads(view, store, pod)
            if shown and leads is not None:
                yield _match(view, store, pod, mine, (*shown, said, *leads))
                break


def _match(view: View, store: Workload, pod: Pod, found: list[Complaint], shown: tuple[Evidence, ...]) -> Match:
    began = oldest((*(each.hit.first for each in found), *(each.time for each in shown if each.source == "logs")))
    tellers = {each.caller for each in found}
    others = (ref for ref in behind(view, store.ref, *tellers, but=store.ref) if ref not in tellers)
    callers = tuple(sorted({*tellers, *not_their_own(view, others, began)} - {store.ref}))
    return Match(
        component=store.ref,
        evidence=shown,
        certainty=0.8,
        since=began or pod.started,
        explains=callers,
        excludes=(
            *not_for(callers, f"{pod.name} takes no writes since its start: nothing done to others opens it"),
            *not_for(
                (store.ref,),
                "its settings let it only read at each start: who knows that it leads has to open it",
                (*RESTARTS, "rollback_workload", "scale_workload", "scale_database"),
            ),
        ),
    )


def _many(found: list[Complaint]) -> bool:
    return sum(each.hit.count for each in found) >= FEW


def _asks(view: View, store: Workload, pod: Pod, refused: Complaint) -> bool:
    """Tell whether a caller may have been refused by this very server, since its start.

    Not one that a release of its own has led there since: it may be meant to be read.
    """
    first, caller = refused.hit.first, view.workloads.get(refused.caller)
    if caller is None or not _since(pod, first):
        return False
    came = caller.released_at
    led = came is not None and pod.started is not None and came > pod.started and since_release(caller, first)
    if led and caller.changed("env", "mounts", "command"):
        return False
    return named_alone(view, caller, {store.ref}) in ("", pod.name)


def _since(pod: Pod, first: datetime | None) -> bool:
    """Tell whether something was told first since a server's start."""
    return first is not None and pod.started is not None and first >= pod.started - CLOCKS


def _said(view: View, store: Workload) -> Evidence | None:
    """Return the settings by which a server of MySQL only reads from its start on; None: nothing says so.

    What is said last counts, and most of all what its command says.
    """
    if not _is_mysql(store):
        return None
    said: dict[str, tuple[str, bool]] = {}
    for label, obj in view.maps_read(store.template):
        for key, value in mapping(obj, "data").items():
            if not _OF_REPLICAS.search(str(key)):
                said |= {option: (f"ConfigMap/{label}", on) for option, on in _options(str(value))}
    for _, word in view.graph.commands(store):
        said |= {option: (store.ref, on) for option, on in _options(word, of_server=True)}
    ref = next((ref for ref, on in said.values() if on), "")
    return Evidence("objects", ref, f"read_only is on from the start of each server of {store.ref}") if ref else None


def _is_mysql(store: Workload) -> bool:
    return any(_PROGRAMS.search(image_name(text(c, "image"))) for c in items(store.template, "spec", "containers"))


def _options(said: str, *, of_server: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield the options by which a server only reads, and whether each is on."""
    for line in said.splitlines():
        if section := _SECTION.match(line):
            of_server = _OF_SERVERS.fullmatch(section[1]) is not None
        elif of_server and (found := _SAYS.match(line)):
            yield found[1].lower().replace("-", "_"), (found[2] or "").lower() in _ON


def _opened(view: View, pod: Pod) -> bool:
    """Tell whether a server says that it takes writes."""
    lines = (line for log in view.logs_of([pod], previous=False) for line in log.lines)
    said = [found for line in lines if (found := WRITES.search(line))]
    return bool(said) and bool(said[-1][1])


def _told_by_pooler(view: View, store: Workload, pod: Pod) -> Iterator[Evidence]:
    """Yield that a pooler found a server to take no writes since its start, and has no other one for them."""
    for pooler in of_role(view.workloads, "pooler"):
        for log in view.logs_of(pooler.live, previous=False):
            found = [line for line in log.lines if (said := _FOUND.search(line)) and _names(view, store, pod, said[1])]
            since = stamp(found[-1]) if found else None
            none = [at for line in log.lines if _NOBODY.search(line) and (at := stamp(line)) is not None]
            after = [at for at in none if since is not None and at >= since]
            last = newest(after)
            if _since(pod, since) and len(after) >= FEW and last is not None and view.recent(last, CLOCKS * 5):
                yield Evidence("logs", pooler.ref, found[-1], since)
                return


def _names(view: View, store: Workload, pod: Pod, host: str) -> bool:
    """Tell whether a host is a server: by its address, or by its own name if it is one of several of a store."""
    if host == pod.address:
        return True
    ref = view.graph.resolve(host)
    return (ref in ("", store.ref) and host.partition(".")[0] == pod.name) or (ref == store.ref and _alone(store))


def _alone(store: Workload) -> bool:
    return store.wanted == 1 and len(store.live) == 1


def _leads(view: View, store: Workload, pod: Pod) -> tuple[Evidence, ...] | None:
    """Return what shows that a server leads: it is alone, or another one follows it since its start. None: nothing.

    One of several that follows another itself is a replica, and meant to be read.
    """
    servers = [each for each in of_role(view.workloads, "database") if _is_mysql(each)]
    if servers == [store] and _alone(store):
        return ()
    if any(_FOLLOWS.search(line) for log in view.logs_of([pod], previous=False) for line in log.lines):
        return None
    others = [each for server in servers for each in server.live if each is not pod]
    for log in view.logs_of(others, previous=False):
        for line in reversed(log.lines):
            if said := _FOLLOWS.search(line):
                if _names(view, store, pod, said[1]) and _since(pod, stamp(line)):
                    return (Evidence("logs", store.ref, line.strip(), stamp(line)),)
                break
    return None


RULE = Rule(
    name="starts_read_only",
    title="A primary takes no writes since its start: its settings say so",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no primary of MySQL that was started of late has settings that let it only read",
)
