# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of a rung, of a ladder and of a run, and how that is said.

A problem is {status: error or refused, what, which, next}, or {} for none. An action is one
entry of ir_result's `actions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from .ladder import verdict
from .look import HEALTHY, UNHEALTHY, WAITING
from .overrides import told as order_told
from .times import format_time, need_time
from .workloads import key_present

Action = Mapping[str, Any]
Problem = dict[str, str]

GOOD = ("healed", "nothing_to_do", "planned")
# A restart proves nothing about the template it starts again: what it leaks comes back with
# time. Ending other clients' sessions has nothing to do with a template.
PROVING = ("rollback_workload", "scale_workload")
_CLASS_WORDS = {
    "safe": "safe",
    "reversible": "can be taken back",
    "irreversible": "cannot be taken back",
}


def problem(status: str, what: str, next_step: str, which: str = "") -> Problem:
    """Return a problem."""
    return {"status": status, "what": what, "which": which, "next": next_step}


def sentence(found: Mapping[str, str]) -> str:
    """Return a problem as one line; '' for none."""
    if not found:
        return ""
    which = f" ({found['which']})" if found.get("which") else ""
    next_step = f" Next: {_stop(found['next'])}" if found.get("next") else ""
    return _stop(f"{found['what'].rstrip('.')}{which}") + next_step


