"""Live reads of a namespace, on threads, slimmed and without secrets: a Snapshot."""

from tuheg_ir.diagnosis.collector.context import Target
from tuheg_ir.diagnosis.collector.run import Collection, collect

__all__ = ["Collection", "Target", "collect"]
