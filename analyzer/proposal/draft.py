"""The proposed file's text. Entries are facts that packets prove: an address that worked as a proxy. Everything else is a comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from analyzer.proposal.guess import Guess, guesses
from analyzer.text.inert import inert
from analyzer.text.labels import all_of, method_name, plane_order, some
from analyzer.text.times import rows
from analyzer.text.toml import basic_string, schema_line
from analyzer.text.words import counted

if TYPE_CHECKING:
    from analyzer.routes.discovery import Discovery

HEAD: Final = """\
# A topology for whichproxy, proposed from {captures}.
# Lines that are no comments were seen in the traffic. Give the proxies their names, and check each line with "guess".
# To use it: whichproxy report ... --topology THIS-FILE
{schema}
"""

EXAMPLE: Final = """\
# [[proxy]]
# name = "PROXY01"
# address = "172.16.12.10"
# port = 3128
# method = "winhttp"             # winhttp, wininet, static, pac or other
"""

ASKED: Final = ["asked"]
NAMED_AT_MOST: Final = 3
FAMILIES: Final = {"chromium": "Chromium", "firefox": "Firefox", "openssl": "OpenSSL"}


def draft(
    verdict: Mapping[str, Any], lookups: pa.Table | None = None, discoveries: Sequence[Discovery] = (), captures: Sequence[str] = ()
) -> str:
    """A topology file as text, from a verdict made without one.

    lookups      tables.LOOKUP_SCHEMA: names of the addresses by DNS, LLMNR and multicast DNS
    discoveries  the PAC files that clients were given
    """
    names = names_of(lookups)
    proven = [proxy for proxy in verdict["proxies"] if proxy["kinds"] not in ([], ASKED)]
    doubtful = [proxy for proxy in verdict["proxies"] if proxy["kinds"] in ([], ASKED)]
    lines = [HEAD.format(captures=inert(some(captures, NAMED_AT_MOST)) or "traffic", schema=schema_line("topology"))]
    lines += _proxies(proven, verdict["sources"], names, discoveries)
    lines += _unanswered(doubtful, len(proven))
    lines += _workstations(verdict["sources"], names)
    lines += _gateway(verdict["direct"])
    return "\n".join(lines)


def names_of(lookups: pa.Table | None) -> dict[str, list[str]]:
    """Address → the names it was an answer to, each once, in order."""
    found: dict[str, list[str]] = {}
    for row in rows(lookups.select(["name", "answers"])) if lookups is not None else ():
        for address in row["answers"] or ():
            name = row["name"].removesuffix(".")
            known = found.setdefault(address, [])
            if name and name not in known:
                known.append(name)
    return found


def _proxies(
    proxies: Sequence[Mapping[str, Any]],
    sources: Sequence[Mapping[str, Any]],
    names: Mapping[str, Sequence[str]],
    discoveries: Sequence[Discovery],
) -> Iterator[str]:
    if not proxies:
        yield "# No address was seen to work as a proxy. If you know of one, write it here:"
        yield EXAMPLE
    for number, proxy in enumerate(proxies, 1):
        address, port = split_end(proxy["proxy"])
        yield f"[[proxy]]                       # {_deeds(proxy)}"
        yield f'name = "PROXY{number:02}"'
        yield from (f"# name = {basic_string(inert(name))}  # as a resolver answered" for name in names.get(address, ())[:NAMED_AT_MOST])
        yield f'address = "{address}"\nport = {port}'
        yield from _method(guesses(proxy["proxy"], sources, _pac_files(proxy["proxy"], names, discoveries)))
        yield from _talk(proxy["proxy"], sources)
        yield ""


def _deeds(proxy: Mapping[str, Any]) -> str:
    """The proxy's observed requests and failures."""
    parts = [f"{all_of(proxy['kinds'])}: "]
    parts.append(f"{counted(proxy['requests'], 'request')} of {counted(proxy['sources'], 'source')}, {proxy['failed']:,} failed")
    if proxy["hidden"]:
        parts.append(f"; {counted(proxy['hidden'], 'TLS connection')} to it that show no request")
    return "".join(parts)


def _method(found: Sequence[Guess]) -> Iterator[str]:
    if not found:
        yield '# method = "winhttp"             # or wininet, static, pac, other: not known from the traffic'
        return
    methods = [f'"{guess.method}"' for guess in found]
    written = methods[0] if len(methods) == 1 else f"[{', '.join(methods)}]"
    because = "; ".join(f"{method_name(guess.method)}: {_because(guess)}" if len(found) > 1 else _because(guess) for guess in found)
    yield f"# method = {written}{' ' * max(2, 22 - len(written))}# guess: {because}"


