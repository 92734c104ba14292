"""What a shell completes: names that are there.

A prompt is no place for errors: where something cannot be read nothing is offered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING

import click

from tuheg_ir.errors import TuhegError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_Offer = Callable[[click.Context], Mapping[str, str]]
Completion = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def _completion(offer: _Offer) -> Completion:
    """Return what click asks, of what gives names and what each means."""

    @wraps(offer)
    def asked(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        try:
            found = offer(ctx)
        except (TuhegError, OSError):
            return []
        return [CompletionItem(name, help=what) for name, what in found.items() if name.startswith(incomplete)]

    return asked


@_completion
def fault_names(_ctx: click.Context) -> Mapping[str, str]:
    """Offer the faults of the catalogue."""
    from tuheg_ir.catalogue import load_catalogue

    return {fault.name: fault.title["en"] for fault in load_catalogue().faults.values()}


@_completion
def scenario_names(_ctx: click.Context) -> Mapping[str, str]:
    """Offer the scenarios that can be drilled."""
    from tuheg_ir.sim.scenario import scenarios

    return {each.name: each.title["en"] for each in scenarios().values()}


@_completion
def message_stages(_ctx: click.Context) -> Mapping[str, str]:
    """Offer the handbook's messages."""
    from tuheg_ir.messages import STAGES

    return dict.fromkeys(STAGES, "")


@_completion
def incident_numbers(_ctx: click.Context) -> Mapping[str, str]:
    """Offer the incidents of the journal, the newest first."""
    from tuheg_ir.journal import journal_exists, open_journal

    if not journal_exists():
        return {}
    with open_journal() as journal:
        return {each.number: f"{each.severity} {each.fault}" for each in reversed(journal.incidents())}


@_completion
def cluster_names(ctx: click.Context) -> Mapping[str, str]:
    """Offer the clusters of the inventory that is chosen."""
    from tuheg_ir.catalogue import clusters
    from tuheg_ir.cli.target import chosen_inventory

    inventory = chosen_inventory(ctx.params.get("inventory"))
    return dict.fromkeys(clusters(inventory) if inventory else (), "")


@_completion
def service_names(ctx: click.Context) -> Mapping[str, str]:
    """Offer the services of the cluster that is chosen."""
    from tuheg_ir.catalogue.platform import load_platform
    from tuheg_ir.cli.target import choose_target

    platform = load_platform(*choose_target(ctx.params.get("inventory"), ctx.params.get("cluster")))
    return dict.fromkeys(platform.services, "")
