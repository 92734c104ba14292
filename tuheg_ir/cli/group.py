"""A group of commands that is asked for none: it shows what there is."""

from __future__ import annotations

import click

_USAGE = 2


class Group(click.Group):
    """Shows its help where errors go, and ends as any wrong use does: releases of click differ in both."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, if there are any."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(_USAGE)
        return super().parse_args(ctx, args)
