"""What the lab is doing, for people and for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lab import readiness, settings
from lab.api import Api
from lab.errors import LabError
from lab.owner import Owner, read_owner
from lab.paths import Lab
from lab.processes import PROC, first_process
from lab.units import has_failed

PAGE = os.sysconf("SC_PAGE_SIZE")


def look(lab: Lab) -> dict[str, Any]:
    """Return {state, reason, owner, urls, units[], pods[], waiting_for[]}.

    `state`: `up` (everything is ready), `starting`, `degraded` (it runs, something is not ready),
    `down`, or `elsewhere` (the machine's lab belongs to another home).
    """
    owner = read_owner()
    first = first_process(lab)
    found = nothing()
    if owner and owner.home != str(lab.home) and not owner.abandoned:
        return found | {"state": "elsewhere", "owner": who(owner), "reason": owner.sentence()}
    if first is None:
        if owner:
            found["reason"] = "it was killed; the next `up` or `down` cleans up what is left"
        return found
    found |= {"owner": who(owner) if owner else None, "urls": urls()}
    found["units"] = units(lab, PROC / str(first) / "root/proc")
    return judge(found, owner, Api(lab.pki, settings.API_PORT))


def nothing() -> dict[str, Any]:
    """Return the status of what is not there."""
    found: dict[str, Any] = {"state": "down", "reason": "", "owner": None, "urls": {}}
    return found | {"units": [], "pods": [], "waiting_for": []}


def judge(found: Mapping[str, Any], owner: Owner | None, api: Api) -> dict[str, Any]:
    """Complete a status by what the API says."""
    try:
        objects = {kind: api.get(path)["items"] for kind, path in readiness.READS.items()}
    except LabError as error:
        return without_api(found, owner, error)
    waiting = [f"{u['name']} ended with {u['code']}" for u in found["units"] if u["failed"]]
    waiting += readiness.waiting_for(objects)
    pods = [pod(one) for one in objects["pods"]]
    return {**found, "pods": pods, "state": _state(owner, waiting), "waiting_for": waiting}


def without_api(found: Mapping[str, Any], owner: Owner | None, error: LabError) -> dict[str, Any]:
    """Complete a status where the API says nothing."""
    return {**found, "state": _state(owner, [error.what]), "waiting_for": [error.what]}


def _state(owner: Owner | None, waiting: list[str]) -> str:
    if owner and owner.phase != "up":
        return "degraded" if owner.abandoned else "starting"
    return "degraded" if waiting else "up"


def who(owner: Owner) -> dict[str, Any]:
    """Return what others may know of the owner."""
    names = ("user", "pid", "since", "checkout", "home")
    return {name: getattr(owner, name) for name in names}


def urls() -> dict[str, str]:
    """Return the ways in from this machine."""
    return {
        "api": f"https://127.0.0.1:{settings.API_PORT}",
        "ingress": f"http://127.0.0.1:{settings.WEB_PORT}",
        "prometheus": f"http://127.0.0.1:{settings.PROMETHEUS_PORT}",
        "alertmanager": f"http://127.0.0.1:{settings.ALERTMANAGER_PORT}",
    }


def units(lab: Lab, proc: Path) -> list[dict[str, Any]]:
    """Return the node's programs: name, code (None while it runs), failed, rss_mb.

    `proc`: the process table in which the numbers of state.json count.
    """
    try:
        state = json.loads((lab.run / "state.json").read_text())
    except FileNotFoundError:
        return []
    return [
        {
            "name": name,
            "code": unit["code"],
            "failed": has_failed(unit),
            "rss_mb": rss_mb(proc, unit["pid"]),
        }
        for name, unit in state["units"].items()
    ]


def rss_mb(proc: Path, pid: int) -> float:
    """Return the resident megabytes of a process by its number in a process table; 0 if it is gone."""
    try:
        pages = (proc / str(pid) / "statm").read_text().split()[1]
    except OSError:
        return 0.0
    return round(int(pages) * PAGE / 1e6, 1)


def pod(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pod in short: namespace, name, ready, restarts, reason."""
    containers = one.get("status", {}).get("containerStatuses", ())
    return {
        "namespace": one["metadata"]["namespace"],
        "name": one["metadata"]["name"],
        "ready": readiness.condition(one, "Ready"),
        "restarts": sum(c["restartCount"] for c in containers),
        "reason": readiness.pod_waits(one),
    }


def table(found: Mapping[str, Any], name: str = "lab") -> str:
    """Return the same for a person."""
    lines = [f"{name}: {found['state']}" + (f" ({found['reason']})" if found["reason"] else "")]
    if owner := found["owner"]:
        lines.append(f"owner: {owner['user']}, since {owner['since']}, from {owner['checkout']}")
    lines += [f"{name}: {url}" for name, url in found["urls"].items()]
    if found["units"]:
        lines += ["", *_columns(_unit_row(unit) for unit in found["units"])]
    if found["pods"]:
        lines += ["", *_columns(_pod_row(pod) for pod in found["pods"])]
    if found["waiting_for"]:
        lines += ["", "waiting for:", *(f"  {line}" for line in found["waiting_for"])]
    return "\n".join(lines)


def _unit_row(unit: Mapping[str, Any]) -> tuple[str, ...]:
    if unit["code"] is None:
        return (unit["name"], "running", f"{unit['rss_mb']:.0f} MB")
    return (unit["name"], f"ended with {unit['code']}" if unit["failed"] else "done", "")


def _pod_row(one: Mapping[str, Any]) -> tuple[str, ...]:
    state = "ready" if one["ready"] else one["reason"] or "going"
    return (one["namespace"], one["name"], state, f"{one['restarts']} restarts")


def _columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in cells]
