"""The lab's command line: ``python -m lab build|up|down|status|reset|break|load``."""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

import click

from lab.errors import LabError
from lab.paths import Lab, Plane

#: Commands that live elsewhere; loaded when they are called.
LAZY = {
    "break": "lab.breaks_cli:break_command",
    "load": "lab.load_cli:load_command",
    "reset": "lab.reset_cli:reset_command",
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *LAZY})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if place := LAZY.get(cmd_name):
            module, name = place.split(":")
            command: click.Command = getattr(importlib.import_module(module), name)
            return command
        return super().get_command(ctx, cmd_name)


def _sayer() -> Any:
    start = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"{time.monotonic() - start:6.1f} s  {text}", err=True)

    return say


@click.group(cls=LazyGroup)
def main() -> None:
    """A real one-node Kubernetes for tests and game days."""


plane_option = click.option(
    "--control-plane-only",
    "alone",
    is_flag=True,
    help="The real API with its controllers and a fake node: no root, no pod runs anything.",
)


@main.command()
@plane_option
def build(alone: bool) -> None:
    """Build the lab's programs and images; nothing to do if nothing has changed."""
    from lab.build import build as build_lab

    if not build_lab((Plane if alone else Lab).from_environment(), _sayer()):
        click.echo("nothing to do", err=True)


@main.command()
@click.option("--keep", is_flag=True, help="Leave a start that fails as it is, to look at it.")
@plane_option
def up(keep: bool, alone: bool) -> None:
    """Build what is missing and start the lab."""
    from lab import lifecycle
    from lab.plane import lifecycle as plane_lifecycle

    if alone:
        lab: Lab = (plane := Plane.from_environment())
        plane_lifecycle.up(plane, _sayer(), keep=keep)
    else:
        lab = Lab.from_environment()
        lifecycle.up(lab, _sayer(), keep=keep)
    click.echo(f"export KUBECONFIG={lab.kubeconfig}")


@main.command()
@plane_option
def down(alone: bool) -> None:
    """Stop the lab and remove all that it has left on the machine."""
    from lab import teardown
    from lab.plane import lifecycle as plane_lifecycle

    was_up = plane_lifecycle.down(Plane.from_environment()) if alone else teardown.down(Lab.from_environment())
    if not was_up:
        click.echo(f"the {'control plane' if alone else 'lab'} was not up", err=True)


@main.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@plane_option
@click.pass_context
def status(ctx: click.Context, form: str, alone: bool) -> None:
    """Show the lab: whose it is, its programs, its pods. Exit code 3 unless it is up."""
    from lab import status as lab_status
    from lab.plane import status as plane_status

    found = plane_status.look(Plane.from_environment()) if alone else lab_status.look(Lab.from_environment())
    name = "control plane" if alone else "lab"
    click.echo(json.dumps(found, indent=2) if form == "json" else lab_status.table(found, name))
    if found["state"] != "up":
        ctx.exit(3)


def run() -> None:
    """Run the command line; an error is one sentence and exit code 4, Ctrl-C is 130."""
    try:
        code = main.main(prog_name="python -m lab", standalone_mode=False)
    except LabError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(LabError.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("interrupted", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    run()
