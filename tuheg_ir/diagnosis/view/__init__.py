"""Indices over a snapshot: what rules may ask."""

from tuheg_ir.diagnosis.view.view import View

__all__ = ["View"]
