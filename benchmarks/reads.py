"""(a) The handbook's checks: its kubectl and curl lines as a script, against `tuheg-ir diagnose`."""

from __future__ import annotations

import shlex

from benchmarks.measure import Contender
from benchmarks.place import DEPLOYMENT, NAMESPACE, Place

SCRIPT, OURS = "the handbook's lines as a script", "tuheg-ir diagnose"
GOALS = {OURS: 0.5}
TITLE = "(a) the handbook's checks, all of them"
AWAY = "(a) the same, the cluster {} ms away and back"


def script(kubectl: str, prometheus: str) -> str:
    """Return the handbook's twelve reading commands as a shell script, in its order, made to work.

    Namespace named, `logs` bounded instead of followed, queries encoded, exec without a terminal; the pod that the
    handbook calls monitoring-pod is Prometheus's own, which is asked by wget, for it has no program `promql`.
    """
    on = f"{shlex.quote(kubectl)} -n {NAMESPACE}"
    logs = f"{on} logs --tail=200 deployment/{DEPLOYMENT}"
    ask = f"curl -sfG {prometheus}/api/v1/query --data-urlencode"
    inside = f"{shlex.quote(kubectl)} -n monitoring exec deployment/prometheus -- wget -qO-"
    lines = [
        f"{on} get pods",
        f"{on} get events --sort-by=.lastTimestamp",
        f"{ask} query=up",
        logs,
        f"{on} get pods -l app=postgres",
        f"{on} exec postgres-0 -c postgres -- psql -U postgres -c 'SELECT count(*) FROM pg_stat_activity;'",
        f"{on} top pods",
        logs,
        f"{ask} 'query=rate(http_requests_total{{status=~\"5..\"}}[5m])'",
        f"{logs} | grep ERROR || true",
        f"{on} get pods -l app=redis",
        f"{inside} 'http://127.0.0.1:9090/api/v1/query?query=increase(process_resident_memory_bytes%5B1h%5D)'",
    ]
    return "\n".join(["set -e", *lines])


def contenders(place: Place) -> list[Contender]:
    """Return both ways to run the checks; each stops the benchmark when it fails."""
    text = script(place.kubectl, place.prometheus)
    diagnose = ("tuheg-ir", "diagnose", "-i", str(place.inventory), "--cluster", "lab", "--format", "json")

    def by_script(_: int) -> None:
        place.run("bash", "-c", text, admin=True)

    def by_us(_: int) -> None:
        place.run(*diagnose)

    return [Contender(SCRIPT, by_script), Contender(OURS, by_us)]
