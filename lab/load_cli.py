"""`python -m lab load`: steady traffic as users send it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from lab import background
from lab.errors import LabError
from lab.load import PROFILES, Plan, run
from lab.paths import Lab
from lab.settings import WEB_PORT

STEADY = "steady"
#: A forgotten load ends by itself.
LONGEST_S = 4 * 3600


@click.command("load", help="Send steady, bounded traffic through the ingress and report what came back.")
@click.option("--rps", default=20.0, show_default=True, help="Requests a second.")
@click.option("--seconds", type=float, help="How long; default 10, in the background 4 hours.")
@click.option("--workers", default=32, show_default=True, help="Requests at a time, at most.")
@click.option("--profile", type=click.Choice(list(PROFILES)), default="mixed", show_default=True)
@click.option("--background", "beside", is_flag=True, help="Start it and return.")
@click.option("--stop", is_flag=True, help="Stop the load in the background and report it.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def load_command(
    rps: float,
    seconds: float | None,
    workers: int,
    profile: str,
    beside: bool,
    stop: bool,
    form: str,
) -> None:
    run_dir = Lab.from_environment().run
    if stop:
        report = background.stop(run_dir, STEADY)
        if report is None:
            raise LabError("no load runs in the background", "Start one: lab load --background")
        _show(report, form)
        return
    try:
        plan = Plan(rps, seconds or (LONGEST_S if beside else 10.0), workers, profile)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if beside:
        pid = background.start(run_dir, STEADY, plan, WEB_PORT)
        data = {"pid": pid, "rps": rps, "seconds": plan.seconds}
        click.echo(json.dumps(data) if form == "json" else f"load runs, pid {pid}: {rps:g}/s")
        return
    _show(asdict(run(plan, WEB_PORT)), form)


def _show(report: dict[str, Any], form: str) -> None:
    click.echo(json.dumps(report) if form == "json" else text(report))


def text(report: dict[str, Any]) -> str:
    """A report for people."""

    def pairs(values: dict[str, Any]) -> str:
        return ", ".join(f"{key} {value}" for key, value in values.items()) or "none"

    lines = [
        f"requests  {report['requests']} in {report['seconds']} s, {report['rps']}/s, {report['skipped']} skipped",
        f"status    {pairs(report['statuses'])}",
        f"latency   {pairs(report['latency_ms'])} ms",
        f"versions  {pairs(report['versions'])}",
    ]
    return "\n".join(lines)
