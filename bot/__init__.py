"""Conversations with customers, merchants and agents: one dialogue engine, one set of flows, every transport."""

from __future__ import annotations

from bot.transports.email import Email
from bot.transports.port import NoPost, Post
from bot.transports.telegram import Telegram
from bot.transports.webchat import WebChat
from hub.contract import Connector


def transports(post: Post) -> dict[str, Connector]:
    """The transports by name, for `hub.accounts`. `post` is a `bot.conversation.Desk` on the running database."""
    return {"telegram": Telegram(post), "webchat": WebChat(post), "email": Email(post)}


TRANSPORTS = transports(NoPost())
"""The same without a store: for listing kinds and what they ask for."""

__all__ = ["TRANSPORTS", "transports"]
