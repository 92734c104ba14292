"""`python -m lab break`: break the platform in one of the ways of faults.yml."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from lab import background
from lab.breaks import make, wait_for_symptom
from lab.errors import LabError
from lab.faults import Break, load_breaks
from lab.load_cli import STEADY
from lab.paths import Lab
from lab.probing import ask_probes
from lab.symptoms import Measure, strays


@click.command("break", help="Break the platform for real; KIND is one of lab/faults.yml, none lists them.")
@click.argument("kind", required=False)
@click.option("--wait", is_flag=True, help="Measure until the symptom is there; exit 1 if it never shows.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def break_command(ctx: click.Context, kind: str | None, wait: bool, form: str) -> None:
    breaks = load_breaks()
    if kind is None:
        click.echo(catalogue(breaks, form))
        return
    if kind not in breaks:
        raise click.UsageError(f"no such break: {kind}; there are {', '.join(breaks)}")
    ctx.exit(run_break(Lab.from_environment(), breaks[kind], wait, form))


def catalogue(breaks: dict[str, Break], form: str) -> str:
    """All kinds, for people or as JSON."""
    if form == "json":
        return json.dumps({kind: asdict(each) for kind, each in breaks.items()})
    return "\n".join(f"{kind:20} {each.title}" for kind, each in breaks.items())


def run_break(lab: Lab, kind: Break, wait: bool, form: str) -> int:
    """Make the break and, if asked, wait for its symptom; the exit code."""
    if wait and kind.shows.probes and not background.running(lab.run, STEADY):
        raise LabError(f"{kind.kind} shows only under load", "Start it: python -m lab load --background")
    make(lab, kind)
    if not wait:
        click.echo(json.dumps({"kind": kind.kind, "made": True}) if form == "json" else f"{kind.kind}: made")
        return 0
    last: list[Measure] = []
    spent = 0.0

    def tell(passed: float, measures: list[Measure]) -> None:
        nonlocal last, spent
        last, spent = measures, passed
        if form == "text":
            click.echo(f"{passed:5.1f} s  " + "; ".join(f"{each.name} {each.told}" for each in measures), err=True)

    shown = wait_for_symptom(lab, kind, tell)
    others = strays(kind, ask_probes()) if shown else []
    if form == "json":
        measured = [asdict(each) for each in last]
        figures = {"shown": shown, "seconds": round(spent, 1), "measures": measured, "strays": others}
        click.echo(json.dumps({"kind": kind.kind, "made": True, **figures}))
    else:
        click.echo(f"{kind.kind}: {'there' if shown else 'NOT there'} after {spent:.1f} s")
        if others:
            click.echo(f"unhealthy too: {', '.join(others)}")
    return 0 if shown else 1
