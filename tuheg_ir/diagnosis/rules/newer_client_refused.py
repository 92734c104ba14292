"""Since clients outside moved to another version of their program, a server refuses what it took from them before.

An access log tells it: one and the same request is answered for the version before, and refused for the next, by the
same pods at the same time. What they send is another thing now, whatever was released here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.answers import status_of
from tuheg_ir.diagnosis.view.askers import program_of
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.marked import STILL, Marked, marked
from tuheg_ir.diagnosis.view.releases import SOON, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering, troubles, unplaced
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE = timedelta(minutes=2)
"""Who refuses a request tells of it then; the one before it may tell it by another clock."""
_REFUSED = frozenset({400, 406, 415, 422, 500})
"""What a program answers to what it cannot make sense of; it is no login, no limit, and nobody that is away."""
_VERSION = late(r"([A-Za-z][\w.+-]{1,60})/v?(\d[\w.+-]{0,40})")
"""How a program calls itself and its version; browsers all call themselves by one name."""
_ASKED = late(r'"?\b(GET|POST|PUT|PATCH|DELETE) (/[^\s"?]*)')
_NUMBER = late(r"\d+|[0-9a-f]{8}-[0-9a-f-]{27}")


class Asked(NamedTuple):
    """One line of an access log: when, who asked from where, and the status of the answer."""

    at: datetime
    address: str
    status: int
    line: str


class Turn(NamedTuple):
    """Two versions of one client: the requests of the one that is served, and those of the one that is refused."""

    name: str
    served: str
    refused: str
    before: Sequence[Asked]
    since: Sequence[Asked]


def when(view: View) -> Iterator[Match]:
    """A server refuses all requests of one version of a client outside, and served the same ones of the one before.

    Not where another was released then: that may be the client. Who refuses it is none: it took the version before.
    """
    own = {pod.address for w in view.workloads.values() for pod in w.live}
    for server in view.serving:
        turns = list(_turns(view, server, own))
        if len(turns) != 1:
            continue
        first = turns[0].since[0].at
        teller = _teller(view, server, first)
        said = [*suffering(view, server.ref), *(seen for seen, _ in troubles(view, server.ref)), *unplaced(view)]
        said += suffering(view, teller[0].ref) if teller else ()
        others = (w for w in view.workloads.values() if w is not server and not (teller and w is teller[0]))
        if said and not any(since_release(w, first) for w in others):
            yield _match(view, server, turns[0], teller, said[0])


def _turns(view: View, server: Workload, own: set[str]) -> Iterator[Turn]:
    """Yield the clients whose versions took turns: some that asked by the one that is served ask by the next now."""
    for (name, _), versions in _asked(view, server, own).items():
        good = {v: found for v, found in versions.items() if len(found) >= OFTEN and _all(found, served=True)}
        bad = {v: found for v, found in versions.items() if len(found) >= OFTEN and _all(found, served=False)}
        if len(good) != 1 or len(bad) != 1 or len(versions) != len(good) + len(bad):
            continue
        (served, before), (refused, since) = *good.items(), *bad.items()
        moved = {each.address for each in before} & {each.address for each in since}
        if moved and _took_turns(before, since) and view.recent(since[-1].at, STILL):
            yield Turn(name, served, refused, before, since)


def _took_turns(before: Sequence[Asked], since: Sequence[Asked]) -> bool:
    """Tell whether one version came for the other: that was served before, once more amid it, and came no more then."""
    first, last = since[0].at, before[-1].at
    earlier = sum(each.at < first for each in before)
    return earlier >= OFTEN and first < last <= first + SOON and sum(each.at > last for each in since) >= OFTEN


def _all(found: Sequence[Asked], *, served: bool) -> bool:
    return all(each.status < 400 if served else each.status in _REFUSED for each in found)


def _asked(view: View, server: Workload, own: set[str]) -> dict[tuple[str, str], dict[str, list[Asked]]]:
    """Return (program, request) -> version -> what was asked, in the order of time, by clients outside."""
    found: dict[tuple[str, str], dict[str, list[Asked]]] = defaultdict(lambda: defaultdict(list))
    for line in view.lines_of(server):
        status, who = status_of(line), program_of(line)
        if not status or not who or (version := _VERSION.match(who)) is None or version[1] == "Mozilla":
            continue
        at, address, what = stamp(line), ADDRESS.search(line), _ASKED.search(line)
        if at is not None and address is not None and address[0] not in own and what is not None:
            request = f"{what[1]} {_NUMBER.sub('#', what[2])}"
            found[version[1], request][version[2]].append(Asked(at, address[0], status, line))
    for versions in found.values():
        for each in versions.values():
            each.sort(key=lambda asked: asked.at)
    return found


def _teller(view: View, server: Workload, first: datetime) -> tuple[Workload, Marked] | None:
    """Return the one program beside a server that repeats an error since then, and the error; None for none or many."""
    near = ((w, _since(marked(view, w), first)) for w in view.serving if w is not server)
    found = [(other, words) for other, words in near if words is not None]
    return found[0] if len(found) == 1 else None


def _since(errors: Iterable[Marked], first: datetime) -> Marked | None:
    """Return the error that is told most of those that began at a time."""
    return next((each for each in errors if each.since is not None and abs(each.since - first) <= AT_ONCE), None)


def _match(view: View, server: Workload, turn: Turn, teller: tuple[Workload, Marked] | None, said: Evidence) -> Match:
    first, last = turn.since[0].at, turn.before[-1].at
    at = teller[0].ref if teller else server.ref
    told = f"{turn.name} {turn.served} was served {len(turn.before)} times, until {last:%H:%M:%S}"
    refused = f"{turn.name} {turn.refused} is refused each time since, {len(turn.since)} times"
    suffer = behind(view, at, server.ref)
    return Match(
        component=at,
        evidence=(
            Evidence("logs", server.ref, told, turn.before[0].at),
            Evidence("logs", server.ref, f"{refused}: {turn.since[-1].line.strip()[:160]}", first),
            *((Evidence("logs", at, teller[1].line[:300], teller[1].since),) if teller else ()),
            said,
        ),
        certainty=0.7,
        since=first,
        explains=tuple(ref for ref in suffer if ref != at),
        excludes=not_for(
            suffer,
            f"the same pods serve {turn.name} {turn.served}: who sends has changed, and what runs here has not",
            (*RESTARTS, "rollback_workload", "scale_workload"),
        ),
    )


RULE = Rule(
    name="newer_client_refused",
    title="What clients outside send since they run another version is refused",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no client outside is refused since it asks by another version of its program than the one that is served",
)
