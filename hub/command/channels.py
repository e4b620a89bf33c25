"""`channel …`: connected accounts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, Protocol, TypeAlias

import typer

from hub.actions.services import Services
from hub.command import report
from hub.contract import Account, Delivery

MERCHANT = 1
"""The merchant of an installation that serves one."""

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, write nothing.")]
ACTOR = "command line"
MINUS = {"ignore_unknown_options": True}
"""For commands that take numbers: `-4` is a number that the command answers to, not an option that is not there."""


class Keeps(Protocol):
    """The inbox."""

    async def keep(self, account: Account, delivery: Delivery) -> bool:
        """Keeps a delivery; see `hub.flow.inbox.Inbox`."""
        ...


class Opened(Protocol):
    """What a command is given: the process's parts."""

    @property
    def services(self) -> Services:
        """What actions work with."""
        ...

    def inbox(self) -> AbstractAsyncContextManager[Any]:
        """The way into the store."""
        ...


Work: TypeAlias = Callable[[Any], Awaitable[Any]]


class Run(Protocol):
    """Opens the parts, does the work, shows what it returns; main.py hands it over."""

    def __call__(self, work: Work, *, as_json: bool = False) -> Any:
        """Ends the program with the exit code of a failure."""
        ...


def channels(run: Run) -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Connected accounts: stores, carriers, payments, chats.")
    for add_commands in (_connecting, _looking, _using, _healing, _reading, _removing):
        add_commands(group, run)
    return group


def _connecting(group: typer.Typer, run: Run) -> None:
    @group.command("add")
    def add(
        kind: str,
        name: Annotated[str, typer.Option(help="What you call it.")],
        values: Annotated[list[str] | None, typer.Option("--set", help="key=value, see `channel kinds`.")] = None,
        as_json: Json = False,
    ) -> None:
        """Connect an account. Example: python main.py channel add shopify --name Shop --set shop=x.myshopify.com"""
        from hub.actions.add_account import NewAccount, add_account

        new = NewAccount(MERCHANT, kind, name, _pairs(values))
        run(lambda parts: add_account(parts.services, new, ACTOR), as_json=as_json)

    @group.command("renew")
    def renew(
        account: str,
        values: Annotated[list[str] | None, typer.Option("--set", help="key=value; what is not named stays.")] = None,
        as_json: Json = False,
    ) -> None:
        """Connect an account again with new credentials. Example: python main.py channel renew 7 --set api_key=…"""
        from hub.actions.find_account import find_account
        from hub.actions.renew_account import renew_account

        async def work(parts: Opened) -> Any:
            account_id = await find_account(parts.services.database, MERCHANT, account)
            return await renew_account(parts.services, MERCHANT, account_id, _pairs(values), ACTOR)

        run(work, as_json=as_json)


def _looking(group: typer.Typer, run: Run) -> None:
    @group.command("list")
    def accounts(as_json: Json = False) -> None:
        """The accounts there are. Example: python main.py channel list"""
        from hub.actions import account_words
        from hub.actions.list_accounts import list_accounts

        async def work(parts: Opened) -> Any:
            found = await list_accounts(parts.services, MERCHANT)
            return found if as_json else [account_words.brief(account) for account in found]

        run(work, as_json=as_json)

    @group.command("show")
    def show(account: str, as_json: Json = False) -> None:
        """How one account is doing, and what heals it. Example: python main.py channel show 7"""
        from hub.actions import account_words
        from hub.actions.find_account import find_account
        from hub.actions.list_accounts import show_account

        async def work(parts: Opened) -> Any:
            account_id = await find_account(parts.services.database, MERCHANT, account)
            found = await show_account(parts.services, MERCHANT, account_id)
            return found if as_json else account_words.lines(found)

        run(work, as_json=as_json)


