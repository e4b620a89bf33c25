"""Who may speak: a delivery counts only when this account's own signature over these very bytes stands under it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hub.contract import Delivery, HearsWebhooks, Http, Secrets
from hub.errors import BadPayload, CrossdockError, Forbidden
from tests.connectors.checks.common import Fixture, attempt, demand, fixtures, lowered, meeting, outcome, stranger
from tests.connectors.harness import Harness

GARBAGE = ("garbage", "AAAA" * 11, "é" * 20, "0", "=", "null")


def refuse(channel: HearsWebhooks, headers: dict[str, str], body: bytes, what: str) -> None:
    """Demands that the delivery is `Forbidden`."""
    answer = attempt(f"verify with {what}", channel.verify, headers, body)
    demand(isinstance(answer, Forbidden), f"a delivery with {what} was not refused as Forbidden but gave {answer!r}")


def signed(channel: HearsWebhooks, fixture: Fixture) -> dict[str, str]:
    """The headers that the channel would send with the fixture."""
    return lowered(channel.sign(fixture.topic, fixture.body))


def signature_names(channel: HearsWebhooks, other: HearsWebhooks, fixture: Fixture) -> list[str]:
    """The headers that depend on the account's secrets: the signature, whatever the channel calls it."""
    ours, theirs = signed(channel, fixture), signed(other, fixture)
    return [name for name in ours if ours[name] != theirs.get(name)]


async def check_a_signed_delivery_is_accepted(harness: Harness, http: Http) -> None:
    """What the channel itself would send goes in, with its topic and its very bytes."""
    async with meeting(harness, http) as (_, channel):
        for fixture in fixtures(harness):
            headers = signed(channel, fixture)
            got = attempt("verify", channel.verify, headers, fixture.body)
            demand(isinstance(got, Delivery), f"{fixture.name}: a well-signed delivery gave {got!r}")
            assert isinstance(got, Delivery)
            demand(got.topic == fixture.topic, f"{fixture.name}: topic {fixture.topic!r} came back as {got.topic!r}")
            demand(got.body == fixture.body, f"{fixture.name}: the body was not kept verbatim")
            demand(got.id, f"{fixture.name}: the delivery has no id")


async def check_no_signature_is_refused(harness: Harness, http: Http) -> None:
    """No headers at all; and all headers but the signature."""
    async with meeting(harness, http) as (double, channel):
        other = harness.connector.open(stranger(harness.account(double.url)), http)
        for fixture in fixtures(harness):
            refuse(channel, {}, fixture.body, "no headers")
            names = signature_names(channel, other, fixture)
            rest = {name: text for name, text in signed(channel, fixture).items() if name not in names}
            refuse(channel, rest, fixture.body, "no signature")


async def check_a_false_signature_is_refused(harness: Harness, http: Http) -> None:
    """Empty ones, and garbage that is no signature of anything."""
    async with meeting(harness, http) as (double, channel):
        other = harness.connector.open(stranger(harness.account(double.url)), http)
        for fixture in fixtures(harness):
            headers, names = signed(channel, fixture), signature_names(channel, other, fixture)
            for text in ("", " ", *GARBAGE):
                refuse(channel, headers | dict.fromkeys(names, text), fixture.body, f"the signature {text!r}")


async def check_another_accounts_signature_is_refused(harness: Harness, http: Http) -> None:
    """A merchant who can sign for one account cannot sign for another."""
    async with meeting(harness, http) as (double, channel):
        other = harness.connector.open(stranger(harness.account(double.url)), http)
        for fixture in fixtures(harness):
            refuse(channel, signed(other, fixture), fixture.body, "another account's signature")


async def check_a_changed_body_is_refused(harness: Harness, http: Http) -> None:
    """One byte changed, added or taken away under a good signature, even where the JSON stays the same."""
    async with meeting(harness, http) as (_, channel):
        for fixture in fixtures(harness):
            headers = signed(channel, fixture)
            for what, body in changed(fixture.body):
                refuse(channel, headers, body, what)


def changed(body: bytes) -> Iterator[tuple[str, bytes]]:
    """`body` with one byte other than it was."""
    for place in sorted({0, len(body) // 3, len(body) // 2, len(body) - 2, len(body) - 1}):
        yield f"byte {place} changed", body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
    yield "a space after the body", body + b" "
    yield "a space within the body", body.replace(b":", b": ", 1)
    yield "the last byte missing", body[:-1]
    yield "nothing left of the body", b""


async def check_an_empty_secret_proves_nothing(harness: Harness, http: Http) -> None:
    """An account without its secret refuses every delivery: anybody can sign with nothing."""
    async with meeting(harness, http) as (double, _):
        account = harness.account(double.url)
        empty = replace(account, secrets=Secrets(dict.fromkeys(account.secrets, "")))
        bare = attempt("open without secrets", harness.connector.open, empty, http)
        if isinstance(bare, CrossdockError):
            return
        assert isinstance(bare, HearsWebhooks)
        for fixture in fixtures(harness):
            headers = attempt("sign without a secret", signed, bare, fixture)
            if isinstance(headers, dict):
                refuse(bare, headers, fixture.body, "a signature made with an empty secret")


async def check_a_delivery_twice_is_one(harness: Harness, http: Http) -> None:
    """The same delivery has the same id each time it comes, two different ones never."""
    async with meeting(harness, http) as (double, channel):
        again = harness.connector.open(harness.account(double.url), http)
        known: dict[str, str] = {}
        for fixture in fixtures(harness):
            headers = signed(channel, fixture)
            ids = {it.verify(headers, fixture.body).id for it in (channel, channel, again)}
            demand(len(ids) == 1, f"{fixture.name}: the same delivery came in under the ids {sorted(ids)}")
            twin = known.setdefault(ids.pop(), fixture.name)
            demand(twin == fixture.name, f"{fixture.name} and {twin} are different deliveries with one id")


async def check_a_signed_wrong_shape_is_no_crash(harness: Harness, http: Http) -> None:
    """The door looks into a body only with care: signed junk is refused as `BadPayload`, or kept for `read`."""
    async with meeting(harness, http) as (_, channel):
        for fixture in fixtures(harness):
            for junk in (b"", b"null", b"[]", b"{}", b'"x"', b"\xff\xfe", b"{" * 2000, b"[" * 100_000):
                headers = lowered(channel.sign(fixture.topic, junk))
                got = attempt(f"verify of {junk[:8]!r}", channel.verify, headers, junk)
                fine = isinstance(got, Delivery | BadPayload | Forbidden)
                demand(fine, f"signed junk {junk[:8]!r} gave {got!r}")


async def check_keys_are_asked_for_with_care(harness: Harness, http: Http) -> None:
    """Whoever knocks can have keys fetched: headers that name none ask nobody, and what `sign` makes needs none."""
    async with meeting(harness, http) as (double, channel):
        other = harness.connector.open(stranger(harness.account(double.url)), http)
        for fixture in fixtures(harness):
            headers, names = signed(channel, fixture), signature_names(channel, other, fixture)
            for text in (None, "", " ", *(text for text in GARBAGE if len(text) < 44)):
                given = {} if text is None else headers | dict.fromkeys(names, text)
                got = await outcome("fetch_keys", channel.fetch_keys(given))
                demand(isinstance(got, Forbidden), f"fetch_keys with the signature {text!r} gave {got!r}")
            got = await outcome("fetch_keys", channel.fetch_keys(headers))
            demand(got is None, f"{fixture.name}: fetch_keys refused what sign() made: {got!r}")
        demand(not double.seen, f"headers that name no key made it call {double.seen[:1]}")
