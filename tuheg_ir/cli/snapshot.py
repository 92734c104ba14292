"""`tuheg-ir snapshot`: keep everything that a diagnosis looks at, to look again later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from tuheg_ir.cli.live import Named, choose_live, live_options
from tuheg_ir.cli.output import emit, format_option, wrapped

DEADLINE_S = 20.0


@click.command(name="snapshot", short_help="Save what diagnose looks at in DIR, without secrets.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@live_options
@click.option("--prometheus", metavar="URL", help="Prometheus (default: the inventory's ir_prometheus_url).")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(1, 600),
    default=DEADLINE_S,
    show_default=True,
    help="What has not answered by then is left out, and said so.",
)
@format_option
def snapshot(
    folder: Path,
    named: Named,
    prometheus: str | None,
    timeout: float,
    form: str,
) -> None:
    """Save objects, events, logs, metrics and alerts of the namespace in DIR, without secrets.

    DIR is new or empty. `tuheg-ir diagnose --snapshot DIR` gives the diagnosis of that moment at
    any time, without the cluster. Changes nothing.
    """
    import time

    from tuheg_ir.diagnosis.collector import collect
    from tuheg_ir.diagnosis.snapshot import check_empty, save
    from tuheg_ir.errors import ClusterError

    check_empty(folder)
    began = time.monotonic()
    target = choose_live(named, prometheus).target()
    found = collect({}, target, deadline_s=timeout)
    if not found.snapshot.of(*found.snapshot.objects) and not found.snapshot.known("Pod"):
        raise ClusterError(
            "Nothing in the namespace could be read",
            f"{target.namespace}: {found.snapshot.sources[0].note}",
            "Give the account the rights in rbac/, or name another namespace.",
        )
    size = save(found.snapshot, folder, queries=found.queries)
    told = _summary(found.snapshot, folder, size, round(time.monotonic() - began, 3))
    emit(form, told, lambda: lines(told))


def _summary(snapshot: Any, folder: Path, size: int, took_s: float) -> dict[str, Any]:
    from tuheg_ir.diagnosis.moments import written

    return {
        "schema": 1,
        "folder": str(folder),
        "bytes": size,
        "namespace": snapshot.namespace,
        "taken_at": written(snapshot.taken_at),
        "took_s": took_s,
        "objects": {kind: len(objects) for kind, objects in snapshot.objects.items()},
        "logs": len(snapshot.logs),
        "signals": {name: len(series) for name, series in snapshot.metrics.items()},
        "alerts": len(snapshot.alerts),
        "databases": [database.ref for database in snapshot.databases],
        "probes": len(snapshot.probes),
        "sources": [{**source._asdict(), "at": written(source.at)} for source in snapshot.sources],
    }


def lines(told: dict[str, Any]) -> Iterator[str]:
    """Yield what was saved, and what could not be read, for people."""
    yield f"{told['namespace']}: saved in {told['folder']}, {_size(told['bytes'])} ({told['took_s']:.1f} s)"
    objects = {kind: count for kind, count in told["objects"].items() if count}
    there = ", ".join(f"{count} {kind}" for kind, count in objects.items()) or "none"
    rows = [
        ["objects", there],
        ["logs", str(told["logs"])],
        ["signals", str(len(told["signals"]))],
        ["alerts", str(told["alerts"])],
        ["databases", ", ".join(told["databases"]) or "none"],
        ["probes", str(told["probes"])],
    ]
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        yield from _hanging(f"  {name:{width}}  ", text)
    failed = [source for source in told["sources"] if not source["ok"]]
    forbidden = [source["source"] for source in failed if source["kind"] == "forbidden"]
    if forbidden:
        yield from _hanging("not read: ", f"{', '.join(forbidden)}: our account lacks the right (see rbac/)")
    for source in failed:
        if source["kind"] != "forbidden":
            yield from _hanging("not read: ", f"{source['source']}: {source['note']} ({source['kind']})")
    if not objects:
        yield f"There is no object in {told['namespace']}: is that the right namespace?"


def _hanging(head: str, text: str) -> list[str]:
    """Return a text in lines that fit the terminal, below each other behind a head."""
    inside = wrapped(text, indent=" " * len(head))
    return [head + inside[0][len(head) :], *inside[1:]] if inside else [head.rstrip()]


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
