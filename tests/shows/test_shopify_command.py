"""The same by the command line, as a person would type it: connect, replay, import, replay again, look."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connectors.demo_carrier.server import Options
from connectors.demo_carrier.server import serve as serve_carrier
from tests.connectors.shopify.server import CLIENT_SECRET, TOKEN, ShopifyDouble, serve
from tests.shows.expected import SAMPLES, stock_csv
from tests.shows.shops import body, credentials

ROOT = Path(__file__).resolve().parents[2]
BERLIN = {"company": "Lager Berlin", "line1": "Hauptstr. 1", "city": "Berlin", "postcode": "10115", "country": "DE"}


@dataclass
class Ran:
    """What a command came to."""

    code: int
    out: str
    said: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """`python main.py …` in a data folder of its own; `said` gathers all that was printed."""

    folder: Path
    heard: list[str] = field(default_factory=list)

    async def run(self, *arguments: str) -> Ran:
        env = {name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")}
        env |= {
            "CROSSDOCK_DATA_DIR": str(self.folder), "CROSSDOCK_ALLOW_PRIVATE_HOSTS": "true", "CROSSDOCK_DEMO": "true",
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "main.py"), *arguments, cwd=self.folder, env=env,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, said = await asyncio.wait_for(process.communicate(), 120)
        self.heard += [out.decode(), said.decode()]
        return Ran(process.returncode or 0, out.decode(), said.decode())

    async def fine(self, *arguments: str) -> Any:
        """Runs a command that must succeed, with --json; gives what it prints."""
        ran = await self.run(*arguments, "--json")
        assert ran.code == 0, f"{arguments}: {ran.code}\n{ran.out}\n{ran.said}"
        return ran.json


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Nothing is there yet."""
    return Shell(tmp_path)


async def connect(shell: Shell, double: ShopifyDouble, carrier: Options, carrier_url: str) -> str:
    """Both accounts and a warehouse; gives the id of the shop's account."""
    values = [part for name, value in credentials(double).items() for part in ("--set", f"{name}={value}")]
    added = await shell.fine("channel", "add", "shopify", "--name", "Main street", *values)
    assert added["webhook_url"].endswith(f"/webhooks/{added['account_id']}")
    values = ["--set", f"base_url={carrier_url}", "--set", f"token={carrier.token}",
              "--set", f"webhook_secret={carrier.webhook_secret}"]  # fmt: skip
    await shell.fine("channel", "add", "demo_carrier", "--name", "Carrier", *values)
    place = await shell.run("stock", "location", "berlin", "--address", json.dumps(BERLIN), "--automatic")
    assert place.code == 0, place.said
    return str(added["account_id"])


@pytest.mark.long
async def test_connect_replay_import_and_look(shell: Shell, samples: Path, tmp_path: Path) -> None:
    """The partly shipped order: held for its unknown product, healed by one import, its last two units shipped."""
    file, told = samples / "spreevcr_base_order_1.json", SAMPLES["spreevcr_base_order_1"]
    options = Options(day=60, troubled=0, late=0)
    async with serve() as double, serve_carrier(options) as carrier:
        double.add_order_from_webhook(body(file))
        account = await connect(shell, double, options, carrier.url)
        await replayed(shell, samples, file)
        order = await shell.fine("orders", "show", "1001")
        assert (order["phase"], order["total"], order["currency"]) == ("on_hold", told.total, told.currency)
        (hold,) = order["holds"]
        assert (hold["reason"], hold["detail"]["lines"][0]["listing"]) == ("mapping", "42077492100")

        stock = tmp_path / "stock.csv"
        stock.write_text(stock_csv([file], ["Main street"]), encoding="utf-8")
        done = await shell.fine("stock", "import", str(stock))
        assert (done["products"], done["listings"], done["counts"], done["woken"]) == (2, 2, 2, 1)
        await shell.fine("replay", str(file), "--account", account)
        await shipped(shell, double)
    for words in shell.heard:
        assert TOKEN not in words and CLIENT_SECRET not in words


async def replayed(shell: Shell, samples: Path, file: Path) -> None:
    """The order is taken; beside it, what Shopify would never send is refused with the reason, and the exit code."""
    draft = samples / "pyapi_draft_order.json"
    sent = await shell.run("replay", str(draft), str(file), "--account", "Main street", "--json")
    drafted, taken = sent.json["replayed"]
    assert (sent.code, drafted["status"]) == (1, 0) and "becomes an order when it is completed" in drafted["said"]
    assert (taken["topic"], taken["status"]) == ("orders/create", 200)


async def shipped(shell: Shell, double: ShopifyDouble) -> None:
    """The one order has left in one parcel, Shopify knows of it, and the store keeps its invariants."""
    order = await shell.fine("orders", "show", "#1001")
    assert order["phase"] == "partially_delivered", "what others shipped counts as arrived"
    assert [(ln["ordered"], ln["shipped"], ln["delivered"]) for ln in order["lines"]] == [(3, 3, 3), (5, 5, 3)]
    (parcel,) = order["parcels"]
    (pushed,) = double.fulfillments
    assert (pushed["tracking_number"], pushed["lines"]) == (parcel["tracking_number"], {"10069290820": 2})
    verified = await shell.fine("verify")
    assert verified["violations"] == [] and verified["checked"]
