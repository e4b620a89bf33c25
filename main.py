"""The command line and the composition root: the only file that knows every part.

`python main.py --help` lists the commands. Messages go to standard error, with `--json` one JSON document to standard
output; the exit code is 0 fine, 1 the check failed or the thing was not found, 2 wrong usage, 4 needs credentials.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from aiohttp import web

from hub.accounts import Accounts, Tools
from hub.actions.services import Services
from hub.command import automation, catalog, channels, floor, fraud, logs, records, report, routing, terms, verifying
from hub.command.channels import Json
from hub.errors import Invalid
from hub.flow.inbox import Inbox
from hub.flow.worker import TASKS, Worker
from hub.ports import Ports, SystemClock, SystemRng
from hub.settings import Settings, load
from hub.store import embedded, nodes
from hub.store.database import Database
from hub.vault import Vault, key_of

ROLES = ("web", "worker", "scheduler", "bot")


@dataclass(frozen=True, slots=True)
class Parts:
    """One process before any role is started."""

    settings: Settings
    services: Services
    ports: Ports
    node: nodes.Node

    def worker(self, tasks: Collection[str] = TASKS) -> Worker:
        """Hands on the line of orders, or on the part that `tasks` names; an async context manager."""
        return Worker(self.services.database, self.services.accounts, self.ports, self.node, tasks)

    def inbox(self) -> Inbox:
        """The door's way into the store; an async context manager."""
        return Inbox(self.services.database, self.ports.ids, self.ports.clock)


def vault_of(settings: Settings) -> Vault:
    """Opens with the keys of the settings; in embedded mode with a key file made on first start."""
    given = [key.strip() for key in settings.secret_key.get_secret_value().split(",") if key.strip()]
    if not given and not settings.database_url:
        given = [key_of(settings.data_dir)]
    return Vault(given)


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, pool: int = 12, migrate: bool | None = None) -> AsyncIterator[Parts]:
    """The parts of one process: database (embedded unless the settings name one), accounts, ports.

    `migrate` None: an embedded database is brought up to date, an external one must be already.
    """
    from bot import transports
    from bot.transcript import Transcript
    from connectors import CONNECTORS
    from connectors.http import AioHttp

    own = not settings.database_url
    vault = vault_of(settings)
    database = Database(embedded.start(settings.data_dir) if own else settings.database_url, pool)
    async with contextlib.AsyncExitStack() as stack:
        if own:
            stack.push_async_callback(embedded.stop_if_alone, settings.data_dir)
        await stack.enter_async_context(database)
        if migrate or (migrate is None and own):
            await database.migrate()
        elif migrate is None and (pending := await database.pending_migrations()):
            raise Invalid("database", f"lacks {', '.join(pending)}; run `python main.py migrate`")
        node = await nodes.join(database)
        stack.push_async_callback(node.close)
        private = settings.allow_private_hosts or settings.demo
        http = await stack.enter_async_context(AioHttp(allow_private_hosts=private))
        ports = Ports(SystemClock(), node.ids, SystemRng())
        transcript = Transcript(database, vault, ports.ids, ports.clock)
        tools = Tools({**CONNECTORS, **transports(transcript)}, http, vault, allow_demo=settings.demo)
        accounts = Accounts(database, tools, ports.clock, ports.ids)
        services = Services(database, accounts, settings, vault, ports.clock, ports.ids, ports.rng)
        yield Parts(settings, services, ports, node)


@contextlib.asynccontextmanager
async def serving(parts: Parts, roles: tuple[str, ...] = ROLES) -> AsyncIterator[str]:
    """The roles at work; yields the address of the doors (empty without the web role). Leaving drains."""
    from bot.service import BotService
    from hub.actions.provide_transports import provide_transports
    from hub.web.app import create_app
    from hub.web.services import Services as Doors
    from scheduler.runner import Scheduler

    given, settings = parts.services, parts.settings
    async with contextlib.AsyncExitStack() as stack:
        await provide_transports(given, channels.MERCHANT)
        inbox = await stack.enter_async_context(parts.inbox())
        bot = BotService(given, inbox)
        if tasks := TASKS if "worker" in roles else TASKS & set(roles):
            await stack.enter_async_context(parts.worker(tasks))
        if "scheduler" in roles:
            await stack.enter_async_context(Scheduler(given, bot.receiver))
        if "bot" in roles:
            await stack.enter_async_context(bot)
        address = ""
        if "web" in roles:
            doors = Doors(
                given.database, given.accounts, settings, given.vault, given.clock, given.ids, given.rng,
                inbox=bot.receiver, extra_routes=bot.routes,
            )  # fmt: skip
            runner = web.AppRunner(create_app(doors), access_log=None, shutdown_timeout=5)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, settings.host, settings.port, backlog=1024).start()
            address = f"http://{settings.host}:{runner.addresses[0][1]}"
        yield address


