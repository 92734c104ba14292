"""(b) A restart with proof: `kubectl rollout restart` and `rollout status` against `restart_workload`.

kubectl proves the roll-out and nothing else. The goal is for a restart that proves the roll-out and asks the core
function; the playbook as shipped also waits for harm and for every probe's window, and is measured beside it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import Contender
from benchmarks.place import BIN, DEPLOYMENT, INVENTORY, NAMESPACE, Place
from lab.paths import CHECKOUT

KUBECTL = "kubectl rollout restart + status"
PLAYBOOK, WRAPPER = "restart_workload by playbook", "restart_workload by wrapper"
SHIPPED = "the same as shipped: 5 s of watching, all probes"
GOALS = {PLAYBOOK: 1.25, WRAPPER: 1.25}
TITLE = "(b) a restart with proof"
# Seconds that a new pod must be ready before it counts: makes a roll-out as long as a real service's.
MIN_READY_S = 12
_SHIPPED = CHECKOUT / "playbooks" / "restart_workload.yml"


def comparable(play: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the playbook with the proof that kubectl gives, and the core function asked once."""
    [only] = play
    [rung] = only["vars"]["ir_rungs"]
    rungs = [{**rung, "settle_s": 0, "probes": ["core"]}]
    return [{**only, "vars": {**only["vars"], "ir_rungs": rungs}}]


def write_comparable(folder: Path) -> Path:
    """Write that playbook to a folder; return its path."""
    path = folder / _SHIPPED.name
    path.write_text(yaml.safe_dump(comparable(yaml.safe_load(_SHIPPED.read_text(encoding="utf-8")))), encoding="utf-8")
    return path


def new_incident() -> str:
    """Return a number that no incident in the cluster has: each restart is one of its own."""
    return f"INC-{datetime.now(UTC):%Y%m%d}-{secrets.randbelow(10**9) + 10**9}"


def contenders(place: Place, folder: Path) -> list[Contender]:
    """Return the ways to restart the gateway; each stops the benchmark when it fails."""
    path = write_comparable(folder)
    on = (place.kubectl, "-n", NAMESPACE, "rollout")

    def by_kubectl(_: int) -> None:
        place.run(*on, "restart", f"deployment/{DEPLOYMENT}", admin=True)
        place.run(*on, "status", f"deployment/{DEPLOYMENT}", admin=True)

    def by_playbook(playbook: Path) -> None:
        given = ("-e", "ir_cluster=lab", "-e", f"ir_incident={new_incident()}")
        place.run("ansible-playbook", str(playbook), "-i", str(INVENTORY), *given)

    def by_wrapper(_: int) -> None:
        place.run(str(BIN / "python"), "-m", "benchmarks.wrapper", str(path), str(INVENTORY))

    return [
        Contender(KUBECTL, by_kubectl),
        Contender(PLAYBOOK, lambda _: by_playbook(path)),
        Contender(WRAPPER, by_wrapper),
        Contender(SHIPPED, lambda _: by_playbook(_SHIPPED)),
    ]


@contextmanager
def slow_rollouts(place: Place) -> Iterator[None]:
    """Make the gateway's roll-outs take as long as a real service's, and put it back afterwards."""
    patch = (place.kubectl, "-n", NAMESPACE, "patch", "deployment", DEPLOYMENT, "--type=merge", "-p")
    place.run(*patch, json.dumps({"spec": {"minReadySeconds": MIN_READY_S}}), admin=True)
    try:
        yield
    finally:
        place.run(*patch, json.dumps({"spec": {"minReadySeconds": None}}), admin=True)
