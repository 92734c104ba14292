"""What figures tell of requests that limits refuse: how large a share, and which client's."""

from __future__ import annotations

from collections.abc import Iterable

from tuheg_ir.diagnosis.view.trouble import ERRORS
from tuheg_ir.diagnosis.view.view import View

REFUSED = "rate_limited_ratio"
BY_CLIENT = "rate_limited_ratio_by_client"


def many_refused(view: View, labels: Iterable[str]) -> bool:
    """Tell whether many requests are refused now, under any of the names by which a workload is measured."""
    told = (view.figures.now(REFUSED, component=each) for each in labels)
    return any(share is not None and share >= ERRORS for share in told)


def shares_of_clients(view: View, labels: Iterable[str]) -> dict[str, float]:
    """Return client -> the largest share of its requests that is refused now, under any of such names."""
    shares: dict[str, float] = {}
    for label in labels:
        for client, share in view.figures.latest(BY_CLIENT, "client", component=label).items():
            shares[client] = max(share, shares.get(client, 0.0))
    return shares
