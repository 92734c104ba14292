# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The decisions of a ladder: who may act, what a rung does next, and whether it healed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .look import HEALTHY, UNHEALTHY, UNKNOWN
from .overrides import LATER
from .workloads import action_key

CLASSES = ("safe", "reversible", "irreversible")
SEVERITIES = ("P0", "P1", "P2")
_SETTLE_S = 5
_DATABASE = "$database"
_LEAVE_OUT = "run it again without this override: what is not excluded still runs; a person has to do the rest"


def database_name(services: Mapping[str, Mapping[str, Any]], service: str) -> str:
    """The key of the database among a service and what it depends on; '' if there is none."""
    own = services.get(service) or {}
    for name in [service, *(own.get("depends_on") or [])]:
        if (services.get(name) or {}).get("database"):
            return str(name)
    return ""


def plan_rungs(
    rungs: Iterable[Mapping[str, Any]],
    *,
    incident: str,
    attempt: int,
    service: str,
    services: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Fill in what a rung may leave out; keep whatever else it says.

    Every rung needs remedy and class. rung: its name, default the remedy ("-2" if used already).
    target: a service's name, Kind/name, $database or nothing (the service); it comes out as
    "Kind/name" with `workload` and `kind` beside it, all '' if there is no such workload.
    """
    planned: list[dict[str, Any]] = []
    for given in rungs:
        remedy, action_class = str(given.get("remedy") or ""), str(given.get("class") or "")
        if not remedy or action_class not in CLASSES:
            raise ValueError(
                f"rung {given.get('rung') or remedy or '?'} needs a remedy and a class out of {', '.join(CLASSES)}"
            )
        taken = {each["rung"] for each in planned}
        name = str(given.get("rung") or _free(remedy, taken))
        if name in taken:
            raise ValueError(f"two rungs are called {name}; give each its own name")
        workload = _workload(str(given.get("target") or service), service, services)
        kind = str((services.get(workload) or {}).get("kind") or "Deployment") if workload else ""
        planned.append(
            {"args": {}, "probes": [], "harm": "", "settle_s": _SETTLE_S}
            | dict(given)
            | {
                "rung": name,
                "workload": workload,
                "kind": kind,
                "target": f"{kind}/{workload}" if workload else "",
                "key": action_key(incident, attempt, name),
            }
        )
    return planned


def may_act(action_class: str, severity: str, approved_by: str, table: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Whether an action of this class runs now: {mode: run|plan|refuse, allowed, reason, next}.

    table: class -> severities at which it runs without approval.
    """
    if action_class not in CLASSES:
        raise ValueError(f"{action_class!r} is not a class; classes are {', '.join(CLASSES)}")
    if severity not in SEVERITIES:
        raise ValueError(f"{severity!r} is not a severity; severities are {', '.join(SEVERITIES)}")
    if approved_by:
        return {"mode": "run", "allowed": True, "reason": f"approved by {approved_by}", "next": ""}
    if severity in table.get(action_class, ()):
        return {"mode": "run", "allowed": True, "reason": f"{action_class} remedies run at {severity}", "next": ""}
    cure = "approve with -e ir_approved_by=NAME (tuheg-ir respond: --yes)"
    if severity == "P2":
        return {"mode": "plan", "allowed": False, "reason": "P2 changes nothing without approval", "next": cure}
    reason = f"{_article(action_class)} remedy needs approval at {severity}"
    return {"mode": "refuse", "allowed": False, "reason": reason, "next": cure}


def rung_decision(
    rung: Mapping[str, Any],
    *,
    excluded: Iterable[Mapping[str, Any]],
    may: Mapping[str, Any],
    key_present: bool,
    plan: bool = False,
    planned: bool = False,
) -> dict[str, Any]:
    """What to do with a rung: {do: skip|verify|plan|list|refuse|act, reason, next, override}.

    excluded: the diagnosis' [{remedy, target, reason, final}], an empty target means any. plan: nothing
    may change in this run; planned: an earlier rung is planned already, this one is "if not healed".

    What this incident has done already is verified first: a run that was killed in its roll-back leaves
    a service from which the diagnosis, rightly, would not roll back again. What a person ordered
    (`override` of the rung) runs though it is excluded, unless that is final. A rung before it that
    lacks an approval is passed over: the order was not for it, and shall not wait for it.
    """
    ordered = str(rung.get("ordered") or "")
    plan = plan or (may["mode"] == "plan" and not ordered)
    against = _against(excluded, rung)
    override = {**rung["override"], "against": _reason(against)} if rung.get("override") else {}
    allowed = may["allowed"]
    if key_present:
        found = _do("skip" if plan else "verify", f"already done by this incident ({rung.get('key', '')})")
    elif against and not override:
        found = _do("skip", _reason(against))
    elif against and against.get("final"):
        found = _do("refuse", f"{rung['remedy']} cannot be overridden: {_reason(against)}", _LEAVE_OUT)
    elif not allowed and ordered == LATER:
        found = _do("skip", f"{may['reason']}; passed over, for a later rung was ordered")
    elif plan:
        where = "if not healed by the rungs before" if planned else "would run first"
        needs = "" if allowed else f" ({may['reason']})"
        found = _do("list" if planned else "plan", where + needs, "" if allowed else may["next"])
    elif not allowed:
        found = _do("refuse", str(may["reason"]), str(may["next"]))
    else:
        found = _do("act", str(may["reason"]))
    return {**found, "override": override}


def verdict(rollout: Mapping[str, Any] | None, probes: Mapping[str, Any] | None) -> dict[str, str]:
    """Whether an action healed: {verdict: healed|not_healed|unknown, reason}.

    rollout and probes: results of rollout_status and probe. Healed needs both healthy: what was
    not looked at, or has no data, is unknown. A roll-out that cannot be judged holds the ladder
    even if a probe is bad: acting on top of it would be a second hand.
    """
    rolled, asked = rollout or {}, probes or {}
    if rolled.get("verdict") == UNHEALTHY:
        return {"verdict": "not_healed", "reason": _said(rolled)}
    if rolled.get("verdict") != HEALTHY:
        return {"verdict": "unknown", "reason": _said(rolled) or "its roll-out was not looked at"}
    if asked.get("verdict") == UNHEALTHY:
        return {"verdict": "not_healed", "reason": _said(asked)}
    if asked.get("verdict") != HEALTHY:
        return {"verdict": "unknown", "reason": _said(asked) or "no probe was asked"}
    return {"verdict": "healed", "reason": "; ".join(filter(None, (_said(rolled), _said(asked))))}


def probed(services: Mapping[str, Mapping[str, Any]], service: str) -> dict[str, Mapping[str, Any]]:
    """The entries of ir_services to probe for a service: itself and what it depends on."""
    names = [service, *((services.get(service) or {}).get("depends_on") or [])]
    return {name: services[name] for name in names if (services.get(name) or {}).get("probes")}


def stuck_pods(pods: Iterable[Mapping[str, Any]], workload: Mapping[str, Any]) -> list[str]:
    """Pods (slim, as `read` gives them) that a StatefulSet will not replace by itself.

    One of an earlier revision that is not ready blocks an ordered roll-out for ever.
    """
    if workload.get("kind") != "StatefulSet":
        return []
    target = (workload.get("status") or {}).get("updateRevision") or ""
    name = workload["metadata"]["name"]
    return [
        str(pod["name"])
        for pod in pods
        if pod.get("service") == name and not pod.get("ready") and target and pod.get("revision") != target
    ]


def _against(excluded: Iterable[Mapping[str, Any]], rung: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the diagnosis has against a rung: what is final before what is not; {} for nothing."""
    found = [
        each for each in excluded if each.get("remedy") == rung["remedy"] and _same_target(each.get("target"), rung)
    ]
    return next((each for each in found if each.get("final")), found[0] if found else {})


def _reason(against: Mapping[str, Any]) -> str:
    return str(against.get("reason") or "excluded by the diagnosis") if against else ""


def _same_target(target: Any, rung: Mapping[str, Any]) -> bool:
    """A target is told as Kind/name or as the bare name; nothing means any."""
    full = str(rung.get("target") or "")
    return not target or target in (full, full.rpartition("/")[2])


def _workload(target: str, service: str, services: Mapping[str, Mapping[str, Any]]) -> str:
    return database_name(services, service) if target == _DATABASE else target.rpartition("/")[2]


def _free(remedy: str, taken: set[str]) -> str:
    number = 1
    while (name := remedy if number == 1 else f"{remedy}-{number}") in taken:
        number += 1
    return name


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _do(what: str, reason: str, cure: str = "") -> dict[str, Any]:
    return {"do": what, "reason": reason, "next": cure}


def _said(result: Mapping[str, Any]) -> str:
    known = result.get("verdict") in (HEALTHY, UNHEALTHY, UNKNOWN)
    return str(result.get("reason") or "") if known else ""
