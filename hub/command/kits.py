"""`stock kit …`: what is assembled beforehand, and taken apart again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.command.channels import ACTOR, MERCHANT, DryRun, Json, Opened, Run

By = Annotated[str, typer.Option(help="Who does it, for the audit trail.")]
Units = Annotated[int, typer.Argument(min=1)]


def kits(run: Run) -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Kits: assembled beforehand, kept on shelves like any product.")
    _saying(group, run)
    _working(group, run, ("make", 1, "Take parts, make kits. Example: python main.py stock kit make K-7 BER GIFT 20"))
    _working(group, run, ("apart", -1, "Kits become parts. Example: python main.py stock kit apart K-8 BER GIFT 3"))
    return group


def _saying(group: typer.Typer, run: Run) -> None:
    @group.command("set")
    def set_(
        sku: str,
        parts: Annotated[list[str] | None, typer.Argument(help="SKU=UNITS of one kit; none: a kit no more.")] = None,
        by: By = ACTOR,
    ) -> None:
        """What a kit is made of. Example: python main.py stock kit set GIFT MUG-BLUE=2 TEA=1 RIBBON=1"""
        from hub.actions.stock_booking import read_lines
        from hub.actions.stock_kits import Kit, set_kit

        async def work(opened: Opened) -> None:
            await set_kit(opened.services, Kit(merchant_id=MERCHANT, sku=sku, parts=read_lines(parts or []), actor=by))

        run(work)

    @group.command("list")
    def list_(as_json: Json = False) -> None:
        """Kits, their parts, how many there are and could be made. Example: python main.py stock kit list --json"""
        from hub.actions.stock_kits import list_kits

        run(lambda opened: list_kits(opened.services.database, MERCHANT), as_json=as_json)


def _working(group: typer.Typer, run: Run, what: tuple[str, int, str]) -> None:
    name, way, said = what

    def work_on(  # noqa: PLR0913, PLR0917 - options that people type
        reference: Annotated[str, typer.Argument(help="Booked once.")],
        location: str,
        sku: str,
        units: Units,
        by: By = ACTOR,
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> None:
        from hub.actions.stock_kits import KitWork, work_kits

        async def work(opened: Opened) -> Any:
            if dry_run:
                return {"would book": {sku: way * units}}
            asked = KitWork(
                merchant_id=MERCHANT, reference=reference, location=location, sku=sku, units=way * units, actor=by
            )
            return await work_kits(opened.services, asked)

        run(work, as_json=as_json)

    group.command(name, help=said)(work_on)
