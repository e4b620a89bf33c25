"""Liveness, readiness, and metrics for Prometheus."""

from __future__ import annotations

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from hub.actions.check_ready import Readiness
from hub.actions.read_figures import Figure, read_figures
from hub.errors import CrossdockError
from hub.web import problems
from hub.web.auth import LOOPBACK, bearer
from hub.web.services import services
from hub.web.webhooks import Webhooks

READINESS = web.AppKey("readiness", Readiness)

TITLES = {
    "inbox": ("crossdock_inbox_rows", "Deliveries that wait or were set aside, by state."),
    "outbox": ("crossdock_outbox_rows", "Messages that wait, are under way, dead or refused, by state."),
    "orders": ("crossdock_orders", "Orders by lifecycle."),
    "works": ("crossdock_fulfillment_orders", "Fulfillment orders under way, by state."),
    "holds": ("crossdock_holds", "Open holds by reason."),
}


class Metrics:
    """The registry of one application: figures are read from the store when asked for, counts are the process's own."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._registry = CollectorRegistry()
        self._rows = {
            what: Gauge(name, text, ["state"], registry=self._registry) for what, (name, text) in TITLES.items()
        }
        self._waiting = Gauge(
            "crossdock_waiting_seconds",
            "How long the oldest has been due.",
            ["queue", "state"],
            registry=self._registry,
        )
        self._registry.register(_Answers(webhooks))
        ProcessCollector(namespace="crossdock", registry=self._registry)

    def render(self, figures: tuple[Figure, ...]) -> bytes:
        """The exposition format."""
        for gauge in (*self._rows.values(), self._waiting):
            gauge.clear()
        for figure in figures:
            self._rows[figure.what].labels(figure.name).set(figure.rows)
            if figure.waiting:
                self._waiting.labels(figure.what, figure.name).set(figure.waiting)
        return generate_latest(self._registry)


METRICS = web.AppKey("metrics", Metrics)


class _Answers(Collector):
    """Counts that the webhook door keeps."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    def collect(self) -> list[CounterMetricFamily]:
        family = CounterMetricFamily("crossdock_webhooks", "Webhook deliveries answered, by status.", labels=["status"])
        for status, count in sorted(self._webhooks.counts.items()):
            family.add_metric([str(status)], count)
        return [family]


async def live(request: web.Request) -> web.Response:
    """The process runs and its loop turns."""
    return web.json_response({"status": "live"})


async def ready(request: web.Request) -> web.Response:
    """200 when work can be taken, 503 with the reason when not."""
    try:
        await request.config_dict[READINESS].check()
    except (CrossdockError, *problems.STORE_DOWN) as error:
        told = problems.problem(error)
        return web.json_response({"status": "not ready", "why": told.detail}, status=503, headers=told.headers)
    return web.json_response({"status": "ready"})


async def metrics(request: web.Request) -> web.Response:
    """For this machine, or with a bearer token."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    if not peer or peer[0] not in LOOPBACK or "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        await bearer(request)
    figures = await read_figures(services(request).database)
    body = request.config_dict[METRICS].render(figures)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


ROUTES = (
    web.get("/health/live", live),
    web.get("/health/ready", ready),
    web.get("/metrics", metrics),
)
