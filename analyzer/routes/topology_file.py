"""topology.toml checked: every mistake at once, each with its key and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from analyzer.errors import Unusable
from analyzer.routes.networks import Network, address_text

Method = Literal["winhttp", "wininet", "static", "pac", "other"]

# What to write for each key, shown with a mistake in it.
EXAMPLES = {
    "name": 'name = "PROX01"',
    "address": 'address = "172.16.12.10" or "172.16.12.0/24"',
    "port": "port = 3128, a whole number from 1 to 65535, or leave it out for any port",
    "method": 'method = "winhttp", "wininet", "static", "pac" or "other", or a list of these',
    "policy": 'policy = "proxies-only", or leave it out',
    "vxlan_ports": "vxlan_ports = [8473], UDP ports that carry VXLAN beside 4789 and 8472",
    "certificate_issuers": 'certificate_issuers = ["Contoso Issuing CA"], parts of issuers\' names in quotes',
    "proxy": "[[proxy]] with double brackets, once per proxy",
    "workstation": "[[workstation]] with double brackets, once per workstation",
    "gateway": "[gateway] with single brackets",
}


def _network(value: object) -> Network:
    """The address or CIDR as a network; rejects names, host bits and an address with a port."""
    if not isinstance(value, str):
        raise PydanticCustomError("address", "{value} is not a text in quotes", {"value": repr(value)})
    try:
        return ip_network(value.strip())
    except ValueError:
        pass
    try:
        meant = ip_network(value.strip(), strict=False)
    except ValueError as error:
        raise PydanticCustomError(
            "address", "{value} is not an IP address or network (a port goes into its own key)", {"value": repr(value)}
        ) from error
    raise PydanticCustomError(
        "network", '{value} has bits beyond its prefix; write address = "{meant}"', {"value": repr(value), "meant": str(meant)}
    )


def _listed(value: object) -> object:
    """The value as a list, where a single one is allowed too."""
    return value if isinstance(value, list) else [value]


AddressText = Annotated[str, Field(pattern=r"^\s*[0-9A-Fa-f.:]+(/[0-9]{1,3})?\s*$")]
"""The form of an address in the file, for JSON Schema; _network checks its meaning."""

Address = Annotated[Network, BeforeValidator(_network, json_schema_input_type=AddressText)]
OneOrMore = Annotated[list[AddressText], Field(min_length=1)]
Methods = Annotated[list[Method], Field(min_length=1)]
Name = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ProxyTable(_Table):
    """[[proxy]]"""

    name: Name
    address: Address
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    method: Annotated[list[Method], BeforeValidator(_listed, json_schema_input_type=Method | Methods), Field(min_length=1)] | None = None


class WorkstationTable(_Table):
    """[[workstation]]"""

    name: Name
    address: Annotated[list[Address], BeforeValidator(_listed, json_schema_input_type=AddressText | OneOrMore), Field(min_length=1)]


class GatewayTable(_Table):
    """[gateway]"""

    policy: Literal["proxies-only"] | None = None
    certificate_issuers: list[Name] = []
    vxlan_ports: list[Annotated[int, Field(ge=1, le=65535)]] = []


class TopologyTables(_Table):
    """The whole file."""

    proxy: list[ProxyTable] = []
    workstation: list[WorkstationTable] = []
    gateway: GatewayTable = GatewayTable()


_KEYS: dict[str, type[_Table]] = {"proxy": ProxyTable, "workstation": WorkstationTable, "gateway": GatewayTable}


def checked_tables(data: Mapping[str, Any], where: str) -> TopologyTables:
    """The parsed tables with their types; Unusable with one line per mistake."""
    try:
        tables = TopologyTables.model_validate(dict(data))
    except ValidationError as error:
        raise Unusable("\n".join(f"{where}: {_mistake(details)}" for details in error.errors())) from None
    clashes = _clashes(tables)
    if clashes:
        raise Unusable("\n".join(f"{where}: {clash}" for clash in clashes))
    return tables


def _mistake(details: ErrorDetails) -> str:
    """One pydantic error as: where in the file, what is wrong, what to write instead."""
    location = details["loc"]
    place, key = _place(location), str(location[-1])
    kind = details["type"]
    if kind == "extra_forbidden":
        return f"{place}: unknown key; {_known_keys(location)}"
    if kind == "missing":
        return f"{place}: missing; write {EXAMPLES[key]}"
    if kind == "network":
        return f"{place}: {details['msg']}"
    name = next((str(part) for part in reversed(location) if str(part) in EXAMPLES), key)
    what = details["msg"] if kind == "address" else f"{details['input']!r} can't be used"
    if len(location) == 1 or (len(location) == 2 and isinstance(location[1], int)):
        what = "wrong kind of table"  # the value is a whole table: showing it would bury the message
    return f"{place}: {what}; write {EXAMPLES[name]}"


def _place(location: Sequence[int | str]) -> str:
    """("proxy", 1, "port") as "[[proxy]] 2, port": tables are counted from 1, as a reader counts."""
    table = location[0]
    if len(location) == 1:
        return str(table)
    if isinstance(location[1], int):
        number = f"[[{table}]] {location[1] + 1}"
        return ", ".join([number, *(str(part) for part in location[2:] if isinstance(part, str))])  # the message shows the list's entry
    return ", ".join([f"[{table}]", *(part for part in location[1:] if isinstance(part, str))])


def _known_keys(location: Sequence[int | str]) -> str:
    known = sorted(TopologyTables.model_fields if len(location) == 1 else _KEYS[str(location[0])].model_fields)
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"did you mean {close[0]}?" if close else f"the keys here are {', '.join(known)}"


def _clashes(tables: TopologyTables) -> list[str]:
    """Entries that contradict each other: one proxy twice with the same method, or with none."""
    clashes = []
    first: dict[tuple[Network, int | None], dict[str | None, str]] = {}
    for number, proxy in enumerate(tables.proxy, 1):
        known = first.setdefault((proxy.address, proxy.port), {})
        methods: list[str | None] = list(proxy.method) if proxy.method else [None]
        for method in methods:
            if method in known or (known and None in (method, *known)):
                port = "any port" if proxy.port is None else f"port {proxy.port}"
                named = known.get(method) or next(iter(known.values()))
                text = f"{address_text(proxy.address)} on {port} is {named!r} already; keep one of the two entries"
                clashes.append(f"[[proxy]] {number}, address: {text}, or give each its own method")
                break
        known.update(dict.fromkeys(methods, proxy.name))
    return clashes
