"""Drills: an incident that is made, answered by the production playbook, and judged.

Nothing of a drill is told apart by the plays: only the cluster behind them is another one.
"""

from tuheg_ir.incidents.drill.choose import choose, choose_all
from tuheg_ir.incidents.drill.many import cores, drill_many
from tuheg_ir.incidents.drill.order import DrillOrder
from tuheg_ir.incidents.drill.record import last_drills
from tuheg_ir.incidents.drill.report import DrillReport
from tuheg_ir.incidents.drill.run import drill

__all__ = ["DrillOrder", "DrillReport", "choose", "choose_all", "cores", "drill", "drill_many", "last_drills"]