async def until_stopped() -> None:
    """Returns on SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()


# ---------------------------------------------------------------- the command line


def run(
    work: Callable[[Parts], Awaitable[Any]],
    *,
    as_json: bool = False,
    migrate: bool | None = None,
    port: int | None = None,
) -> Any:
    """Opens the parts, does `work`, shows what it returns, and turns failures into words and exit codes."""
    settings: dict[str, object] = {} if port is None else {"port": port}

    async def go() -> Any:
        given = load(**settings)
        logs.configure(given.log_format)
        async with opened(given, migrate=migrate) as parts:
            return await work(parts)

    return report.run(go, as_json)


app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Crossdock: every order shipped once.")
channel = channels.channels(run)
bench = typer.Typer(no_args_is_help=True, help="How fast it is, on this machine.")
app.add_typer(channel, name="channel")
app.add_typer(verifying.verify(run), name="verify")
app.add_typer(records.orders(run), name="orders")
app.add_typer(fraud.fraud(run), name="fraud")
app.add_typer(terms.terms(run), name="terms")
stock = records.stock(run)
app.add_typer(stock, name="stock")
app.add_typer(catalog.catalog(run), name="catalog")
catalog.on_channel(channel, run)
catalog.on_stock(stock, run)
app.add_typer(automation.automation(run), name="automation")
app.add_typer(routing.routing(run), name="routing")
app.add_typer(floor.floor(run), name="floor")
app.add_typer(records.users(run), name="user")
app.add_typer(records.tokens(run), name="token")
app.add_typer(bench, name="bench")


def chosen(words: str, among: tuple[str, ...], option: str) -> tuple[str, ...]:
    """The words of an option that takes several. Raises `typer.BadParameter` for none, or for one not `among`."""
    found = tuple(word.strip() for word in words.split(",") if word.strip())
    if not found or set(found) - set(among):
        raise typer.BadParameter(f"choose from {', '.join(among)}", param_hint=option)
    return found


@app.command()
def serve(
    roles: Annotated[
        str, typer.Option(help="Any of web, worker, scheduler, bot; or of a worker's parts intake, lines, post.")
    ] = ",".join(ROLES),
    port: Annotated[int | None, typer.Option(help="Port of the doors; default CROSSDOCK_PORT.")] = None,
) -> None:
    """The product. Example: python main.py serve --roles web,worker"""
    wanted = chosen(roles, (*ROLES, *sorted(TASKS)), "--roles")

    async def work(parts: Parts) -> None:
        async with serving(parts, wanted) as address:
            report.say(f"console {address}/console/   chat {address}/chat" if address else f"working: {roles}")
            await until_stopped()

    run(work, port=port)


@app.command()
def worker(
    count: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 1,
    tasks: Annotated[
        str, typer.Option(help="Any of intake (deliveries that come in), lines (orders), post (what leaves).")
    ] = ",".join(sorted(TASKS)),
) -> None:
    """More hands on the same database. Example: python main.py worker --count 2"""
    from bench.processes import multiply

    wanted = chosen(tasks, tuple(sorted(TASKS)), "--tasks")

    async def work(parts: Parts) -> None:
        async with multiply(parts, count - 1, wanted), parts.worker(wanted):
            report.say("working")
            await until_stopped()

    run(work)


@app.command()
def migrate(check: Annotated[bool, typer.Option("--check", help="Only say what is missing.")] = False) -> None:
    """Bring the schema up to date. Example: python main.py migrate --check"""

    async def work(parts: Parts) -> None:
        pending = await parts.services.database.pending_migrations()
        if pending:
            raise Invalid("database", f"lacks {', '.join(pending)}; run `python main.py migrate`")
        report.say("the schema is up to date")

    run(work, migrate=not check)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look at everything an installation needs. Example: python main.py doctor"""
    from hub.actions.examine import examine

    run(lambda parts: examine(parts.services), as_json=as_json)


