"""`python -m connectors.demo_store.server`: the demo stores as a process of their own, and a load generator.

Prints one JSON line with its address when it is ready, and with `--orders` one more with what became of them.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from dataclasses import replace

import msgspec

from connectors.demo_store.server import STORES, Options, Rush, serve
from connectors.demo_store.server.selling import register_at


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m connectors.demo_store.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090, help="0 picks a free one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=1001, help="number of the first order")
    parser.add_argument("--flawed", type=float, default=0.0, help="share of orders with something wrong")
    parser.add_argument("--payments", default="", help="address of the demo payment provider")
    parser.add_argument("--orders", type=int, default=0, help="place so many orders, print the result and end")
    parser.add_argument("--store", default=STORES[0].key, choices=[store.key for store in STORES])
    parser.add_argument("--to", default="", help="where the webhooks of these orders go")
    parser.add_argument("--pace", type=float, default=0.0, help="orders a second; 0: as fast as they are accepted")
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--rate", type=int, default=1000, help="API calls a second for each store before 429")
    return parser.parse_args()


async def run(args: argparse.Namespace) -> None:
    """Serves until the orders are placed, or without any until SIGINT or SIGTERM."""
    register = register_at(args.payments) if args.payments else None
    options = Options(seed=args.seed, first=args.first, flawed=args.flawed, register=register)
    stores = [replace(store, rate=args.rate) for store in STORES]
    async with serve(stores, host=args.host, port=args.port, options=options) as server:
        say({"url": server.url})
        if args.orders:
            _, tally = await server.sell(Rush(args.store, args.orders, args.to, args.pace, args.concurrency))
            await server.settle()
            say(tally.summary())
            return
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()


def say(value: object) -> None:
    """One JSON line on stdout."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def main() -> None:
    """Runs on uvloop where there is one."""
    if sys.platform == "win32":
        asyncio.run(run(arguments()))
    else:
        import uvloop

        uvloop.run(run(arguments()))


if __name__ == "__main__":
    main()
