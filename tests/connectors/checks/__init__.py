"""What every connector must do, as plain async functions: `test_contract.py` runs them over all connectors, and
`test_suite_itself.py` shows on a deliberately nasty one that each fault is caught.

A check takes a harness and an HTTP client, and raises AssertionError with the reason when its demand is not met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.contract import (
    FetchesKeys,
    HearsWebhooks,
    ListsProducts,
    LooksUp,
    Nudges,
    PullsOrders,
    PushesAtOnce,
    ReadsPlacedOrders,
    TellsQuota,
    TracksParcels,
)
from tests.connectors.checks import failures, payloads, pulls, pushes, secrecy, signatures, telling
from tests.connectors.checks.common import Check
from tests.connectors.harness import Harness

Applies = Callable[[Harness, Any], bool]


def always(harness: Harness, channel: Any) -> bool:
    """Demanded of every connector."""
    return True


def can(*capabilities: type) -> Applies:
    """Demanded of connectors with one of these capabilities."""
    return lambda harness, channel: any(isinstance(channel, capability) for capability in capabilities)


def takes(harness: Harness, channel: Any) -> bool:
    """Demanded of connectors that anything is sent to."""
    return bool(harness.pushes)


def calls(harness: Harness, channel: Any) -> bool:
    """Demanded of connectors that have somebody to call; the others show that they call nobody."""
    return not getattr(harness, "calls_nobody", False)


def silent(harness: Harness, channel: Any) -> bool:
    """Demanded of connectors whose harness says `calls_nobody`."""
    return not calls(harness, channel)


hears, pulls_ = can(HearsWebhooks), can(PullsOrders)
reads = can(HearsWebhooks, PullsOrders, TracksParcels, ReadsPlacedOrders)

CHECKS: Mapping[Check, Applies] = {
    pushes.check_a_channel_is_what_it_says: always,
    pushes.check_every_capability_is_tested: always,
    signatures.check_a_signed_delivery_is_accepted: hears,
    signatures.check_no_signature_is_refused: hears,
    signatures.check_a_false_signature_is_refused: hears,
    signatures.check_another_accounts_signature_is_refused: hears,
    signatures.check_a_changed_body_is_refused: hears,
    signatures.check_an_empty_secret_proves_nothing: hears,
    signatures.check_a_delivery_twice_is_one: hears,
    signatures.check_a_signed_wrong_shape_is_no_crash: hears,
    signatures.check_keys_are_asked_for_with_care: can(FetchesKeys),
    payloads.check_fixtures_read_as_expected: reads,
    payloads.check_reading_is_pure: reads,
    payloads.check_wrong_fields_are_bad_payload: reads,
    payloads.check_hostile_bodies_are_bad_payload: reads,
    pulls.check_pages_to_the_end: pulls_,
    pulls.check_every_page_boundary_holds: pulls_,
    pulls.check_nothing_new_ends_the_pull: pulls_,
    pulls.check_a_pulled_order_twice_is_one: pulls_,
    pulls.check_a_failed_page_loses_nothing: pulls_,
    pulls.check_an_error_is_no_empty_page: pulls_,
    pulls.check_products_to_the_end: can(ListsProducts),
    failures.check_failures_are_named: calls,
    failures.check_a_refused_connection_is_retry: calls,
    failures.check_a_lost_answer_to_a_question_is_retry: calls,
    failures.check_nobody_is_called: silent,
    failures.check_a_refusal_is_reject: takes,
    failures.check_an_odd_answer_to_a_push_is_not_its_end: takes,
    pushes.check_pushes_carry_the_key: takes,
    pushes.check_a_repeat_takes_effect_once: takes,
    pushes.check_a_lost_answer_is_not_repeated_blindly: takes,
    pushes.check_look_up_knows_what_never_happened: can(LooksUp),
    pushes.check_many_at_once_answer_in_order: can(PushesAtOnce),
    telling.check_nudges_name_accounts_and_never_raise: can(Nudges),
    telling.check_a_quota_is_a_part_of_a_whole: can(TellsQuota),
    secrecy.check_no_secret_in_logs_or_repr: always,
}
"""Every check, and whom it is demanded of."""


class NoNetwork:
    """An Http for looking at a channel without calling anybody."""

    async def call(self, method: str, url: str, **rest: object) -> Any:
        """Refuses."""
        raise AssertionError(f"{method} {url} was called while the channel was only looked at")


def demanded(harness: Harness) -> list[Check]:
    """The checks that this connector must pass, by the capabilities of its channel."""
    channel = harness.connector.open(harness.account("http://127.0.0.1:9"), NoNetwork())
    return [check for check, applies in CHECKS.items() if applies(harness, channel)]
