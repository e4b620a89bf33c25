"""`python -m connectors.demo_payments.server`: the demo payment provider as a process of its own.

Prints one JSON line with its address when it is ready, and serves until SIGINT or SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys

from connectors.demo_payments.server import Options, serve


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m connectors.demo_payments.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8092, help="0 picks a free one")
    parser.add_argument("--to", default="", help="where webhooks are sent")
    parser.add_argument("--series", default="", help="goes into the ids of webhooks, to tell this run from others")
    return parser.parse_args()


async def run(args: argparse.Namespace) -> None:
    """Serves until it is told to stop."""
    options = Options(to=args.to, series=args.series)
    async with serve(options, host=args.host, port=args.port) as server:
        sys.stdout.write(json.dumps({"url": server.url}) + "\n")
        sys.stdout.flush()
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()


def main() -> None:
    """Runs on uvloop where there is one."""
    if sys.platform == "win32":
        asyncio.run(run(arguments()))
    else:
        import uvloop

        uvloop.run(run(arguments()))


if __name__ == "__main__":
    main()
