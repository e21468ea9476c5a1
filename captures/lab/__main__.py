"""`python -m captures.lab [SCENARIO…] [-o DIRECTORY]`: rebuild the captures (Linux, root)."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

from captures.lab import catalogue, needs
from captures.lab.build import build
from captures.lab.network import ROOT
from captures.lab.scenarios import SCENARIOS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m captures.lab", description="Rebuild the laboratory's captures. Needs Linux and root.")
    parser.add_argument("scenario", nargs="*", help=f"one or more of: {', '.join(SCENARIOS)} (default: all)")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=ROOT / "captures",
        help="directory to write to (default: captures/, whose README.md is updated too)",
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.scenario if name not in SCENARIOS]
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    problem = needs.missing()
    if problem:
        print(problem, file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))  # an exception, so that every namespace is taken down
    for name in arguments.scenario or SCENARIOS:
        began = time.monotonic()
        capture = build(SCENARIOS[name], arguments.output)
        print(f"{capture}  {capture.stat().st_size:,} bytes  {time.monotonic() - began:.0f} s", flush=True)
    if arguments.output.resolve() == ROOT / "captures":
        catalogue.update(ROOT / "captures")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
