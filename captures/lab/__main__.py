"""`python -m captures.lab [SCENARIO…] [-o DIRECTORY]`: rebuild the captures (Linux, root)."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

from captures.lab import catalogue, needs
from captures.lab.build import build
from captures.lab.interception import mitmdump
from captures.lab.network import ROOT
from captures.lab.scenarios import SCENARIOS
from captures.lab.situations import SITUATIONS
from captures.lab.situations.record import record
from captures.lab.trials import TRIALS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m captures.lab", description="Rebuild the laboratory's captures. Needs Linux and root.")
    every = {**SCENARIOS, **TRIALS, **{name: situation.scenario for name, situation in SITUATIONS.items()}}
    parser.add_argument("scenario", nargs="*", help=f"one or more of: {', '.join(every)} (default: all that this machine can play)")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=ROOT / "captures",
        help="directory to write to (default: captures/, captures/proof/ and captures/situations/, whose README.md are updated too)",
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.scenario if name not in every]
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)}; there are {', '.join(every)}")
    problem = needs.missing()
    if problem:
        print(problem, file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))  # an exception, so that every namespace is taken down
    for name in arguments.scenario or every:
        if not arguments.scenario and every[name].intercepting and mitmdump() is None:
            print(f"{name} is left as it is: it needs mitmproxy's mitmdump, in the path or named by MITMDUMP", file=sys.stderr)
            continue
        began = time.monotonic()
        folder = "proof" if name in TRIALS else "situations" if name in SITUATIONS else ""
        into = arguments.output / folder if arguments.output == ROOT / "captures" else arguments.output
        capture = record(SITUATIONS[name], into) if name in SITUATIONS else build(every[name], into)
        print(f"{capture}  {capture.stat().st_size:,} bytes  {time.monotonic() - began:.0f} s", flush=True)
    if arguments.output.resolve() == ROOT / "captures":
        catalogue.update(ROOT / "captures", SCENARIOS)
        catalogue.update(ROOT / "captures" / "proof", TRIALS)
        catalogue.update(ROOT / "captures" / "situations", {name: situation.scenario for name, situation in SITUATIONS.items()})
        catalogue.update_verdicts(ROOT / "captures" / "situations", {name: situation.verdict for name, situation in SITUATIONS.items()})
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
