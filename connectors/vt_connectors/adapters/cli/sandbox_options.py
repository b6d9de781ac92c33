"""The options of `vtaction sandbox`."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8099, help="port on 127.0.0.1 (default 8099; 0 takes a free one)")
    parser.add_argument(
        "--quota", default="4/minute,500/day,15500/month", help="as VT_QUOTA (default the public API's)"
    )
    parser.add_argument("--latency", default="0", metavar="TIME", help="of each answer: 50ms, 0.5s, 50ms-500ms")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="WHAT:SHARE",
        help="what goes wrong how often: a status (503:0.1), or reset, cut, html, garbage, slow; may be given again",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="the same faults in the same order each time")
    parser.add_argument("--scan-time", default="5s", metavar="TIME", help="until an analysis is completed (default 5s)")
    parser.add_argument("--log", action="store_true", help="a line for each request on stderr")
