"""A client whose scripts differ each time since its release; and those who may be innocent of what is refused."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, errors
from tests.diagnosis.rules.tiny import DAY, at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

RELATED, SEARCH, STORE = "Deployment/related", "Deployment/api", "StatefulSet/opensearch"
URL = {"OPENSEARCH_URL": "http://opensearch:9200"}
ROLL_BACK = "rollback_workload"
LIMIT = (
    "[script] Too many dynamic script compilations within, max: [75/5m]; please use indexed, or scripts with parameters"
)
OLDER = "[script] Too many dynamic script compilations within one minute, max: [15/min]; please use on-disk, indexed"
FIXED = "Failed to compile inline script [params.w * doc['sold'].value] using lang [painless]"


def text(number: int) -> str:
    """Return what the store tells of a script with figures in it, each another one."""
    return f"Failed to compile inline script [Math.abs(doc['price'].value - {8000 + number}L)] using lang [painless]"


def told(name: str, *lines: str, since: float, until: float = 30, of: str = "") -> Log:
    """Return a log whose lines come at even times."""
    step = (since - until) / max(1, len(lines) - 1)
    return Log(of or pod(name), name, tuple(f"{at(since - n * step)} {line}" for n, line in enumerate(lines)))


def world(
    *,
    limit: str = LIMIT,
    mine: int = 40,
    served: int = 5,
    since: float = 3000,
    until: float = 30,
    others_since: float = 2900,
    quoted: str = FIXED,
    texts: int = 20,
    heard: float = 5000,
    also: tuple[Log, ...] = (),
    beside: Any = (),
    felt: bool = True,
    api: dict[str, Any] | None = None,
    **now: Any,
) -> Snapshot:
    """Return a store, a client that was released and is refused for the most part, and another that is so sometimes."""
    related = workload("related", **{"env": URL, "before": OLD, "released": 3180, **now})
    refused = [f"WARN item={n} from fallback: {limit}" for n in range(mine)]
    mixed = [line for n in range(20) for line in (f"INFO search {n} ok", f"ERROR search failed: {limit} {quoted}")]
    store = [f"{text(n)}: {limit}" for n in range(texts)] + [f"{FIXED}: {limit}"] * 6
    return snapshot(
        related,
        workload("api", **{"env": URL, **(api or {})}),
        workload("opensearch", "opensearchproject/opensearch:2", kind="StatefulSet", pods=1, port=9200),
        beside,
        logs=[
            told("related", *refused, *["INFO item ok"] * served, since=since, until=until),
            told("api", *mixed, since=others_since, until=until),
            told("opensearch", "INFO Running full sweep", since=heard, of="opensearch-0"),
            told("opensearch", *store, since=since, until=until, of="opensearch-0"),
            *also,
        ],
        figures=[errors("api", 0.25, since - 100)] if felt else [],
    )


BACK = (RELATED, "code_defect", ROLL_BACK)
HOLDS = [
    Holds(
        "it alone can have sent what is refused most",
        world(),
        BACK,
        excludes=(*no("restart_workload", at=STORE), *no(ROLL_BACK, "restart_workload", at=SEARCH)),
        alone=True,
    ),
    Holds("in the words of an older store", world(limit=OLDER), BACK),
    Holds(
        "the other client was released a quarter of an hour before", world(api={"before": OLD, "released": 4100}), BACK
    ),
    Holds(
        "it brought settings alone",
        world(env={**URL, "RANKING": "price"}, before={"env": URL}),
        (RELATED, "configuration_error", ROLL_BACK),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, found, harmful=(ROLL_BACK, "restart_workload"))
    for what, found in (
        ("the other client quotes none of its own: it may be that one", world(quoted="")),
        ("the other client quotes such texts", world(quoted=text(7))),
        ("the other client is refused first", world(others_since=3100)),
        ("it is refused only now and then", world(served=60)),
        ("the texts that are refused are ever the same", world(texts=1)),
        ("nobody knows whether they were before", world(heard=3200)),
        ("it was released a day before", world(released=DAY)),
        ("it was released half an hour before it began", world(released=4800)),
        ("nothing was released", world(before=None)),
        ("another was released in those minutes", world(beside=workload("web", before=OLD, released=3200))),
        ("the other client was released in those minutes", world(api={"before": OLD, "released": 3150}, felt=False)),
        ("it is over", world(until=1500)),
        ("a script is wrong, and no limit is reached", world(limit="compile error")),
    )
]
