"""The captures of a reading, verified with Wireshark."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.capture.spool import Spool
from analyzer.errors import Unusable
from analyzer.second_opinion.verify import Capture, Opinion, verify

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.pipeline import Reading


def verify_again(flows: pa.Table, reading: Reading, only: Collection[str] | None, limit: int) -> Opinion:
    """The opinion of `verify` on captures that are still where they were read.

    Errors  Unusable: no captures (the flows came from a DataFrame), or one that is no longer a file or never was
    """
    if not reading.captures:
        raise Unusable("there is no capture to ask Wireshark about", "flows from a DataFrame", "read the captures themselves")
    unknown = sorted(set(only or ()) - set(flows.column("id").to_pylist()))
    if unknown:
        raise Unusable(f"no flow has the id {unknown[0]}", "flows")
    with Spool() as spool:
        captures = []
        for capture in reading.captures:
            if not Path(capture["path"]).is_file():
                raise Unusable("can't be read a second time", capture["path"], "give analyzer.read a path")
            captures.append(Capture(capture["path"], spool.uncompressed(capture["path"]), capture["packets"]))
        ports = reading.topology.vxlan_ports if reading.topology is not None else ()
        return verify(flows, captures, only=only, start_ns=reading.start_ns, end_ns=reading.end_ns, limit=limit, vxlan_ports=ports)
