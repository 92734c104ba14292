"""The mesh was told to take encrypted calls only, and who calls without its proxy is reset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._mesh_policies import binds, has_proxy
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import mapping, name, oldest, ref, text, written
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

KIND = "PeerAuthentication"
STRICT = "STRICT"
PLAIN = "mesh_plaintext"
RESET = ("connection_reset", "upstream_failure", "connection_refused", "connection_timeout")
"""How a plain call ends at a proxy that wants an encrypted one, as its caller tells."""
RUNS = timedelta(minutes=45)
"""A run that calls once in a while meets the edit so much later."""


def when(view: View) -> Iterator[Match]:
    """Callers without a proxy are reset by a server with one, and its proxy says so, or the mode was set just then.

    The mode of what is known to bind the server is strict. A proxy that refuses nobody who can be named, as one at the
    edge that anybody may call, tells of no caller here.
    """
    servers: dict[str, list[tuple[Workload, list[Hit], list[Hit]]]] = {}
    for server in view.serving:
        for caller in _callers(view, server):
            told = [h for h in view.hits_of(caller.ref, *RESET) if _of(view, server, h)]
            refused = _refused(view, server, caller)
            if told or refused:
                servers.setdefault(server.ref, []).append((caller, told, refused))
    for at, met in servers.items():
        if found := _match(view, view.workloads[at], met):
            yield found


def _match(view: View, server: Workload, met: Sequence[tuple[Workload, list[Hit], list[Hit]]]) -> Match | None:
    """Return that a server's proxy takes encrypted calls only; None: nobody says so, and nothing was set just then."""
    policy = _policy(view, server)
    at = written(policy) if policy else None
    began = oldest(h.first for _, told, _ in met for h in told)
    refused = [h for _, _, hits in met for h in hits]
    callers = tuple(dict.fromkeys(caller.ref for caller, _, _ in met))
    sure = _sure(policy, at, began, refused)
    if not sure or not any(told for _, told, _ in met) or all(_by_a_release(view, each, at, began) for each in callers):
        return None
    component = ref(policy) if policy else server.ref
    set_so = Evidence("objects", component, f"it lets only encrypted calls reach {server.ref}", at)
    return Match(
        component=component,
        evidence=(
            *((set_so,) if policy else ()),
            *(Evidence("objects", each, "its pods have no proxy of the mesh") for each in callers[:2]),
            *(view.hit_evidence(hit) for hit in refused[:1]),
            *(view.hit_evidence(told[0]) for _, told, _ in met[:3] if told),
        ),
        certainty=sure,
        since=began,
        explains=tuple(each for each in (server.ref, *behind(view, *callers)) if each != component),
        excludes=not_for(
            (server.ref, *callers), "the mesh takes no plain call of a new pod or an older release either"
        ),
    )


def _sure(policy: Obj | None, at: datetime | None, began: datetime | None, refused: Sequence[Hit]) -> float:
    just_then = at is not None and began is not None and (near(at, began) or timedelta(0) <= began - at <= RUNS)
    if refused:
        return (0.85 if just_then else 0.7) if policy else 0.6
    return 0.6 if policy and just_then else 0.0


def _by_a_release(view: View, caller: str, at: datetime | None, began: datetime | None) -> bool:
    """Tell whether a caller lost its proxy by a release, as it may, since the mode was set."""
    workload = view.workloads[caller]
    if not workload.changes or workload.released_at is None or began is None:
        return False
    return at < workload.released_at <= began if at else since_release(workload, began)


def _callers(view: View, server: Workload) -> Iterator[Workload]:
    """Yield who calls a server that has a proxy, and has none itself."""
    if not server.live or not all(has_proxy(pod.obj) for pod in server.live):
        return
    for each in view.workloads.values():
        calls = server.ref in view.graph.calls.get(each.ref, ())
        if calls and each is not server and each.pods and not any(has_proxy(pod.obj) for pod in each.pods):
            yield each


def _of(view: View, server: Workload, hit: Hit) -> bool:
    """Tell whether what a caller tells may be about a server: it names it, or nobody."""
    named = {view.graph.resolve(host) for host in hit.hosts} - {"", None}
    return fresh(view, hit) and not hit.previous and (server.ref in named or not named)


def _refused(view: View, server: Workload, caller: Workload) -> list[Hit]:
    """Return what proxies of a server tell of plain calls, if they tell the address of one of a caller's pods."""
    addresses = {pod.address for pod in caller.pods if pod.address}
    hits = [hit for hit in view.hits_of(server.ref, PLAIN) if not hit.previous]
    return [hit for hit in hits if addresses & set(hit.hosts)]


def _policy(view: View, server: Workload) -> Obj | None:
    """Return the strict policy that binds a server: one that names its labels before one for all."""
    found = [obj for obj in view.snapshot.of(KIND) if binds(obj, server) and _strict(obj)]
    found.sort(key=lambda obj: (not mapping(obj, "spec", "selector", "matchLabels"), name(obj)))
    return found[0] if found else None


def _strict(policy: Obj) -> bool:
    ports = mapping(policy, "spec", "portLevelMtls").values()
    modes = [text(mapping(policy, "spec"), "mtls", "mode"), *(text(each, "mode") for each in ports)]
    return STRICT in modes


RULE = Rule(
    name="mesh_takes_no_plain_call",
    title="The mesh takes encrypted calls only, and a caller has no proxy",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no caller without a proxy is reset by a server of which the mesh takes encrypted calls only",
)
