"""What else came between a release and a trouble: a way to or from it that was written, a long run at its store.

What one roll-out writes it writes at once, and what it brings shows with it. Something of another hand that came
minutes after it and just before the trouble is as likely the reason: a person looks which of the two it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.rules._in_between import JUST
from tuheg_ir.diagnosis.rules._innocent_image import JUST as BEGUN
from tuheg_ir.diagnosis.rules._innocent_image import LONG
from tuheg_ir.diagnosis.view.batch import ended, started
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import created, newest, ref
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited


def way_written(view: View, workload: Workload, released: Workload, began: datetime | None) -> bool:
    """Tell whether a way to, from or behind somebody was written after a release, and just before the trouble began.

    That is a Service of what it calls, a NetworkPolicy that binds it or one of these, or a route that leads to it.
    """
    came = released.released_at
    if came is None or began is None:
        return False
    return any(came + MINUTE < at <= began + MINUTE and began - at <= JUST for at in _ways(view, workload))


def run_between(view: View, workload: Workload, released: Workload, began: datetime | None) -> bool:
    """Tell whether a long run of a Job began after a release and just before a trouble, and uses a store of its own."""
    came = released.released_at
    if came is None or began is None:
        return False
    for job in view.snapshot.of("Job"):
        start, end = started(job), ended(job)
        if start is None or not max(came + MINUTE, began - BEGUN) <= start <= began:
            continue
        above = view.workloads.get(controller(job)) or view.workloads.get(ref(job))
        if (end is None or end - start >= LONG) and above is not None and share_a_store(view, workload, above):
            return True
    return False


def _ways(view: View, workload: Workload) -> Iterator[datetime]:
    """Yield when each way to, from and behind a workload was written; a policy that was made then closes it as well."""
    called = view.graph.calls.get(workload.ref, set())
    services = [each.obj for each in view.services.values() if called.intersection(each.backends)]
    led = {route.ref.partition("/") for route in view.routes if _leads_to(view, route.service, workload)}
    routes = [obj for kind, _, name in led if (obj := view.objects(kind).get(name)) is not None]
    yield from (at for obj in (*services, *routes) if (at := edited(obj)) is not None)
    bound = {workload.ref, *called}
    policies = (each.obj for each in view.policies if bound.intersection(each.binds))
    yield from (at for obj in policies if (at := newest((edited(obj), created(obj)))) is not None)


def _leads_to(view: View, service: str, workload: Workload) -> bool:
    return service in view.services and workload.ref in view.services[service].backends
