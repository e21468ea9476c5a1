"""The engine with the twin's interface: capture paths or bytes in, rows out."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from analyzer.capture.source import Input
from analyzer.pipeline import Reading
from analyzer.reading import read
from analyzer.routes.topology import Topology, load_topology
from analyzer.services.catalogue import Catalogue, load_catalogue
from tests.reference.agree import Row, rows_of_table


@cache
def knowledge() -> tuple[Topology, Catalogue]:
    """No topology, and the catalogue that comes with the package."""
    return load_topology(None), load_catalogue()


def reading(*inputs: Input | bytes, **options: Any) -> Reading:
    """The reading of the inputs; bytes are a stream named "stream"."""
    topology, catalogue = knowledge()
    opened = [stream(given) if isinstance(given, bytes) else given for given in inputs]
    return read(opened, **{"topology": topology, "catalogue": catalogue, "digests": False, **options})


def stream(data: bytes) -> io.BytesIO:
    """The bytes as a file object with a name."""
    file = io.BytesIO(data)
    file.name = "stream"
    return file


def engine_rows(*inputs: Input | bytes, **options: Any) -> list[Row]:
    """The flow rows of the inputs, in the twin's form."""
    return rows_of_table(reading(*inputs, **options).flows)
