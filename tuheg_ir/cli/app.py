"""The command `tuheg-ir`: its sub-commands, loaded when needed, and the one place of errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any

import click
from click.exceptions import Exit

from tuheg_ir import __version__
from tuheg_ir.cli.group import Group
from tuheg_ir.cli.output import error_json, error_text
from tuheg_ir.errors import Interrupted, TuhegError, UsageError

COMMANDS: dict[str, str] = {
    "faults": "tuheg_ir.cli.faults:faults",
    "show": "tuheg_ir.cli.faults:show",
    "diagnose": "tuheg_ir.cli.diagnose:diagnose_command",
    "snapshot": "tuheg_ir.cli.snapshot:snapshot",
    "respond": "tuheg_ir.cli.respond:respond_command",
    "resume": "tuheg_ir.cli.respond:resume_command",
    "drill": "tuheg_ir.cli.drill:drill_command",
    "message": "tuheg_ir.cli.message:message",
    "incident": "tuheg_ir.cli.incident:incident",
    "journal": "tuheg_ir.cli.journal:journal",
}
"""Name -> where it is, in the order in which one needs them. A module is imported on use."""


_COMPLETE = "_TUHEG_IR_COMPLETE"


class LazyGroup(Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in our own order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        found: click.Command = getattr(import_module(module), name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; of one that there is not, say which name is near."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=2)
            if not near:
                raise
            raise click.UsageError(f"{error.format_message()} Did you mean {' or '.join(near)}?", ctx) from None


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 healed, nothing to do, or plan made; 1 a bug of ours; 2 usage; "
    "3 not healed; 4 project, catalogue, inventory, cluster or store cannot be used; "
    "5 refused; 6 unknown; 130 interrupted.",
)
@click.version_option(__version__, prog_name="tuheg-ir")
def tuheg_ir() -> None:
    """Respond to an incident: choose the playbook, heal, prove it, have the messages ready."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code. Every error ends here, in one sentence."""
    try:
        code = _called(list(arguments))
        sys.stdout.flush()
    except click.UsageError as error:
        return _fail(_usage(error), arguments)
    except (click.Abort, KeyboardInterrupt):
        return _fail(Interrupted("Interrupted"), arguments)
    except TuhegError as error:
        return _fail(error, arguments)
    except BrokenPipeError:
        # The reader has gone: let the interpreter not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("TUHEG_IR_TRACEBACK"):
            raise
        return _fail(_bug(error), arguments)
    return code if isinstance(code, int) else 0


def _called(arguments: list[str]) -> Any:
    """Return what a command returns, or the exit code that it asks for.

    ``main`` of click would take the end of a reader for a failure; it is left what a shell asks to complete.
    """
    if _COMPLETE in os.environ:
        return tuheg_ir.main(arguments, prog_name="tuheg-ir", complete_var=_COMPLETE)
    try:
        with tuheg_ir.make_context("tuheg-ir", arguments) as context:
            return tuheg_ir.invoke(context)
    except Exit as end:
        return end.exit_code


def _usage(error: click.UsageError) -> UsageError:
    command = error.ctx.command_path if error.ctx else "tuheg-ir"
    message = " ".join(error.format_message().split())
    return UsageError(message.rstrip("."), "", f"See {command} --help.")


def _bug(error: Exception) -> TuhegError:
    return TuhegError(
        "A bug in tuheg-ir stopped it",
        f"{type(error).__name__}: {error}",
        "Set TUHEG_IR_TRACEBACK=1 to see where, and report it.",
    )


def _fail(error: TuhegError, arguments: Sequence[str]) -> int:
    if wants_json(arguments):
        click.echo(error_json(error))
    else:
        click.echo(error_text(error), err=True)
    return error.exit_code


def wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether the arguments ask for JSON, even when they cannot be parsed."""
    return "--format=json" in arguments or ("--format", "json") in pairwise(arguments)
