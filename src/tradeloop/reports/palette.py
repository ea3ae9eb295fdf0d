"""Colours by role, for light and dark: every picture and the page take them from here.

Light and dark values keep a contrast of at least 4.5 for text and 3 for marks. The five
outcome classes run from blue over grey to orange, which colour-blind readers can tell
apart.
"""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Palette:
    """A colour for each role.

    Parameters
    ----------
    paper, panel, line, muted, ink : str
        Background, raised background, rules, secondary text, text.
    accent, second : str
        What is ours, and what it is held against.
    good, bad : str
        Passed and failed.
    shade : str
        Area behind a part of a picture.
    excellent, fine, neutral, poor, awful : str
        The five outcome classes, best first.
    """

    paper: str
    panel: str
    line: str
    muted: str
    ink: str
    accent: str
    second: str
    good: str
    bad: str
    shade: str
    excellent: str
    fine: str
    neutral: str
    poor: str
    awful: str


ROLES = tuple(field.name for field in fields(Palette))

LIGHT = Palette(
    paper="#ffffff",
    panel="#f6f7f9",
    line="#d8dee6",
    muted="#57636f",
    ink="#17202b",
    accent="#0b5cad",
    second="#a8550c",
    good="#1b7a43",
    bad="#b3261e",
    shade="#eaf0f7",
    excellent="#1f6fb5",
    fine="#8fbbe0",
    neutral="#c3c9d0",
    poor="#f0b27c",
    awful="#c9620f",
)

DARK = Palette(
    paper="#10151b",
    panel="#171e26",
    line="#2d3843",
    muted="#9dabb9",
    ink="#e7ecf2",
    accent="#6cb2f7",
    second="#f0a45c",
    good="#5fce8d",
    bad="#ff8a80",
    shade="#1a2531",
    excellent="#4d9fe0",
    fine="#2f5f8c",
    neutral="#56616d",
    poor="#8a5424",
    awful="#e58a3c",
)

SENTINELS = Palette(**{role: f"#0a0b{i:02x}" for i, role in enumerate(ROLES, 16)})
"""Colours that stand for their role until a picture's text is rewritten."""


def variables(palette: Palette) -> str:
    """CSS declarations of a palette, such as ``--ink:#17202b``.

    Parameters
    ----------
    palette : Palette
        The colours.
    """
    return ";".join(f"--{role}:{getattr(palette, role)}" for role in ROLES)


def theme_css(selector: str) -> str:
    """CSS that gives ``selector`` the light colours, or the dark ones where wished.

    Parameters
    ----------
    selector : str
        ``:root`` for a page, ``svg`` for a picture that stands alone.
    """
    return (
        f"{selector}{{color-scheme:light dark;{variables(LIGHT)}}}"
        f"@media (prefers-color-scheme:dark){{{selector}{{{variables(DARK)}}}}}"
        f"@media print{{{selector}{{{variables(LIGHT)}}}}}"
    )
