"""Which functions and aggregations there are: argument types, how many are required, result."""

from __future__ import annotations

from tuheg_ir.sim.prometheus.syntax import Kind

_RANGE: Kind = "range vector"
_VECTOR: Kind = "instant vector"
_SCALAR: Kind = "scalar"
_TEXT: Kind = "string"
Signature = tuple[tuple[Kind, ...], int, Kind]

_OVER_RANGE = (
    "rate increase delta irate idelta deriv changes resets avg_over_time min_over_time max_over_time sum_over_time "
    "count_over_time last_over_time present_over_time stddev_over_time absent_over_time"
)
_EACH = "abs ceil floor exp ln log2 log10 sqrt sgn absent timestamp sort sort_desc"

FUNCTIONS: dict[str, Signature] = {
    **dict.fromkeys(_OVER_RANGE.split(), ((_RANGE,), 1, _VECTOR)),
    **dict.fromkeys(_EACH.split(), ((_VECTOR,), 1, _VECTOR)),
    "predict_linear": ((_RANGE, _SCALAR), 2, _VECTOR),
    "quantile_over_time": ((_SCALAR, _RANGE), 2, _VECTOR),
    "histogram_quantile": ((_SCALAR, _VECTOR), 2, _VECTOR),
    "clamp": ((_VECTOR, _SCALAR, _SCALAR), 3, _VECTOR),
    "clamp_min": ((_VECTOR, _SCALAR), 2, _VECTOR),
    "clamp_max": ((_VECTOR, _SCALAR), 2, _VECTOR),
    "round": ((_VECTOR, _SCALAR), 1, _VECTOR),
    "label_replace": ((_VECTOR, _TEXT, _TEXT, _TEXT, _TEXT), 5, _VECTOR),
    "vector": ((_SCALAR,), 1, _VECTOR),
    "scalar": ((_VECTOR,), 1, _SCALAR),
    "time": ((), 0, _SCALAR),
}
AGGREGATES = ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk", "quantile")
WITH_PARAMETER = ("topk", "bottomk", "quantile")