def _because(guess: Guess) -> str:
    reasons = ", ".join(f"{why} ({counted(sources, 'source')})" for why, sources in guess.because.items())
    return f"it may be {guess.instead} as well: {reasons}" if guess.instead else reasons


def _pac_files(proxy: str, names: Mapping[str, Sequence[str]], discoveries: Iterable[Discovery]) -> int:
    """The number of clients that were given a PAC file naming the proxy, by its address or a name that resolves to it."""
    address, port = split_end(proxy)
    known = {f"{host.lower()}:{port}" for host in (address, *names.get(address, ()))} | {proxy}
    return sum(not known.isdisjoint(end.lower() for end in one.proxies) for one in discoveries)


def _talk(proxy: str, sources: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The comment with the client families and planes of the proxy's flows."""
    planes: dict[str, int] = {}
    families: dict[str, int] = {}
    for source in sources:
        for entry in source["talk"]:
            if entry["proxy"] == proxy:
                families[entry["family"]] = families.get(entry["family"], 0) + entry["flows"]
                for plane in entry["planes"]:
                    planes[plane["plane"]] = planes.get(plane["plane"], 0) + plane["flows"]
    if families:
        by_number = sorted(families.items(), key=lambda item: (-item[1], item[0]))
        written = ", ".join(
            f"{counted(flows, 'flow')} as {FAMILIES.get(name) or method_name(name)} writes them" for name, flows in by_number
        )
        yield f"# {written}" + (f"; hosts of {_counts(planes)}" if planes else "")


def _counts(planes: Mapping[str, int]) -> str:
    return ", ".join(f"{plane} {flows:,}" for plane, flows in sorted(planes.items(), key=lambda item: plane_order(item[0])))


def _unanswered(proxies: Sequence[Mapping[str, Any]], before: int) -> Iterator[str]:
    if proxies:
        yield "# These were asked as proxies and never answered as a proxy does: nothing shows that they are proxies."
    for number, proxy in enumerate(proxies, before + 1):
        address, port = split_end(proxy["proxy"])
        hidden = f", {counted(proxy['hidden'], 'TLS connection')} that show no request" if proxy["hidden"] else ""
        yield f"# [[proxy]]                     # {counted(proxy['requests'], 'request')} of {counted(proxy['sources'], 'source')}{hidden}"
        yield f'# name = "PROXY{number:02}"\n# address = "{address}"\n# port = {port}\n'


def _workstations(sources: Sequence[Mapping[str, Any]], names: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The sources that used a proxy or requested one of Defender's hosts, as comments: only a person can name them."""
    shown = [source for source in sources if source["defender"] != "not-seen" or source["talk"]]
    if shown:
        yield "# The clients. Packets don't show which addresses belong to one machine; entries with the same name are one source."
    for source in shown:
        called = list(dict.fromkeys(name for ip in source["client_ips"] for name in names.get(ip, ())))
        addresses = [f'"{ip}"' for ip in source["client_ips"]]
        yield "# [[workstation]]"
        yield f"# name = {basic_string(inert(called[0]))}  # as a resolver answered" if called else '# name = ""'
        yield f"# address = {addresses[0] if len(addresses) == 1 else '[' + ', '.join(addresses) + ']'}"
        yield ""
    if left := len(sources) - len(shown):
        yield f"# {counted(left, 'more source')} asked no proxy and for no host of Defender's.\n"


def _gateway(direct: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    blocked, allowed = (sum(len(row["flows"]) for row in direct[what]) for what in ("blocked", "allowed"))
    yield "# With a policy, answered traffic past the proxies is reported as a problem, and blocked traffic past them as expected."
    yield "[gateway]"
    if blocked and not allowed:
        blocked_text = f"{counted(blocked, 'connection')} past the proxies {'was' if blocked == 1 else 'were'} blocked, none was answered"
        yield f'# policy = "proxies-only"       # guess: {blocked_text}'
    elif allowed:
        yield f'# policy = "proxies-only"       # not so here: {counted(allowed, "connection")} past the proxies got an answer'
    else:
        yield '# policy = "proxies-only"       # direct traffic is expected to be blocked; none was seen here'
    yield ""


def split_end(proxy: str) -> tuple[str, int]:
    """Address and port of ip:port or [v6]:port."""
    address, _, port = proxy.rpartition(":")
    return address.strip("[]"), int(port)
