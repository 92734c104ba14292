"""Which inventory and which cluster: from the command, the environment or config.toml."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from tuheg_ir.cli.completion import cluster_names
from tuheg_ir.errors import UsageError

inventory_option = click.option(
    "-i",
    "--inventory",
    envvar="TUHEG_IR_INVENTORY",
    type=click.Path(path_type=Path),
    help="Inventory folder or file. Else TUHEG_IR_INVENTORY, else config.toml.",
)
cluster_option = click.option(
    "--cluster",
    envvar="TUHEG_IR_CLUSTER",
    shell_complete=cluster_names,
    help="Cluster of the inventory. Else TUHEG_IR_CLUSTER, else config.toml.",
)
_FUNCTION = Callable[..., Any]


def target_options(function: _FUNCTION) -> _FUNCTION:
    """Add the options that name the cluster."""
    return inventory_option(cluster_option(function))


def config_file() -> Path:
    """Return where config.toml is looked for."""
    base = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    folder = base if base.is_absolute() else Path.home() / ".config"
    return folder / "tuheg-ir" / "config.toml"


def read_config(path: Path | None = None) -> dict[str, Any]:
    """Return what config.toml says; {} when there is none; UsageError when it cannot be read."""
    import tomllib

    file = path or config_file()
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(
            "The configuration cannot be read",
            f"{file}: {error}",
            'It may hold: inventory = "PATH" and cluster = "NAME".',
        ) from error


def choose_target(inventory: Path | None, cluster: str | None) -> tuple[Path, str]:
    """Return the inventory and the cluster to act on. They are never guessed.

    UsageError lists what there is when one is missing.
    """
    config = {} if inventory and cluster else read_config()
    chosen = chosen_inventory(inventory, config)
    if chosen is None:
        there = ", ".join(_inventories()) or "none"
        raise UsageError(
            "No inventory is given",
            f"in this project there are: {there}",
            f"Use -i, TUHEG_IR_INVENTORY, or inventory = ... in {config_file()}.",
        )
    name = cluster or config.get("cluster")
    if not name:
        from tuheg_ir.catalogue import clusters

        raise UsageError(
            "No cluster is given",
            f"{chosen} has: {', '.join(clusters(chosen))}",
            f"Use --cluster, TUHEG_IR_CLUSTER, or cluster = ... in {config_file()}.",
        )
    return chosen, str(name)


def chosen_inventory(inventory: Path | None, config: Mapping[str, Any] | None = None) -> Path | None:
    """Return the inventory that the command or config.toml names, if any."""
    if inventory:
        return inventory
    value = (read_config() if config is None else config).get("inventory")
    # A relative path is meant from where it is written, not from where one happens to be.
    return config_file().parent / Path(str(value)).expanduser() if value else None


def _inventories() -> list[str]:
    from tuheg_ir.errors import ProjectError
    from tuheg_ir.project import find_project

    try:
        project = find_project()
    except ProjectError:
        return []
    return [str(folder) for folder in sorted(project.inventories.glob("*")) if folder.is_dir()]


def actor() -> str:
    """Return the name of the user who gives the order."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user: a container with a bare uid
        return f"uid {os.getuid()}"
