"""Since clients outside moved to another version of their program, a server refuses what it took from them before.

An access log tells it: one and the same request is answered for the version before, and refused for the next, by the
same pods at the same time. What they send is another thing now, whatever was released here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import program_of
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.marked import STILL, Marked, marked
from tuheg_ir.diagnosis.view.releases import SOON, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering, troubles, unplaced
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

AT_ONCE = timedelta(minutes=2)
"""Who refuses a request tells of it then; the one before it may tell it by another clock."""
_REFUSED = frozenset({400, 406, 415, 422, 500})
"""What a program answers to what it cannot make sense of; it is no login, no limit, and nobody that is away."""
_VERSION = late(r"([A-Za-z][\w.+-]{1,60})/v?(\d[\w.+-]{0,40})")
"""How a program calls itself and its version; browsers all call themselves by one name."""
_ASKED = late(r'"?\b(GET|POST|PUT|PATCH|DELETE) (/[^\s"?]*)')
_NUMBER = late(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+")
"""What one request has that the next of its kind has not; an identifier is one, and not the numbers in it."""
MORE = 4
"""So many lines an error may have for each request that is refused."""


class Asked(NamedTuple):
    """One line of an access log: when, who asked from where and for what, and the status of the answer.

    program, version: as a client outside calls itself; "" for all others.
    """

    at: datetime
    address: str
    status: int
    program: str
    version: str
    request: str
    line: str

    @property
    def fails(self) -> bool:
        """Return whether it was refused or failed, as far as a server may be at fault."""
        return self.status in _REFUSED or self.status >= 500


class Turn(NamedTuple):
    """Two versions of one client: the requests of the one that is served, and those of the one that is refused."""

    name: str
    served: str
    refused: str
    before: Sequence[Asked]
    since: Sequence[Asked]


def when(view: View) -> Iterator[Match]:
    """A server refuses all requests of one version of a client outside, and served the same ones of the one before.

    Not where another was released then: that may be the client. Who refuses it is none, if it took the version before
    when its own release was through.
    """
    own = {pod.address for w in view.workloads.values() for pod in w.live}
    for server in view.serving:
        turn = _turn(view, server, own)
        if turn is None:
            continue
        first = turn.since[0].at
        teller = _teller(view, server, turn)
        concerned = (server, teller[0]) if teller else (server,)
        said = [*suffering(view, server.ref), *(seen for seen, _ in troubles(view, server.ref)), *unplaced(view)]
        said += suffering(view, teller[0].ref) if teller else ()
        others = (w for w in view.workloads.values() if all(w is not each for each in concerned))
        if not said or any(since_release(w, first) for w in others):
            continue
        if all(_through(w, turn) for w in concerned if since_release(w, first)):
            yield _match(view, server, turn, teller, said[0])


def _turn(view: View, server: Workload, own: set[str]) -> Turn | None:
    """Return the one client whose versions took turns: some that asked by the one that is served ask by the next now.

    Where others fail as well since then it is not what that client sends.
    """
    asked = _asked(view, server, own)
    turns = sorted(_turns(view, asked), key=lambda turn: turn.since[0].at)
    if len({(turn.name, turn.served, turn.refused) for turn in turns}) != 1 or _others_fail(asked, turns[0]):
        return None
    return turns[0]


def _turns(view: View, asked: Iterable[Asked]) -> Iterator[Turn]:
    """Yield the requests of clients that are served for one version, and refused for the next."""
    found: dict[tuple[str, str], dict[str, list[Asked]]] = defaultdict(lambda: defaultdict(list))
    for each in asked:
        if each.program:
            found[each.program, each.request][each.version].append(each)
    for (name, _), versions in found.items():
        good = {v: told for v, told in versions.items() if len(told) >= OFTEN and _all(told, served=True)}
        bad = {v: told for v, told in versions.items() if len(told) >= OFTEN and _all(told, served=False)}
        if len(good) != 1 or len(bad) != 1 or len(versions) != len(good) + len(bad):
            continue
        (served, before), (refused, since) = *good.items(), *bad.items()
        moved = {each.address for each in before} & {each.address for each in since}
        if moved and _took_turns(before, since) and view.recent(since[-1].at, STILL):
            yield Turn(name, served, refused, before, since)


def _others_fail(asked: Iterable[Asked], turn: Turn) -> bool:
    """Tell whether what others ask fails as well since a client's turn, and far more of it than before."""
    first = turn.since[0].at
    others = [each for each in asked if (each.program, each.version) != (turn.name, turn.refused)]
    since, until = ([e.fails for e in others if (e.at >= first) is late_one] for late_one in (True, False))
    return sum(since) >= OFTEN and sum(since) * len(until) > 2 * sum(until) * len(since)


