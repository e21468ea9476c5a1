"""Lists of hosts in the forms that appliances import: Palo Alto's external dynamic list, FortiGate's command line, Zscaler's categories.

None of them contains ports, and none is known to allow comments: they hold only entries, each once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analyzer.services.permits import Permit


def palo_alto(lists: Mapping[str, Sequence[Permit]]) -> str:
    """An external dynamic list of type URL: `x/` is x with every path, `*.x/` every host under it; the slash ends the name.

    Source  docs.paloaltonetworks.com, Formatting Guidelines for an External Dynamic List: without the slash x.example would match too
    """
    lines: list[str] = []
    for pattern in _patterns(lists):
        lines += [f"{pattern[2:]}/", f"{pattern}/"] if pattern.startswith("*.") else [f"{pattern}/"]
    return _lines(lines)


def fortigate_addresses(lists: Mapping[str, Sequence[Permit]]) -> str:
    """FortiGate's commands for addresses of type FQDN, which policies take as destinations.

    Source  community.fortinet.com, Technical Tip: Using a wildcard FQDN (FortiOS 6.2.2 and later)
    """
    return _fortigate(lists, "config firewall address", ("set type fqdn",), "fqdn")


def fortigate_exemptions(lists: Mapping[str, Sequence[Permit]]) -> str:
    """FortiGate's commands for wildcard FQDNs, which SSL inspection profiles take as exemptions.

    Source  community.fortinet.com, article 190830: `config firewall wildcard-fqdn custom` is for SSL inspection exemptions
    """
    return _fortigate(lists, "config firewall wildcard-fqdn custom", (), "wildcard-fqdn")


def zscaler(lists: Mapping[str, Sequence[Permit]]) -> str:
    """URLs of a custom category: `.x` is x and up to five labels under it; without the period only that host.

    Source  help.zscaler.com/zia/url-format-guidelines
    """
    return _lines([pattern.removeprefix("*") for pattern in _patterns(lists)])


def _patterns(lists: Mapping[str, Sequence[Permit]]) -> list[str]:
    """The distinct patterns of all proxies, in their order."""
    return list(dict.fromkeys(permit.pattern for permits in lists.values() for permit in permits))


def _fortigate(lists: Mapping[str, Sequence[Permit]], table: str, kind: Sequence[str], key: str) -> str:
    """FortiGate's commands for all patterns. A wildcard doesn't cover the name itself, which gets an entry of its own."""
    names: dict[str, None] = {}
    for pattern in _patterns(lists):
        names |= dict.fromkeys([pattern[2:], pattern] if pattern.startswith("*.") else [pattern])
    lines = [table]
    for name in names:
        lines += [f'    edit "defender {name}"', *(f"        {line}" for line in kind), f'        set {key} "{name}"', "    next"]
    return _lines([*lines, "end"])


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
