"""`python -m lab reset`: the platform as it was before anything broke it."""

from __future__ import annotations

import time

import click

from lab.paths import Lab
from lab.reset import reset


@click.command("reset", help="Bring the platform back to its healthy base, whatever was broken or repaired.")
@click.option("--no-probes", is_flag=True, help="Do not wait until the probes are clean again.")
def reset_command(no_probes: bool) -> None:
    begin = time.monotonic()
    reset(
        Lab.from_environment(),
        lambda text: click.echo(f"{time.monotonic() - begin:5.1f} s  {text}", err=True),
        probes=not no_probes,
    )
