"""Error bars of labels: where the truth lies, and how surely the class is right."""

from tradeloop.labels.certainty.error_bars import certainty, certainty_schema
from tradeloop.labels.certainty.rule import CertaintyRule

__all__ = ["CertaintyRule", "certainty", "certainty_schema"]
