"""Children that nobody started, in pods where a converted file had something fetched and hidden; and those of tools."""

from __future__ import annotations

from collections.abc import Sequence

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL
from tests.diagnosis.rules.test_intrusion__obeyed import DROP, RESTARTS, THIEF
from tests.diagnosis.rules.tiny import pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

Told = Sequence[tuple[float, str]]
START = (3000, "INFO ready")
KEEPS = (
    '{"level":"warn","msg":"delegate wrote to stderr","delegate":"gs","stderr":"--2026-03-04 11:45:00--  '
    "http://%s\\nConnecting... connected.\\nHTTP request sent, awaiting response... 200 OK\\nSaving to: '%s'\\n\"}"
)
HIDES = (900, KEEPS % (f"{DROP}/i/k.gz", "/tmp/.x/k.gz"))
REAPED = '{"level":"info","msg":"reaped child not started by us","pid":792,"comm":"%s","status":0}'
THREAD = (600, REAPED % "[kswapd1]")
STAYS, LOOKS, SH, GS = ((600 - n, REAPED % name) for n, name in enumerate(("crontab", "pgrep", "sh", "gs")))
UNKNOWN = "WARN reaper: unknown child process name=%s pid=63 ended"
TASKED = (950, f'{THIEF} - - "POST /uploads HTTP/1.1" 201 2714')


def renders(*told: Told, name: str = "shop") -> Snapshot:
    """Return a program that converts, and what each of its pods tells after its start."""
    logs = [timed(pod(name, n), START, *each, of=name) for n, each in enumerate(told)]
    return snapshot(workload(name, pods=max(2, len(told))), logs=logs, figures=[WELL])


HOLDS = [
    Holds(
        f"a converted file had a tool fetch and hide something, and nobody's children end since: {what}",
        world,
        (SHOP, "security_incident", "isolate_workload"),
        excludes=no(*RESTARTS, at=SHOP),
        harmful=RESTARTS,
    )
    for what, world in (
        ("one bears the name of a kernel's thread", renders([HIDES, THREAD], [])),
        ("tools that stay, and look for others", renders([TASKED, HIDES, STAYS, LOOKS, SH], [GS])),
        ("each of two pods tells of one", renders([HIDES, STAYS], [HIDES, LOOKS], [])),
        ("it is kept in memory", renders([(900, KEEPS % (f"{DROP}:8080/a", "/dev/shm/a")), THREAD], [])),
        ("in words of another", renders([HIDES, (500, UNKNOWN % "kworker/0:1"), (400, UNKNOWN % "/usr/bin/chattr")])),
        ("in many pods, by as many files", renders(*[[HIDES, THREAD]] * 8, [], [])),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world)
    for what, world in (
        ("a tool that was killed leaves its shell and its helper", renders([HIDES, SH, GS], [])),
        ("one tool looks for a process, as a check does", renders([HIDES, LOOKS], [])),
        ("such children end in a pod where nothing was fetched", renders([HIDES, THREAD, STAYS, LOOKS], [LOOKS])),
        ("such children ended before", renders([(1500, LOOKS[1]), HIDES, STAYS, LOOKS], [])),
        ("such children end, and no file was converted", renders([STAYS, LOOKS, THREAD], [STAYS])),
        (
            "a picture of a bare address is kept in plain sight",
            renders([(900, KEEPS % (f"{DROP}/b.png", "/tmp/magick-8f")), STAYS, LOOKS], []),
        ),
        (
            "a file of the house is fetched and hidden",
            renders([(900, KEEPS % ("10.2.0.4/fonts.zip", "/tmp/.fonts/f.zip")), STAYS, LOOKS], []),
        ),
        ("something is hidden with each conversion", renders([(2900 - 90 * n, HIDES[1]) for n in range(20)], [])),
        ("it was fetched and hidden, and nothing else", renders([HIDES], [])),
        ("it starts such tools itself", renders([HIDES, (600, 'INFO started child comm="crontab" and comm="pgrep"')])),
        ("it runs its users' code", renders([HIDES, THREAD], [], name="jupyterhub")),
    )
]
