"""Messages of TLS handshakes → the columns for the offer, the choice, and the course of the handshake."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import array
from analyzer.facts.chosen import ALERTED, GOING_ON
from analyzer.facts.columns import SIDES, times_of
from analyzer.facts.picked import Columns, Picked
from analyzer.facts.strings import HEX, words
from analyzer.flows.layout import ENCRYPTED_ALERT, HAS_ACKED, SENT_SYN, SENT_SYN_ACK, TRAIT_CUT, TRAIT_QUIC, Tables
from analyzer.flows.messages import ALERT_ROW, CLIENT_HELLO_ROW
from analyzer.readers.alerts import NAMES
from analyzer.readers.certificate import issuer_text
from analyzer.readers.issuer import ordinary_name
from analyzer.readers.texts import DIGEST_SIZE
from analyzer.readers.tls import RANDOM_SIZE

ALERTS: Final[list[str | None]] = [NAMES.get(code, f"alert {code}") for code in range(ENCRYPTED_ALERT + 1)] + [None]
TLS_VERSIONS: Final[list[str | None]] = ["1.0", "1.1", "1.2", "1.3"]


def hellos_of(tables: Tables, rows: npt.NDArray[np.int64]) -> Picked:
    """The fields of these ClientHellos; rows of -1 have none."""
    names = ("traits", "version", "server_name", "alpn", "ja4", "random", "ts_ns", "side", "seq", "end")
    return Picked(tables, CLIENT_HELLO_ROW, rows, *names)


def handshake_columns(
    tables: Tables,
    chosen: npt.NDArray[np.int64],
    hellos: Picked,
    answers: Picked,
    records: Columns,
    ends: tuple[Columns, Columns],
    clients: npt.NDArray[np.int64],
) -> dict[str, Any]:
    """The columns for the course of a TLS handshake over TCP.

    hellos, answers   the ClientHellos and the ServerHellos;  ends   the client's side of each flow, and the server's
    """
    out, back = ends
    alerts = Picked(tables, ALERT_ROW, chosen[ALERTED], "description", "side")
    traits = hellos.number("traits", missing=-1)
    over_tcp = hellos.there & (traits & TRAIT_QUIC == 0)
    whole = over_tcp & (traits & TRAIT_CUT == 0)
    alerted_by = np.where(alerts.there, (alerts["side"] != clients).astype(np.int64), -1)
    went_on = chosen[GOING_ON] >= 0
    silent = hellos.there & (hellos["side"] == clients) & ((out["high"] - hellos["end"]).astype(np.int32) <= 0)
    gave_up = (alerted_by == 0) | (silent & (records["end_side"] >= 0))
    first = np.where(over_tcp, _are_first(hellos, out, back), _are_first(answers, back, out))
    return {
        "tls_first": array(first, ~over_tcp & ~answers.there),
        "client_hello_at": times_of(hellos, over_tcp),
        "client_hello_digest": hellos.part("random", RANDOM_SIZE, DIGEST_SIZE, HEX, whole),
        "server_hello_at": times_of(answers),
        "tls_completed": array(went_on, ~(whole & (went_on | gave_up))),
        "tls_alert": words(alerts.number("description", missing=len(ALERTS) - 1), ALERTS),
        "tls_alert_from": words(alerted_by, SIDES),
    }


def _are_first(messages: Picked, side: Columns, other: Columns) -> npt.NDArray[np.bool_]:
    """Whether these messages are at the beginning of the side's stream, by its SYN, else by the first acknowledgement of the other side."""
    opened = side["seen"] & (SENT_SYN | SENT_SYN_ACK) != 0
    begin = np.where(opened, side["base"] + np.uint32(1), other["acked_low"])
    result: npt.NDArray[np.bool_] = (opened | (other["marks"] & HAS_ACKED != 0)) & (messages["seq"] == begin)
    return result


def version_codes(messages: Picked, only: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.int64]:
    """Indices into TLS_VERSIONS; -1 without a message, for any other version, and where `only` is false."""
    code = np.where(messages.there if only is None else only, messages["version"].astype(np.int64), -1) - 0x0301
    return np.where((code >= 0) & (code < len(TLS_VERSIONS)), code, -1)


def alpn_lists(raw: pa.DictionaryArray, whole: npt.NDArray[np.bool_]) -> pa.Array:
    """A list array of the protocols in ALPN lists as sent; empty for a complete hello without one, null without a complete hello."""
    lists = pa.array([read_alpn(one) for one in raw.dictionary.to_pylist()] + [[], None], pa.list_(pa.string()))
    none = np.where(whole, len(lists) - 2, len(lists) - 1)
    indices = raw.indices
    return lists.take(array(np.where(indices.is_valid(), indices.fill_null(0), none)))


def read_alpn(raw: bytes) -> list[str]:
    """The protocol names of a ProtocolNameList's body (RFC 7301 3.1)."""
    names, p = [], 0
    while p < len(raw):
        names.append(raw[p + 1 : p + 1 + raw[p]].decode("utf-8", "backslashreplace"))
        p += 1 + raw[p]
    return names


def issuer(der: bytes) -> str | None:
    """An issuer's name in the form of RFC 4514 (CN=...,O=...), None when it can't be read."""
    return ordinary_name(der) or issuer_text(der)


def issuers(raw: pa.DictionaryArray) -> pa.Array:
    """A string array of issuers' names, from their DER."""
    texts = [issuer(one) for one in raw.dictionary.to_pylist()]
    return words(np.asarray(raw.indices.fill_null(-1)), [*texts, None])
