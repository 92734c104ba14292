"""Whether a break's symptom is really there: measured, and judged without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from lab.api import Api
from lab.faults import Break, Check
from lab.kubectl import kubectl
from lab.paths import Lab
from lab.probing import Verdict, ask_probes
from lab.settings import API_PORT, NAMESPACE

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Measure:
    """One measurement: `there` says that it shows the symptom."""

    name: str
    there: bool
    told: str


def measure(lab: Lab, kind: Break) -> list[Measure]:
    """Ask the break's probes and checks now, in parallel."""
    with ThreadPoolExecutor(max_workers=len(kind.shows.checks) + 1) as pool:
        probes = pool.submit(ask_probes, set(kind.shows.probes))
        checks = list(pool.map(lambda check: _check(lab, kind, check), kind.shows.checks))
    return [*(from_probe(verdict) for verdict in probes.result()), *checks]


def from_probe(verdict: Verdict) -> Measure:
    """An unhealthy probe shows the symptom; unknown does not."""
    return Measure(verdict.name, verdict.verdict == "unhealthy", f"{verdict.verdict}: {verdict.reason}")


def all_there(measures: Sequence[Measure]) -> bool:
    """All of them at one time; nothing measured is nothing shown."""
    return bool(measures) and all(each.there for each in measures)


def strays(kind: Break, verdicts: Iterable[Verdict]) -> list[str]:
    """Probes that are unhealthy although the break does not say so: then it breaks more than it means to."""
    expected = {*kind.shows.probes, *kind.shows.may}
    return [each.name for each in verdicts if each.verdict == "unhealthy" and each.name not in expected]


def _check(lab: Lab, kind: Break, check: Check) -> Measure:
    value = _crashed(lab, kind.service) if check.crashed_pods else _sql(lab, check.sql)
    return Measure(check.name, value >= check.min, f"{value:g}, shown from {check.min:g} on")


def _sql(lab: Lab, statement: str) -> float:
    asked = ["exec", "postgres-0", "-c", "postgres", "--", "psql", "-U", "postgres", "-Atc", statement]
    return float(kubectl(lab, "-n", NAMESPACE, *asked))


def _crashed(lab: Lab, service: str) -> int:
    api = Api(lab.pki, API_PORT)
    apps = f"/apis/apps/v1/namespaces/{NAMESPACE}"
    deployment = api.get(f"{apps}/deployments/{service}")
    newest = newest_replicaset(api.get(f"{apps}/replicasets")["items"], deployment["metadata"]["uid"])
    pods = api.get(f"/api/v1/namespaces/{NAMESPACE}/pods")["items"]
    return sum(crashed(pod) for pod in owned(pods, newest["metadata"]["uid"]))


def owned(objects: Iterable[Object], uid: str) -> list[Object]:
    """The objects whose controller has this uid."""
    return [
        each
        for each in objects
        if any(owner["uid"] == uid and owner.get("controller") for owner in each["metadata"].get("ownerReferences", ()))
    ]


def newest_replicaset(replicasets: Iterable[Object], uid: str) -> Object:
    """The ReplicaSet of the Deployment's last roll-out."""

    def revision(replicaset: Object) -> int:
        return int(replicaset["metadata"]["annotations"]["deployment.kubernetes.io/revision"])

    return max(owned(replicasets, uid), key=revision)


def crashed(pod: Object) -> bool:
    """Whether a container of the pod has ended with an error, now or before its last restart."""
    states = (
        state
        for container in pod["status"].get("containerStatuses", ())
        for state in (container.get("state", {}), container.get("lastState", {}))
    )
    return any(state.get("terminated", {}).get("exitCode", 0) != 0 for state in states)
