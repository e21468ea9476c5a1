"""What can be done with one capture from the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

READS_NO_CAPTURE = {"services", "doctor", "job", "capture", "merge", "history", "catalogue", "study init"}
"""Verbs that are given no capture: they have tests of their own."""

STUDY = """[[test]]
title = "the capture alone"
captures = [{capture}]
configured = []
"""


@dataclass(frozen=True)
class Way:
    """A verb with one form of its output.

    arguments   of (capture, folder to write in)
    streamed    the capture comes on standard input
    codes       exit codes that are right whatever the capture holds; 2 is right where nothing in it can be read or chosen
    """

    name: str
    arguments: Callable[[Path, Path], list[str]]
    streamed: bool = False
    codes: tuple[int, ...] = (0, 2)

    @property
    def verb(self) -> str:
        return self.name.split()[0]


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
        Way("report -", lambda _, __: ["report", "-"], streamed=True),
        Way("watch -", lambda _, __: ["watch", "-", "--json"], streamed=True),
        *(Way(f"study .{suffix}", _study(suffix)) for suffix in ("html", "md", "json")),
        _on_stdout("topology"),
        Way("slice --cut", lambda capture, folder: ["slice", str(capture), "--cut", "-o", str(folder / "cut.pcapng")]),
        Way("slice --anonymize", lambda capture, folder: ["slice", str(capture), "--anonymize", "-o", str(folder / "other.pcapng")]),
        Way("verify", lambda capture, _: ["verify", str(capture), "--json"], codes=(0, 1, 2)),
    ]


def _on_stdout(verb: str, *options: str) -> Way:
    return Way(" ".join([verb, *options]), lambda capture, _: [verb, str(capture), *options])


def _to_file(verb: str, suffix: str) -> Way:
    return Way(f"{verb} .{suffix}", lambda capture, folder: [verb, str(capture), "-o", str(folder / f"out.{suffix}")])


def _study(suffix: str) -> Callable[[Path, Path], list[str]]:
    def arguments(capture: Path, folder: Path) -> list[str]:
        quoted = '"' + str(capture).replace("\\", "\\\\").replace('"', '\\"') + '"'
        (folder / "study.toml").write_text(STUDY.format(capture=quoted), encoding="utf-8")
        return ["study", str(folder / "study.toml"), "-o", str(folder / f"study.{suffix}")]

    return arguments
