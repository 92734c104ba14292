"""The life of an incident: an order is carried out, recorded and told of."""

from tuheg_ir.incidents.order import Order, extra_vars
from tuheg_ir.incidents.outcome import Report
from tuheg_ir.incidents.override import ordered
from tuheg_ir.incidents.respond import respond
from tuheg_ir.incidents.resume import resume
from tuheg_ir.incidents.shop import Shop

__all__ = ["Order", "Report", "Shop", "extra_vars", "ordered", "respond", "resume"]
