"""`whichproxy history` over a hundred gateways and thirty days: written, read, and its result checked against the plan.

python -m tests.benchmarks.fleet [--gateways 100] [--days 30] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import ROOT
from tests.fleet.fleets import BOTH, CAPTURES, STATIC, STATIC_WININET, THREE, WINHTTP, day_of, lay

SILENT_DAYS = 4
"""The last days, without data of a silent gateway."""


def plan(gateway: int, source: int, day: int, days: int) -> str | None:
    """A source's settings on a day: by its gateway's kind one setting throughout, another from some day on, or a mixture; sometimes off."""
    if (source + day) % 7 == 6 and source % 3 == 0:
        return None  # a laptop that is elsewhere
    kind = gateway % 10
    if kind == 9 and day >= days - SILENT_DAYS:
        return None
    if kind in (0, 5):
        return WINHTTP if day < change_day(gateway, days) else STATIC
    if kind == 3 and source % 4 == 0:
        return THREE if day < change_day(gateway, days) else BOTH
    return (WINHTTP, STATIC, BOTH, THREE, WINHTTP, STATIC, STATIC_WININET, BOTH, STATIC, WINHTTP)[kind]


def change_day(gateway: int, days: int) -> int:
    """The first day of the other setting."""
    return days // 3 + gateway % max(1, days // 3)


def sources_of(gateway: int) -> int:
    """How many sources a gateway has: 5 to 40."""
    return 5 + (gateway * 7) % 36


def make(folder: Path, gateways: int, days: int) -> int:
    """Lay the fleet's rows; how many."""
    rows = 0
    for gateway in range(gateways):
        for day in range(days):
            follow = {source: capture for source in range(sources_of(gateway)) if (capture := plan(gateway, source, day, days)) is not None}
            table = day_of(gateway, day, follow, own_proxies=gateway % 3 == 0, share=0.9)
            if table.num_rows:
                lay(folder, f"gw{gateway:03d}", day, table)
                rows += table.num_rows
    return rows


def check(document: dict[str, object], gateways: int, days: int) -> list[str]:
    """The differences between the history and the plan; empty when there are none."""
    found: list[str] = []
    by_name = {one["gateway"]: one for one in document["gateways"]}  # type: ignore[attr-defined]
    changed: dict[str, set[str]] = {}
    for finding in document["findings"]:  # type: ignore[attr-defined]
        if finding["code"] == "winner-changed":
            for name in finding["gateways"]:
                changed.setdefault(name, set()).add(finding["first_seen"][:10])
    for gateway in range(gateways):
        name = f"gw{gateway:03d}"
        silent = by_name[name]["state"] == "silent"
        if silent != (gateway % 10 == 9):
            found.append(f"{name}: silent is {silent}")
        kind = gateway % 10
        if (kind in (0, 3, 5)) != (name in changed):
            found.append(f"{name}: changes {sorted(changed.get(name, ()))}")
        last = STATIC if kind in (0, 5) else plan(gateway, 1, 0, days)
        expected = {WINHTTP: "PROX01", BOTH: "PROX01", STATIC: "PROX03", THREE: "PROX03", STATIC_WININET: "PROX03"}[last or WINHTTP]
        sensor = next(one for one in by_name[name]["planes"] if one["plane"] == "sensor")
        if sensor["winners"][0]["name"] != expected:
            found.append(f"{name}: {sensor['winners'][0]['name']} wins, and should {expected}")
    return found


def main() -> None:
    """Make, run, check, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--gateways", type=int, default=100)
    options.add_argument("--days", type=int, default=30)
    options.add_argument("--folder", type=Path)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary, "fleet")
        if not folder.exists():
            began = time.process_time()
            print(f"made {make(folder, asked.gateways, asked.days):,} rows in {time.process_time() - began:.0f} s CPU")
        size = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
        for suffix in ("json", "html"):
            out = Path(temporary, f"fleet.{suffix}")
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-m", "analyzer", "history", str(folder), "-o", str(out), "-q"], cwd=ROOT, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            sizes = f"{size / 1e6:.0f} MB read, {out.stat().st_size / 1e6:.1f} MB written"
            print(f"{suffix}: {cpu:.1f} s CPU, {after.ru_maxrss / 1000:.0f} MB at most; {sizes}")
            if suffix == "json":
                document = json.loads(out.read_bytes())
        print(f"{document['read']['rows']:,} rows, {document['read']['days']:,} days, {len(document['findings'])} findings, {CAPTURES}")
        wrong = check(document, asked.gateways, asked.days)
        print("\n".join(wrong) or "the answer is the plan's")
        sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
