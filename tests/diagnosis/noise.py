"""Noise that belongs to any cluster: healthy neighbours, their logs and series, ordinary events."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime

from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.jobs import job
from tests.diagnosis.casemaker.logs import log, often
from tests.diagnosis.casemaker.network import ingress
from tests.diagnosis.casemaker.platform import budget, config_map, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import well
from tests.diagnosis.casemaker.signals import flat, signal
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.world import World, days, hours, minutes
from tests.diagnosis.casemaker.write import dump, series
from tests.diagnosis.files import Files, Obj, Skipped, parse

_TIME = re.compile(r"\b(?!0001)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_USUAL = {
    "request_rate": 25.0, "error_ratio": 0.0005, "latency_p95": 0.08, "cpu_share": 0.2, "memory_share": 0.45,
    "throttled_share": 0.004, "replicas_available": 2.0, "replicas_wanted": 2.0, "error_ratio_by_pod": 0.0005,
    "latency_p95_by_pod": 0.08,
}  # fmt: skip
"""Signals of a healthy neighbour, at their usual level."""


def add(files: Files) -> Files | Skipped:
    """Add healthy neighbours to a case that has objects at all."""
    items = parse(files)
    if not items:
        return Skipped("nothing was read in this case; a healthy neighbour would be evidence")
    world = _neighbours(_namespace(items), _now(files))
    made = dict(files)
    made["objects.yaml"] = dump({"apiVersion": "v1", "kind": "List", "items": [*items, *world.objects]})
    made |= {f"logs/{path}": "\n".join(lines) + "\n" for path, lines in world.logs.items()}
    for name, rows in world.metrics.items():
        path = f"metrics/{name}.json"
        if path in made:
            made[path] = series(name, [*json.loads(made[path])["result"], *rows])
    return made


def _now(files: Files) -> datetime:
    """Return the newest time that the case names, but for the future of certificates."""
    ends = [row["values"][-1][0] for path, text in files.items() if path.endswith(".json") for row in _rows(text)]
    if ends:
        return datetime.fromtimestamp(max(ends), UTC)
    texts = files.get("snapshot.yaml", "") or files["objects.yaml"]
    return max(datetime.fromisoformat(found[0]).replace(tzinfo=UTC) for found in _TIME.finditer(texts))


def _rows(text: str) -> list[Obj]:
    return [row for row in json.loads(text)["result"] if row["values"]]


def _namespace(items: list[Obj]) -> str:
    counted = Counter(obj["metadata"].get("namespace", "") for obj in items)
    del counted[""]
    return str(counted.most_common(1)[0][0])


def _neighbours(namespace: str, now: datetime) -> World:
    w = World(namespace, now, addresses=120)
    for number, name in enumerate(("newsletter", "sitemap", "avatar-cache")):
        made = well(
            w,
            name,
            f"registry.noise.example/{name}:1.{number}",
            before=f"registry.noise.example/{name}:1.0-rc",
            age=days(21 + number),
        )
        for index in range(2):
            lines = often(
                20, 1200, 4, "info", ["GET /healthz 200 1ms", "job done in {n}us", "cache refreshed entries={n}"]
            )
            log(w, made, index, ("logfmt", "python", "golang")[number], lines)
            _signals(w, name, made.pod(index), index)
        budget(w, made, minimum=1, healthy=2)
        event(w, made.obj, "Synced", "Synced by the continuous delivery tool", kind="Normal", last=minutes(11 + number))
    route = ingress(w, "noise", "noise.example", [("/news", "newsletter", 80)])
    event(w, route, "Sync", "Scheduled for sync", kind="Normal", first=hours(3), last=minutes(7), count=6)
    end = hours(2) - 33
    done = P(
        phase="Succeeded", state=terminated(0, "Completed", started=end + 30, finished=end), ready=False, unready=end
    )
    backup = pod_spec(container("backup", "registry.noise.example/backup:2", port=0, ready=None))
    job(w, "backup-29000120", backup, age=hours(2), pods=[done], cron="backup")
    config_map(w, "newsletter-config", {"sender": "news@noise.example"}, changed=days(60))
    secret(w, "newsletter-smtp", ["password"], changed=days(80))
    return w


def _signals(w: World, name: str, pod: str, index: int) -> None:
    for kind, level in _USUAL.items():
        if kind.endswith("_by_pod"):
            signal(w, kind, {"pod": pod}, flat(level))
        elif kind in {"cpu_share", "memory_share", "throttled_share"}:
            signal(w, kind, {"pod": pod, "container": name}, flat(level))
        elif not index:
            signal(w, kind, {"component": name}, flat(level), noise=0 if kind.startswith("replicas") else 0.02)
