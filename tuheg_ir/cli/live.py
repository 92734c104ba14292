"""Which namespace of a live cluster is looked at: an inventory's, or one that the command names."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuheg_ir.cli.target import choose_target, target_options
from tuheg_ir.named import NamedTuple

if TYPE_CHECKING:
    from tuheg_ir.diagnosis.collector import Target

_FUNCTION = Callable[..., Any]
_OPTIONS = (
    click.option("-n", "--namespace", help="Namespace, instead of an inventory's; with it no inventory is needed."),
    click.option(
        "--also",
        metavar="NAMESPACE",
        multiple=True,
        help="Look at this namespace too (ingress, mesh, operators); may be repeated. Else the inventory's"
        " ir_also_namespaces.",
    ),
)


class Named(NamedTuple):
    """What the command's options name."""

    inventory: Path | None
    cluster: str | None
    namespace: str
    also: tuple[str, ...]


def live_options(function: _FUNCTION) -> _FUNCTION:
    """Add the options that name a cluster and a namespace; the function takes them as ``named``."""

    @wraps(function)
    def called(
        inventory: Path | None, cluster: str | None, namespace: str | None, also: tuple[str, ...], **others: Any
    ) -> Any:
        return function(named=Named(inventory, cluster, namespace or "", also), **others)

    for option in reversed(_OPTIONS):
        called = option(called)
    return target_options(called)


class Live(NamedTuple):
    """What is looked at. ``inventory`` is None where the command names the namespace and nothing else is known."""

    inventory: Path | None
    cluster: str
    namespace: str
    prometheus: str
    also: tuple[str, ...]

    def target(self, service: str | None = None) -> Target:
        """Return what is to be read. Raises InventoryError; UsageError for a service that is not there."""
        from dataclasses import replace

        from tuheg_ir.diagnosis.collector import Target

        if self.inventory is None:
            return Target(self.namespace, prometheus_url=self.prometheus, also=self.also)
        from tuheg_ir.catalogue.platform import load_platform

        platform = load_platform(self.inventory, self.cluster)
        platform.service(service)
        target = Target.of_platform(platform.namespace, platform.services, platform.vars)
        if self.namespace not in ("", platform.namespace):
            # Another namespace's services are not those that the inventory describes.
            target = replace(target, namespace=self.namespace, services={})
        return replace(target, also=self.also or target.also, prometheus_url=self.prometheus or target.prometheus_url)


def choose_live(named: Named, prometheus: str | None) -> Live:
    """Return what a command is to look at; UsageError when nothing names it. Nothing is read yet."""
    if named.namespace and not named.inventory:
        return Live(None, "", named.namespace, prometheus or "", named.also)
    chosen, name = choose_target(named.inventory, named.cluster)
    return Live(chosen, name, named.namespace, prometheus or "", named.also)
