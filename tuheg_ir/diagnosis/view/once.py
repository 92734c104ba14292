"""What is worked out of a view, or of it for a workload or a name, is kept beside it: a score of rules ask the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from operator import attrgetter
from typing import TypeVar

from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

Found = TypeVar("Found")
Asked = TypeVar("Asked")


def once(work: Callable[[View, Workload], Found]) -> Callable[[View, Workload], Found]:
    """Let a function of a view and a workload be worked out once for as long as the view is there."""
    return _once(work, attrgetter("ref"))


def once_by_name(work: Callable[[View, str], Found]) -> Callable[[View, str], Found]:
    """Let a function of a view and a name (Kind/name, perhaps) be worked out once for as long as the view is there."""
    return _once(work, str)


def _once(work: Callable[[View, Asked], Found], key: Callable[[Asked], str]) -> Callable[[View, Asked], Found]:
    @wraps(work)
    def kept(view: View, asked: Asked) -> Found:
        of_view: dict[str, Found] = view.kept.setdefault(work, {})
        if (of := key(asked)) not in of_view:
            of_view[of] = work(view, asked)
        return of_view[of]

    return kept


def once_a_view(work: Callable[[View], Found]) -> Callable[[View], Found]:
    """Let a function of a view alone be worked out once for as long as the view is there."""

    @wraps(work)
    def kept(view: View) -> Found:
        if work not in view.kept:
            view.kept[work] = work(view)
        found: Found = view.kept[work]
        return found

    return kept
