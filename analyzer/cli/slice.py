"""`whichproxy slice`: the packets of selected flows, as a capture of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analyzer.cli.options import Catalogues, End, Inputs, Quiet, Start, Topology, Workers, Zone, finding_codes, service_slugs
from analyzer.cli.outcome import complain
from analyzer.errors import Unusable

if TYPE_CHECKING:
    from analyzer.slices.choose import Selection

Output = Annotated[str, typer.Option("--output", "-o", metavar="OUT.pcapng", show_default=False, help="Write the slice there.")]
Flow = Annotated[list[str] | None, typer.Option("--flow", metavar="ID", show_default=False, help="This flow, by its id (repeatable).")]
Finding = Annotated[
    list[str] | None,
    typer.Option(
        "--finding", metavar="CODE", show_default=False, autocompletion=finding_codes, help="The flows of this finding (repeatable)."
    ),
]
Source = Annotated[list[str] | None, typer.Option("--source", metavar="IP", show_default=False, help="Flows of this client (repeatable).")]
Service = Annotated[
    list[str] | None,
    typer.Option("--service", metavar="SLUG", show_default=False, autocompletion=service_slugs, help="Flows of this service (repeatable)."),
]
Proxy = Annotated[
    list[str] | None,
    typer.Option("--proxy", metavar="IP:PORT", show_default=False, help="Flows to this proxy; IP alone: at any port (repeatable)."),
]
Cut = Annotated[bool, typer.Option("--cut", help="Leave out payload behind the last name of each direction; lengths stay known.")]

Anonymize = Annotated[
    bool,
    typer.Option("--anonymize", help="Other addresses, host names and users; Defender's host names stay. Payload behind the names goes."),
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="FILE", show_default=False, help="Secret bytes for --anonymize; the same key gives the same names."),
]


def slice_captures(
    inputs: Inputs,
    output: Output,
    flow: Flow = None,
    finding: Finding = None,
    source: Source = None,
    service: Service = None,
    proxy: Proxy = None,
    cut: Cut = False,
    anonymize: Anonymize = False,
    key: Key = None,
    topology: Topology = None,
    catalogue: Catalogues = None,
    start: Start = None,
    end: End = None,
    tz: Zone = "UTC",
    workers: Workers = None,
    quiet: Quiet = False,
) -> int:
    """Write the packets behind a flow, finding, source, service or proxy as a pcapng file.

    Options of one kind add up, options of several kinds must all hold: --source A --source B --service S is what A and B had of
    S. The other leg of a tunnel comes along, and a flow that shows who is a proxy where nothing else in the slice does. The first
    packet of each flow has a comment that says why it is there. Times, interfaces, link types and lengths stay as they are.

    With --anonymize IP addresses keep who shares a network with whom (Crypto-PAn), Defender's host names stay, and the slice gives
    the same verdict under other addresses; --topology is written under other names beside it (OUT.topology.toml). Without --key
    the other names are random, and can't be traced back to the real ones.

    \b
    Examples:
      whichproxy slice gateway.pcapng --service edr-command-and-control -o edr.pcapng
      whichproxy slice gateway.pcapng --finding direct-blocked --source 172.16.11.92 -o blocked.pcapng
      whichproxy slice captures/ --proxy 172.16.12.12:3128 --cut -o prox03.pcapng
      whichproxy slice gateway.pcapng --service edr-command-and-control --anonymize -o for-the-vendor.pcapng

    \b
    Exit codes: 0 done, 2 unusable input or arguments, or nothing fits, 130 interrupted.
    """
    from analyzer.capture.spool import Spool
    from analyzer.cli.reading import checked, read, say_unusable
    from analyzer.slices.choose import Selection
    from analyzer.slices.slicing import write_slice
    from analyzer.text.files import check_writable
    from analyzer.text.words import counted

    wanted = Selection(flow or (), finding or (), _addresses(source), service or (), _proxies(proxy))
    if not wanted and not cut and not anonymize:
        raise Unusable("nothing to choose by", "slice", "name --flow, --finding, --source, --service or --proxy")
    secret = _key(key, anonymize=anonymize, quiet=quiet)
    check_writable(output, inputs)
    is_file = Path(output).is_file() or not Path(output).exists()
    beside = str(Path(output).with_suffix(".topology.toml")) if anonymize and topology is not None and is_file else None
    if beside is not None:
        check_writable(beside, [*inputs, topology])
    with Spool() as spool:
        question = checked(inputs, topology=topology, catalogues=catalogue, start=start, end=end, workers=workers, quiet=quiet, tz=tz)
        _check_services(wanted, question.catalogue.services)
        with question.until_interrupted():
            kept = spool.inputs(inputs)
        reading = read(replace(question, inputs=kept), digests=False, packets=True)
        written = write_slice(output, kept, reading, wanted, rewind=spool.rewind, cut=cut, key=secret, topology_path=beside)
    code = say_unusable(question, reading)
    if not quiet and sys.stderr.isatty():
        also = f", the topology under other names to {beside}" if beside else ""
        complain(f"{counted(written.flows, 'flow')}, {counted(written.packets, 'packet')} written to {output}{also}")
    if written.left_out and not quiet:
        complain(f"{counted(written.left_out, 'packet')} couldn't be anonymized and were left out")
    return code


def _key(path: str | None, *, anonymize: bool, quiet: bool) -> bytes | None:
    """The key for anonymization; None without --anonymize. Errors: Unusable."""
    import secrets

    from analyzer.slices.anonymize import read_key

    if not anonymize:
        if path is not None:
            raise Unusable("a key without --anonymize", "--key", "add --anonymize")
        return None
    if path is not None:
        return read_key(path)
    if not quiet and sys.stderr.isatty():
        complain("anonymizing with a random key that isn't kept; --key FILE gives the same names another time")
    return secrets.token_bytes(32)


def _addresses(given: Iterable[str] | None) -> list[str]:
    """Addresses in the flow table's spelling. Errors: Unusable, an invalid one."""
    import ipaddress

    try:
        return [str(ipaddress.ip_address(text)) for text in given or ()]
    except ValueError as error:
        raise Unusable(str(error), "--source", "write an address, such as 172.16.11.92") from error


def _proxies(given: Iterable[str] | None) -> list[str]:
    """ip:port or an address, in the flow table's spelling. Errors: Unusable."""
    import ipaddress

    from analyzer.routes.proxies import ip_port

    found = []
    for text in given or ():
        host, _, port = text.rpartition(":") if text.startswith("[") or text.count(":") == 1 else (text, "", "")
        if text.endswith("]"):
            host, port = text, ""
        try:
            address = str(ipaddress.ip_address(host.strip("[]")))
            found.append(ip_port(address, int(port)) if port else address)
        except ValueError as error:
            raise Unusable(
                f"{text!r} is no proxy's address", "--proxy", "write 172.16.12.10:3128, [2001:db8::1]:3128 or an address"
            ) from error
    return found


def _check_services(wanted: Selection, known: Iterable[str]) -> None:
    import difflib

    slugs = list(known)
    for slug in wanted.services:
        if slug not in slugs:
            close = difflib.get_close_matches(slug, slugs, n=1)
            raise Unusable(
                f"{slug!r} is no service", "--service", f"did you mean {close[0]!r}?" if close else "whichproxy services lists them"
            )
