"""What is wrong, and what would help: a namespace is read at once, and judged by rules."""

from tuheg_ir.diagnosis.collector.context import Target
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.diagnose import Looked, diagnose_service, look, look_back

__all__ = ["Looked", "Target", "decide", "diagnose_service", "look", "look_back"]
