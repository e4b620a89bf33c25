"""`python -m connectors.demo_carrier.server`: the demo carrier as a process of its own.

Prints one JSON line with its address when it is ready, and serves until SIGINT or SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys

from connectors.demo_carrier.server import Options, serve


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m connectors.demo_carrier.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8091, help="0 picks a free one")
    parser.add_argument("--day", type=float, default=2.0, help="seconds that a simulated day takes")
    parser.add_argument("--to", default="", help="where scans are sent")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=1, help="serial number of the first label")
    parser.add_argument("--troubled", type=float, default=0.1, help="share of parcels that meet trouble")
    parser.add_argument("--late", type=float, default=0.05, help="share of parcels with a scan told late")
    return parser.parse_args()


async def run(args: argparse.Namespace) -> None:
    """Serves until it is told to stop."""
    options = Options(args.day, args.to, args.seed, args.troubled, args.late, args.first)
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
