"""What keeps a queue, as far as figures, settings and calls tell."""

from __future__ import annotations

from tuheg_ir.diagnosis.rules._readers import told_to
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.view import View

_KEEPS = ("broker", "cache")


def keeper(view: View, label: str) -> str:
    """Return what a queue is of: a component by its label, the only broker, or the store of those who read it.

    A queue's own name is no component that anybody could look at. Where nobody knows what keeps it, one of its readers
    stands for it; of a queue that nobody is known to read it is known only that it lies somewhere here.
    """
    brokers, told = of_role(view.workloads, "broker"), told_to(view, label)
    if (known := view.component(label)) or len(brokers) == 1:
        return known or brokers[0].ref
    stores = {store.ref for each in told for store in view.called(each.ref) if role(store) in _KEEPS}
    if len(stores) == 1:
        return stores.pop()
    return told[0].ref if told else f"Namespace/{view.snapshot.namespace}"