def _through(workload: Workload, turn: Turn) -> bool:
    """Tell whether the version before was served when a release was through: by its pods, and by no older ones."""
    ready = [pod.ready_since or pod.started for pod in workload.newest_pods()]
    last = turn.before[-1].at
    return bool(ready) and all(at is not None and at < last for at in ready) and not workload.older_pods()


def _took_turns(before: Sequence[Asked], since: Sequence[Asked]) -> bool:
    """Tell whether one version came for the other: that was served before, once more amid it, and came no more then."""
    first, last = since[0].at, before[-1].at
    earlier = sum(each.at < first for each in before)
    return earlier >= OFTEN and first < last <= first + SOON and sum(each.at > last for each in since) >= OFTEN


def _all(found: Sequence[Asked], *, served: bool) -> bool:
    return all(each.status < 400 if served else each.status in _REFUSED for each in found)


def _asked(view: View, server: Workload, own: set[str]) -> list[Asked]:
    """Return what was asked of a server by its access log, in the order of time."""
    found = []
    for line in view.lines_of(server):
        status = status_of(line)
        at = stamp(line) if status else None
        what = _ASKED.search(line) if at is not None else None
        if at is None or what is None:
            continue
        address = ADDRESS.search(line)
        outside = address is not None and address[0] not in own
        version = _VERSION.match(program_of(line)) if outside else None
        named = (version[1], version[2]) if version and version[1] != "Mozilla" else ("", "")
        request = f"{what[1]} {_NUMBER.sub('#', what[2])}"
        found.append(Asked(at, address[0] if address else "", status, *named, request, line))
    return sorted(found, key=lambda asked: asked.at)


def _teller(view: View, server: Workload, turn: Turn) -> tuple[Workload, Marked] | None:
    """Return the one program behind a server that repeats an error since then, and the error; None for none or many.

    Where nobody knows whom the server calls it may be anybody who tells it about as often as the server refuses.
    """
    needed = view.graph.needs(server.ref)
    near = (w for w in view.serving if w is not server and (w.ref in needed or not needed))
    told = ((w, _since(marked(view, w), turn)) for w in near)
    found = [(other, words) for other, words in told if words is not None]
    return found[0] if len(found) == 1 else None


def _since(errors: Iterable[Marked], turn: Turn) -> Marked | None:
    """Return the error that is told most of those that began with a turn, and come with each that is refused."""
    first, most = turn.since[0].at, len(turn.since)
    began = (each for each in errors if each.since is not None and abs(each.since - first) <= AT_ONCE)
    return next((each for each in began if most <= 2 * each.count and each.count <= MORE * most), None)


def _match(view: View, server: Workload, turn: Turn, teller: tuple[Workload, Marked] | None, said: Evidence) -> Match:
    first, last = turn.since[0].at, turn.before[-1].at
    at = teller[0].ref if teller else server.ref
    told = f"{turn.name} {turn.served} was served {len(turn.before)} times, until {last:%H:%M:%S}"
    refused = f"{turn.name} {turn.refused} is refused each time since, {len(turn.since)} times"
    suffer = not_their_own(view, behind(view, at, server.ref), first)
    return Match(
        component=at,
        evidence=(
            Evidence("logs", server.ref, told, turn.before[0].at),
            Evidence("logs", server.ref, f"{refused}: {turn.since[-1].line.strip()}", first),
            *((Evidence("logs", at, teller[1].line, teller[1].since),) if teller else ()),
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
