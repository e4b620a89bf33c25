"""What is remembered of an account between two calls, by this process only."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.amazon.feeding import Book
from connectors.amazon.limits import Limits
from connectors.amazon.notices import Desk
from connectors.amazon.reports import Watch as ReportWatch
from connectors.amazon.settings import Settings
from connectors.amazon.shipping import Markets
from connectors.amazon.tokens import Tokens
from connectors.amazon.transactions import Watch


@dataclass(slots=True)
class Kept:
    """What outlives a channel of one account: tokens, counted quotas, feeds under way, messages in hand."""

    settings: Settings
    tokens: Tokens
    book: Book
    limits: Limits = field(default_factory=Limits)
    desk: Desk = field(default_factory=Desk)
    markets: Markets = field(default_factory=Markets)
    watch: Watch = field(default_factory=Watch)
    reports: ReportWatch = field(default_factory=ReportWatch)
