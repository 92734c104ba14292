"""The certificate that a server mounts: which Secret it is, since when, and who still shows the one before."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._signing import written_ends
from tuheg_ir.diagnosis.view.changes import volumes_of
from tuheg_ir.diagnosis.view.complaints import Complaint
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import moment, name, newest, text, written
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OF_AN_END = late(r"expir|notafter|(?:validity|timestamp) check failed", re.IGNORECASE)
"""Words for what is out of date, whoever trusts whom."""


def own(view: View, server: Workload) -> tuple[str, datetime | None]:
    """Return the TLS Secret that a server mounts, and when it was written; ("", None) if it is not one alone."""
    mounted = {named for kind, named, _ in volumes_of(server.template) if kind == "Secret"}
    found = [
        obj
        for label, obj in view.objects("Secret").items()
        if label in mounted and (text(obj, "type") == "kubernetes.io/tls" or "tls" in label or "cert" in label)
    ]
    if len(found) != 1:
        return "", None
    secret = name(found[0])
    made = [c for c in view.snapshot.of("Certificate") if text(c, "spec", "secretName") == secret]
    renewed = newest(moment(c, "status", "notBefore") for c in made)
    return f"Secret/{secret}", newest((written(found[0]), renewed))


def keep_the_old(view: View, server: Workload, secret: str, at: datetime, found: Iterable[Complaint]) -> bool:
    """Tell whether it is the pods started before a Secret was written that show what is refused.

    Where the one that lies there has ended itself, fresh pods would show no better one. Pods that started later are
    well where only older ones tell that they are refused, or where what ended cannot be the one that lies there.
    """
    known = [pod for pod in server.live if any(c.started_at for c in pod.containers)]
    old = {pod.name for pod in known if _started_before(pod, at)}
    ends = [end for ref, end in written_ends(view) if ref == secret]
    if not old or any(end <= view.now for end in ends):
        return False
    young = [pod for pod in known if pod.name not in old]
    if not young:
        return True
    refused = {each.hit.pod for each in found if each.caller == server.ref}
    if refused - old:
        return False
    heard = any(view.logs_of(young, previous=False))
    return (bool(refused) and heard) or (bool(ends) and any(OF_AN_END.search(each.hit.line) for each in found))


def _started_before(pod: Pod, at: datetime) -> bool:
    """Tell whether a pod's containers all started before a Secret was written, and it was not written with them."""
    return all(at - c.started_at > timedelta(minutes=1) for c in pod.containers if c.started_at)
