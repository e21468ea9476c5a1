"""Every column of the flow table: name, type, unit, meaning, and when it is null; and those of the lookups.

From `facts` on, all stages pass this one table. It is a `pyarrow.Table` with exactly the columns of `FLOW_SCHEMA`, one row per transport
conversation, sorted by `first_seen`, then `id`. A stage fills its own columns and leaves the others unchanged; a column that no stage
has filled yet is all null (lists: empty). Missing is null, never "", 0 or "unknown".
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

TIME = pa.timestamp("ns", tz="UTC")

REQUEST = pa.struct(
    [
        ("kind", pa.string()),  # connect · absolute · socks4 · socks5
        ("host", pa.string()),  # as sent, without port and brackets
        ("port", pa.int32()),
        ("path", pa.string()),  # absolute-form only, without query
        ("status", pa.int32()),  # HTTP status or SOCKS reply code; null: no answer captured
        ("first_seen", TIME),  # of the packet that began the request
        ("answered", TIME),  # of the packet that began the answer
        ("service", pa.string()),
        ("plane", pa.string()),
        ("service_rule", pa.string()),  # the catalogue pattern that matched
        ("service_evidence", pa.string()),  # own or platform
        ("outcome", pa.string()),  # OUTCOMES
        ("let_through", pa.bool_()),  # whether the answer, or what followed, shows that the proxy let it through
        (
            "challenge",
            pa.list_(pa.string()),
        ),  # schemes of Proxy-Authenticate in the answer, lower case, in order; empty: none, or no answer
        ("continues", pa.bool_()),  # whether that challenge carries the next token of its scheme, or stale=true; null without a challenge
        ("offered", pa.string()),  # scheme of Proxy-Authorization in the request, lower case; null: none. Its credentials are never kept
        ("location", pa.string()),  # host that the answer redirects to (Location), lower case; null: none
        ("html", pa.bool_()),  # whether the answer's Content-Type is HTML; null where no answer was captured
        ("cut", pa.bool_()),  # whether the answer's head goes on beyond the captured bytes; null where none was
    ]
)

OUTCOMES = ("worked", "broken", "challenged", "authentication", "denied", "failed", "unanswered", "hidden", "unseen")
"""The outcome of a request, decided by routes.outcomes."""

ACTIVE = pa.struct([("start", TIME), ("end", TIME), ("bytes_out", pa.int64()), ("bytes_in", pa.int64())])
"""A stretch of a flow in which no two packets are more than ACTIVE_GAP_S apart; payload bytes as in bytes_out and bytes_in."""

ACTIVE_GAP_S = 10


class Column(NamedTuple):
    """A column's name, Arrow type, the stage that fills it, and what it means."""

    name: str
    type: pa.DataType
    stage: str
    meaning: str


