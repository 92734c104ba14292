"""`tuheg-ir diagnose`: look at a namespace, or at a saved snapshot of one, and say what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuheg_ir.cli.output import emit, format_option
from tuheg_ir.cli.target import choose_target, target_options
from tuheg_ir.errors import StoreError, UsageError

if TYPE_CHECKING:
    from tuheg_ir.diagnosis.look import Looked
    from tuheg_ir.diagnosis.model import Snapshot


@click.command(name="diagnose")
@target_options
@click.option("--service", help="Say first what concerns this service of the inventory.")
@click.option("--snapshot", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Look at a saved snapshot.")
@click.option("--prometheus", metavar="URL", help="With --snapshot: take the figures from this Prometheus.")
@click.option("--at", metavar="TIME", help="With --snapshot: the moment to look at, as 2025-11-05T14:30:00Z.")
@click.option("--explain", is_flag=True, help="All facts, each guess that was dropped and each rule that did not fire.")
@click.option("--html", metavar="FILE", type=click.Path(path_type=Path), help="Also write a page with plots.")
@format_option
def diagnose_command(
    inventory: Path | None,
    cluster: str | None,
    service: str | None,
    folder: Path | None,
    prometheus: str | None,
    at: str | None,
    explain: bool,
    html: Path | None,
    form: str,
) -> None:
    """Say what is wrong, since when, why, what to do and what not to do. Changes nothing."""
    if folder is None and (prometheus or at):
        raise UsageError("--prometheus and --at belong to --snapshot", "", "Add --snapshot DIR, or leave them out.")
    if folder is None:
        looked, name = _live(inventory, cluster, service)
    else:
        from tuheg_ir.diagnosis.diagnose import look_back

        looked, name = look_back(folder, prometheus_url=prometheus or "", at=_moment(at)), ""
    from tuheg_ir.scrub import scrub

    found = scrub(looked.as_dict(cluster=name, service=service or ""))
    if html is not None:
        _write_page(html, found, looked)
    if explain:
        from tuheg_ir.diagnosis.beside import silent

        found["silent"] = silent(looked.diagnosis)

    def told() -> Iterator[str]:
        from tuheg_ir.cli.findings import explained, lines

        yield from lines(found)
        if explain:
            yield from explained(found)
        if html is not None:
            yield f"page: {html}"

    emit(form, found, told)


def _live(inventory: Path | None, cluster: str | None, service: str | None) -> tuple[Looked, str]:
    from tuheg_ir.diagnosis.apart import Apart

    chosen, name = choose_target(inventory, cluster)
    reading = Apart(lambda: _read(chosen, name, service))
    from tuheg_ir.diagnosis.look import look  # it takes as long as to read a cluster: done meanwhile

    return look(reading), name


def _read(inventory: Path, cluster: str, service: str | None) -> Snapshot:
    from tuheg_ir.catalogue.platform import load_platform
    from tuheg_ir.diagnosis.collector import Target, collect
    from tuheg_ir.project import find_project

    platform = load_platform(inventory, cluster)
    platform.service(service)
    find_project().module_utils("kube")  # says what is missing before anything is asked
    return collect({}, Target.of_platform(platform.namespace, platform.services, platform.vars)).snapshot


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError("--at is no time", text, "Write it as 2025-11-05T14:30:00Z.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _write_page(file: Path, found: dict[str, Any], looked: Looked) -> None:
    from tuheg_ir.diagnosis.page import page_of
    from tuheg_ir.messages.page import render_page

    text = render_page(found, page_of(looked.snapshot, looked.diagnosis))
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError("The page cannot be written", f"{file}: {error.strerror}", "Name another file.") from error
