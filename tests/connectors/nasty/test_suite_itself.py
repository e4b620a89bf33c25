"""The contract suite is tested on a connector that has one fault at a time: every fault is caught, none is imagined."""

from __future__ import annotations

import pytest

from hub.contract import Http
from tests.connectors.checks import CHECKS, demanded
from tests.connectors.checks.common import Check
from tests.connectors.nasty.harness import HARNESS, NastyHarness

BY_NAME = {check.__name__.removeprefix("check_"): check for check in CHECKS}

CAUGHT = [
    ("trusts_everyone", "no_signature_is_refused"),
    ("trusts_everyone", "a_false_signature_is_refused"),
    ("trusts_everyone", "another_accounts_signature_is_refused"),
    ("trusts_everyone", "a_changed_body_is_refused"),
    ("trusts_the_unsigned", "no_signature_is_refused"),
    ("trusts_the_empty", "a_false_signature_is_refused"),
    ("believes_any_signature", "a_false_signature_is_refused"),
    ("crashes_on_garbage", "a_false_signature_is_refused"),
    ("one_secret", "another_accounts_signature_is_refused"),
    ("signs_the_meaning", "a_changed_body_is_refused"),
    ("signs_the_beginning", "a_changed_body_is_refused"),
    ("trusts_no_secret", "an_empty_secret_proves_nothing"),
    ("forgets_the_topic", "a_signed_delivery_is_accepted"),
    ("tidies_the_body", "a_signed_delivery_is_accepted"),
    ("random_ids", "a_delivery_twice_is_one"),
    ("one_id", "a_delivery_twice_is_one"),
    ("trusts_the_shape", "a_signed_wrong_shape_is_no_crash"),
    ("asks_for_anything", "keys_are_asked_for_with_care"),
    ("refuses_replays", "keys_are_asked_for_with_care"),
    ("has_no_fixtures", "fixtures_read_as_expected"),
    ("counts_in_floats", "fixtures_read_as_expected"),
    ("remembers", "reading_is_pure"),
    ("crashes_on_null", "wrong_fields_are_bad_payload"),
    ("lets_types_through", "wrong_fields_are_bad_payload"),
    ("crashes_on_junk", "hostile_bodies_are_bad_payload"),
    ("stops_early", "pages_to_the_end"),
    ("never_moves", "pages_to_the_end"),
    ("keeps_its_own_place", "pages_to_the_end"),
    ("skips_ties", "every_page_boundary_holds"),
    ("goes_back", "nothing_new_ends_the_pull"),
    ("random_pull_ids", "a_pulled_order_twice_is_one"),
    ("swallows_errors", "a_failed_page_loses_nothing"),
    ("moves_on_after_failure", "a_failed_page_loses_nothing"),
    ("swallows_errors", "an_error_is_no_empty_page"),
    ("takes_anything_for_a_page", "an_error_is_no_empty_page"),
    ("lists_for_ever", "products_to_the_end"),
    ("lists_twice", "products_to_the_end"),
    ("has_no_name", "a_channel_is_what_it_says"),
    ("forgets_401", "failures_are_named"),
    ("ignores_retry_after", "failures_are_named"),
    ("gives_up_on_429", "failures_are_named"),
    ("gives_up_on_5xx", "failures_are_named"),
    ("believes_every_200", "failures_are_named"),
    ("repeats_after_500", "a_lost_answer_is_not_repeated_blindly"),
    ("leaks_the_library", "a_refused_connection_is_retry"),
    ("fears_the_worst", "a_refused_connection_is_retry"),
    ("fears_the_worst", "a_lost_answer_to_a_question_is_retry"),
    ("hopes_for_the_best", "a_refusal_is_reject"),
    ("gives_up_on_odd_answers", "an_odd_answer_to_a_push_is_not_its_end"),
    ("hides_push_refund", "every_capability_is_tested"),
    ("drops_the_key", "pushes_carry_the_key"),
    ("does_it_twice", "pushes_carry_the_key"),
    ("claims_repeatable", "a_repeat_takes_effect_once"),
    ("drops_the_key", "a_repeat_takes_effect_once"),
    ("new_receipts", "a_repeat_takes_effect_once"),
    ("repeats_blindly", "a_lost_answer_is_not_repeated_blindly"),
    ("calls_effects_questions", "a_lost_answer_is_not_repeated_blindly"),
    ("finds_nothing", "a_lost_answer_is_not_repeated_blindly"),
    ("finds_everything", "look_up_knows_what_never_happened"),
    ("doubts_nothing", "look_up_knows_what_never_happened"),
    ("answers_backwards", "many_at_once_answer_in_order"),
    ("forgets_an_answer", "many_at_once_answer_in_order"),
    ("hides_refusals", "many_at_once_answer_in_order"),
    ("gives_no_reason", "many_at_once_answer_in_order"),
    ("gives_up_the_rest", "many_at_once_answer_in_order"),
    ("has_another_side", "nobody_is_called"),
    ("nudges_with_a_crash", "nudges_name_accounts_and_never_raise"),
    ("nudges_nobody_we_know", "nudges_name_accounts_and_never_raise"),
    ("asks_before_it_nudges", "nudges_name_accounts_and_never_raise"),
    ("has_more_than_all", "a_quota_is_a_part_of_a_whole"),
    ("resets_at_a_naive_time", "a_quota_is_a_part_of_a_whole"),
    ("prints_secrets", "no_secret_in_logs_or_repr"),
    ("logs_secrets", "no_secret_in_logs_or_repr"),
    ("secret_in_repr", "no_secret_in_logs_or_repr"),
    ("secret_in_reason", "no_secret_in_logs_or_repr"),
]


@pytest.mark.parametrize("check", demanded(HARNESS), ids=lambda check: check.__name__)
async def test_without_faults_it_passes(check: Check, http: Http) -> None:
    await check(HARNESS, http)


@pytest.mark.parametrize("by", ["failures_are_named", "a_lost_answer_is_not_repeated_blindly", "pushes_carry_the_key"])
async def test_a_push_that_asks_before_it_acts_is_no_fault(by: str, http: Http) -> None:
    await BY_NAME[by](NastyHarness("reads_before"), http)


@pytest.mark.parametrize(("fault", "by"), CAUGHT)
async def test_every_fault_is_caught(fault: str, by: str, http: Http) -> None:
    with pytest.raises(AssertionError) as caught:
        await BY_NAME[by](NastyHarness(fault), http)

    assert str(caught.value), "the reason says what is wrong"


def test_every_check_is_shown_to_catch_something() -> None:
    unproven = set(BY_NAME) - {by for _, by in CAUGHT}
    assert unproven == set()
