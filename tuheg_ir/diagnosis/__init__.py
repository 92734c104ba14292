"""What is wrong, and what would help: the handbook's checks, read at once and judged by rules."""

from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.diagnose import diagnose

__all__ = ["decide", "diagnose"]
