"""The stand-in for a large namespace answers in pages, as an API server does."""

from __future__ import annotations

import json

from benchmarks.large import EVENTS, PODS, namespace, once, pages, running


def test_all_objects_are_in_the_pages() -> None:
    found = pages(200)
    counts = {
        what: sum(len(json.loads(body)["items"]) for (name, _, _), body in found.items() if name == what)
        for what in namespace()
    }
    assert counts["pods"] == PODS
    assert counts["events"] == EVENTS


def test_a_whole_snapshot_is_taken_of_it() -> None:
    with running() as url:
        result = once(url)
    assert 0 < result.mebibytes < 300