def _reading(group: typer.Typer, run: Run) -> None:
    @group.command("set-aside")
    def set_aside(
        account: str,
        after: Annotated[str, typer.Option(help="The `next` of the page before.")] = "",
        as_json: Json = False,
    ) -> None:
        """Deliveries that nobody could read, and why. Example: python main.py channel set-aside 7"""
        from hub.actions.find_account import find_account
        from hub.actions.list_deliveries import list_deliveries

        async def work(parts: Opened) -> Any:
            database = parts.services.database
            account_id = await find_account(database, MERCHANT, account)
            return await list_deliveries(database, MERCHANT, after, account_id=account_id)

        run(work, as_json=as_json)


def _removing(group: typer.Typer, run: Run) -> None:
    @group.command("remove")
    def remove(account: str, dry_run: DryRun = False) -> None:
        """Disconnect an account; its history stays. Example: python main.py channel remove 7"""
        from hub.actions.find_account import find_account
        from hub.actions.remove_account import remove_account

        async def work(parts: Opened) -> None:
            account_id = await find_account(parts.services.database, MERCHANT, account)
            if not dry_run:
                await remove_account(parts.services, MERCHANT, account_id, ACTOR)
            report.say(f"{'would remove' if dry_run else 'removed'} account {account_id}")

        run(work)


def _using(group: typer.Typer, run: Run) -> None:
    @group.command("test")
    def test(account: str, as_json: Json = False) -> None:
        """Ask the channel who we are, and whether it tells us news. Example: python main.py channel test 7"""
        from hub.actions.check_account import check_account
        from hub.actions.find_account import find_account

        async def work(parts: Opened) -> Any:
            return await check_account(parts.services, await find_account(parts.services.database, MERCHANT, account))

        run(work, as_json=as_json)

    @group.command("pull")
    def pull(
        account: str,
        since: Annotated[str, typer.Option(help="ISO time to start from; default: where the last pull ended.")] = "",
        products: Annotated[bool, typer.Option("--products", help="Products instead of orders.")] = False,
        as_json: Json = False,
    ) -> None:
        """Fetch now what polling would fetch. Example: python main.py channel pull 7 --since 2026-11-01"""
        from hub.actions.find_account import find_account
        from hub.actions.import_products import import_products
        from hub.actions.pull_orders import pull_orders

        async def work(parts: Opened) -> Any:
            account_id = await find_account(parts.services.database, MERCHANT, account)
            if products:
                return await import_products(parts.services, account_id)
            async with parts.inbox() as inbox:
                return await pull_orders(parts.services, inbox, account_id, report.instant(since))

        run(work, as_json=as_json)


def _healing(group: typer.Typer, run: Run) -> None:
    @group.command("repair")
    def repair(account: str, as_json: Json = False) -> None:
        """Subscribe webhooks that are missing, and pull what was missed. Example: python main.py channel repair 7"""
        from hub.actions.find_account import find_account
        from hub.actions.repair_webhooks import repair_webhooks

        async def work(parts: Opened) -> Any:
            account_id = await find_account(parts.services.database, MERCHANT, account)
            async with parts.inbox() as inbox:
                return await repair_webhooks(parts.services, inbox, account_id)

        run(work, as_json=as_json)

    @group.command("resend")
    def resend(account: str, as_json: Json = False) -> None:
        """Send its dead and refused messages again. Example: python main.py channel resend 7"""
        from hub.actions.find_account import find_account
        from hub.actions.resend_dead import resend_dead

        async def work(parts: Opened) -> Any:
            account_id = await find_account(parts.services.database, MERCHANT, account)
            return await resend_dead(parts.services, MERCHANT, account_id, ACTOR)

        run(work, as_json=as_json)


def _pairs(values: list[str] | None) -> dict[str, str]:
    """`--set key=value …`"""
    return dict(value.partition("=")[::2] for value in values or ())


__all__ = ["ACTOR", "MERCHANT", "DryRun", "Json", "Opened", "Run", "channels"]
