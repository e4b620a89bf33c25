"""Make the accounts that the settings speak of: e-mail, web chat, Telegram; once, and never over a person's own."""

from __future__ import annotations

from collections.abc import Mapping

from hub.actions.services import Services
from hub.errors import Conflict

THERE = "SELECT connector FROM accounts WHERE merchant_id = $1 AND state <> 'removed'"


async def provide_transports(services: Services, merchant_id: int) -> tuple[str, ...]:
    """Kinds of the accounts that were made. With `SMTP_URL` mail leaves by that server, else into the mailbox under
    `DATA_DIR`; Telegram is connected when `TELEGRAM_TOKEN` is set."""
    there = {row["connector"] for row in await services.database.plain.fetch(THERE, merchant_id)}
    made = []
    for kind, (name, values) in _wanted(services).items():
        if kind not in there:
            try:
                await services.accounts.add(merchant_id, kind, name, values)
            except Conflict:
                continue  # another process was first
            made.append(kind)
    return tuple(made)


def _wanted(services: Services) -> Mapping[str, tuple[str, Mapping[str, str]]]:
    settings = services.settings
    mail = {"sender": settings.mail_from}
    if smtp := settings.smtp_url.get_secret_value():
        mail["smtp_url"] = smtp
    else:
        mail["mailbox"] = str((settings.data_dir / "mailbox").resolve())
    wanted = {
        "email": ("E-mail", mail),
        "webchat": ("Web chat", {"signing_key": services.rng.token(32)}),
    }
    if token := settings.telegram_token.get_secret_value():
        secret = settings.telegram_webhook_secret.get_secret_value() or services.rng.token(24)
        wanted["telegram"] = (
            "Telegram", {"token": token, "webhook_secret": secret, "base_url": settings.telegram_api_url}
        )  # fmt: skip
    return wanted
