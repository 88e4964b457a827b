"""What all pictures share: colours, type, and SVG for a page that fetches nothing (drawn by matplotlib)."""

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from cds_service.replay import extras

INK, MUTED, LINE, PAPER = "#1f2933", "#5b6770", "#d8dee4", "#ffffff"
ACCENT = "#1d6f8a"
# Told apart with any colour vision, and dark enough for white figures where the part is not light.
COLOURS: Final[Mapping[str, str]] = {
    "usually-appropriate": "#237a68",
    "may-be-appropriate": "#e3b341",
    "usually-not-appropriate": "#c24f2b",
    "undetermined": "#5f71b1",
    "conflicting": "#47285c",
    "no-criteria": "#d5dade",
    "after-mri": "#7fb2cc",
    "not-applicable": "#dfe4e8",
    "unreadable": "#4a4a4a",
}
# What was said, and what was done after it.
SAID = ("warning", "info", "silent")
AGREED: Final[Mapping[str, str]] = {
    "as-suggested": COLOURS["usually-appropriate"],
    "as-ordered": COLOURS["undetermined"],
    "another-study": COLOURS["may-be-appropriate"],
    "none-found": COLOURS["not-applicable"],
}
FEW = 20  # a share of fewer says more than is known
WIDTH = 9.2  # inches; the page scales pictures to its own width

_STYLE: Final[Mapping[str, Any]] = {
    "svg.fonttype": "none",  # text stays text: it can be searched, read aloud and copied
    "svg.hashsalt": "replay",  # the same picture, the same bytes
    "font.size": 10.5,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}
_FONT = re.compile(r"font-family: [^;\"]+")
_ID = re.compile(r'(\bid="|url\(#|href="#)')


@contextmanager
def figure(height: float, rows: int = 1, columns: int = 1, **options: Any) -> Iterator[tuple[Any, Any]]:
    """A figure of the page's width with its axes, in our style. `height`: inches."""
    matplotlib, figures = extras.load("matplotlib"), extras.load("matplotlib.figure")
    with matplotlib.rc_context(dict(_STYLE)):
        drawn = figures.Figure(figsize=(WIDTH, height), layout="constrained")
        yield drawn, drawn.subplots(rows, columns, **options)


def svg(drawn: Any, name: str, title: str) -> str:
    """The figure as an SVG element. `title`: what it shows, for those who do not see it."""
    written = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    drawn.savefig(written, format="svg", metadata=nothing)
    text = written.getvalue()
    text = text[text.index("<svg") :].strip()
    text = _ID.sub(rf"\g<1>{name}-", text)  # ids of several pictures must not meet in one page
    text = _FONT.sub("font-family: var(--type)", text)
    text = re.sub(
        r'^<svg\b[^>]*viewBox="([^"]+)"[^>]*>', rf'<svg viewBox="\1" role="img" aria-label="{title}">', text
    )
    return re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)


def label(axes: Any, text: str, x: float, y: float, **options: Any) -> None:
    """Text right of a point, or left of it with `ha="right"`."""
    options = {"va": "center", "ha": "left", "fontsize": 10, "color": INK, **options}
    apart = -6 if options["ha"] == "right" else 6
    axes.annotate(
        text, (x, y), xytext=(apart, 0), textcoords="offset points", annotation_clip=False, **options
    )


def legend(drawn: Any, axes: Any) -> None:
    """Above the whole figure, one line as long as it fits."""
    found = axes.get_legend_handles_labels()
    drawn.legend(*found, loc="outside upper left", ncols=4, fontsize=9.5, handlelength=1, borderaxespad=0)


def bare(axes: Any) -> None:
    """Bars with labels need no axes."""
    axes.set_xticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def count(value: float) -> str:
    """1234567 -> 1,234,567."""
    return f"{value:,.0f}"


def orders(value: int) -> str:
    """How many orders, in words."""
    return f"{count(value)} order" if value == 1 else f"{count(value)} orders"


def counted(part: float, whole: float) -> str:
    """1,234 (56 %); "3 of 7" of few."""
    return f"{count(part)} ({percent(part, whole)})" if whole >= FEW else f"{count(part)} of {count(whole)}"


def percent(part: float, whole: float) -> str:
    """One decimal where it tells something; "3 of 7" of few, "–" of nothing."""
    if not whole:
        return "–"
    if whole < FEW:
        return f"{count(part)} of {count(whole)}"
    share = 100 * part / whole
    return f"{share:.1f} %" if 0 < share < 9.95 or 99.5 <= share < 100 else f"{share:.0f} %"
