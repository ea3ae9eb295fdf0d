"""Blend: a weighted sum of up to four columns of one unit."""

from dataclasses import replace

from tradeloop.errors import InputError
from tradeloop.features.base import Column, Family, Feature, Source
from tradeloop.fold import kernel

Term = tuple[float, Source]
_TERMS = 4


@kernel("value", params=4)
def _blend(
    params: tuple[float, float, float, float], a: float, b: float, c: float, d: float
) -> float:
    wa, wb, wc, wd = params
    return (wa * a + wb * b) + (wc * c + wd * d)


def blend(name: str, *terms: Term) -> Feature:
    """Sum of ``weight * column`` over the terms, in the unit of the columns.

    Fewer than four terms are filled up with the first column at weight 0.
    """
    if not 1 <= len(terms) <= _TERMS:
        raise InputError(
            f"A blend has one to {_TERMS} terms, had {len(terms)}.",
            way_out="Blend blends.",
            source=name,
        )
    filled = (*terms, *([(0.0, terms[0][1])] * (_TERMS - len(terms))))
    weights = tuple(weight for weight, _ in filled)
    sources = tuple(source for _, source in filled)
    return Feature(name, FAMILY, sources, weights, warm_up=(0,))


def middle(name: str, a: Source, b: Source) -> Feature:
    """Half way between two columns, in their unit."""
    return blend(name, (0.5, a), (0.5, b))


def median_price() -> Column:
    """``(high + low) / 2``, in price units; TA-Lib MEDPRICE."""
    return middle("hl2", "high", "low").columns[0]


def figure(value: float) -> str:
    """Write a number as a part of a name, without a point."""
    return f"{value:g}".replace(".", "_")


def titled(feature: Feature, name: str) -> Feature:
    """Return a feature of another group under a name of this one."""
    return replace(feature, name=name, category="technical", group="trend")


FAMILY = Family(
    name="blend",
    category="technical",
    kernel=_blend,
    formula="wa * a + wb * b + wc * c + wd * d",
    unit="unit of the inputs",
    reference="definition; what is blended says the name",
    build=blend,
    examples=(
        ("half_way", (0.5, "high"), (0.5, "low")),
        ("doubled_less", (2.0, "close"), (-1.0, "open")),
    ),
    price_degree=(1,),
)
