"""From a Matplotlib figure to SVG text that follows the reader's light or dark.

1. A picture is drawn with a palette. For SVG this is the sentinel palette: one unlikely
   colour for each role.
2. The SVG text then gets ``var(--role)`` in their place, the reader's own font, ids
   that no other picture has, and a title and description for screen readers.

Nothing is kept in Matplotlib's global state, and the same picture gives the same bytes.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from tradeloop.errors import MissingExtraError
from tradeloop.reports.palette import LIGHT, ROLES, SENTINELS, Palette, theme_css

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],  # travels with Matplotlib: the same layout anywhere
    "font.size": 10.0,
    "axes.linewidth": 0.8,
    "axes.titlesize": 10.0,
    "axes.labelsize": 9.5,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar sign in a user's name is a dollar sign
    "timezone": "UTC",
}
_SANS = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',sans-serif"
PICTURE_CSS = (
    "svg.picture{display:block;width:100%;height:auto}"
    "svg.picture *{stroke-linejoin:round;stroke-linecap:butt}"
    f"svg.picture text{{font-family:{_SANS};font-variant-numeric:tabular-nums}}"
)


@dataclass(frozen=True, slots=True)
class Picture:
    """Something to be looked at, and its words.

    Parameters
    ----------
    name : str
        Letters and hyphens; it begins every id of the SVG.
    title : str
        What there is to see, in a sentence with figures.
    description : str
        How the picture is to be read, for those who do not see it too.
    draw : callable
        Makes the figure with the colours of a palette.
    """

    name: str
    title: str
    description: str
    draw: Callable[[Palette], "Figure"]


@contextmanager
def _own_style(name: str) -> Iterator[None]:
    """Draw with our settings only, whatever the user's own are; then restore them."""
    try:
        import matplotlib as mpl  # noqa: PLC0415
    except ImportError as missing:
        raise MissingExtraError("matplotlib", "report") from missing
    with mpl.rc_context(), warnings.catch_warnings():
        # The reader's font has the letters that the layout font lacks.
        warnings.filterwarnings("ignore", message=r"Glyph \d+")
        mpl.rcdefaults()
        mpl.rcParams.update({**_STYLE, "svg.hashsalt": name})
        yield


def dress(axes: "Axes", palette: Palette, *, grid: str = "y") -> None:
    """Give axes the house style: two thin spines, a quiet grid, muted ticks.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        To be changed in place.
    palette : Palette
        The colours.
    grid : str
        ``x``, ``y`` or ``both``.
    """
    axes.set_facecolor("none")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(palette.line)
    axes.tick_params(colors=palette.muted, length=3, width=0.8)
    axes.xaxis.label.set_color(palette.muted)
    axes.yaxis.label.set_color(palette.muted)
    axes.grid(visible=True, axis=grid, color=palette.line, linewidth=0.6)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def put(  # noqa: PLR0913
    axes: "Axes",
    words: str,
    at: tuple[float, float],
    shift: tuple[float, float],
    colour: str,
    *,
    size: float = 8.5,
    across: bool = True,
    up: bool = True,
    strong: bool = False,
    high: str = "baseline",
) -> None:
    """Write words at a place of the axes, shifted by points.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to write.
    words : str
        What to write.
    at : tuple of float
        Place.
    shift : tuple of float
        Points to the right and up from there.
    colour : str
        Of the palette.
    size : float
        Points.
    across, up : bool
        Whether the place is a share of the axes rather than a value on them.
    strong : bool
        Whether to write in bold.
    high : str
        What of the words stands at the place: ``baseline``, ``center``, ``top``.
    """
    axes.annotate(
        words,
        at,
        shift,
        xycoords=(
            "axes fraction" if across else "data",
            "axes fraction" if up else "data",
        ),
        textcoords="offset points",
        va=high,
        fontsize=size,
        color=colour,
        fontweight="bold" if strong else "normal",
    )


def _short_numbers(found: "re.Match[str]") -> str:
    """Keep two digits after the point: a hundredth of a point is not seen."""
    return re.sub(r"(\.\d\d)\d+", r"\1", found[0])


def _reader_fonts(svg: str) -> str:
    """Keep size and weight of each text and leave the family to the page."""
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    # Matplotlib before 3.11 writes all in one: font: 700 9px 'DejaVu Sans', ...
    svg = re.sub(
        r"font: (\w+) ([\d.]+px) [^;\"]*", r"font-weight: \1; font-size: \2", svg
    )
    return re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", svg)


def _clean(svg: str, name: str) -> str:
    """Leave only the drawing: no prolog, metadata, style sheet or comments."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*</defs>", "", svg).replace("xlink:href", "href")
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = svg.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    svg = re.sub(r'\bd="[^"]*"', _short_numbers, _reader_fonts(svg))
    for role in ROLES:
        svg = svg.replace(getattr(SENTINELS, role), f"var(--{role})")
    return re.sub(r"\n\s*", "\n", svg).strip()


def _name_it(svg: str, picture: Picture) -> str:
    """Set the opening tag, with a title and a description."""
    box = re.search(r'viewBox="([^"]+)"', svg)
    shape = box[1] if box else "0 0 1 1"
    head = (
        f'<svg class="picture" viewBox="{shape}" role="img"'
        f' aria-labelledby="{picture.name}-title {picture.name}-desc">'
        f'<title id="{picture.name}-title">{escape(picture.title)}</title>'
        f'<desc id="{picture.name}-desc">{escape(picture.description)}</desc>'
    )
    return head + svg[svg.index(">") + 1 :]


def as_svg(picture: Picture) -> str:
    """Draw a picture as an SVG element to stand inside a page.

    Parameters
    ----------
    picture : Picture
        What to draw.

    Returns
    -------
    str
        Colours are ``var(--role)``; the page gives them values with
        `tradeloop.reports.palette.theme_css` and the fonts with `PICTURE_CSS`.

    Raises
    ------
    MissingExtraError
        Matplotlib is not installed.
    """
    out = io.StringIO()
    with _own_style(picture.name):
        figure = picture.draw(SENTINELS)
        unsaid = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=unsaid)
    return _name_it(_clean(out.getvalue(), picture.name), picture)


def as_file(picture: Picture) -> str:
    """Draw a picture as an SVG file that stands alone and follows light and dark.

    Parameters
    ----------
    picture : Picture
        What to draw.
    """
    style = f"<style>{theme_css('svg')}{PICTURE_CSS}svg{{background:var(--paper)}}"
    space = 'xmlns="http://www.w3.org/2000/svg"'
    svg = as_svg(picture).replace("<svg", f"<svg {space}", 1)
    return svg.replace("</desc>", f"</desc>{style}</style>", 1) + "\n"


def as_png(
    picture: Picture, palette: Palette = LIGHT, *, dots_per_inch: int = 144
) -> bytes:
    """Draw a picture as PNG.

    Parameters
    ----------
    picture : Picture
        What to draw.
    palette : Palette
        `LIGHT` or `DARK`.
    dots_per_inch : int
        Resolution.
    """
    out = io.BytesIO()
    with _own_style(picture.name):
        figure = picture.draw(palette)
        figure.savefig(
            out,
            format="png",
            dpi=dots_per_inch,
            facecolor=palette.paper,
            metadata={"Software": None},
        )
    return out.getvalue()
