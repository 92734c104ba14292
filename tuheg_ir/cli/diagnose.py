"""`tuheg-ir diagnose`: look at a namespace, or at a saved snapshot of one, and say what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuheg_ir.cli.completion import service_names
from tuheg_ir.cli.live import Live, Named, choose_live, live_options
from tuheg_ir.cli.output import emit, format_option
from tuheg_ir.errors import StoreError, UsageError

if TYPE_CHECKING:
    from tuheg_ir.diagnosis.look import Looked
    from tuheg_ir.diagnosis.model import Snapshot


@click.command(name="diagnose", short_help="Say what is wrong, since when, why, and what to do.")
@live_options
@click.option("--service", help="Say first what concerns this service of the inventory.", shell_complete=service_names)
@click.option("--snapshot", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Look at a saved snapshot.")
@click.option("--prometheus", metavar="URL", help="Prometheus (default: the inventory's, or a snapshot's figures).")
@click.option("--at", metavar="TIME", help="With --snapshot: the moment to look at, as 2025-11-05T14:30:00Z.")
@click.option("--explain", is_flag=True, help="All facts, each guess that was dropped and each rule that did not fire.")
@click.option("--html", metavar="FILE", type=click.Path(path_type=Path), help="Also write a page with plots.")
@format_option
def diagnose_command(
    named: Named,
    service: str | None,
    folder: Path | None,
    prometheus: str | None,
    at: str | None,
    explain: bool,
    html: Path | None,
    form: str,
) -> None:
    """Say what is wrong, since when, why, what to do and what not to do. Changes nothing."""
    if folder is None:
        if at:
            raise UsageError("--at belongs to --snapshot", "", "Add --snapshot DIR, or leave it out.")
        live = choose_live(named, prometheus)
        looked, name = _look(live, service), live.cluster
    else:
        if named.namespace or named.also:
            raise UsageError("-n and --also are of a live cluster", "", "Leave them or --snapshot out.")
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


def _look(live: Live, service: str | None) -> Looked:
    from tuheg_ir.diagnosis.apart import Apart

    if service and live.inventory is None:
        raise UsageError("--service names one of an inventory", service, "Add -i and --cluster, or leave it out.")
    reading = Apart(lambda: _read(live, service))
    from tuheg_ir.diagnosis.look import look  # it takes as long as to read a cluster: done meanwhile

    return look(reading)


def _read(live: Live, service: str | None) -> Snapshot:
    from tuheg_ir.diagnosis.collector import collect
    from tuheg_ir.project import find_project

    target = live.target(service)
    find_project().module_utils("kube")  # says what is missing before anything is asked
    return collect({}, target).snapshot


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
