"""What can be done with one capture from the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

READS_NO_CAPTURE = {"services", "doctor", "job", "capture", "catalogue"}
"""Verbs that are given no capture: they have tests of their own."""

Steps = Callable[[Path, Path], list[list[str]]]

STUDY = """[[test]]
title = "the capture alone"
captures = [{capture}]
configured = []
"""


@dataclass(frozen=True)
class Way:
    """A verb with one form of its output, and what has to be run before it.

    steps       of (capture, folder to write in): the arguments of each run, one after the other as long as they end with 0
    streamed    the capture comes on standard input
    codes       exit codes that are right whatever the capture holds; 2 is right where nothing in it can be read or chosen
    """

    name: str
    steps: Steps
    streamed: bool = False
    codes: tuple[int, ...] = (0, 2)

    @property
    def verb(self) -> str:
        words = self.name.split()
        return "study init" if words[:2] == ["study", "init"] else words[0]


def ways() -> list[Way]:
    """All of them, in one order."""
    report = [_to_file("report", suffix) for suffix in ("html", "md", "json", "ipynb")]
    flows = [_on_stdout("flows", "--format", form) for form in ("table", "csv", "jsonl")] + [_to_file("flows", "parquet")]
    return [
        _on_stdout("report"),
        _on_stdout("report", "--json"),
        *report,
        *(_on_stdout("report", "--allow", form) for form in ("plain", "squid", "csv")),
        *flows,
        _on_stdout("flows", "--format", "ecs"),
        _on_stdout("flows", "--format", "zeek"),
        Way("report -", lambda _, __: [["report", "-"]], streamed=True),
        Way("watch -", lambda _, __: [["watch", "-", "--json"]], streamed=True),
        Way("report of a part", _from_part("report", "{part}", "--json")),
        Way("merge .parquet", _from_part("merge", "{part}", "-o", "{folder}/flows.parquet")),
        Way("merge .part", _from_part("merge", "{part}", "-o", "{folder}/all.part")),
        Way("report of rows", _from_rows("report", "{rows}", "--json")),
        *(Way(f"history .{suffix}", _from_rows("history", "{folder}", "-o", "{folder}/out." + suffix)) for suffix in ("html", "json")),
        Way("history", _from_rows("history", "{folder}")),
        *(Way(f"study .{suffix}", _study(suffix)) for suffix in ("html", "md", "json")),
        _on_stdout("topology"),
        Way("study init", lambda capture, folder: [["study", "init", str(capture), "-o", str(folder / "study.toml")]]),
        Way("slice --cut", lambda capture, folder: [["slice", str(capture), "--cut", "-o", str(folder / "cut.pcapng")]]),
        Way("slice --anonymize", lambda capture, folder: [["slice", str(capture), "--anonymize", "-o", str(folder / "other.pcapng")]]),
        Way("verify", lambda capture, _: [["verify", str(capture), "--json"]], codes=(0, 1, 2)),
    ]


def _on_stdout(verb: str, *options: str) -> Way:
    return Way(" ".join([verb, *options]), lambda capture, _: [[verb, str(capture), *options]])


def _to_file(verb: str, suffix: str) -> Way:
    return Way(f"{verb} .{suffix}", lambda capture, folder: [[verb, str(capture), "-o", str(folder / f"out.{suffix}")]])


def _from_part(*arguments: str) -> Steps:
    """A part of the capture first, and these arguments with it."""

    def steps(capture: Path, folder: Path) -> list[list[str]]:
        part = str(folder / "one.part")
        return [
            ["flows", "--partial", str(capture), "-o", part],
            [argument.format(part=part, folder=folder) for argument in arguments],
        ]

    return steps


def _from_rows(*arguments: str) -> Steps:
    """The capture's rows first, where a job would leave them, and these arguments with them."""

    def steps(capture: Path, folder: Path) -> list[list[str]]:
        rows = folder / "gateway=gw1" / "date=2026-01-01" / "rows.parquet"
        rows.parent.mkdir(parents=True)
        return [
            ["flows", str(capture), "-o", str(rows)],
            [argument.format(rows=rows, folder=folder) for argument in arguments],
        ]

    return steps


def _study(suffix: str) -> Steps:
    def steps(capture: Path, folder: Path) -> list[list[str]]:
        quoted = '"' + str(capture).replace("\\", "\\\\").replace('"', '\\"') + '"'
        (folder / "study.toml").write_text(STUDY.format(capture=quoted), encoding="utf-8")
        return [["study", str(folder / "study.toml"), "-o", str(folder / f"study.{suffix}")]]

    return steps
