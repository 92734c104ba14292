"""Who has to do with those who suffer; of whom nothing but words is known, and who has not, is a bystander."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert
from tuheg_ir.diagnosis.rules._asked_hosts import WATCHES
from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._readers import READS_AS, name_of, queues, reader
from tuheg_ir.diagnosis.rules._second_try import second_try
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View

_JOINED = late(r"(?<=[a-z0-9])(?=[A-Z])|[^\w]+|_+")
"""Where words of the name of an alert meet: MailSenderDown."""
_QUEUES = ("queue", "queue_name", "topic", "stream", "tube")
"""Labels of an alert that name a queue."""
_GROUPS = ("consumergroup", "consumer_group", "group", "consumer")
"""Labels of an alert that name who reads a queue, of several that do."""
_ITSELF = ("localhost", "127.0.0.1")


@once_a_view
def suffer(view: View) -> frozenset[str]:
    """Return whom alerts are about or name, and whose users feel something.

    Not a run of which an alert counts a failed try, and whose work the next one did.
    """
    open_ones = [alert for alert in view.alerts if second_try(view, alert) is None]
    said = [f"{alert.said} {_JOINED.sub(' ', alert.name)}".lower() for alert in open_ones]
    found = {about(view, alert) for alert in open_ones}
    labels = {w.ref: (w.name.lower(), w.name.lower().replace("-", " ")) for w in view.workloads.values()}
    found |= {ref for ref, known in labels.items() if any(names(each, label) for each in said for label in known)}
    found |= {w.ref for w in view.serving if w.ready < w.wanted or any(troubles(view, w.ref))}
    return frozenset(found)


@once_a_view
def concerned(view: View) -> frozenset[str]:
    """Return who suffers, what these need, and who needs them."""
    ill = suffer(view)
    return ill.union(*(view.graph.needs(ref) | view.graph.callers(ref) for ref in ill))


def about(view: View, alert: Alert) -> str:
    """Return the workload that an alert is about, or that reads the queue which its labels name; "" for none known."""
    return view.about_alert(alert) or _reads_named(view, alert)


def _reads_named(view: View, alert: Alert) -> str:
    """Return who reads the queue that an alert names, as the group that it names; "" if several may be meant.

    Each group that reads a queue has a lag of its own; one that nobody is known to read as may be meant as well.
    """
    named = [series for series in queues(view) if name_of(series) in map(alert.labels.get, _QUEUES)]
    as_groups = [series for series in named if any(map(series.labels.get, READS_AS))]
    if groups := [group for key in _GROUPS if (group := alert.labels.get(key))]:
        meant = [series for series in as_groups if any(series.labels.get(key) in groups for key in READS_AS)]
        named = meant if as_groups else named
    read_by = [(reader(view, series), any(map(series.labels.get, READS_AS))) for series in named]
    found = {each.ref if each else "" for each, of_group in read_by if each or of_group}
    return min(found) if len(found) == 1 else ""


def may_feed(view: View, about: Iterable[str]) -> bool:
    """Tell whether one of some uses a store that one who suffers uses as well: he may bring what that one reads."""
    others = [view.workloads[ref] for ref in about if ref in view.workloads]
    ill = [view.workloads[ref] for ref in suffer(view) if ref in view.workloads]
    return any(share_a_store(view, one, other) for one in ill for other in others)


def bystanders(view: View, *refs: str, but: Collection[Alert] = ()) -> bool:
    """Tell whether none of some has to do with anybody who suffers, nor asks what one of these asks.

    Of each alert that fires has to be known whom it is about, ``but`` for some that are known to be about none of them.
    """
    if not view.alerts or not all(about(view, alert) or alert in but for alert in view.alerts):
        return False
    if not concerned(view).isdisjoint(refs) or may_feed(view, refs):
        return False
    asked = frozenset[str]().union(*(_asked(view, ref) for ref in suffer(view)))
    return all(asked.isdisjoint(_asked(view, ref)) for ref in refs)


def _asked(view: View, ref: str) -> frozenset[str]:
    """Return whom a workload calls, and the hosts in its settings: work may come to it there, and go on to others.

    Not to whom all tell how they are.
    """
    workload = view.workloads.get(ref)
    if workload is None:
        return frozenset()
    hosts = {host for key, value in view.graph.settings(workload) for host in hosts_in(key, value)}
    return frozenset(
        each for each in hosts | view.graph.calls.get(ref, set()) if each not in _ITSELF and not WATCHES.search(each)
    )
