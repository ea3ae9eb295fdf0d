"""Laws that every model passes. Each returns what was broken, or an empty text."""

from collections.abc import Callable

from tradeloop.models.base import Model
from tradeloop.models.check_fits import (
    a_start_is_gone_on_from_or_refused,
    another_seed_gives_other_bytes,
    held_rows_teach_nothing,
    inputs_are_not_changed,
    more_steps_change_nothing,
    plain_skill_is_learned,
    rows_of_weight_zero_are_absent,
    same_seed_gives_same_bytes,
    unlearnable_rows_are_refused,
)
from tradeloop.models.check_forecasts import (
    export_equals_the_original,
    fitted_model_says_what_it_is,
    foreign_bytes_are_refused,
    importance_is_a_share,
    loaded_model_predicts_the_same,
    one_row_equals_many_rows,
    probabilities_are_probabilities,
    strange_rows_are_refused,
    two_exports_are_equal_bytes,
)
from tradeloop.models.check_rows import training_rows

__all__ = ["LAWS", "Law", "training_rows"]

Law = Callable[[Model], str]

LAWS: tuple[Law, ...] = (
    same_seed_gives_same_bytes,
    another_seed_gives_other_bytes,
    fitted_model_says_what_it_is,
    loaded_model_predicts_the_same,
    one_row_equals_many_rows,
    probabilities_are_probabilities,
    strange_rows_are_refused,
    inputs_are_not_changed,
    unlearnable_rows_are_refused,
    plain_skill_is_learned,
    more_steps_change_nothing,
    rows_of_weight_zero_are_absent,
    held_rows_teach_nothing,
    a_start_is_gone_on_from_or_refused,
    foreign_bytes_are_refused,
    importance_is_a_share,
    export_equals_the_original,
    two_exports_are_equal_bytes,
)