FLOW_COLUMNS = (
    Column(
        "id",
        pa.string(),
        "flows",
        "first 16 hex digits of SHA-256 over protocol|client_ip|client_port|server_ip|server_port|first_seen in ns",
    ),
    Column("capture", pa.string(), "flows", "first file (as given) or interface the flow came from"),
    Column("captures", pa.list_(pa.string()), "flows", "every file or interface the flow came from, in time order"),
    Column("protocol", pa.string(), "flows", "tcp or udp"),
    Column(
        "client_ip",
        pa.string(),
        "flows",
        "who opened it: sender of the SYN, else of the request, else the higher port; innermost IP header",
    ),
    Column("client_port", pa.int32(), "flows", "the client's port"),
    Column("server_ip", pa.string(), "flows", "the other end"),
    Column("server_port", pa.int32(), "flows", "the server's port"),
    Column("first_seen", TIME, "flows", "earliest packet time; null where the capture has no times"),
    Column("last_seen", TIME, "flows", "latest packet time; null where the capture has no times"),
    Column("packets_out", pa.int64(), "flows", "packets from the client; a packet captured twice counts once"),
    Column("packets_in", pa.int64(), "flows", "packets from the server"),
    Column("bytes_out", pa.int64(), "flows", "transport payload from the client by the IP length, retransmissions included"),
    Column("bytes_in", pa.int64(), "flows", "transport payload from the server"),
    Column("retransmitted", pa.int64(), "flows", "payload bytes beyond the distinct sequence span, both directions"),
    Column(
        "state",
        pa.string(),
        "flows",
        "TCP: refused, unreachable, no-answer, closed, reset, mid-stream, open; UDP: unreachable, no-answer, open",
    ),
    Column("resent_out", pa.int64(), "flows", "TCP: payload bytes that the client sent again; with resent_in the sum is retransmitted"),
    Column("resent_in", pa.int64(), "flows", "TCP: payload bytes that the server sent again"),
    Column(
        "acked_out",
        pa.int64(),
        "flows",
        "TCP: payload bytes of the client that the server acknowledged, captured or not; "
        "null where no acknowledgement of the server was captured",
    ),
    Column(
        "acked_in", pa.int64(), "flows", "TCP: payload bytes of the server that the client acknowledged, captured or not; null likewise"
    ),
    Column(
        "pending_since",
        TIME,
        "flows",
        "TCP: when the client first sent what the server never acknowledged; null: all was, or the server's direction wasn't captured",
    ),
    Column(
        "first_cut",
        pa.bool_(),
        "flows",
        "TCP: whether the snap length cut the first payload of the client; null: it sent none",
    ),
    Column("last_in", TIME, "flows", "latest packet from the server; null: none"),
    Column("isn_out", pa.int64(), "flows", "TCP: sequence number of the client's SYN; null: it wasn't captured"),
    Column("isn_in", pa.int64(), "flows", "TCP: sequence number of the server's SYN-ACK; null: it wasn't captured"),
    Column("active", pa.list_(ACTIVE), "flows", "stretches in which the flow had packets, in order: a gap of more than 10 s ends one"),
    Column("last_data", TIME, "flows", "TCP: when payload was last sent, by either side, up to the first FIN or RST"),
    Column("ended_by", pa.string(), "flows", "TCP: the side that sent the first FIN or RST: client or server"),
    Column("ended_with", pa.string(), "flows", "TCP: fin or rst, whichever came first"),
    Column("ended_at", TIME, "flows", "TCP: when it came"),
    Column(
        "route",
        pa.string(),
        "routes",
        "upstream: the client is a proxy; proxy: the server is one; direct: other TCP and UDP/443; null: other UDP",
    ),
    Column(
        "direct_outcome",
        pa.string(),
        "routes",
        "of a direct flow: answered, blocked or unknown, by whether anything but an alert or a block page came back; null: not direct",
    ),
    Column("hidden", pa.bool_(), "routes", "whether it is TLS to a proxy that shows no request; null: not to a proxy"),
    Column("same_as", pa.string(), "routes", "id of the flow that this one is the copy of, behind an address translation; null: none"),
    Column("proxy", pa.string(), "routes", "ip:port of the proxy, [v6]:port"),
    Column("proxy_name", pa.string(), "routes", "the proxy's name in the topology"),
    Column("method", pa.string(), "routes", "how the proxy is configured (topology): winhttp, wininet, static, pac, other"),
    Column("request", pa.string(), "facts", "connect, absolute, socks4 or socks5: how the client asked the proxy"),
    Column(
        "requested_host",
        pa.string(),
        "facts",
        "asked for: of the last CONNECT or SOCKS request, or of the first absolute-form one; case as sent",
    ),
    Column("requested_port", pa.int32(), "facts", "the port asked for"),
    Column("proxy_status", pa.int32(), "facts", "HTTP status or SOCKS reply code of that request"),
    Column("requests", pa.list_(REQUEST), "facts", "every request to a proxy on this flow, in order"),
    Column(
        "tunnel_out",
        pa.int64(),
        "facts",
        "distinct payload bytes of the client behind its last request to a proxy, those included that only acknowledgements prove; "
        "null without a request, and where the end of its head wasn't captured",
    ),
    Column(
        "tunnel_in",
        pa.int64(),
        "facts",
        "distinct payload bytes of the server behind its answer to that request; all of them where no answer was captured; null likewise",
    ),
    Column(
        "server_first",
        pa.string(),
        "facts",
        "what the server's first payload was: alert, tls (a ServerHello), http, socks or other; null: none was captured",
    ),
    Column("user_agent", pa.string(), "facts", "of the request to the proxy, else of the plain HTTP request"),
    Column("http_host", pa.string(), "facts", "Host of the first non-CONNECT request, else of the last CONNECT"),
    Column("http_path", pa.string(), "facts", "path of that first non-CONNECT request, without its query"),
    Column("http_status", pa.int32(), "facts", "status of the answer to that first non-CONNECT request"),
    Column("http_location", pa.string(), "facts", "host that this answer redirects to, lower case; null: none"),
    Column("http_html", pa.bool_(), "facts", "whether this answer's Content-Type is HTML; null without an answer"),
    Column("http_cut", pa.bool_(), "facts", "whether this answer's head goes on behind what was captured; null without an answer"),
    Column(
        "http_via",
        pa.bool_(),
        "facts",
        "whether that request, or the CONNECT where there is none, has Via or X-Forwarded-For; null without",
    ),
    Column("sni", pa.string(), "facts", "server name of the ClientHello, as sent"),
    Column(
        "alpn",
        pa.list_(pa.string()),
        "facts",
        "ALPN protocols as offered, in order; empty: a complete hello without it; null: no complete hello",
    ),
    Column("tls_offered", pa.string(), "facts", "highest TLS version offered, 1.0 to 1.3, GREASE ignored"),
    Column("ech", pa.bool_(), "facts", "the hello has extension 65037 (GREASE included); null without a complete hello"),
    Column("ja4", pa.string(), "facts", "JA4 fingerprint of the ClientHello"),
    Column("client_random", pa.string(), "facts", "the ClientHello's random, 64 lower-case hex digits"),
    Column("tls_version", pa.string(), "facts", "the ServerHello's version, 1.0 to 1.3"),
    Column("client_hello_at", TIME, "facts", "when the ClientHello over TCP began"),
    Column("server_hello_at", TIME, "facts", "when the ServerHello began"),
    Column(
        "client_hello_digest",
        pa.string(),
        "facts",
        "64-bit digest of the ClientHello over TCP: equal on two flows with the same random when it was passed on bit for bit",
    ),
    Column(
        "tls_first",
        pa.bool_(),
        "facts",
        "whether the ClientHello over TCP, without one the ServerHello, is the first that its side sent; false: something stood "
        "before it, captured or not; null: no hello",
    ),
    Column(
        "tls_completed",
        pa.bool_(),
        "facts",
        "whether the client went on behind its ClientHello; false: it sent an alert or the connection ended first; null: not known",
    ),
    Column("tls_alert", pa.string(), "facts", "the first alert of an unfinished handshake, as IANA names it; encrypted: known by its size"),
    Column("tls_alert_from", pa.string(), "facts", "who sent that alert: client or server"),
    Column("certificate_issuer", pa.string(), "facts", "issuer of the leaf certificate where it is visible (TLS 1.2 and older)"),
    Column("host", pa.string(), "facts", "who was asked for: lower case, no trailing dot, no port; null if no name was seen"),
    Column("host_source", pa.string(), "facts", "where host was read: connect, socks, absolute, sni, quic, http, certificate, dns"),
    Column("service", pa.string(), "services", "Defender service slug; null for what isn't Defender's"),
    Column("service_group", pa.string(), "services", "the service's group slug"),
    Column("service_rule", pa.string(), "services", "the catalogue pattern that matched"),
    Column(
        "service_evidence",
        pa.string(),
        "services",
        "own: only Defender asks for this host; platform: Windows, Azure or a browser ask for it too and Defender needs it; "
        "null: no service",
    ),
    Column("service_also", pa.list_(pa.string()), "services", "other services that the same host serves"),
    Column("service_possible", pa.string(), "services", "what a shared rule would say; never sets service"),
    Column("plane", pa.string(), "services", "whose traffic it is by its host: sensor, antivirus, system, user"),
    Column(
        "client_family",
        pa.string(),
        "facts",
        "wininet, winhttp, chromium, firefox, curl, openssl or other, by how the client talks; supports, never decides",
    ),
    Column("client_family_by", pa.string(), "facts", "what client_family was recognised by"),
    Column("pair", pa.string(), "routes", "on both legs of one tunnel: the client leg's id"),
    Column("pairs", pa.list_(pa.string()), "routes", "all of them where a leg has several; pair is the first; empty: none"),
    Column("process", pa.string(), "flows", "process name or PID where the capture has it (PKTAP, packet comments); else null"),
    Column("firewall_action", pa.string(), "flows", "what the firewall did with it (pflog: pass, block ...); else null"),
    Column("community_id", pa.string(), "flows", "Community ID v1, seed 0"),
    Column("first_frame", pa.int64(), "flows", "number of the flow's first packet in `capture`, as Wireshark counts, from 1"),
    Column("inspected", pa.bool_(), "routes", "TLS opened on the way; true or false only where both legs prove it"),
    Column("outer", pa.string(), "flows", "what the packets were wrapped in, outermost first, of the first frame"),
)

