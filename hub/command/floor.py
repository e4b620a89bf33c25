"""`floor …`: the warehouse floor from the command line: where things lie, waves, scans, papers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.command.channels import ACTOR, MERCHANT, Json, Opened, Run

Millimetres = Annotated[str, typer.Option("--mm", help="LENGTHxWIDTHxHEIGHT in millimetres.")]


def floor(run: Run) -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(no_args_is_help=True, help="The warehouse floor: bins, boxes, waves, picking by scan.")
    _knowing(group, run)
    _measuring(group, run)
    _expiring(group, run)
    _waving(group, run)
    _planning(group, run)
    _picking(group, run)
    _packing(group, run)
    _leaving(group, run)
    _looking(group, run)
    return group


def _knowing(group: typer.Typer, run: Run) -> None:
    @group.command("bin")
    def bin_(sku: str, location: str, code: str) -> None:
        """Say where a SKU lies. Example: python main.py floor bin MUG-BLUE AAC A-03-12-2"""
        from hub.actions.floor_setup import NewBin, put_bin

        new = NewBin(merchant_id=MERCHANT, location=location, sku=sku, code=code, actor=ACTOR)
        run(lambda parts: put_bin(parts.services, new))

    @group.command("code")
    def code_(code: str, sku: str, units: Annotated[int, typer.Option(min=1, help="Of one scan.")] = 1) -> None:
        """A further code of a SKU. Example: python main.py floor code 14006381333938 MUG-BLUE --units 6"""
        from hub.actions.floor_setup import NewCode, put_code

        new = NewCode(merchant_id=MERCHANT, code=code, sku=sku, units=units, actor=ACTOR)
        run(lambda parts: put_code(parts.services, new))


def _expiring(group: typer.Typer, run: Run) -> None:
    @group.command("lot")
    def lot(
        sku: str,
        location: str,
        code: Annotated[str, typer.Argument(help="The lot's number, as it is scanned.")],
        expires: Annotated[str, typer.Argument(help="YYYY-MM-DD.")],
        units: Annotated[int, typer.Option(min=1, help="So many lie there.")],
    ) -> None:
        """A lot that lies somewhere. Example: python main.py floor lot TEA AAC L-27 2027-01-31 --units 40"""
        from hub.actions.floor_marks import NewLot, put_lot

        new = NewLot(
            merchant_id=MERCHANT, location=location, sku=sku, lot=code, expires=expires, units=units, actor=ACTOR
        )
        run(lambda parts: put_lot(parts.services, new))


def _measuring(group: typer.Typer, run: Run) -> None:
    @group.command("product")
    def product(
        sku: str,
        size: Millimetres = "",
        tracking: Annotated[str, typer.Option(help="lot, serial or none: what pickers must scan.")] = "",
    ) -> None:
        """Its size, and whether it has numbers. Example: python main.py floor product PHONE --mm 160x80x40"""
        from hub.actions.floor_setup import Size, read_size, set_size, set_tracking

        async def work(parts: Opened) -> None:
            if size:
                asked = Size(merchant_id=MERCHANT, sku=sku, mm=read_size(size), actor=ACTOR)
                await set_size(parts.services, asked)
            if tracking:
                await set_tracking(parts.services, (MERCHANT, sku), "" if tracking == "none" else tracking, ACTOR)

        run(work)

    @group.command("box")
    def box(
        code: str,
        size: Millimetres,
        most: Annotated[int, typer.Option(min=1, help="Grams it may hold.")],
        own: Annotated[int, typer.Option(min=0, help="Grams it weighs empty.")] = 0,
    ) -> None:
        """A box you pack in. Example: python main.py floor box BOX-S --mm 300x200x150 --most 10000 --own 180"""
        from hub.actions.floor_setup import NewBox, put_box, read_size

        async def work(parts: Opened) -> None:
            mm = read_size(size)
            new = NewBox(merchant_id=MERCHANT, code=code, mm=mm, most_grams=most, own_grams=own, actor=ACTOR)
            await put_box(parts.services, new)

        run(work)


Strategy = Annotated[str, typer.Option(help="orders, single, cluster or zones.")]
Cart = Annotated[int, typer.Option(min=1, max=99, help="Totes on a cart.")]
Most = Annotated[int, typer.Option(min=1, max=500, help="Orders of one wave at most.")]


def _waving(group: typer.Typer, run: Run) -> None:
    @group.command("show")
    def show(as_json: Json = False) -> None:
        """What waits where, and the waves. Example: python main.py floor show --json"""
        from hub.actions.floor_views import show_floor

        run(lambda parts: show_floor(parts.services.database, MERCHANT), as_json=as_json)

    @group.command("release")
    def release(
        location: str, strategy: Strategy = "cluster", most: Most = 100, cart: Cart = 8, as_json: Json = False
    ) -> None:
        """Make a wave of what waits. Example: python main.py floor release AAC --strategy cluster --most 20"""
        from hub.actions.floor_release import NewWave, release_wave

        new = NewWave(merchant_id=MERCHANT, location=location, strategy=strategy, most=most, cart=cart, actor=ACTOR)
        run(lambda parts: release_wave(parts.services, new), as_json=as_json)


def _planning(group: typer.Typer, run: Run) -> None:
    @group.command("rule")
    def rule(  # noqa: PLR0913, PLR0917 - options that people type
        location: str,
        strategy: Strategy = "cluster",
        least: Annotated[int, typer.Option(min=0, help="So many orders make a wave; 0: never by number.")] = 0,
        cut_off: Annotated[str, typer.Option(help="HH:MM in UTC: a wave of whatever waits then.")] = "",
        most: Most = 100,
        cart: Cart = 8,
    ) -> None:
        """Waves that come by themselves. Example: python main.py floor rule AAC --least 20 --cut-off 14:30"""
        from hub.actions.floor_rules import NewRule, set_wave_rule

        new = NewRule(
            merchant_id=MERCHANT, location=location, strategy=strategy, least=least, cut_off=cut_off, most=most,
            cart=cart, actor=ACTOR,
        )  # fmt: skip
        run(lambda parts: set_wave_rule(parts.services, new))

    @group.command("wave")
    def wave(wave_id: int, as_json: Json = False) -> None:
        """One wave with its walks. Example: python main.py floor wave 7 --json"""
        from hub.actions.floor_views import show_wave

        run(lambda parts: show_wave(parts.services.database, MERCHANT, wave_id), as_json=as_json)

    @group.command("paper")
    def paper(wave_id: int, file: Path) -> None:
        """The pick list of a wave as PDF. Example: python main.py floor paper 7 list.pdf"""
        from hub.actions.floor_papers import pick_list

        async def work(parts: Opened) -> None:
            document = await pick_list(parts.services, MERCHANT, wave_id)
            await asyncio.to_thread(file.write_bytes, document)

        run(work)


def _picking(group: typer.Typer, run: Run) -> None:
    def command(name: str, action: str, said: str) -> None:
        def scanned(walk: int, as_json: Json = False) -> None:
            from hub.actions import floor_pick

            asked = floor_pick.Scan(merchant_id=MERCHANT, task_id=walk, actor=ACTOR)
            act: Callable[[Any, Any], Awaitable[Any]] = getattr(floor_pick, action)
            run(lambda parts: act(parts.services, asked), as_json=as_json)

        group.command(name, help=f"{said} Example: python main.py floor {name} 7")(scanned)

    command("take", "claim_walk", "Take a walk; nobody else can then.")
    command("short", "report_short", "What is wanted next is not on the shelf.")
    command("lot-gone", "report_lot_gone", "None of the lot to be taken first is there.")
    command("back", "give_back_walk", "Give a walk back where it stands.")

    @group.command("scan")
    def scan(walk: int, code: str, as_json: Json = False) -> None:
        """One scan of a walk you took. Example: python main.py floor scan 7 MUG-BLUE"""
        from hub.actions.floor_pick import Scan, scan_pick

        asked = Scan(merchant_id=MERCHANT, task_id=walk, actor=ACTOR, code=code)
        run(lambda parts: scan_pick(parts.services, asked), as_json=as_json)


def _packing(group: typer.Typer, run: Run) -> None:
    @group.command("pack")
    def pack(tote: str, as_json: Json = False) -> None:
        """Pack what lies in a tote into the suggested boxes. Example: python main.py floor pack W1-1-1"""
        from hub.actions.floor_pack import open_station, pack_suggested
        from hub.actions.floor_station import Pack

        async def work(parts: Opened) -> Any:
            found = await open_station(parts.services, Pack(merchant_id=MERCHANT, actor=ACTOR, code=tote))
            asked = Pack(merchant_id=MERCHANT, actor=ACTOR, fulfillment_id=int(found.fulfillment_id))
            return await pack_suggested(parts.services, asked)

        run(work, as_json=as_json)

    @group.command("free")
    def free(
        tote: str,
        location: Annotated[str, typer.Option(help="Where, of a number that several locations have.")] = "",
    ) -> None:
        """Free what somebody has in hand at the pack station. Example: python main.py floor free W1-1-1"""
        from hub.actions.floor_pack import free_found
        from hub.actions.floor_station import Pack

        asked = Pack(merchant_id=MERCHANT, actor=ACTOR, code=tote, location=location)
        run(lambda parts: free_found(parts.services, asked))


def _leaving(group: typer.Typer, run: Run) -> None:
    @group.command("unpack")
    def unpack_(fulfillment: str) -> None:
        """Take it out of its parcels again. Example: python main.py floor unpack NO-1001-F1"""
        from hub.actions.floor_station import Pack
        from hub.actions.floor_unpack import find_packed, unpack

        async def work(parts: Opened) -> None:
            found = await find_packed(parts.services, MERCHANT, fulfillment)
            await unpack(parts.services, Pack(merchant_id=MERCHANT, actor=ACTOR, fulfillment_id=found))

        run(work)

    @group.command("hand-over")
    def hand_over(parcel: str, as_json: Json = False) -> None:
        """A parcel leaves. Example: python main.py floor hand-over P1ABC2"""
        from hub.actions.floor_hand_over import HandOver
        from hub.actions.floor_hand_over import hand_over as hand

        asked = HandOver(merchant_id=MERCHANT, actor=ACTOR, code=parcel)
        run(lambda parts: hand(parts.services, asked), as_json=as_json)


def _looking(group: typer.Typer, run: Run) -> None:
    @group.command("looks")
    def looks(
        location: str,
        every: Annotated[int, typer.Option(min=0, help="One order in so many; 0: none for its number.")] = 0,
        first: Annotated[int, typer.Option(min=0, help="The first so many orders of each packer.")] = 0,
        sku: Annotated[list[str] | None, typer.Option(help="Always with this SKU; may be told again.")] = None,
        other: Annotated[bool, typer.Option("--other", help="The packer may not look.")] = False,
    ) -> None:
        """Which orders are looked at twice. Example: python main.py floor looks AAC --every 20 --first 10 --sku TEA"""
        from hub.actions.floor_looks import NewQualityRule, set_quality_rule

        new = NewQualityRule(
            merchant_id=MERCHANT, location=location, actor=ACTOR, every=every, newcomers=first, skus=tuple(sku or ()),
            other=other,
        )  # fmt: skip
        run(lambda parts: set_quality_rule(parts.services, new))

    @group.command("look")
    def look(  # noqa: PLR0913, PLR0917 - options that people type
        fulfillment: str,
        result: Annotated[str, typer.Argument(help="ok, wrong_item or damaged.")],
        sku: Annotated[str, typer.Option(help="Which one is wrong or damaged.")] = "",
        units: Annotated[int, typer.Option(min=0, help="So many are damaged.")] = 0,
        note: Annotated[str, typer.Option(help="For the timeline.")] = "",
        as_json: Json = False,
    ) -> None:
        """What a second look found. Example: python main.py floor look NO-1001-F1 damaged --sku MUG-BLUE --units 1"""
        from hub.actions.floor_quality import Look, record_look
        from hub.actions.floor_unpack import find_packed

        async def work(parts: Opened) -> Any:
            found = await find_packed(parts.services, MERCHANT, fulfillment)
            asked = Look(
                merchant_id=MERCHANT, actor=ACTOR, fulfillment_id=found, result=result, sku=sku, units=units, note=note
            )
            return await record_look(parts.services, asked)

        run(work, as_json=as_json)
