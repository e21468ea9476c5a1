"""The columns of stage "facts": the requested host by every fact, and the one that is chosen."""

from __future__ import annotations

import ipaddress
from typing import Any

from tests.reference import tls
from tests.reference.dialogue import Asked, Dialogue

Row = dict[str, Any]


def name_columns(said: Dialogue, transport: str, dns_host: str | None) -> Row:
    """All columns of stage "facts" but client_family; transport is t (TCP) or q (QUIC)."""
    row: Row = {**request_columns(said.asked), **hello_columns(said.hello, transport)}
    row["sni"] = row["sni"] or said.cut_name
    row["tls_version"] = said.server_hello.version if said.server_hello else None
    row["certificate_issuer"] = said.server_hello.issuer if said.server_hello else None
    row["host"], row["host_source"] = choose_host(said, row, transport, dns_host)
    return row


def chosen(asked: list[Asked]) -> Asked | None:
    """The request of the scalar columns: the last CONNECT or SOCKS request, else the first absolute-form one."""
    opened = [a for a in asked if a.kind in ("connect", "socks4", "socks5")]
    absolute = [a for a in asked if a.kind == "absolute"]
    return opened[-1] if opened else absolute[0] if absolute else None


def request_columns(asked: list[Asked]) -> Row:
    one = chosen(asked)
    to_proxy = [a for a in asked if a.kind]
    plain = [a for a in asked if a.kind not in ("connect", "socks4", "socks5")]
    connects = [a for a in asked if a.kind == "connect"]
    fetch = next((a for a in plain if a.http_host), None)
    return {
        "request": one.kind if one else None,
        "requested_host": one.host if one else None,
        "requested_port": one.port if one else None,
        "proxy_status": one.status if one else None,
        "requests": [
            {
                "kind": a.kind,
                "host": a.host,
                "port": a.port,
                "path": a.path,
                "status": a.status,
                "first_seen": a.first_seen,
                "answered": a.answered,
                "challenge": a.challenge,
                "continues": a.continues,
                "offered": a.offered,
                "location": a.location,
                "html": a.html,
                "cut": a.answer_cut,
            }
            for a in to_proxy
        ],
        "user_agent": next((a.user_agent for a in (*to_proxy, *plain) if a.user_agent), None),
        "http_path": fetch.path if fetch else None,
        "http_status": fetch.status if fetch else None,
        "http_location": fetch.location if fetch else None,
        "http_html": fetch.html if fetch else None,
        "http_cut": fetch.answer_cut if fetch else None,
        "http_via": fetch.forwarded if fetch else one.forwarded if one and one.kind == "connect" else None,
        "http_host": next((a.http_host for a in (*plain, *reversed(connects)) if a.http_host), None),
    }


def hello_columns(hello: tls.ClientHello | None, transport: str) -> Row:
    if hello is None:
        return dict.fromkeys(("sni", "alpn", "tls_offered", "ech", "ja4", "client_random"))
    return {
        "sni": tls.server_name(hello),
        "alpn": [protocol.decode("utf-8", "backslashreplace") for protocol in tls.alpn(hello)],
        "tls_offered": tls.tls_offered(hello),
        "ech": hello.extension(65037) is not None,
        "ja4": tls.ja4(hello, transport),
        "client_random": hello.random.hex(),
    }


def shaken_columns(said: list[Dialogue], asker: int, client: int, ended: bool) -> Row:
    """The columns of how the TLS handshake went."""
    asking, alerts = said[asker], [(said[way].alert, way) for way in (0, 1)]
    first = min(((alert[0] or 0, way, alert[1]) for alert, way in alerts if alert), default=None)
    gave_up = (first is not None and first[1] == client) or (asking.silent and asker == client and ended)
    known = asking.hello is not None and (asking.went_on or gave_up)
    return {
        "client_hello_at": asking.hello_seen,
        "client_hello_digest": f"{digest_of(asking.hello.body):016x}" if asking.hello else None,
        "server_hello_at": asking.server_hello_seen,
        "tls_completed": asking.went_on if known else None,
        "tls_alert": first[2] if first else None,
        "tls_alert_from": ("client" if first[1] == client else "server") if first else None,
    }


def digest_of(data: bytes) -> int:
    """64 bits of splitmix64's finaliser over the length, then eight bytes at a time, then what is left."""
    mask = (1 << 64) - 1

    def mix(x: int) -> int:
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
        return x ^ (x >> 31)

    digest, whole = len(data), len(data) // 8 * 8
    for p in range(0, whole, 8):
        digest = (mix(digest ^ int.from_bytes(data[p : p + 8], "big")) * 0x9E3779B97F4A7C15) & mask
    return mix(digest ^ int.from_bytes(data[whole:], "big"))


def choose_host(said: Dialogue, row: Row, transport: str, dns_host: str | None) -> tuple[str | None, str | None]:
    """The first fact that is a name, in the contract's order, and its source."""
    connects = [a for a in said.asked if a.kind == "connect"][-1:]
    candidates = [("connect", a.host) for a in connects] + [("connect", a.http_host) for a in connects]
    candidates += [("socks", a.host) for a in said.asked if a.kind in ("socks4", "socks5")][-1:]
    candidates += [("absolute", a.host) for a in said.asked if a.kind == "absolute"][:1]
    candidates += [("quic" if transport == "q" else "sni", row["sni"]), ("http", row["http_host"])]
    candidates += [("certificate", said.certificate_host), ("dns", dns_host)]
    for source, value in candidates:
        name = as_name(value)
        if name:
            return name, source
    return None, None


def as_name(value: str | None) -> str | None:
    """A host in lower case (ASCII only) without its last dot; None for an address and for nothing."""
    if not value:
        return None
    name = "".join(c.lower() if c.isascii() else c for c in value.removesuffix("."))
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name or None
    return None
