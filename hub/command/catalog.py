"""`catalog …`, and what belongs to it in `channel …` and `stock …`: listings, bundles, what each channel may offer."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.command import report, stocking
from hub.command.channels import ACTOR, MERCHANT, MINUS, DryRun, Json, Opened, Run


def catalog(run: Run) -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(no_args_is_help=True, help="What channels list, which product each is, and bundles.")
    _listing(group, run)
    _mapping(group, run)
    _bundling(group, run)
    return group


def _listing(group: typer.Typer, run: Run) -> None:
    @group.command("listings")
    def listings(
        unmapped: Annotated[bool, typer.Option("--unmapped", help="Only those that are no product yet.")] = False,
        account: Annotated[str, typer.Option(help="Only those of this account.")] = "",
        search: Annotated[str, typer.Option(help="Part of a title or SKU, or a whole id.")] = "",
        after: Annotated[str, typer.Option(help="The `next` of the page before.")] = "",
        as_json: Json = False,
    ) -> None:
        """What channels list, with suggestions. Example: python main.py catalog listings --unmapped"""
        from hub.actions.gather_listings import gather_listings
        from hub.actions.list_listings import ListingQuery, list_listings

        query = ListingQuery(unmapped=unmapped, account=account, search=search, after=after)

        async def work(parts: Opened) -> Any:
            await gather_listings(parts.services, MERCHANT)
            page = await list_listings(parts.services.database, MERCHANT, query)
            if as_json:
                return page
            if page.next:
                report.say(f"more with --after {page.next}")
            return [_row(listing) for listing in page.listings]

        run(work, as_json=as_json)


def _mapping(group: typer.Typer, run: Run) -> None:
    @group.command("map")
    def mapped(
        account: str,
        listing: str,
        sku: str,
        create: Annotated[bool, typer.Option("--create", help="Make a SKU that is new a product.")] = False,
        as_json: Json = False,
    ) -> None:
        """Say which product a listing is. Example: python main.py catalog map Shop 44012345678 MUG-BLUE"""
        from hub.actions.find_account import find_account
        from hub.actions.map_listing import Mapping, find_listing, map_listing

        async def work(parts: Opened) -> Any:
            account_id = await find_account(parts.services.database, MERCHANT, account)
            found = await find_listing(parts.services, MERCHANT, account_id, listing)
            asked = Mapping(merchant_id=MERCHANT, listing=found, sku=sku, actor=ACTOR, create=create)
            return await map_listing(parts.services, asked)

        run(work, as_json=as_json)


def _row(listing: Any) -> dict[str, object]:
    """A listing on one line of a table."""
    said = [f"{s.sku} ({s.reason.replace('_', ' ')}, {s.score})" for s in listing.suggestions]
    return {
        "account": listing.account,
        "listing": listing.listing_id,
        "title": listing.title,
        "its sku": listing.channel_sku,
        "our sku": listing.sku or ("none" if listing.mapped_by else "?"),
        "offered": "" if listing.offered is None else listing.offered,
        "may be": ", ".join(said),
    }


def _bundling(group: typer.Typer, run: Run) -> None:
    @group.command("bundle")
    def bundle(
        sku: str,
        parts: Annotated[list[str] | None, typer.Option("--of", help="SKU=UNITS of one part; none: no bundle.")] = None,
        title: Annotated[str, typer.Option(help="Of a SKU that is new.")] = "",
        as_json: Json = False,
    ) -> None:
        """Say what a bundle is made of. Example: python main.py catalog bundle TEA-SET --of TEAPOT=1 --of CUP=4"""
        from hub.actions.set_bundle import Bundle, read_parts, set_bundle

        made_of = parts or []

        async def work(opened: Opened) -> Any:
            given = read_parts(made_of)
            asked = Bundle(merchant_id=MERCHANT, sku=sku, parts=given, actor=ACTOR, title=title)
            return await set_bundle(opened.services, asked)

        run(work, as_json=as_json)


def on_channel(group: typer.Typer, run: Run) -> None:
    """Adds what a channel's account has to do with the catalog."""

    @group.command("products")
    def products(
        account: str,
        create: Annotated[bool, typer.Option("--create", help="Make every SKU of the channel a product.")] = False,
        as_json: Json = False,
    ) -> None:
        """Fetch what a channel lists; counts stay ours. Example: python main.py channel products 7"""
        from hub.actions.find_account import find_account
        from hub.actions.import_products import import_products

        async def work(parts: Opened) -> Any:
            account_id = await find_account(parts.services.database, MERCHANT, account)
            return await import_products(parts.services, account_id, create=create)

        run(work, as_json=as_json)

    @group.command("compare")
    def compare(account: str, as_json: Json = False) -> None:
        """Ask what it offers; what differs is told again. Example: python main.py channel compare 7"""
        from hub.actions.compare_stock import compare_stock
        from hub.actions.find_account import find_account

        async def work(parts: Opened) -> Any:
            return await compare_stock(parts.services, await find_account(parts.services.database, MERCHANT, account))

        run(work, as_json=as_json)


def on_stock(group: typer.Typer, run: Run) -> None:
    """Adds what is kept back from channels, and what happens to stock besides selling."""
    stocking.on_stock(group, run)

    @group.command("safety", context_settings=MINUS)
    def safety(sku: str, units: Annotated[int, typer.Argument(min=0)], dry_run: DryRun = False) -> None:
        """Keep so many from every channel. Example: python main.py stock safety MUG-BLUE 5"""
        from hub.actions.set_safety import set_safety

        async def work(parts: Opened) -> None:
            before = None if dry_run else await set_safety(parts.services, (MERCHANT, sku), units, ACTOR)
            was = "" if before is None else f"; it was {before}"
            report.say(f"{'would keep' if dry_run else 'keeps'} {units} of {sku} from every channel{was}")

        run(work)

    @group.command("share")
    def share(
        account: str,
        buffer: Annotated[int, typer.Option(min=0, help="Units it is not told of.")] = 0,
        percent: Annotated[int, typer.Option(min=0, max=100, help="Its share of what is left.")] = 100,
        most: Annotated[int | None, typer.Option(min=0, help="More than so many it never offers.")] = None,
    ) -> None:
        """How much of it all a channel may offer. Example: python main.py stock share 7 --buffer 2 --percent 50"""
        from hub.actions.find_account import find_account
        from hub.actions.set_allotment import set_allotment
        from hub.domain.promising import Allotment

        async def work(parts: Opened) -> None:
            account_id = await find_account(parts.services.database, MERCHANT, account)
            await set_allotment(parts.services, (MERCHANT, account_id), Allotment(buffer, percent, most), ACTOR)
            rest = "" if most is None else f", at most {most}"
            report.say(f"account {account_id} offers {percent} % of what is free, less {buffer}{rest}")

        run(work)
