"""job.toml checked: all mistakes at once, each with its key and what to write instead."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from analyzer.errors import Mistakes, Unusable
from analyzer.text.toml import read_toml

SIZES: Final = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
TIMES: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
INTERFACE: Final = re.compile(r"[^\s/\0-][^\s/\0]{0,14}")

EXAMPLES: Final = {
    "name": 'name = "gw1", letters, digits, ".", "_" and "-", 64 at most',
    "interface": 'interface = "eth0", as ip link lists it',
    "topology": 'topology = "topology.toml", beside the job file or with its whole path',
    "catalogue": 'catalogue = ["own.toml"]',
    "results": 'results = "/var/lib/whichproxy/gw1", a folder of its own',
    "full": "full = true or false",
    "tool": 'tool = "dumpcap" or "tcpdump", or leave it out',
    "file_size": 'file_size = "64 MB"',
    "file_time": 'file_time = "1 min"',
    "every": 'every = "1 h"',
    "for": 'for = "10 min"',
    "finish_within": 'finish_within = "1 min"',
    "packet_bytes": 'packet_bytes = "2 GB"',
    "packet_days": "packet_days = 7",
    "evidence_days": "evidence_days = 365, or leave it out to keep all",
    "against": 'against = "last", "first", the number of a run (quoted) or a verdict.json',
    "expect": 'expect = "study.toml", with a [test.expect] table',
    "failures": "failures = 0.1, a share from 0 to 1",
    "command": 'command = ["/usr/local/bin/tell", "proxies"]',
    "webhook": 'webhook = "https://hooks.example.com/whichproxy"',
    "textfile": 'textfile = "/var/lib/prometheus/node-exporter/whichproxy.prom"',
    "memory": 'memory = "1 GB"',
    "ring": "[ring] with file_size and file_time",
    "schedule": "[schedule] with every, for and finish_within",
    "retention": "[retention] with packet_bytes, packet_days and evidence_days",
    "drift": "[drift] with against, expect and failures",
    "on_change": "[on_change] with command, webhook and textfile",
}


def _amount(value: object, units: dict[str, int], kind: str) -> int:
    """A number with its unit as bytes or seconds."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", value) if isinstance(value, str) else None
    amount = units.get(found[2]) if found else None
    if found is None or amount is None or float(found[1]) <= 0:
        raise PydanticCustomError(kind, "{value} is no {kind}: a number and {units}, in quotes",
                                  {"value": repr(value), "kind": kind, "units": ", ".join(units)})  # fmt: skip
    return int(float(found[1]) * amount)


def _text(pattern: re.Pattern[str], kind: str) -> tuple[AfterValidator, WithJsonSchema]:
    """The validator of a text, and its pattern for JSON Schema."""

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise PydanticCustomError(kind, "{value} is no {kind}", {"value": repr(value), "kind": kind})
        return value

    return AfterValidator(check), WithJsonSchema({"type": "string", "pattern": f"^({pattern.pattern})$"})


def _url(value: SecretStr) -> SecretStr:
    """The address unchanged. No message holds its value: a webhook's address is a secret."""
    try:
        parts = urlsplit(value.get_secret_value())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or not re.fullmatch(r"[!-~]+", value.get_secret_value()):
        raise PydanticCustomError("url", "no http or https address without user, spaces and other than ASCII", {})
    return value


def _amount_text(units: dict[str, int]) -> Any:
    """The pattern of a number with its unit, for JSON Schema."""
    return Annotated[str, Field(pattern=rf"^\s*\d+(\.\d+)?\s*({'|'.join(units)})\s*$")]


Bytes = Annotated[int, BeforeValidator(lambda value: _amount(value, SIZES, "size"), json_schema_input_type=_amount_text(SIZES))]
Seconds = Annotated[int, BeforeValidator(lambda value: _amount(value, TIMES, "time"), json_schema_input_type=_amount_text(TIMES))]
Text = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True, frozen=True)


class Ring(_Table):
    """[ring]: when a file of packets is closed, and so analysed. Seconds and bytes."""

    file_size: Bytes = 64 * 10**6
    file_time: Seconds = 60


class Schedule(_Table):
    """[schedule]: how often a run begins and how long it captures, in seconds.

    Without `for` it captures continuously; a run's results are then taken every `every`.

    finish_within   most seconds of analysis after capturing has ended; the rest is left to the next run
    """

    every: Seconds = 3600
    for_: Annotated[Seconds | None, Field(alias="for")] = None
    finish_within: Seconds = 60

    @model_validator(mode="after")
    def _fits(self) -> Schedule:
        if self.for_ is not None and self.for_ > self.every:
            raise PydanticCustomError("longer", "a run is longer than the time until the next one", {})
        return self


