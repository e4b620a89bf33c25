"""`stock transfer plan`, `send`, …, and what a count sheet needs besides counting: lists, papers, approval."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from hub.command import report
from hub.command.channels import ACTOR, MERCHANT, Json, Opened, Run

By = Annotated[str, typer.Option(help="Who does it, for the audit trail.")]


def planning(group: typer.Typer, run: Run) -> None:
    """Adds the commands of planned transfers."""
    _plan(group, run)
    _send(group, run)

    @group.command("cancel")
    def cancel(reference: str, by: By = ACTOR) -> None:
        """Nothing of a plan will leave. Example: python main.py stock transfer cancel TR-8"""
        from hub.actions.stock_transfer_plan import Send, cancel_transfer

        run(lambda opened: cancel_transfer(opened.services, Send(merchant_id=MERCHANT, reference=reference, actor=by)))

    @group.command("list")
    def list_(as_json: Json = False) -> None:
        """Transfers, the open ones first. Example: python main.py stock transfer list --json"""
        from hub.actions.stock_views import list_transfers

        run(lambda opened: list_transfers(opened.services.database, MERCHANT), as_json=as_json)


def _plan(group: typer.Typer, run: Run) -> None:
    @group.command("plan")
    def plan(
        reference: str,
        source: str,
        target: str,
        lines: Annotated[list[str], typer.Argument(help="SKU=UNITS, of a bundle its own SKU.")],
        by: By = ACTOR,
    ) -> None:
        """What is to leave; nothing moves yet. Example: python main.py stock transfer plan TR-8 BER NJ MUG-BLUE=20"""
        from hub.actions.stock_booking import read_lines
        from hub.actions.stock_transfer import Ship
        from hub.actions.stock_transfer_plan import plan_transfer

        async def work(opened: Opened) -> None:
            asked = Ship(
                merchant_id=MERCHANT, reference=reference, source=source, target=target, lines=read_lines(lines),
                actor=by,
            )  # fmt: skip
            report.say(f"{await plan_transfer(opened.services, asked)} is planned")

        run(work)


def _send(group: typer.Typer, run: Run) -> None:
    @group.command("send")
    def send(
        reference: str,
        lines: Annotated[list[str] | None, typer.Argument(help="SKU=UNITS; none: all that was planned.")] = None,
        by: By = ACTOR,
    ) -> None:
        """What was planned leaves. Example: python main.py stock transfer send TR-8 MUG-BLUE=18"""
        from hub.actions.stock_booking import read_lines
        from hub.actions.stock_transfer_plan import Send, send_transfer

        async def work(opened: Opened) -> None:
            told = read_lines(lines) if lines else None
            await send_transfer(opened.services, Send(merchant_id=MERCHANT, reference=reference, actor=by, lines=told))
            report.say(f"{reference} is on its way")

        run(work)


def counting(group: typer.Typer, run: Run) -> None:
    """Adds what a count sheet needs besides counting."""

    @group.command("approve")
    def approve(sheet: int, sku: str, by: By = ACTOR, as_json: Json = False) -> None:
        """Book what was counted, however far off. Example: python main.py stock count approve 42 MUG-BLUE"""
        from hub.actions.stock_count import Counted, approve_count

        asked = Counted(merchant_id=MERCHANT, sheet_id=sheet, sku=sku, units=0, counter=by)
        run(lambda opened: approve_count(opened.services, asked), as_json=as_json)

    @group.command("list")
    def list_(as_json: Json = False) -> None:
        """Count sheets, the open ones first. Example: python main.py stock count list --json"""
        from hub.actions.stock_views import list_sheets

        run(lambda opened: list_sheets(opened.services.database, MERCHANT), as_json=as_json)

    @group.command("paper")
    def paper(sheet: int, file: Path) -> None:
        """A sheet to write on, as PDF. Example: python main.py stock count paper 42 sheet.pdf"""
        from hub.actions.stock_papers import count_paper

        async def work(opened: Opened) -> None:
            document = await count_paper(opened.services, MERCHANT, sheet)
            await asyncio.to_thread(file.write_bytes, document)

        run(work)
