"""Raw series give the signals of their case, by whichever exporter they are named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from tests.diagnosis import exporters
from tests.diagnosis.corpus import ROOT
from tests.diagnosis.files import Files, Skipped
from tests.diagnosis.mutations import read
from tests.diagnosis.raw_prometheus import serving
from tests.diagnosis.rules.tiny import redis, snapshot
from tuheg_ir.diagnosis.collector.known import known_of
from tuheg_ir.diagnosis.collector.metrics import read_metrics
from tuheg_ir.diagnosis.model import Series
from tuheg_ir.diagnosis.snapshot import load

pytestmark = pytest.mark.corpus

TUNING = ROOT / "tuning"
RAW = sorted(path.parent.parent.name for path in TUNING.glob("*/metrics/raw.prom"))
Told = Mapping[str, Mapping[tuple[tuple[str, str], ...], float]]


def asked(case: str, files: Files) -> Told:
    """Return the newest value of every series that the signals' queries find in the raw ones."""
    snapshot = load(TUNING / case)
    with serving(files[exporters.RAW], snapshot.taken_at.timestamp()) as url:
        known = known_of(snapshot.objects)
        return newest(
            read_metrics(url, snapshot.namespace, snapshot.taken_at, known=lambda: known, timeout_s=120).signals
        )


def newest(signals: Mapping[str, tuple[Series, ...]]) -> Told:
    return {
        name: {tuple(sorted(each.labels.items())): each.last for each in rows if each.last is not None}
        for name, rows in signals.items()
    }


@pytest.mark.parametrize("case", RAW)
def test_raw_series_give_the_saved_signals(case: str) -> None:
    raw = asked(case, read(TUNING / case))
    saved = newest(load(TUNING / case).metrics)
    both = set(raw) & set(saved)
    assert {"request_rate", "error_ratio"} <= both
    for name in both:
        assert set(raw[name]) == set(saved[name]), name
        for labels, value in saved[name].items():
            assert raw[name][labels] == pytest.approx(value, rel=0.2, abs=0.01), (name, labels)


@pytest.mark.parametrize("case", RAW)
def test_the_same_measurements_of_other_exporters_give_the_same_signals(case: str) -> None:
    files = read(TUNING / case)
    other = exporters.other(files)
    assert not isinstance(other, Skipped)
    before, after = asked(case, files), asked(case, other)
    for name in ("request_rate", "error_ratio", "memory_share", "cpu_share", "db_connections_by_state"):
        assert after.get(name, {}) == pytest.approx(before.get(name, {})), name


QUEUES = {
    'sidekiq_queue_size{namespace="shop",queue="mails"}': {"component": "mails"},
    'redis_key_size{namespace="shop",db="db0",key="mails"}': {"component": "redis", "key": "mails"},
}


@pytest.mark.parametrize(("metric", "labels"), QUEUES.items())
def test_a_queue_keeps_its_own_name(metric: str, labels: Mapping[str, str]) -> None:
    now = 1_800_000_000
    raw = "\n".join(f"{metric} {7 * n} {now - 600 + 30 * n}" for n in range(21))
    with serving(f"{raw}\n# EOF\n", now) as url:
        known = known_of(snapshot(redis()).objects)
        found = read_metrics(url, "shop", datetime.fromtimestamp(now, UTC), known=lambda: known, timeout_s=120).signals
    assert newest(found) == {"queue_depth": {tuple(sorted(labels.items())): 140}}