def _stop(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


# --- the first look -----------------------------------------------------------------------


def before(moment: str, seconds: float) -> str:
    """Return the time so many seconds before another. Raises ValueError for what is no time."""
    return format_time(need_time(moment, "the moment") - timedelta(seconds=seconds))


def first_look(
    rollout: Mapping[str, Any],
    probes: Mapping[str, Any],
    workloads: Sequence[Mapping[str, Any]],
    rungs: Sequence[Mapping[str, Any]],
    single: bool,
) -> dict[str, Any]:
    """Say what the first look at a service allows: {verdict, reason, go: done|wait|hold|ladder}.

    `workloads` are those that the rungs act on: each keeps the keys of what was done to it.
    done: healthy, and nothing was asked for that is not done. wait: users are served, and a roll-out
    under way will tell by its end. hold: nobody can tell, and no data is no reason to act. ladder:
    something is bad, or this incident has acted already and has to see what came of it, or a person
    asked for exactly this remedy (single).
    """
    found = verdict(rollout, probes)
    there = {each["metadata"]["name"]: each for each in workloads if each}
    acted = any(key_present(there.get(rung["workload"]), rung["rung"], rung["key"]) for rung in rungs)
    bad = UNHEALTHY in (rollout.get("verdict"), probes.get("verdict"))
    if found["verdict"] == "healed":
        go = "ladder" if single and not acted else "done"
    elif single or bad or acted:
        go = "ladder"
    else:
        served = probes.get("verdict") == HEALTHY
        go = "wait" if served and rollout.get("cause") in WAITING else "hold"
    return {**found, "go": go}


def diagnosis_notes(diagnosis: Mapping[str, Any]) -> list[str]:
    """Return what a diagnosis could not read, one line a source; why there is none at all."""
    unread = [each for each in diagnosis.get("sources") or [] if not each["ok"]]
    notes = [f"the diagnosis did without {each['source']}: {each['note']}" for each in unread]
    return [diagnosis["note"], *notes] if diagnosis.get("note") else notes


# --- a rung -------------------------------------------------------------------------------


def rung_outcome(
    rung: Mapping[str, Any],
    decision: Mapping[str, Any],
    result: Mapping[str, Any],
    seen: Mapping[str, Any],
) -> dict[str, Any]:
    """Say what became of a rung.

    {verdict: {verdict, reason}, event: outcome|skipped|refused|planned, tried, planned, refused,
    next, override}. `result` is the role's, {} where it did not run; `seen` is the verdict, {} where
    nothing was verified.
    """
    return {**_became(rung, decision, result, seen), "override": decision.get("override") or {}}


def _became(
    rung: Mapping[str, Any], decision: Mapping[str, Any], result: Mapping[str, Any], seen: Mapping[str, Any]
) -> dict[str, Any]:
    done = decision["do"]
    if done == "skip":
        return _outcome("skipped", "not_healed", decision["reason"])
    if result.get("skipped"):
        return _outcome("skipped", "not_healed", result["reason"], next=result.get("next", ""))
    if done == "refuse":
        reason = decision["reason"]
        return _outcome("refused", "not_healed", reason, refused=reason, next=decision.get("next", ""))
    if done in ("plan", "list"):
        return _planned(rung, decision, result, done)
    reason = seen["reason"] if done == "act" else f"already done by this incident; {seen['reason']}"
    return _outcome("outcome", seen["verdict"], reason, tried=True)


def _planned(
    rung: Mapping[str, Any], decision: Mapping[str, Any], result: Mapping[str, Any], done: str
) -> dict[str, Any]:
    start = "would run" if done == "plan" else "if not healed"
    words = [str(rung.get("blast") or rung["remedy"])]
    if decision.get("override"):
        words.append(order_told(decision["override"]))
    if result.get("reason"):
        words.append(str(result["reason"]))
    words += [_CLASS_WORDS[rung["class"]], f"about {rung.get('minutes', 5)} min"]
    if decision.get("next"):
        words.append(f"needs approval: {decision['next']}")
    return _outcome("planned", "unknown", f"{start}: {'; '.join(words)}", planned=done == "plan")


def _outcome(event: str, said: str, reason: str, **more: Any) -> dict[str, Any]:
    made = {"event": event, "tried": False, "planned": False, "refused": "", "next": ""}
    return {**made, "verdict": {"verdict": said, "reason": reason}, **more}


def action(
    rung: Mapping[str, Any], result: Mapping[str, Any], outcome: Mapping[str, Any], started: str, ended: str
) -> dict[str, Any]:
    """Return a rung as one entry of ir_result's `actions`. `outcome` is rung_outcome's.

    A plan changes nothing, whatever its dry run says it would.
    """
    return {
        "rung": rung["rung"],
        "remedy": rung["remedy"],
        "target": rung["target"],
        "class": rung["class"],
        "changed": bool(result.get("changed")) and outcome["event"] != "planned",
        "temporary": bool(result.get("temporary", (rung.get("args") or {}).get("temporary", False))),
        "before": result.get("before") or {},
        "after": result.get("after") or {},
        "undo": result.get("undo") or {},
        "override": outcome.get("override") or {},
        **outcome["verdict"],
        "started": started,
        "ended": ended,
    }


def ladder_ends(tried: Sequence[Action]) -> bool:
    """Whether no further rung may run: the last one healed, or nobody can tell."""
    return bool(tried) and tried[-1]["verdict"] in ("healed", "unknown")


def proves_template(tried: Sequence[Action]) -> bool:
    """Whether what healed the service shows that its template is good."""
    last = tried[-1] if tried else {}
    return bool(last) and last["verdict"] == "healed" and not last["temporary"] and last["remedy"] in PROVING


# --- the lock and the evidence ------------------------------------------------------------


def lock_problem(decision: Mapping[str, Any], service: str) -> Problem:
    """Return why the lock cannot be taken; {} if it can. `decision` is lease_decision's."""
    if decision["action"] == "take":
        return {}
    return problem("refused", decision["reason"], decision["next"], which=f"lock of {service}")


def evidence_result(kept: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Return what the operation hands to the report: {first, problem, facts}.

    It was asked to keep, not to judge: `first` is good whatever the service's state.
    """
    evidence = {key: kept[key] for key in ("kept", "folder", "files", "note")}
    found: Problem = {}
    if not kept["kept"] and not check:
        found = problem(
            "error",
            f"no evidence could be kept: {kept['note'] or 'nothing could be read'}",
            "give a folder that can be written: -e ir_evidence_dir=DIR",
            which=str(kept["folder"]),
        )
    first = {"verdict": "healed", "reason": "asked to keep evidence, not to judge"}
    return {"first": first, "problem": found, "facts": {"evidence": evidence}}


# --- the run ------------------------------------------------------------------------------


def run_status(run: Mapping[str, Any]) -> dict[str, Any]:
    """Say how a run ended.

    run: {service, initial: verdict of the first look or '', actions, tried, planned, refused,
    problem, single, next}. Returns {status, failed, reason, error}: error is {} or {what, which,
    next} for every status that fails the play.
    """
    found = dict(run.get("problem") or {})
    status = found["status"] if found else _status(run)
    if not found and status not in GOOD:
        found = _ending_problem(run, status)
    error = {key: found.get(key, "") for key in ("what", "which", "next")} if found else {}
    return {"status": status, "failed": status not in GOOD, "reason": sentence(found), "error": error}


def _status(run: Mapping[str, Any]) -> str:
    tried = run.get("tried") or []
    if tried and tried[-1]["verdict"] in ("healed", "unknown"):
        return _healed(run, tried) if tried[-1]["verdict"] == "healed" else "unknown"
    if run.get("refused"):
        return "refused"
    if run.get("planned"):
        return "planned"
    if tried:
        return "not_healed"
    if run.get("actions"):
        return "refused" if run.get("single") else "not_healed"
    return {"healed": "nothing_to_do", "not_healed": "not_healed"}.get(str(run.get("initial")), "unknown")


def _healed(run: Mapping[str, Any], tried: Sequence[Action]) -> str:
    acted = any(action["changed"] for action in tried)
    return "healed" if acted or run.get("initial") != "healed" else "nothing_to_do"


def _ending_problem(run: Mapping[str, Any], status: str) -> Problem:
    actions = run.get("actions") or []
    last = actions[-1] if actions else {}
    which = f"{last['rung']} on {last['target']}" if last else ""
    reason = str(last.get("reason") or run.get("reason") or "there is nothing left to try")
    service = run["service"]
    if status == "refused":
        return problem("refused", reason, str(run.get("next") or "see the reason"), which)
    if status == "unknown":
        what = f"whether {service} is healthy cannot be told: {reason}"
        return problem("unknown", what, "look yourself before anything else is changed", which)
    what = f"{service} is not healthy: {reason}"
    return problem("not_healed", what, _way_on(run), which)


def _way_on(run: Mapping[str, Any]) -> str:
    if run.get("operation"):
        return "respond to it with the playbook of the fault, respond_<fault>"
    for finding in run.get("findings") or []:
        if finding.get("root_cause") not in (None, "no_fault", "unknown"):
            cause = str(finding["root_cause"]).replace("_", " ")
            return f"call a person: the diagnosis points to {finding['component']} ({cause})"
    return "call a person: no remedy of this play is left"


def lines(report: Mapping[str, Any], notes: Sequence[str] = ()) -> list[str]:
    """Return the result as a person reads it at the end of a play; the failure says the rest."""
    told = [f"{report['service']}: {report['status']} ({report['incident'] or 'no incident'}, {report['severity']})"]
    found = [f"finding: {each['component']} {each['root_cause']} -> {each['remedy']}" for each in report["findings"]]
    told += dict.fromkeys(found)
    for action in report["actions"]:
        changed = "changed" if action["changed"] else "no change"
        told.append(f"{action['rung']} on {action['target']}: {action['verdict']}, {changed}: {action['reason']}")
        if action.get("override"):
            told.append(f"  {order_told(action['override'])}")
        if action["temporary"] and action["verdict"] == "healed":
            told.append("  temporary: what caused it is still there; the follow-up is in the journal")
        back = action.get("undo") or {}
        if action["changed"] and back:
            told.append(f"  undo: {back.get('command') or back.get('what')}")
    return told + [f"note: {note}" for note in notes]
