# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters that make a remedy's patches and results, and that say how rungs and runs end.

Pure: no clock, no I/O. Each is the function of the same name in module_utils.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.tuheg.ir.plugins.module_utils import endings, overrides, remedies
from ansible_collections.tuheg.ir.plugins.plugin_utils.filtering import filtered

FUNCTIONS: tuple[Callable[..., Any], ...] = (
    endings.action,
    endings.before,
    endings.diagnosis_notes,
    endings.evidence_result,
    endings.first_look,
    endings.ladder_ends,
    endings.lines,
    endings.lock_problem,
    endings.proves_template,
    endings.run_status,
    endings.rung_outcome,
    endings.sentence,
    overrides.with_override,
    remedies.database_of,
    remedies.database_result,
    remedies.mark_patch,
    remedies.min_replicas_patch,
    remedies.pool_result,
    remedies.restart_patch,
    remedies.restart_result,
    remedies.rollback_result,
    remedies.scale_decision,
    remedies.scale_patch,
    remedies.scale_result,
)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> Mapping[str, Callable[..., Any]]:
        """Return name -> filter."""
        return {function.__name__: filtered(function) for function in FUNCTIONS}
