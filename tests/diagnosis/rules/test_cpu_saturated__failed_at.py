"""Nobody measures the requests of who has no processor time left: who asks it tells at whose pods it fails."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import OLD
from tests.diagnosis.rules.tiny import DAY, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

EDGE = '9.9.9.9 - - "GET /p HTTP/1.1" 504 167 rt=30.001 ua={}:8080'
NGINX = '[error] 7#7: *1 upstream timed out (110: Connection timed out), client: 9.9.9.9, upstream: "http://{}:8080/p"'
GO = 'time=2026-03-04T11:58:00Z level=ERROR msg="proxy failed" err="read tcp 10.1.0.9:41212->{}:8080: i/o timeout"'
RENDER = "Deployment/render"


def failing_at(
    *names: str, line: str = EDGE, before: float = 0.4, share: float = 0.97, times: int = 12, released: float = 9 * DAY
) -> Snapshot:
    """Return a program at its processor limit behind one that asks two, and whose failures name pods of some."""
    objects = {name: workload(name) for name in ("render", "cart")}
    asked = [str(each["status"]["podIP"]) for name in names for each in pods_of(objects[name])]
    calls = {"RENDER_URL": "http://render:8080", "CART_URL": "http://cart:8080"}
    return snapshot(
        *objects.values(),
        workload("web", env=calls, before=OLD, released=released),
        figures=[figure("cpu_share", before, share, 1500, pod=pod("render", n), container="render") for n in range(2)],
        logs=[log(pod("web"), *([line.format(each) for each in asked] * times)[:times])],
    )


HOLDS = [
    Holds(f"as {who} tells", failing_at("render", line=line), (RENDER, "capacity", "scale_workload"))
    for who, line in (("an access log", EDGE), ("the log of a proxy's errors", NGINX), ("a program", GO))
]
DOES_NOT_HOLD = [
    DoesNotHold(f"who asks it {what}", world, harmful=("scale_workload", "restart_workload"))
    for what, world in (
        ("fails at another one", failing_at("cart")),
        ("fails at both that it asks", failing_at("render", "cart")),
        ("failed a few times", failing_at("render", times=3)),
        ("fails at it, which was as busy all the time", failing_at("render", before=0.97)),
        ("fails at it, which has time left", failing_at("render", share=0.6)),
        ("fails at it since its own release", failing_at("render", released=300)),
    )
]
