"""`stock receive`, `adjust`, `transfer`, `count`, `quarantine`, `ledger`: what happens to stock besides selling."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.command import report
from hub.command.channels import ACTOR, MERCHANT, MINUS, DryRun, Json, Opened, Run
from hub.command.kits import kits
from hub.command.moving import counting, planning

Lines = Annotated[list[str], typer.Argument(help="SKU=UNITS, of a bundle its own SKU.")]
By = Annotated[str, typer.Option(help="Who does it, for the audit trail.")]


def on_stock(group: typer.Typer, run: Run) -> None:
    """Adds the commands to `stock`."""
    _receiving(group, run)
    _adjusting(group, run)
    _quarantining(group, run)
    _looking(group, run)
    group.add_typer(_transfers(run), name="transfer")
    group.add_typer(_counts(run), name="count")
    group.add_typer(kits(run), name="kit")


def _receiving(group: typer.Typer, run: Run) -> None:
    @group.command("receive")
    def receive(  # noqa: PLR0913, PLR0917 - options that people type
        reference: Annotated[str, typer.Argument(help="Number of the delivery note; booked once.")],
        location: str,
        lines: Lines,
        plain: Annotated[bool, typer.Option("--plain", help="No purchase.")] = False,
        by: By = ACTOR,
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> None:
        """Book goods that arrived, once. Example: python main.py stock receive PO-4711 BER MUG-BLUE=40 TEA-SET=5"""
        from hub.actions.stock_booking import read_lines
        from hub.actions.stock_receive import Receive, receive_stock

        async def work(opened: Opened) -> Any:
            given, kind = read_lines(lines), "plain" if plain else "purchase"
            if dry_run:
                return {"would book": given}
            asked = Receive(
                merchant_id=MERCHANT, reference=reference, location=location, lines=given, actor=by, kind=kind
            )
            return await receive_stock(opened.services, asked)

        run(work, as_json=as_json)


def _adjusting(group: typer.Typer, run: Run) -> None:
    @group.command("adjust", context_settings=MINUS)
    def adjust(  # noqa: PLR0913, PLR0917 - options that people type
        sku: str,
        location: str,
        units: Annotated[int, typer.Argument(help="More; or, with a minus, fewer.")],
        reason: Annotated[str, typer.Option(help="found, made, correction, damaged, lost, stolen, expired, …")],
        note: Annotated[str, typer.Option(help="For the audit trail.")] = "",
        by: By = ACTOR,
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> None:
        """More or fewer than we thought. Example: python main.py stock adjust MUG-BLUE BER 2 --reason damaged"""
        from hub.actions.stock_adjust import Adjust, adjust_stock
        from hub.domain.stocking import adjustment

        async def work(opened: Opened) -> Any:
            if dry_run:
                return {"would add": adjustment(units, reason)}
            asked = Adjust(
                merchant_id=MERCHANT, sku=sku, location=location, units=units, reason=reason, actor=by, note=note
            )
            return await adjust_stock(opened.services, asked)

        run(work, as_json=as_json)


def _quarantining(group: typer.Typer, run: Run) -> None:
    @group.command("quarantine", context_settings=MINUS)
    def quarantine(  # noqa: PLR0913, PLR0917 - options that people type
        sku: str,
        location: str,
        units: Annotated[int, typer.Argument(min=1)],
        reason: Annotated[str, typer.Option(help="damaged, inspection, recall, returned or uncounted.")],
        out: Annotated[bool, typer.Option("--out", help="For sale again.")] = False,
        write_off: Annotated[bool, typer.Option("--write-off", help="Out, and gone for good.")] = False,
        by: By = ACTOR,
        as_json: Json = False,
    ) -> None:
        """Keep units from sale. Example: python main.py stock quarantine MUG-BLUE BER 3 --reason inspection"""
        from hub.actions.stock_quarantine import Quarantine, let_out, put_aside

        asked = Quarantine(merchant_id=MERCHANT, sku=sku, location=location, units=units, reason=reason, actor=by)

        async def work(opened: Opened) -> Any:
            if out or write_off:
                return await let_out(opened.services, asked, write_off=write_off)
            return await put_aside(opened.services, asked)

        run(work, as_json=as_json)


def _looking(group: typer.Typer, run: Run) -> None:
    @group.command("ledger")
    def ledger(
        sku: str,
        after: Annotated[str, typer.Option(help="The `next` of the page before.")] = "",
        as_json: Json = False,
    ) -> None:
        """One SKU with every movement. Example: python main.py stock ledger MUG-BLUE"""
        from hub.actions.stock_ledger import LedgerQuery, show_ledger

        query = LedgerQuery(sku=sku, after=after)
        run(lambda opened: show_ledger(opened.services.database, MERCHANT, query), as_json=as_json)


def _transfers(run: Run) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="Goods on their way between locations.")
    planning(group, run)
    _shipping(group, run)
    return group


def _shipping(group: typer.Typer, run: Run) -> None:
    @group.command("ship")
    def ship(  # noqa: PLR0913, PLR0917 - options that people type
        reference: str, source: str, target: str, lines: Lines, by: By = ACTOR, as_json: Json = False
    ) -> None:
        """Goods leave. Example: python main.py stock transfer ship TR-7 BER NJ MUG-BLUE=20"""
        from hub.actions.stock_booking import read_lines
        from hub.actions.stock_transfer import Ship, ship_transfer

        async def work(opened: Opened) -> Any:
            asked = Ship(
                merchant_id=MERCHANT, reference=reference, source=source, target=target, lines=read_lines(lines),
                actor=by,
            )  # fmt: skip
            return await ship_transfer(opened.services, asked)

        run(work, as_json=as_json)

    @group.command("receive")
    def receive(
        reference: str,
        lines: Annotated[list[str] | None, typer.Argument(help="SKU=UNITS that arrived.")] = None,
        partly: Annotated[bool, typer.Option("--partly", help="More will come; else what lacks is missing.")] = False,
        by: By = ACTOR,
        as_json: Json = False,
    ) -> None:
        """Goods arrive, all or fewer. Example: python main.py stock transfer receive TR-7 MUG-BLUE=19"""
        from hub.actions.stock_booking import read_lines
        from hub.actions.stock_transfer import Arrive, receive_transfer

        async def work(opened: Opened) -> Any:
            given = read_lines(lines or [])
            asked = Arrive(merchant_id=MERCHANT, reference=reference, lines=given, actor=by, complete=not partly)
            return await receive_transfer(opened.services, asked)

        run(work, as_json=as_json)


def _counts(run: Run) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="Cycle counts, while everybody goes on selling.")
    _opening(group, run)
    counting(group, run)

    @group.command("tell", context_settings=MINUS)
    def tell(  # noqa: PLR0913, PLR0917 - options that people type
        sheet: int,
        sku: str,
        units: Annotated[int, typer.Argument(min=0, help="On the shelf, without what is picked.")],
        accept: Annotated[bool, typer.Option("--accept", help="Book it whatever the difference.")] = False,
        by: By = ACTOR,
        as_json: Json = False,
    ) -> None:
        """What was counted. Example: python main.py stock count tell 42 MUG-BLUE 118 --by anna"""
        from hub.actions.stock_count import Counted, count_line

        asked = Counted(merchant_id=MERCHANT, sheet_id=sheet, sku=sku, units=units, counter=by, accept=accept)
        run(lambda opened: count_line(opened.services, asked), as_json=as_json)

    @group.command("show")
    def show(sheet: int, as_json: Json = False) -> None:
        """A count sheet. Example: python main.py stock count show 42"""
        from hub.actions.stock_count import show_sheet

        run(lambda opened: show_sheet(opened.services, MERCHANT, sheet), as_json=as_json)

    @group.command("cancel")
    def cancel(sheet: int, by: By = ACTOR) -> None:
        """Close a sheet; what was booked stays. Example: python main.py stock count cancel 42"""
        from hub.actions.stock_count import cancel_sheet

        async def work(opened: Opened) -> None:
            await cancel_sheet(opened.services, MERCHANT, sheet, by)
            report.say(f"sheet {sheet} is cancelled")

        run(work)

    return group


def _opening(group: typer.Typer, run: Run) -> None:
    @group.command("open")
    def open_(  # noqa: PLR0913, PLR0917 - options that people type
        location: str,
        skus: Annotated[list[str] | None, typer.Argument(help="None: whatever lies there.")] = None,
        tolerance: Annotated[int, typer.Option(min=0, help="Units of difference that are booked at once.")] = 0,
        percent: Annotated[int, typer.Option(min=0, max=100, help="The same, of what is expected.")] = 0,
        by: By = ACTOR,
        as_json: Json = False,
    ) -> None:
        """A sheet of SKUs to count. Example: python main.py stock count open BER MUG-BLUE --percent 2"""
        from hub.actions.stock_count import OpenSheet, open_sheet
        from hub.domain.stocking import Tolerance

        asked = OpenSheet(
            merchant_id=MERCHANT, location=location, actor=by, skus=tuple(skus or ()),
            tolerance=Tolerance(tolerance, percent),
        )  # fmt: skip
        run(lambda opened: open_sheet(opened.services, asked), as_json=as_json)
