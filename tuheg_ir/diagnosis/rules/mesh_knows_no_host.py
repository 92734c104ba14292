"""A service mesh leads its callers to nobody outside whom it does not know by name, and they need one of those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._mesh_policies import has_proxy
from tuheg_ir.diagnosis.rules._mesh_ways_out import closing, is_known, sealed_settings
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, fresh
from tuheg_ir.diagnosis.view.logs import ADDRESS, Hit, tells
from tuheg_ir.diagnosis.view.reading import oldest, ref, written
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

TOLD = "mesh_knows_nobody"
_DEAD_END = ("connection_reset", "upstream_failure")
"""How a program hears of it: its proxy takes the connection and ends it at once, or answers 502; nothing is late."""
_LED_ON = "PassthroughCluster"
"""Whom a proxy of Istio leads to whoever it is asked for."""


class Blocked(NamedTuple):
    """A caller who does not get out: what its proxies tell, what it tells itself, since when, and by what setting."""

    caller: Workload
    proxies: Sequence[Hit]
    own: Sequence[Complaint]
    began: datetime | None
    setting: Obj | None


def when(view: View) -> Iterator[Match]:
    """A caller's proxies lead it nowhere, or the mesh was told so just as hosts that it does not know failed.

    Somebody misses them: the caller tells of it, or suffers. What is kept from a host that nobody needs is no trouble.
    """
    found: dict[str, list[Blocked]] = {}
    for caller in view.workloads.values():
        blocked = _blocked(view, caller)
        if blocked:
            found.setdefault(ref(blocked.setting) if blocked.setting else caller.ref, []).append(blocked)
    for component, all_blocked in found.items():
        yield _match(view, component, all_blocked)


def _blocked(view: View, caller: Workload) -> Blocked | None:
    proxies = [hit for hit in view.hits_of(caller.ref, TOLD) if fresh(view, hit) and not hit.previous]
    own = [each for each in complaints(view, *_DEAD_END) if each.caller == caller.ref and _of_strangers(view, each)]
    missed = sum(each.hit.count for each in own) >= OFTEN
    if sum(hit.count for hit in proxies) >= OFTEN:
        began = _first(view, proxies)
        setting = _setting(view, caller, began)
        suffers = missed or felt(view, caller.ref) or any(suffering(view, caller.ref))
        return Blocked(caller, proxies, own, began, setting) if suffers else None
    if not missed or not caller.live or not all(has_proxy(pod.obj) for pod in caller.live):
        return None
    began = _first(view, (each.hit for each in own))
    setting = next((each for each in closing(view, caller) if _just_then(each, began)), None)
    if setting is None or since_release(caller, began):
        return None
    return Blocked(caller, (), own, began, setting)


def _of_strangers(view: View, each: Complaint) -> bool:
    """Tell whether a complaint is about hosts outside of which the mesh knows none."""
    return not each.about and bool(each.hosts) and not any(is_known(view, host) for host in each.hosts)


def _setting(view: View, caller: Workload, began: datetime | None) -> Obj | None:
    """Return the setting that leads a caller nowhere: one that was written just then before another one."""
    found = closing(view, caller)
    fresh_ones = [each for each in (*found, *sealed_settings(view)) if _just_then(each, began)]
    return next(iter(fresh_ones or found), None)


def _just_then(setting: Obj, began: datetime | None) -> bool:
    return began is not None and near(written(setting), began)


def _first(view: View, hits: Iterable[Hit]) -> datetime | None:
    """Return when lines of some troubles were told first: they come in bursts, as runs and retries do."""
    lines = ((hit, line) for hit in hits for log in view.logs_with(hit) for line in log.lines)
    return oldest(stamp(line) for hit, line in lines if tells(hit.trouble, line))


def _led_before(view: View, blocked: Blocked) -> Iterator[Evidence]:
    """Yield that a proxy led to the very address until then."""
    own = {pod.address for pod in blocked.caller.pods}
    asked = {each for hit in blocked.proxies for each in ADDRESS.findall(hit.line)} - own
    for hit in blocked.proxies:
        for log in view.logs_with(hit):
            for line in log.lines:
                at = stamp(line)
                if _LED_ON in line and at and blocked.began and at < blocked.began and asked & {*ADDRESS.findall(line)}:
                    yield Evidence("logs", f"Pod/{log.pod}", f"until then it was led there: {line.strip()}", at)


def _match(view: View, component: str, found: Sequence[Blocked]) -> Match:
    setting = found[0].setting
    callers = tuple(each.caller.ref for each in found)
    began = oldest(each.began for each in found)
    then = setting is not None and any(_just_then(setting, each.began) for each in found)
    said = [hit for each in found for hit in (*each.proxies[:1], *(c.hit for c in each.own[:1]))]
    before = next((seen for each in found for seen in _led_before(view, each)), None)
    proxies = any(each.proxies for each in found)
    # Who began to ask for such a host with a release may ask for it no more without that.
    kept = [each.caller.ref for each in found if then or not since_release(each.caller, each.began)]
    held = "the mesh leads a new pod, or one of an older release, nowhere either"
    fact = "it lets callers reach outside only whom the mesh knows by name"
    return Match(
        component=component,
        evidence=(
            *((Evidence("objects", component, fact, written(setting)),) if setting else ()),
            *(view.hit_evidence(hit) for hit in said[:3]),
            *((before,) if before else ()),
        ),
        certainty=(0.85 if then else 0.7) if setting and proxies else 0.6,
        since=began,
        explains=behind(view, *callers, but=component),
        excludes=(
            *not_for(kept, held),
            *not_for(set(callers) - {*kept}, held, [each for each in ON_CALLERS if each != "rollback_workload"]),
        ),
    )


RULE = Rule(
    name="mesh_knows_no_host",
    title="The mesh leads callers to nobody outside whom it does not know",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no caller is led nowhere by the mesh as it asks for a host outside",
)
