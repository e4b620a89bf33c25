"""Nasty Store's connector: right in everything as long as it has no faults, wrong in exactly what its faults name.

It is not written like a connector should be (see connectors/demo_store for that): each fault is one `if`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connectors.http import AioHttp, expect, looks_like_json
from connectors.signing import hmac_base64, require
from connectors.wire import decode
from hub.contract import (
    About,
    Account,
    Answer,
    Channel,
    Cursor,
    Delivery,
    FetchesKeys,
    HearsWebhooks,
    Http,
    ListsProducts,
    LooksUp,
    Nudges,
    Page,
    Product,
    ProductPage,
    PullsOrders,
    PushesAtOnce,
    Quota,
    Reply,
    TakesRefunds,
    TakesShipments,
    TakesStock,
    TellsQuota,
)
from hub.domain.order import News, Value
from hub.domain.outgoing import Kind, Receipt, RefundRequest, Shipment, StockLevel
from hub.errors import CrossdockError, Forbidden, Reconnect, Reject, Retry, Unknown
from tests.connectors.nasty import reading

ABOUT = About(
    name="nasty",
    title="Nasty Store",
    poll_every=timedelta(minutes=1),
    at_once={Kind.PUSH_STOCK: 20},
    repeatable=frozenset({Kind.PUSH_SHIPMENT, Kind.PUSH_STOCK}),
    production=False,
)


class Nasty:
    """The connector with its faults."""

    def __init__(self, faults: frozenset[str] = frozenset()) -> None:
        self.faults = faults
        claims = ABOUT.repeatable | {Kind.PUSH_REFUND} if "claims_repeatable" in faults else ABOUT.repeatable
        self.about = replace(ABOUT, repeatable=claims)

    def open(self, account: Account, http: Http) -> NastyChannel:
        """The account, ready to be called."""
        return NastyChannel(account, http, self.faults)


class NastyChannel(
    Channel,
    HearsWebhooks,
    FetchesKeys,
    PullsOrders,
    ListsProducts,
    TakesShipments,
    TakesRefunds,
    TakesStock,
    LooksUp,
    PushesAtOnce,
    Nudges,
    TellsQuota,
):
    """One store."""

    def __init__(self, account: Account, http: Http, faults: frozenset[str]) -> None:
        self.account = account
        self._http = http
        self._faults = faults
        self._count = 0
        self._place = Cursor()

    def __repr__(self) -> str:
        secrets = dict(self.account.secrets) if "secret_in_repr" in self._faults else self.account.secrets
        return f"NastyChannel({secrets})"

    async def check(self) -> str:
        told = decode(await self._ask("GET", "/shop"), reading.Shop)
        return "" if "has_no_name" in self._faults else told.name

    async def quota(self) -> Quota | None:
        naive = datetime(2026, 11, 1) if "resets_at_a_naive_time" in self._faults else None  # noqa: DTZ001 - the fault
        return Quota(left=41 if "has_more_than_all" in self._faults else 40, of=40, unit="calls", resets_at=naive)

    # ------------------------------------------------------------ what comes in

    def nudge(self, delivery: Delivery) -> Mapping[str, str] | None:
        """Every delivery says what it has to say itself."""
        if "nudges_with_a_crash" in self._faults:
            json.loads(delivery.body)
        if "asks_before_it_nudges" in self._faults:
            self._count += 1
            return {} if self._count % 2 else None
        return {"colour": "blue"} if "nudges_nobody_we_know" in self._faults else None

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return {"X-Nasty-Signature": self._signature(body), "X-Nasty-Topic": topic}

    def _signature(self, body: bytes) -> str:
        if "signs_the_meaning" in self._faults:
            body = reading.tidied(body)
        if "signs_the_beginning" in self._faults:
            body = body[:20]
        secret = "the same for all" if "one_secret" in self._faults else self.account.secrets["webhook_secret"]
        # No signing tool signs without a secret; somebody who trusts everything could.
        return (
            hmac_base64(secret or "nothing", body) if "trusts_no_secret" in self._faults else hmac_base64(secret, body)
        )

    async def fetch_keys(self, headers: Mapping[str, str]) -> None:
        """It needs no keys but a signature to look for them by."""
        if "asks_for_anything" in self._faults or "refuses_replays" in self._faults:
            await self.check()
        if "refuses_replays" in self._faults or len(headers.get("x-nasty-signature", "")) != 44:
            raise Forbidden("no key is named")

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        self._prove(headers.get("x-nasty-signature"), body)
        topic = headers.get("x-nasty-topic", "")
        if "trusts_the_shape" in self._faults:
            topic = topic if json.loads(body)["id"] else ""
        mark = hashlib.sha256(topic.encode() + body).hexdigest()[:32]
        if "random_ids" in self._faults:
            mark = uuid.uuid4().hex
        if "one_id" in self._faults:
            mark = topic
        kept = body.strip() + b"\n" if "tidies_the_body" in self._faults else body
        return Delivery(id=mark, topic="order" if "forgets_the_topic" in self._faults else topic, body=kept)

    def _prove(self, given: str | None, body: bytes) -> None:
        faults = self._faults
        if "trusts_everyone" in faults or (given is None and "trusts_the_unsigned" in faults):
            return
        if given == "" and "trusts_the_empty" in faults:
            return
        if "believes_any_signature" in faults and given:
            return
        if "crashes_on_garbage" in faults and given:
            given.encode("ascii")
        require(given, self._signature(body))

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        self._count += "remembers" in self._faults
        return reading.news(delivery, self._faults, self._count)

    # ------------------------------------------------------------ pulling

    async def pull_orders(self, cursor: Cursor) -> Page:
        try:
            page = await self._page(cursor)
            if self._count and "moves_on_after_failure" in self._faults:
                self._count, page = 0, await self._page(page.cursor)
        except CrossdockError:
            self._count += "moves_on_after_failure" in self._faults
            if "swallows_errors" not in self._faults:
                raise
            page = Page((), cursor, more=False)
        return page

    async def _page(self, cursor: Cursor) -> Page:
        if "keeps_its_own_place" in self._faults:
            cursor = self._place
        since = cursor.at.isoformat() if cursor.at else ""
        if cursor.at and "skips_ties" in self._faults and not cursor.token:
            since = (cursor.at + timedelta(milliseconds=1)).isoformat()
        body = await self._ask("GET", f"/orders?since={since.replace('+', '%2B')}&after={cursor.token}")
        page = self._decode_page(body)
        deliveries = tuple(self._delivery(order) for order in page.orders)
        self._place = self._next(cursor, page)
        return Page(deliveries, self._place, more=bool(page.next) and "stops_early" not in self._faults)

    def _decode_page(self, body: bytes) -> reading.Orders:
        if "takes_anything_for_a_page" in self._faults:
            told = json.loads(body) if looks_like_json(body) else {}
            return decode(
                json.dumps({"orders": told.get("orders", []), "next": told.get("next")}).encode(), reading.Orders
            )
        return decode(body, reading.Orders)

    def _next(self, cursor: Cursor, page: reading.Orders) -> Cursor:
        if "never_moves" in self._faults:
            return cursor
        if "goes_back" in self._faults and not page.orders:
            return Cursor()
        times = [datetime.fromisoformat(decode(bytes(order), reading.Head).updated_at) for order in page.orders]
        back = timedelta(days=1 if "goes_back" in self._faults and cursor.at else 0)
        return Cursor(at=max(times) - back if times else cursor.at, token=page.next or "")

    def _delivery(self, order: reading.Raw) -> Delivery:
        head = decode(bytes(order), reading.Head)
        mark = uuid.uuid4().hex if "random_pull_ids" in self._faults else f"{head.id}:{head.updated_at}"
        return Delivery(id=mark, topic="order", body=bytes(order))

    async def list_products(self, after: str) -> ProductPage:
        page = decode(await self._ask("GET", f"/products?after={after}"), reading.Products)
        goes_on = "lists_for_ever" in self._faults or ("lists_twice" in self._faults and not after)
        return ProductPage(
            tuple(Product(listing_id=it, sku=it, title=it) for it in page.products), "P" * goes_on or page.next
        )

    # ------------------------------------------------------------ pushing

    async def push_shipment(self, shipment: Shipment, key: str) -> Receipt:
        path = f"/orders/{shipment.order_id}/shipments"
        if "does_it_twice" in self._faults:
            await self._push("POST", path, shipment, f"{key}-first")
        return await self._push("POST", path, shipment, key)

    async def push_refund(self, request: RefundRequest, key: str) -> Receipt:
        if "reads_before" in self._faults:
            await self._ask("GET", "/shop")
        return await self._push("POST", f"/orders/{request.order_id}/refunds", request, "")

    async def push_stock(self, level: StockLevel, key: str) -> Receipt:
        return await self._push("PUT", f"/stock/{level.sku}", level, key)

    async def push_at_once(self, kind: Kind, payloads: Sequence[Value], keys: Sequence[str]) -> Sequence[Answer]:
        answers: list[Answer] = []
        for payload, key in zip(payloads, keys, strict=True):
            try:
                answers.append(Answer(receipt=await self.push_stock(payload, key)))  # type: ignore[arg-type]
            except Reject as refusal:
                why = "" if "gives_no_reason" in self._faults else str(refusal)
                bad = Answer(failure="reject", why=why)
                answers.append(Answer(receipt=Receipt()) if "hides_refusals" in self._faults else bad)
                if "gives_up_the_rest" in self._faults:
                    return [*answers, *[bad] * (len(payloads) - len(answers))]
        if "answers_backwards" in self._faults:
            answers[1], answers[2] = answers[2], answers[1]
        return answers[:-1] if "forgets_an_answer" in self._faults else answers

    async def look_up(self, kind: Kind, payload: Value, key: str) -> Receipt | None:
        if "finds_nothing" in self._faults:
            return None
        if "finds_everything" in self._faults:
            return Receipt(external_id="of course")
        reference = getattr(payload, "reference", "")
        reply = await self._http.call("GET", self._url(f"/effects/{kind}?reference={reference}&key={key}"))
        if reply.status == 404 or (reply.status >= 400 and "doubts_nothing" in self._faults):
            return None
        return self._receipt(expect(reply, "look up"))

    async def _push(self, method: str, path: str, payload: Value, key: str) -> Receipt:
        try:
            return self._receipt(await self._ask(method, path, payload, key))
        except Unknown:
            if "repeats_blindly" not in self._faults:
                raise
            return self._receipt(await self._ask(method, path, payload, key and f"{key}-again"))

    def _receipt(self, body: bytes) -> Receipt:
        try:
            done = decode(body, reading.Done)
        except CrossdockError as error:
            if "gives_up_on_odd_answers" in self._faults:
                raise Reject(str(error)) from error
            raise Unknown(f"the answer cannot be read: {error}") from error
        return Receipt(external_id=uuid.uuid4().hex if "new_receipts" in self._faults else done.id)

    # ------------------------------------------------------------ the wire

    def _url(self, path: str) -> str:
        return self.account.base_url + path

    async def _ask(self, method: str, path: str, payload: Value | None = None, key: str = "") -> bytes:
        headers = {"Authorization": f"Bearer {self.account.secrets['token']}"}
        if key and "drops_the_key" not in self._faults:
            headers["Idempotency-Key"] = key
        self._say(headers)
        body = None if payload is None else reading.encode(payload)
        effect = payload is not None and "calls_effects_questions" not in self._faults
        try:
            reply = await self._call(method, path, headers, body, effect)
        except Retry as error:
            if "fears_the_worst" in self._faults:
                raise Unknown(str(error)) from error
            raise
        return self._judge(reply, path, payload is None or bool(key))

    async def _call(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, effect: bool
    ) -> Reply:
        if "leaks_the_library" in self._faults:
            assert isinstance(self._http, AioHttp)
            session = self._http._sessions[1]  # type: ignore[index]
            async with session.request(method, self._url(path), headers=headers, data=body) as answer:
                return Reply(answer.status, {n.lower(): v for n, v in answer.headers.items()}, await answer.read())
        return await self._http.call(method, self._url(path), headers=headers, body=body, effect=effect)

    def _judge(self, reply: Reply, path: str, safe: bool) -> bytes:
        faults = self._faults
        if reply.status == 401 and "forgets_401" in faults:
            raise Retry("not now")
        if reply.status == 429 and "ignores_retry_after" in faults:
            raise Retry("not now")
        if reply.status == 429 and "gives_up_on_429" in faults:
            raise Reject("too much")
        if reply.status >= 500 and "gives_up_on_5xx" in faults:
            raise Reject("broken")
        if 400 <= reply.status < 500 and reply.status not in (401, 429) and "hopes_for_the_best" in faults:
            raise Retry("perhaps later")
        if "secret_in_reason" in faults and reply.status >= 400:
            failure = Reconnect if reply.status == 401 else Reject if reply.status < 500 else Retry
            raise failure(f"{path} refused the token {self.account.secrets['token']}")
        if reply.status == 200 and "believes_every_200" in faults:
            return reply.body if looks_like_json(reply.body) else b'{"orders": [], "id": "1", "name": "x"}'
        return expect(reply, path, broken=Retry if safe or "repeats_after_500" in faults else Unknown)

    def _say(self, headers: Mapping[str, str]) -> None:
        if "prints_secrets" in self._faults:
            print(headers)  # noqa: T201
        if "logs_secrets" in self._faults:
            logging.getLogger("nasty").debug("calling with %s", dict(headers))
