"""A node of a coin's network that its owners run: it verifies the blocks of others and mines none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.programs import image_name
from tuheg_ir.diagnosis.view.reading import created, items, text
from tuheg_ir.diagnosis.view.workloads import Workload

OWNED = timedelta(days=7)
"""What has stood so long, as it is, was put there by its owners."""
_NODE = late(
    r"(?:[a-z0-9.]+[-_])*?(?:monero(?:d|[-_](?:wallet|node|full|daemon|lws)[-_\w]*)?|(?:bitcoin|litecoin|dogecoin|zcash|dash)d"
    r"|bitcoin-(?:core|cash-node|knots)|geth|erigon|nethermind|besu|reth|lighthouse)"
)
"""Names of programs that hold a coin's chain, or a wallet beside one."""
_MINES = late(r"--?(?:start-mining|mining-threads|bg-mining-\w+|mine|miner\.[\w.-]+|gen|generate)(?:[\s=]|$)")
"""Options by which such a node mines."""


def is_node(image: str) -> bool:
    """Tell whether an image bears the name of a coin's node."""
    return _NODE.fullmatch(image_name(image)) is not None


def owned_node(view: View, workload: Workload) -> bool:
    """Tell whether a workload runs a coin's node that is not told to mine, and stands as it is since long."""
    containers = items(workload.template, "spec", "containers")
    if not any(is_node(text(each, "image")) for each in containers) or any(map(_told_to_mine, containers)):
        return False
    made = created(workload.obj)
    old = made is not None and not view.recent(made, OWNED)
    return old and not (workload.changes and view.recent(workload.released_at, OWNED))


def _told_to_mine(container: Mapping[str, Any]) -> bool:
    lists = (found for key in ("command", "args") if isinstance(found := container.get(key), list | tuple))
    return _MINES.search(" ".join(str(word) for each in lists for word in each)) is not None
