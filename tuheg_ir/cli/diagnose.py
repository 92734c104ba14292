"""`tuheg-ir diagnose`: the handbook's checks, now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tuheg_ir.cli.output import columns, emit, format_option, wrapped
from tuheg_ir.cli.target import choose_target, target_options

TAIL_LINES = 5


@click.command(name="diagnose")
@target_options
@click.option("--service", help="Service of the inventory (default: its ir_default_service).")
@format_option
def diagnose_command(inventory: Path | None, cluster: str | None, service: str | None, form: str) -> None:
    """Run the handbook's checks now and say what is probably wrong. Changes nothing."""
    from tuheg_ir.catalogue import load_platform
    from tuheg_ir.diagnosis import diagnose
    from tuheg_ir.journal import scrub
    from tuheg_ir.project import find_project

    chosen, name = choose_target(inventory, cluster)
    platform = load_platform(chosen, name)
    platform.service(service)
    found = diagnose(
        auth={},
        cluster=platform.cluster,
        namespace=platform.namespace,
        service=service or platform.default_service,
        services=platform.services,
        prometheus_url=str(platform.vars.get("ir_prometheus_url") or ""),
        ingress_url=str(platform.vars.get("ir_ingress_url") or ""),
        window=str(platform.vars.get("ir_probe_window") or ""),
        tail_lines=TAIL_LINES,
        utils=_utils(find_project()),
    )
    shown = scrub(found)
    emit(form, shown, lambda: lines(shown))


def _utils(project: Any) -> Any:
    from tuheg_ir.diagnosis.diagnose import UTILS

    return project.module_utils(*UTILS)


def lines(found: dict[str, Any]) -> list[str]:
    """Return a diagnosis for people: verdict, findings, what not to do, figures, gaps."""
    shown = [
        f"{found['cluster']}/{found['namespace']}/{found['service']}: {found['verdict']} ({found['took_s']:.1f} s)"
    ]
    for finding in found["findings"]:
        shown.append(
            f"{finding['root_cause']} at {finding['component']} ({finding['confidence']:.0%}): "
            f"{finding['remedy']} {finding['target']}"
        )
        for sentence in finding["evidence"]:
            shown += wrapped(f"- {sentence}")
    for excluded in found["excluded"]:
        shown += wrapped(f"not {excluded['remedy']}: {excluded['reason']}", indent="")
    shown += columns(
        [[p["service"], p["name"], p["verdict"], p["reason"]] for p in found["facts"].get("probes", [])],
        indent="  ",
    )
    for log in found["logs"]:
        which = "previous log" if log["previous"] else "log"
        shown.append(f"{which} of {log['pod']}, last {len(log['lines'])} lines:")
        shown += [f"  {line[:200]}" for line in log["lines"]]
    failed = [s for s in found["sources"] if not s["ok"]]
    shown += [f"not read: {s['source']}: {s['note']}" for s in failed]
    return shown
