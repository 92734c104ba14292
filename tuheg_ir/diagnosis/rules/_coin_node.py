"""A node of a coin's network that its owners run: it verifies the blocks of others and mines none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.programs import image_name
from tuheg_ir.diagnosis.view.reading import created, items, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

OWNED = timedelta(days=7)
"""What has stood so long, as it is, was put there by its owners."""
_NODE = late(
    r"(?:[a-z0-9.]+[-_])*?(?:monero(?:d|[-_](?:wallet|node|full|daemon|lws)[-_\w]*)?|(?:bitcoin|litecoin|dogecoin|zcash|dash)d"
    r"|bitcoin-(?:core|cash-node|knots)|geth|erigon|nethermind|besu|reth|lighthouse)"
)
"""Names of programs that hold a coin's chain, or a wallet beside one."""
_MINE = r"(?:start-mining|mining-threads|bg-mining-[\w-]+|mine|miner\.[\w.-]+|gen|generate)"
_OFF = r"(?:0|false|no|off)"
_TO_MINE = late(
    rf"(?:^|[\s\"'=,])--?{_MINE}(?![\w-])|^[ \t]*{_MINE}[ \t]*[=:][ \t]*(?!{_OFF}\b)\S", re.IGNORECASE | re.MULTILINE
)
"""Options by which such a node mines, of a command or a file of settings."""
_MINING = late(r"(?:^|_)(?:mine|miner|mining)(?:_|$)", re.IGNORECASE)
"""Names of settings that tell it to mine, unless they say no."""
_NO = late(rf"\s*(?:{_OFF}\s*)?", re.IGNORECASE)
_MINES = late(
    r"\bmining (?:has )?(?:been )?started|\bstart mining\b|\bfound block\b|you won a block|sealed new block"
    r"|commit new (?:sealing|mining) work",
    re.IGNORECASE,
)
_HAS_ALL = late(
    r"\bSYNCHRONIZED OK|\bSynced (\d+)/\1\b|UpdateTip: new best=\S+ .*progress=1(?:\.0+)?\b"
    r"|Imported new potential chain segment|Chain head was updated|Synced Chain Head"
)
"""How nodes tell that they have all blocks, and take new ones as they come."""
_PEER = late(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}:(\d{2,5})\b")


def is_node(image: str) -> bool:
    """Tell whether an image bears the name of a coin's node."""
    return _NODE.fullmatch(image_name(image)) is not None


def owned_node(view: View, workload: Workload) -> bool:
    """Tell whether a workload runs a coin's node that neither is told to mine nor says so, and is as it is since long.

    That is how the house's own stand there; a stranger's miner of old may stand there so as well, under such a name.
    """
    if not any(is_node(text(each, "image")) for each in items(workload.template, "spec", "containers")):
        return False
    made = created(workload.obj)
    old = made is not None and not view.recent(made, OWNED)
    if not old or (workload.changes and view.recent(workload.released_at, OWNED)):
        return False
    told = any(_told_to_mine(name, value) for name, value in view.graph.settings(workload))
    return not told and not any(_MINES.search(line) for line in view.lines_of(workload))


def verifies(view: View, workload: Workload) -> tuple[str, str] | None:
    """Return by what a coin's node is shown to be the house's own, which only verifies blocks; None if it is not.

    That it tells that it has all of them, and the policy that lets it out to its peers since long: who opened the way
    meant it.
    """
    if not owned_node(view, workload):
        return None
    lines = list(view.lines_of(workload))
    told = next((line for line in reversed(lines) if _HAS_ALL.search(line)), "")
    way = next(_let_out(view, workload, lines), "")
    return (told, way) if told and way else None


def _told_to_mine(name: str, value: str) -> bool:
    return _TO_MINE.search(value) is not None or (_MINING.search(name) is not None and not _NO.fullmatch(value))


def _let_out(view: View, workload: Workload, lines: Sequence[str]) -> Iterator[str]:
    """Yield the policies that let its pods out, since long, to a port at which its log tells of peers."""
    ports = {found[1] for line in lines for found in _PEER.finditer(line)}
    for policy in view.policies:
        made = created(policy.obj)
        if workload.ref not in policy.binds or not policy.egress or made is None:
            continue
        if view.recent(edited(policy.obj) or made, OWNED):
            continue
        rules = items(policy.obj, "spec", "egress")
        if any(text(port, "port") in ports for rule in rules for port in items(rule, "ports")):
            yield policy.ref
