"""The river, on one screen: capture → packets → flows → names → routes → services → verdict.

Each stage takes tables and gives tables (tables.py says what every column is); nothing flows back up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.errors import Unusable
    from analyzer.routes.topology import Topology
    from analyzer.services.catalogue import Catalogue

Progress = Callable[[int, int | None], None]
"""Called with bytes read so far and bytes in all (None when that can't be known, as on stdin)."""


@dataclass
class Reading:
    """What came out of the captures: the flow table and what is known of the files it came from.

    flows      pyarrow.Table, analyzer.tables.FLOW_SCHEMA, sorted by first_seen, then id
    captures   one dict per readable input: path, sha256, packets, first_seen, last_seen, damage (as in the verdict document)
    unusable   one error per named input that is no capture or can't be read
    skipped    files in directories that are no captures
    """

    flows: pa.Table
    captures: list[dict[str, Any]]
    unusable: list[Unusable] = field(default_factory=list)
    skipped: int = 0
    topology: Topology | None = None
    catalogue: Catalogue | None = None
    start_ns: int | None = None
    end_ns: int | None = None


def read(
    inputs: Sequence[str | BinaryIO],
    *,
    topology: Topology,
    catalogue: Catalogue,
    start_ns: int | None = None,
    end_ns: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Reading:
    """The flow table of all inputs together.

    inputs           paths, globs, directories, "-" for stdin, or binary file objects
    start_ns end_ns  keep only packets in [start_ns, end_ns), nanoseconds since 1970; None: no bound
    Errors           Unusable when nothing at all could be read; a single bad input goes to Reading.unusable
    """
    raise NotImplementedError


def judge(reading: Reading) -> dict[str, Any]:
    """The verdict document of the contract, as plain data."""
    from analyzer.verdict import judge as judge_flows

    assert reading.topology is not None and reading.catalogue is not None
    return judge_flows(
        reading.flows,
        topology=reading.topology,
        catalogue=reading.catalogue,
        captures=reading.captures,
        window=(reading.start_ns, reading.end_ns),
    )
