"""Where a drill takes place, and how plays are kept from every other cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

_LOOPBACK = "127.0.0.1"


def _nothing_known() -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class Ground:
    """A broken platform: where it is, since when somebody could have seen it.

    ``written`` gives everything that the plays have stored in the cluster so far; a cluster
    without such a record gives nothing.
    """

    inventory: Path
    cluster: str
    broken_at: datetime
    extra: Mapping[str, str] = field(default_factory=dict)
    written: Callable[[], list[str]] = _nothing_known


@contextmanager
def only_cluster(kubeconfig: Path, *, scratch: Path | None = None) -> Iterator[None]:
    """Let this process and what it starts know one cluster, whatever the user's environment names.

    What is started keeps its temporary files in ``scratch``, if given: the client of Kubernetes
    leaves a file for each address that it ever spoke to. Afterwards the environment is as before.
    """
    kept = dict(os.environ)
    for name in kept:
        if name.startswith("K8S_AUTH_"):
            del os.environ[name]
    # The named file wins over the account of a pod, which wins over KUBECONFIG.
    os.environ |= {"K8S_AUTH_KUBECONFIG": str(kubeconfig), "KUBECONFIG": str(kubeconfig)}
    if scratch is not None:
        os.environ["TMPDIR"] = str(scratch)
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, [kept.get(name, ""), _LOOPBACK]))
    try:
        yield
    finally:
        for name in set(os.environ) - set(kept):
            del os.environ[name]
        os.environ.update(kept)
