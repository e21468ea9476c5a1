"""Which proxy won? The whole Python API, on this page.

    import analyzer

    traffic = analyzer.read("captures/*.pcapng", topology="topology.toml")
    traffic.flows             # pandas.DataFrame: one row per conversation (analyzer.tables says what each column is)
    traffic.verdict           # who won, for which service, from which source; .to_dict(), .to_frame()
    traffic.findings          # pandas.DataFrame: problems and notes, each with what to do about it
    traffic.verify()          # the same facts through Wireshark's dissectors; needs tshark
    traffic.plot.timeline()   # matplotlib Axes; also .sources(), .services(), .proxies(), .precedence()
    traffic.report("out.html")  # or .md, .json, .ipynb

    fleet = analyzer.history("results/")   # many gateways over time; .to_frame(), .findings, .gateways, .report("fleet.html")

    study = analyzer.study("study.toml")   # several tests, with what was configured, done and expected in each
    study.tests[0].verdict                 # each test is traffic of its own

    len(traffic), list(traffic)            # how many flows; each as a dict, as in `whichproxy flows --format jsonl`
    traffic.verdict["WORKSTATION"]         # one source, by name or address; `for source in traffic.verdict` gives all

Every mistake of a caller raises `WhichproxyError` (mostly its `Unusable`, a ValueError; `Missing` is also a FileNotFoundError);
its text is one readable line.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from os import PathLike
from typing import TYPE_CHECKING, BinaryIO

from analyzer.errors import Missing, Unusable, WhichproxyError
from analyzer.routes.topology import Topology, WhoIsWho
from analyzer.traffic import Traffic, Verdict
from analyzer.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from analyzer.fleet_result import History
    from analyzer.study_result import Study

__version__ = VERSION
__all__ = ["Missing", "Topology", "Traffic", "Unusable", "Verdict", "WhichproxyError", "history", "read", "study"]

Input = str | PathLike[str] | BinaryIO
Time = str | datetime
"""An RFC 3339 text (to the nanosecond), or a datetime or pandas.Timestamp with a time zone."""


def __dir__() -> list[str]:
    """The public names, which completion offers; not the module's imports."""
    return [*__all__, "__version__"]


def read(
    inputs: Input | Iterable[Input] | pd.DataFrame,
    topology: WhoIsWho = None,
    catalogue: str | PathLike[str] | Iterable[str | PathLike[str]] | None = None,
    start: Time | None = None,
    end: Time | None = None,
    workers: int | None = None,
    cluster: object = None,
) -> Traffic:
    """The traffic of all inputs together.

    inputs     a path, a URL, a glob, a directory, an open binary file, a list of these: captures, parts, flow tables (Parquet); or a
               DataFrame of flows as `.flows` gives it, which goes straight to the verdict
    topology   who is who: a TOML file that names proxies, their methods, and workstations, the same tables as a dict
               ({"proxy": [{"name": "PROX01", "address": "172.16.12.10"}]}), or a Topology
    catalogue  TOML files with services of your own, laid over the built-in ones
    start end  keep only what was seen from `start` on and before `end`; of a DataFrame: flows that began then
    workers    number of processes, where inputs are large and many; number of threads, where one capture file is large; 1: one
               thread does everything. None: one process, two threads
    cluster    a Dask client, or a scheduler's address: its workers read the files, which they see under the same paths
    Errors     Unusable: no input could be read, or an argument is wrong. If only some inputs can't be read, the others are, and
               `Traffic.unusable` lists the errors
    """
    from analyzer.traffic import from_frame, from_inputs, is_frame

    paths = [catalogue] if isinstance(catalogue, str | PathLike) else list(catalogue or ())
    if is_frame(inputs):
        return from_frame(inputs, topology, paths, start, end)
    return from_inputs(inputs, topology, paths, start, end, workers, cluster)


def history(
    folder: str | PathLike[str],
    topology: WhoIsWho = None,
    catalogue: str | PathLike[str] | Iterable[str | PathLike[str]] | None = None,
    start: Time | None = None,
    end: Time | None = None,
    gateways: Iterable[str] = (),
    cache: bool | str | PathLike[str] = True,
) -> History:
    """Who won at which gateway, since when, and what changed, from the rows that capture jobs leave.

    folder     with gateway=NAME/date=DAY/*.parquet anywhere below it: one job's results, or those of many
    topology   names of proxies and workstations, as for read;  catalogue: for rows of older versions, which are judged anew
    start end  only rows that began from `start` on and before `end`
    gateways   only these
    cache      folder that caches each day's result until its files change: True the user's cache folder, False none
    Errors     Unusable: there is nothing to read; if only some days can't be read, `History.unusable` lists them
    """
    from pathlib import Path

    from analyzer.fleet.document import history_of
    from analyzer.fleet.kept import Kept, cache_folder
    from analyzer.fleet_result import History
    from analyzer.routes.topology import topology_of
    from analyzer.services.catalogue import load_catalogue
    from analyzer.traffic import window_of

    paths = [catalogue] if isinstance(catalogue, str | PathLike) else list(catalogue or ())
    services = load_catalogue(map(Path, paths))
    names = topology_of(topology)
    kept = None if cache is False else Kept(cache_folder() if cache is True else Path(cache), Path(folder), names, services)
    return History(*history_of(Path(folder), names, services, gateways=tuple(gateways), window=window_of(start, end), kept=kept))


def study(
    path: str | PathLike[str],
    topology: WhoIsWho = None,
    catalogue: str | PathLike[str] | Iterable[str | PathLike[str]] | None = None,
) -> Study:
    """A study that was run: every test of a study file, its captures read and judged.

    topology   instead of the one that the study names or holds; as for read
    catalogue  TOML files with services of your own, laid over the built-in ones
    Errors     Unusable: mistakes in the file (Mistakes, all at once), or a test without a capture that can be read
    """
    from pathlib import Path

    from analyzer.routes.topology import topology_of
    from analyzer.services.catalogue import load_catalogue
    from analyzer.studies.file import load_plan
    from analyzer.studies.run import run_study
    from analyzer.study_result import Study

    paths = [catalogue] if isinstance(catalogue, str | PathLike) else list(catalogue or ())
    services = load_catalogue(map(Path, paths))
    plan = load_plan(Path(path), services, None if topology is None else topology_of(topology))
    return Study(run_study(plan, services))
