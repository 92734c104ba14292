"""A template that came with a request and ran commands: the engine tells of it where one of them fails.

Who looks for a way in tries which programs there are; each that is missing leaves a stack in the log. No template of
a program's own calls any of this: engines keep it for nobody's good, and all advise to shut it off.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._injected import Ordered, runs_code
from tuheg_ir.diagnosis.view.logs import speaks_of, times_near
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_RUNS = late(
    r"\bfreemarker\.template\.utility\.(?:Execute|ObjectConstructor|JythonRuntime)\.(?:exec|getWriter)\("
    r"|\bInvocation of method '(?:exec|start)' in +class java\.lang\.(?:Runtime|ProcessBuilder) threw\b"
    r"|\bognl\.MethodFailedException: Method \"(?:exec|start)\" failed for object java\.lang\.(?:Runtime|Process)"
    r"|\bException evaluating (?:SpringEL|OGNL) expression: \"[^\n]{0,80}java\.lang\.(?:Runtime|ProcessBuilder)\b"
)
"""FreeMarker, Velocity, Struts' OGNL, Thymeleaf."""
_SPOKEN = ("template.utility.", "invocation of method", "methodfailedexception", "exception evaluating")
"""One of these is in a log that tells of such a template."""


def templated(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield that a template ran commands; by itself it may have led nowhere."""
    for each in ran(view, workload)[:1]:
        fact = f"a template ran a command: {each.line.strip()[:240]}"
        yield 0.45, Evidence("logs", f"Pod/{each.pod}", fact, each.at), False


@once
def ran(view: View, workload: Workload) -> tuple[Ordered, ...]:
    """Return the lines that tell of such templates; none where a program is there to run what users write."""
    if runs_code(workload):
        return ()
    return tuple(
        Ordered(log.pod, line, at, "a template's command")
        for log in view.logs_of(workload.pods)
        if speaks_of(log, _SPOKEN)
        for line, at in zip(log.lines, times_near(log.lines), strict=True)
        if _RUNS.search(line)
    )
