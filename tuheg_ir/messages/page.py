"""A diagnosis as one HTML page that needs nothing else: no scripts, no fonts, no other file.

The plots are pygal's SVG, put into the page.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2

_TEMPLATES = Path(__file__).resolve().parent / "templates" / "page"
_COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f")
_MARK = "#6b7280"


def render_page(found: Mapping[str, Any], page: Any) -> str:
    """Return the page.

    ``found`` is the public answer of a diagnosis (docs/result.md); ``page`` its plots (signal,
    component, lines, marks), differences (component, released_at, rows) and timeline (time, about,
    what, kind). Everything in it that came from a cluster is escaped.
    """
    plots = [{"title": f"{p.signal} · {p.component}", "svg": _svg(p)} for p in page.plots]
    template = _environment().get_template("diagnosis.html.j2")
    return template.render(found=found, plots=plots, differences=page.differences, timeline=page.timeline)


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": _clock, "words": lambda text: str(text).replace("_", " ")}
    return environment


def _clock(value: Any) -> str:
    """Return a time as people read it; "" for none."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if value else None
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if value else ""


def _svg(plot: Any) -> Any:
    """Return one plot as SVG for a page, marked as safe: pygal escapes what it is given."""
    import pygal
    from markupsafe import Markup
    from pygal.style import Style

    style = Style(
        background="transparent",
        plot_background="transparent",
        colors=(*_COLOURS[: len(plot.lines)], *(_MARK for _ in plot.marks)),
        font_family="system-ui, sans-serif",
        guide_stroke_color="#e5e7eb",
        major_guide_stroke_color="#e5e7eb",
        guide_stroke_dasharray="1, 0",
        major_guide_stroke_dasharray="1, 0",
        label_font_size=11,
        legend_font_size=11,
    )
    values = [value for _, points in plot.lines for _, value in points]
    low, high = min(0.0, *values), max(values) * 1.05 or 1.0
    chart = pygal.XY(
        stroke=True,
        style=style,
        width=760,
        height=260,
        show_dots=False,
        range=(low, high),
        y_labels=[low + (high - low) * n / 4 for n in range(5)],
        value_formatter=lambda value: f"{value:.3g}",
        js=(),
        no_prefix=False,
        legend_at_bottom=True,
        legend_at_bottom_columns=3,
        x_label_rotation=0,
        truncate_legend=-1,
        margin=6,
        x_value_formatter=lambda at: f"{datetime.fromtimestamp(at, UTC):%H:%M}",
    )
    for name, points in plot.lines:
        chart.add(name, list(points))
    for moment, word in plot.marks:
        if _within(moment, plot):
            dashed = {"width": 1, "dasharray": "4, 3"}
            chart.add(word, [(moment.timestamp(), low), (moment.timestamp(), high)], stroke_style=dashed)
    chart.add_xml_filter(_without_scripts)
    return Markup(chart.render(is_unicode=True, disable_xml_declaration=True))  # noqa: S704 - see above


def _without_scripts(root: Any) -> Any:
    """Return pygal's SVG without the scripts that make it interactive."""
    for parent in root.iter():
        for child in [each for each in parent if str(each.tag).endswith("script")]:
            parent.remove(child)
    return root


def _within(moment: datetime, plot: Any) -> bool:
    times = [t for _, points in plot.lines for t, _ in points]
    return bool(times) and min(times) <= moment.timestamp() <= max(times)