class Retention(_Table):
    """[retention]: when analysed packets are deleted, and the number of days with rows that are kept. None: never, all."""

    packet_bytes: Bytes = 2 * 10**9
    packet_days: Annotated[int, Field(ge=1)] | None = None
    evidence_days: Annotated[int, Field(ge=1)] | None = None


class Drift(_Table):
    """[drift]: the baseline of a run.

    against    "last", "first", a run's number, or a verdict document;  expect: a file with a [test.expect] table
    failures   failures are up when a service's share of failed requests rises by more than this
    """

    against: Text = "last"
    expect: Text | None = None
    failures: Annotated[float, Field(ge=0, le=1, strict=False)] = 0.1


class OnChange(_Table):
    """[on_change]: where changes are reported, beside the journal and the exit code."""

    command: Annotated[list[Text], Field(min_length=1)] | None = None
    webhook: Annotated[SecretStr, AfterValidator(_url)] | None = None
    textfile: Text | None = None


class JobTables(_Table):
    """The whole file."""

    interface: Annotated[str, *_text(INTERFACE, "interface")]
    name: Annotated[str, *_text(NAME, "name")] | None = None
    topology: Text | None = None
    catalogue: list[Text] = []
    results: Text
    full: bool = False
    tool: Annotated[str, *_text(re.compile("dumpcap|tcpdump"), "tool")] | None = None
    memory: Bytes = 10**9
    ring: Ring = Ring()
    schedule: Schedule = Schedule()
    retention: Retention = Retention()
    drift: Drift = Drift()
    on_change: OnChange = OnChange()


class Job:
    """A job file.

    path   of the file, absolute;  name: of the job, and of the gateway under which its rows are filed
    results, topology, catalogues, expect, textfile   absolute paths; relative ones in the file start at its folder
    settings   the keys of the file
    """

    def __init__(self, path: Path, settings: JobTables) -> None:
        self.path = path
        self.settings = settings
        self.name = settings.name or path.stem
        self.results = self.beside(settings.results)
        self.topology = self.beside(settings.topology) if settings.topology else None
        self.catalogues = [self.beside(one) for one in settings.catalogue]
        self.expect = self.beside(settings.drift.expect) if settings.drift.expect else None
        self.textfile = self.beside(settings.on_change.textfile) if settings.on_change.textfile else None

    def beside(self, place: str) -> Path:
        """The path, relative to the job file's folder."""
        return self.path.parent / place

    @property
    def packets(self) -> Path:
        """The folder of the ring files."""
        return self.results / "packets"


def load_job(path: str | Path) -> Job:
    """The job of a file. Errors: Unusable, it can't be read; Mistakes, all that is wrong in it."""
    where = str(path)
    form = 'values look like interface = "eth0", tables like [ring]'
    _, data = read_toml(path, "job", name="name a readable TOML file", form=form)
    try:
        settings = JobTables.model_validate(data)
    except ValidationError as error:
        raise Mistakes([_mistake(details, where) for details in error.errors()]) from None
    job = Job(Path(path).resolve(), settings)
    if not NAME.fullmatch(job.name):
        raise Unusable(f"{job.name!r} is no name for a job", where, f"write {EXAMPLES['name']}")
    return job


def _mistake(details: ErrorDetails, where: str) -> Unusable:
    location = [str(part) for part in details["loc"] if not isinstance(part, int)]
    key = location[-1]
    place = f"{where}: {'.'.join(f'[{part}]' if i < len(location) - 1 else part for i, part in enumerate(location)).replace('].', '], ')}"
    kind = details["type"]
    if kind == "extra_forbidden":
        table: Any = JobTables
        for part in location[:-1]:
            table = table.model_fields[part].annotation
        known = sorted(field.alias or name for name, field in table.model_fields.items())
        close = difflib.get_close_matches(key, known, n=1)
        return Unusable("unknown key", place, f"did you mean {close[0]}?" if close else f"the keys here are {', '.join(known)}")
    if kind == "missing":
        return Unusable("missing", place, f"write {EXAMPLES[key]}")
    own = kind in ("size", "time", "name", "interface", "tool", "url", "longer")
    what = details["msg"] if own else "it can't be used" if location[0] == "on_change" else f"{details['input']!r} can't be used"
    named = next((part for part in reversed(location) if part in EXAMPLES), key)
    return Unusable(what, place, f"write {EXAMPLES[named]}")
