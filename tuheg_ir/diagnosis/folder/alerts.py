"""alert.yaml, one entry of an Alertmanager webhook, and alerts.yaml, a list of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tuheg_ir.diagnosis.folder.files import Notes, Unreadable, first_of, read_yaml
from tuheg_ir.diagnosis.model import Alert
from tuheg_ir.diagnosis.moments import moment, written
from tuheg_ir.diagnosis.objects import clean_text

FILE = "alerts.yaml"
_ONE = ("alert.yaml", "alert.yml", "alert.json")
_MANY = (FILE, "alerts.yml", "alerts.json")


def read(folder: Path, notes: Notes) -> tuple[Alert, ...]:
    """Return the alerts of both files."""
    found: list[Alert] = []
    for path in (first_of(folder, *_ONE), first_of(folder, *_MANY)):
        if path is None:
            continue
        try:
            entries = list(_entries(read_yaml(path)))
        except Unreadable as error:
            notes.bad("alerts", f"{path.name}: {error}")
            continue
        alerts = [alert_of(entry) for entry in entries]
        if None in alerts:
            notes.bad("alerts", f"{path.name}: {alerts.count(None)} of {len(alerts)} entries have no labels")
        found += [alert for alert in alerts if alert is not None and alert not in found]
    return tuple(found)


def _entries(documents: Iterable[Any]) -> Iterator[Any]:
    """Yield the entries of documents, of lists and of whole webhooks."""
    for document in documents:
        inner = document.get("alerts") if isinstance(document, dict) else None
        if isinstance(inner, list):
            yield from inner
        elif isinstance(document, list):
            yield from document
        else:
            yield document


def alert_of(entry: Any) -> Alert | None:
    """Return an alert from a webhook's entry, or from Prometheus' or Alertmanager's API; None if it is none."""
    if not isinstance(entry, dict) or not isinstance(entry.get("labels"), dict):
        return None
    labels = _texts(entry["labels"])
    status = entry.get("status") or entry.get("state") or "firing"
    if isinstance(status, dict):  # Alertmanager's API: active, suppressed, unprocessed
        status = {"active": "firing"}.get(str(status.get("state")), str(status.get("state") or "firing"))
    state = clean_text(str(status), 32)
    ends = moment(entry.get("endsAt"))
    return Alert(
        name=labels.get("alertname", ""),
        labels=labels,
        annotations=_texts(entry.get("annotations")),
        state=state,
        starts_at=moment(entry.get("startsAt") or entry.get("activeAt")),
        # While it fires, Alertmanager's is only when it would forget the alert.
        ends_at=ends if state == "resolved" else None,
    )


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {
        clean_text(str(key), 256): clean_text(str(item), 4096)
        for key, item in value.items()
        if isinstance(item, (str, int, float))
    }


def entry_of(alert: Alert) -> Mapping[str, Any]:
    """Return an alert as an entry of a webhook."""
    times = {"startsAt": written(alert.starts_at), "endsAt": written(alert.ends_at)}
    return {
        "status": alert.state,
        "labels": {"alertname": alert.name, **alert.labels} if alert.name else dict(alert.labels),
        "annotations": dict(alert.annotations),
        **{key: value for key, value in times.items() if value},
    }
