"""Shells of a database by which people work: a service asks by a driver, and only scripts call them as well."""

from __future__ import annotations

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.programs import DATA, image_name, role, role_of_image
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

SHELL = late(r"\b(?:psql|pgcli|usql)\b")


def calls_a_shell(view: View, workload: Workload) -> bool:
    """Tell whether a workload is made to call such a shell itself, by its commands, or a script that it reads."""
    return any(SHELL.search(value) for _, value in view.graph.settings(workload))


def may_be_a_shell(view: View, workload: Workload) -> bool:
    """Tell whether a session of such a shell may be a workload's: a run has it in the image of a database too."""
    if not any(pod.phase == "Running" for pod in workload.live):
        return False
    serves_nobody = workload.kind in BATCH or workload.kind == "Pod"
    if role(workload) in DATA and not serves_nobody:
        return False  # its scripts ask itself
    images = [text(container.spec, "image") for pod in workload.live for container in pod.containers]
    brings = any(SHELL.search(image_name(each)) or role_of_image(each) == "database" for each in images)
    return (serves_nobody and brings) or calls_a_shell(view, workload)