FLOW_SCHEMA = pa.schema([pa.field(c.name, c.type, metadata={"meaning": c.meaning}) for c in FLOW_COLUMNS])


LOOKUP_COLUMNS = (
    Column("flow", pa.string(), "facts", "id of the flow that carried it"),
    Column("client_ip", pa.string(), "facts", "who asked"),
    Column("server_ip", pa.string(), "facts", "who was asked; a multicast address for LLMNR and multicast DNS"),
    Column("server_port", pa.int32(), "facts", "53, 5353 or 5355"),
    Column("protocol", pa.string(), "facts", "udp or tcp"),
    Column("asked_at", TIME, "facts", "when the question was first sent; null: only the answer was captured"),
    Column("answered_at", TIME, "facts", "when the answer came; null: none was captured"),
    Column("asked", pa.int32(), "facts", "how often the question was sent before it was answered; 0: only the answer was captured"),
    Column("name", pa.string(), "facts", "the name asked for, as sent"),
    Column("type", pa.string(), "facts", "A, AAAA, ...; TYPE and its number where it has no name here"),
    Column(
        "rcode", pa.int32(), "facts", "the answer's code: 0 no error, 2 the server failed, 3 no such name; null: no answer was captured"
    ),
    Column(
        "answers",
        pa.list_(pa.string()),
        "facts",
        "the addresses in the answer, in its order, whichever alias they belong to; null: they weren't captured",
    ),
    Column("ttl", pa.int64(), "facts", "seconds the addresses may be kept; null without an address"),
)

LOOKUP_SCHEMA = pa.schema([pa.field(c.name, c.type, metadata={"meaning": c.meaning}) for c in LOOKUP_COLUMNS])

DISCOVERY_COLUMNS = (
    Column("flow", pa.string(), "facts", "id of the flow that carried it"),
    Column("client_ip", pa.string(), "facts", "who looks for a proxy; in DHCP the address that the message is about"),
    Column("seen_at", TIME, "facts", "when it was seen"),
    Column("kind", pa.string(), "facts", "fetch: a PAC file was asked for; file: its text; dhcp-asked, dhcp-answered: option 252"),
    Column("url", pa.string(), "facts", "of the fetch, or what DHCP said"),
    Column("status", pa.int32(), "facts", "the fetch's HTTP status; null: no answer was captured"),
    Column("text", pa.string(), "facts", "of the file, as far as it is kept"),
)

DISCOVERY_SCHEMA = pa.schema([pa.field(c.name, c.type, metadata={"meaning": c.meaning}) for c in DISCOVERY_COLUMNS])
