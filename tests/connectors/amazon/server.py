"""A real aiohttp server that plays Amazon: Login with Amazon, the Selling Partner API with its quotas, S3, and SQS.

async with serve() as double:
    double.books.add(plain_order(…))
    …
    double.books.orders["…"]["packages"]     # what was confirmed
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from connectors.playing.manners import Mischief, listening
from hub.domain.outgoing import Kind
from tests.connectors.amazon.books import FRANCE, GERMANY, SELLER, Books, Node, Wrong, bad
from tests.connectors.amazon.feeds import Feeds
from tests.connectors.amazon.finances import Finances
from tests.connectors.amazon.reports import Reports
from tests.connectors.amazon.sqs import PATH, Refusal, Sqs
from tests.connectors.harness import Seen

CLIENT_ID = "amzn1.application-oa2-client.0123456789abcdef"
CLIENT_SECRET = "amzn1.oa2-cs.v1.0123456789abcdef0123456789abcdef"
REFRESH_TOKEN = "Atzr|IwEBIA-refresh-0123456789"

PLANS = {
    "searchOrders": ("0.0056", 20),
    "getOrder": ("0.5", 30),
    "confirmShipment": ("2.0", 10),
    "createFeedDocument": ("0.5", 15),
    "createFeed": ("0.0083", 15),
    "getFeed": ("2.0", 15),
    "getFeeds": ("0.0222", 10),
    "getFeedDocument": ("0.0222", 10),
    "listTransactions": ("0.5", 10),
    "getReports": ("0.0222", 10),
    "createReport": ("0.0167", 15),
    "getReport": ("2.0", 15),
    "getReportDocument": ("0.0167", 15),
    "getListingsItem": ("5.0", 10),
    "searchListingsItems": ("5.0", 5),
    "patchListingsItem": ("5.0", 5),
    "getMarketplaceParticipations": ("0.016", 15),
    "getSubscription": ("1.0", 5),
    "createSubscription": ("1.0", 5),
    "getDestinations": ("1.0", 5),
    "createDestination": ("1.0", 5),
}
"""Operation → rate as the header tells it, and burst, as the models say."""

DENIED = "Access to requested resource is denied."
"""What Amazon says to a bad token, with details, and to an app that lacks a role, without."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class AmazonDouble:
    """One seller behind HTTP. `left` counts the calls that each operation's bucket still holds; nothing refills it but
    `refill`, for no test waits three minutes."""

    def __init__(self) -> None:
        self.url = ""
        self.books = Books()
        self.finances = Finances(self.books)
        self.feeds = Feeds(self.books, self.finances)
        self.reports = Reports(self.books)
        self.sqs = Sqs()
        self.mischief = Mischief(record=True)
        self.left = {name: burst for name, (_, burst) in PLANS.items()}
        self.rates = {name: rate for name, (rate, _) in PLANS.items()}
        self.refused_secret = ""
        self.granted: list[str] = []
        self.good: dict[str, str] = {}
        """Access token → its scope."""
        self.lasts = 3600
        self.lacking: set[str] = set()
        """Operations whose role the app lacks."""
        self.forbidden: set[str] = set()
        """Topics whose role the app lacks."""
        self.participating = [GERMANY, FRANCE]
        self.destinations: list[Node] = []
        self.subscriptions: dict[str, Node] = {}
        self.fail = self.mischief.fail
        self.drop_replies = self.mischief.drop_replies

    # ---------------------------------------------------------------- for tests

    @property
    def seen(self) -> list[Seen]:
        return [Seen(*request) for request in self.mischief.seen]

    @property
    def queue_url(self) -> str:
        return f"{self.url}{PATH}"

    def effects(self) -> Sequence[tuple[Kind, str]]:
        return self.books.effects

    def seed_orders(self, count: int) -> Sequence[str]:
        return self.books.seed(count)

    def refill(self) -> None:
        """A long time passes."""
        self.left = {name: burst for name, (_, burst) in PLANS.items()}

    def asked(self, operation: str) -> int:
        """How often an operation was called within its quota."""
        return PLANS[operation][1] - self.left[operation]

    # ---------------------------------------------------------------- Login with Amazon

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        secret_ok = form.get("client_secret") == CLIENT_SECRET != self.refused_secret
        if form.get("client_id") != CLIENT_ID or not secret_ok:
            return web.json_response(
                {"error": "invalid_client", "error_description": "Client authentication failed"}, status=401
            )
        scope = str(form.get("scope", ""))
        grant = form.get("grant_type")
        if grant == "refresh_token" and form.get("refresh_token") != REFRESH_TOKEN:
            return web.json_response(
                {"error": "invalid_grant", "error_description": "The request has an invalid grant"}, status=400
            )
        if grant not in ("refresh_token", "client_credentials") or (grant == "client_credentials") != bool(scope):
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        self.granted.append(scope)
        access = f"Atza|{len(self.granted):06d}-access"
        self.good[access] = scope
        return web.json_response({"access_token": access, "token_type": "bearer", "expires_in": self.lasts})

    # ---------------------------------------------------------------- the API

    def api(self, operation: str, act: Callable[[web.Request], Awaitable[object]], scope: str = "") -> Handler:
        """A handler with what all operations share: the token, the quota and its header, the shape of errors."""

        async def handle(request: web.Request) -> web.StreamResponse:
            headers = {"x-amzn-RequestId": "r-1"}
            given = request.headers.get("x-amz-access-token", "")
            if self.good.get(given) != scope:
                return errors(403, "Unauthorized", DENIED, headers, "The access token you provided has expired.")
            if operation in self.lacking:
                return errors(403, "Unauthorized", DENIED, headers)
            headers["x-amzn-RateLimit-Limit"] = self.rates[operation]
            if self.left[operation] < 1:
                return errors(429, "QuotaExceeded", "You exceeded your quota for the requested resource.", headers)
            self.left[operation] -= 1
            try:
                answer = await act(request)
            except Wrong as wrong:
                return errors(wrong.status, wrong.code, str(wrong), headers)
            if answer is None:
                return web.Response(status=204, headers=headers)
            return web.json_response(answer, headers=headers)

        return handle

    async def search_orders(self, request: web.Request) -> object:
        return self.books.search(request.query)

    async def get_order(self, request: web.Request) -> object:
        return self.books.get(request.match_info["order"], request.query.get("includedData", ""))

    async def confirm(self, request: web.Request) -> None:
        self.books.confirm(request.match_info["order"], await body_of(request))

    async def create_document(self, request: web.Request) -> object:
        name = self.feeds.create_document(await body_of(request))
        return {"feedDocumentId": name, "url": f"{self.url}/s3/{name}"}

    async def create_feed(self, request: web.Request) -> object:
        return self.feeds.create(await body_of(request))

    async def get_feed(self, request: web.Request) -> object:
        return self.feeds.get(request.match_info["feed"])

    async def get_feeds(self, request: web.Request) -> object:
        return self.feeds.listed(request.query)

    async def list_transactions(self, request: web.Request) -> object:
        return self.finances.listed(request.query)

    async def create_report(self, request: web.Request) -> object:
        return self.reports.create(await body_of(request))

    async def get_report(self, request: web.Request) -> object:
        return self.reports.get(request.match_info["report"])

    async def get_reports(self, request: web.Request) -> object:
        return self.reports.listed(request.query)

    async def get_report_document(self, request: web.Request) -> object:
        told = {"reportDocumentId": request.match_info["document"], "url": f"{self.url}/s3-reports/returns"}
        return told | ({"compressionAlgorithm": "GZIP"} if self.reports.gzip else {})

    async def fetch_report(self, request: web.Request) -> web.Response:
        return web.Response(body=self.reports.document())

    async def get_document(self, request: web.Request) -> object:
        name = request.match_info["document"]
        told = {"feedDocumentId": name, "url": f"{self.url}/s3/{name}"}
        return told | ({"compressionAlgorithm": "GZIP"} if self.feeds.gzip else {})

    async def participations(self, request: web.Request) -> object:
        countries = {GERMANY: "DE", FRANCE: "FR"}
        return {"payload": [
            {"marketplace": {"id": it, "name": "Amazon", "countryCode": countries[it], "defaultCurrencyCode": "EUR",
                             "defaultLanguageCode": "de_DE", "domainName": "www.amazon.de"},
             "participation": {"isParticipating": it in self.participating, "hasSuspendedListings": False},
             "storeName": "Muster & Co"}
            for it in (GERMANY, FRANCE)
        ]}  # fmt: skip

    async def patch_item(self, request: web.Request) -> object:
        self._seller(request)
        return self.books.patch(unquote(request.match_info["sku"]), await body_of(request))

    async def get_item(self, request: web.Request) -> object:
        self._seller(request)
        return self.books.listed(unquote(request.match_info["sku"]))

    async def search_items(self, request: web.Request) -> object:
        self._seller(request)
        size = int(request.query.get("pageSize", "10"))
        wanted = [it for it in request.query.get("identifiers", "").split(",") if it]
        if not 1 <= size <= 20 or len(wanted) > 20 or (wanted and request.query.get("identifiersType") != "SKU"):
            raise bad("pageSize is 1 to 20, identifiers are 20 at most and have a type")
        skus = [sku for sku in sorted(self.books.levels) if not wanted or sku in wanted]
        start = int(request.query.get("pageToken", "0"))
        told: Node = {"numberOfResults": len(skus)}
        told["items"] = [self.books.listed(sku) for sku in skus[start : start + size]]
        more = start + size < len(skus)
        return told | ({"pagination": {"nextToken": str(start + size)}} if more else {})

    def _seller(self, request: web.Request) -> None:
        markets = set(filter(None, request.query.get("marketplaceIds", "").split(",")))
        if request.match_info["seller"] != SELLER or not markets or not markets <= {GERMANY, FRANCE}:
            raise bad("the seller or the marketplaces are wrong")

    # ---------------------------------------------------------------- notifications

    async def get_subscription(self, request: web.Request) -> object:
        topic = request.match_info["topic"]
        if topic in self.forbidden:
            raise Wrong(403, "Unauthorized", DENIED)
        if topic not in self.subscriptions:
            raise Wrong(404, "NotFound", "There is no subscription")
        return {"payload": self.subscriptions[topic]}

    async def create_subscription(self, request: web.Request) -> object:
        body, topic = await body_of(request), request.match_info["topic"]
        known = {it["destinationId"] for it in self.destinations}
        if body.get("payloadVersion") != "1.0" or body.get("destinationId") not in known:
            raise bad("payloadVersion or destinationId is wrong")
        if topic in self.subscriptions:
            raise Wrong(409, "Conflict", "There is a subscription already")
        made = {"subscriptionId": f"s-{topic}", "payloadVersion": "1.0", "destinationId": body["destinationId"]}
        self.subscriptions[topic] = made
        return {"payload": made}

    async def get_destinations(self, request: web.Request) -> object:
        return {"payload": self.destinations}

    async def create_destination(self, request: web.Request) -> object:
        body = await body_of(request)
        if not body.get("name") or not body["resourceSpecification"]["sqs"]["arn"].startswith("arn:aws:sqs:"):
            raise bad("name or resourceSpecification is wrong")
        made = {"destinationId": f"d-{len(self.destinations)}", "name": body["name"]}
        self.destinations.append(made | {"resource": body["resourceSpecification"]})
        return {"payload": self.destinations[-1]}

    # ---------------------------------------------------------------- S3 and SQS

    async def put_document(self, request: web.Request) -> web.Response:
        if "x-amz-access-token" in request.headers:
            return web.Response(status=400, text="<Error><Code>InvalidArgument</Code></Error>")
        try:
            self.feeds.upload(request.match_info["document"], await request.read())
        except Wrong:
            return web.Response(status=403, text="<Error><Code>AccessDenied</Code></Error>")
        return web.Response()

    async def fetch_document(self, request: web.Request) -> web.Response:
        try:
            return web.Response(body=self.feeds.download(request.match_info["document"]))
        except Wrong:
            return web.Response(status=403, text="<Error><Code>AccessDenied</Code></Error>")

    async def queue(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            answer: Any = self.sqs.answer(self.queue_url, headers, await request.read())
        except Refusal as refusal:
            answer = {"__type": refusal.kind, "message": str(refusal)}
            return web.Response(
                body=json.dumps(answer), status=refusal.status, content_type="application/x-amz-json-1.0"
            )
        return web.Response(body=json.dumps(answer), content_type="application/x-amz-json-1.0")

    def routes(self) -> list[web.RouteDef]:
        reports, v, items = "/reports/2021-06-30", "/feeds/2021-06-30", "/listings/2021-08-01/items/{seller}"
        notices, sellers = "/notifications/v1", "/sellers/v1/marketplaceParticipations"
        scope = "sellingpartnerapi::notifications"
        made = self.api
        return [
            web.post("/auth/o2/token", self.token),
            web.get("/orders/2026-01-01/orders", made("searchOrders", self.search_orders)),
            web.get("/orders/2026-01-01/orders/{order}", made("getOrder", self.get_order)),
            web.post("/orders/v0/orders/{order}/shipmentConfirmation", made("confirmShipment", self.confirm)),
            web.post(f"{v}/documents", made("createFeedDocument", self.create_document)),
            web.get(f"{v}/documents/{{document}}", made("getFeedDocument", self.get_document)),
            web.post(f"{v}/feeds", made("createFeed", self.create_feed)),
            web.get(f"{v}/feeds", made("getFeeds", self.get_feeds)),
            web.get("/finances/2024-06-19/transactions", made("listTransactions", self.list_transactions)),
            web.post(f"{reports}/reports", made("createReport", self.create_report)),
            web.get(f"{reports}/reports", made("getReports", self.get_reports)),
            web.get(f"{reports}/reports/{{report}}", made("getReport", self.get_report)),
            web.get(f"{reports}/documents/{{document}}", made("getReportDocument", self.get_report_document)),
            web.get("/s3-reports/returns", self.fetch_report),
            web.get(f"{v}/feeds/{{feed}}", made("getFeed", self.get_feed)),
            web.get(sellers, made("getMarketplaceParticipations", self.participations)),
            web.get(items, made("searchListingsItems", self.search_items)),
            web.get(f"{items}/{{sku}}", made("getListingsItem", self.get_item)),
            web.patch(f"{items}/{{sku}}", made("patchListingsItem", self.patch_item)),
            web.get(f"{notices}/subscriptions/{{topic}}", made("getSubscription", self.get_subscription)),
            web.post(f"{notices}/subscriptions/{{topic}}", made("createSubscription", self.create_subscription)),
            web.get(f"{notices}/destinations", made("getDestinations", self.get_destinations, scope)),
            web.post(f"{notices}/destinations", made("createDestination", self.create_destination, scope)),
            web.put("/s3/{document}", self.put_document),
            web.get("/s3/{document}", self.fetch_document),
            web.post("/", self.queue),
        ]


def errors(status: int, code: str, message: str, headers: Mapping[str, str], details: str = "") -> web.Response:
    """Amazon's shape of an error."""
    told = {"errors": [{"code": code, "message": message, "details": details}]}
    return web.json_response(told, status=status, headers=dict(headers))


async def body_of(request: web.Request) -> Node:
    try:
        body = await request.json()
    except ValueError:
        raise bad("the body is not JSON") from None
    if not isinstance(body, dict):
        raise bad("the body is no object")
    return body


@asynccontextmanager
async def serve() -> AsyncIterator[AmazonDouble]:
    """The double, listening. What fails on request is the API: Login with Amazon is another host."""
    double = AmazonDouble()

    @web.middleware
    async def manners(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/auth/o2/token":
            return await handler(request)
        return await double.mischief.between(request, handler)

    app = web.Application(middlewares=[manners], client_max_size=16 * 1024 * 1024)
    app.add_routes(double.routes())
    async with listening(app, "127.0.0.1", 0) as url:
        double.url = url
        yield double