@app.command()
def reseal(as_json: Json = False) -> None:
    """Close stored credentials with the newest secret key. Example: python main.py reseal"""
    from hub.actions.reseal_secrets import reseal_secrets

    run(lambda parts: reseal_secrets(parts.services), as_json=as_json)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop when all orders have come to rest.")] = False,
    orders: Annotated[int, typer.Option(min=1, max=100_000)] = 200,
    port: Annotated[int, typer.Option(help="Port of console and chat.")] = 8080,
    as_json: Json = False,
) -> None:
    """The whole product on demo channels. Example: python main.py demo --once --orders 200 --json"""
    from bench import demo as demos

    report.run(lambda: demos.demo(demos.Plan(once=once, orders=orders, port=port)), as_json)


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
    account: Annotated[str, typer.Option(help="Id or name of the account that 'sends' them.")],
    topic: Annotated[str, typer.Option(help="The channel's topic; default: what the file looks like.")] = "",
    to: Annotated[str, typer.Option(help="Address of a running server; default: the door of this process.")] = "",
    as_json: Json = False,
) -> None:
    """Send recorded deliveries through the real door, signed. Example: python main.py replay order.json --account 7"""
    from bench.replay import replay as replay_files

    async def work(parts: Parts) -> Any:
        if to:
            return await replay_files(parts.services, files, account, (topic, to))
        async with serving(parts, ("web", "worker")) as address:
            return await replay_files(parts.services, files, account, (topic, address), settle=True)

    run(work, as_json=as_json, port=0)


@channel.command("kinds")
def channel_kinds(as_json: Json = False) -> None:
    """What can be connected, and what each asks for. Example: python main.py channel kinds"""
    from bot import TRANSPORTS
    from connectors import CONNECTORS

    report.show([report.kind(c.about) for c in (*CONNECTORS.values(), *TRANSPORTS.values())], as_json)


# ---------------------------------------------------------------- for engineers


@app.command("new-connector")
def new_connector(name: str) -> None:
    """A working copy of demo_store with its tests. Example: python main.py new-connector acme"""
    from connectors.scaffold import new_connector as scaffold

    report.show([str(path) for path in scaffold(name)], as_json=False)


@app.command("check-connectors")
def check_connectors(as_json: Json = False) -> None:
    """Every connector's quality.toml against the code. Example: python main.py check-connectors"""
    from connectors import CONNECTORS
    from connectors.quality import check

    report.checked([str(problem) for problem in check(CONNECTORS)], as_json)


def benched(measure: str) -> Callable[..., None]:
    """A benchmark as a command."""

    def command(
        orders: Annotated[int, typer.Option(min=1)] = 5000,
        workers: Annotated[int, typer.Option(min=0, max=64, help="Processes beside the doors'; 0: they work too.")] = 2,
        database_url: Annotated[
            str, typer.Option(help="An empty database; default: an embedded one, thrown away.")
        ] = "",
        as_json: Json = False,
    ) -> None:
        from bench import runs

        report.run(lambda: runs.bench(measure, runs.Given(orders, workers, database_url)), as_json)

    return command


bench.command("flow", help="Signed webhooks through everything. Example: python main.py bench flow --orders 5000")(
    benched("flow")
)
bench.command("ingest", help="Signed webhooks into the inbox. Example: python main.py bench ingest")(benched("ingest"))
bench.command("hot-sku", help="Every order wants one SKU. Example: python main.py bench hot-sku")(benched("hot-sku"))


@bench.command("fraud")
def bench_fraud(
    rules: Annotated[str, typer.Option(help=fraud.RULES)] = "strict",
    orders: Annotated[int, typer.Option(min=100, max=1_000_000)] = 20_000,
    seed: Annotated[int, typer.Option(help="Another seed makes another set.")] = 2,
    show: Annotated[int, typer.Option(min=0, help="So many of the held, each with its reasons.")] = 5,
    as_json: Json = False,
) -> None:
    """Rules on a labelled set of orders: precision, recall. Example: python main.py bench fraud --rules strict"""
    from bench.fraud import measure

    async def work() -> Any:
        return measure(fraud.rules_of(rules), orders, seed, show)

    report.run(work, as_json)


if __name__ == "__main__":
    app()
