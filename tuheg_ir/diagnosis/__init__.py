"""What is wrong, and what would help: the handbook's checks, read at once and judged by rules."""

from tuheg_ir.diagnosis.diagnose import diagnose
from tuheg_ir.diagnosis.service_decide import decide

__all__ = ["decide", "diagnose"]
