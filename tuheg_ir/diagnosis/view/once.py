"""What is worked out of a view, or of it for a workload, is kept beside the view: a score of rules ask the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

Found = TypeVar("Found")


def once(work: Callable[[View, Workload], Found]) -> Callable[[View, Workload], Found]:
    """Let a function of a view and a workload be worked out once for as long as the view is there."""
    known: WeakKeyDictionary[View, dict[str, Found]] = WeakKeyDictionary()

    @wraps(work)
    def kept(view: View, workload: Workload) -> Found:
        of_view = known.setdefault(view, {})
        if workload.ref not in of_view:
            of_view[workload.ref] = work(view, workload)
        return of_view[workload.ref]

    return kept


def once_a_view(work: Callable[[View], Found]) -> Callable[[View], Found]:
    """Let a function of a view alone be worked out once for as long as the view is there."""
    known: WeakKeyDictionary[View, Found] = WeakKeyDictionary()

    @wraps(work)
    def kept(view: View) -> Found:
        if view not in known:
            known[view] = work(view)
        return known[view]

    return kept
