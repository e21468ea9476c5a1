"""Messages of TLS handshakes → the columns that say what was offered, what was chosen, and how the handshake went."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import array
from analyzer.facts.chosen import ALERTED, GOING_ON, HELLO, VERSION
from analyzer.facts.columns import SIDES, times_of
from analyzer.facts.strings import HEX, text_array, words
from analyzer.flows.layout import ENCRYPTED_ALERT, HAS_ACKED, SENT_SYN, SENT_SYN_ACK, TRAIT_CUT, TRAIT_QUIC, Tables
from analyzer.flows.messages import ALERT_ROW, CLIENT_HELLO_ROW
from analyzer.readers.alerts import NAMES
from analyzer.readers.certificate import issuer_text
from analyzer.readers.issuer import ordinary_name
from analyzer.readers.texts import DIGEST_SIZE
from analyzer.readers.tls import RANDOM_SIZE

ALERTS: Final[list[str | None]] = [NAMES.get(code, f"alert {code}") for code in range(ENCRYPTED_ALERT + 1)] + [None]
TLS_VERSIONS: Final[list[str | None]] = ["1.0", "1.1", "1.2", "1.3"]


def shaken(
    tables: Tables,
    chosen: npt.NDArray[np.int64],
    records: npt.NDArray[Any],
    ends: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    clients: npt.NDArray[np.int64],
) -> dict[str, Any]:
    """The columns of how a TLS handshake over TCP went. ends: the client's side of each flow, and the server's."""
    out, back = ends
    messages = tables.messages
    hellos, alerts = messages.view(CLIENT_HELLO_ROW), messages.view(ALERT_ROW)
    hello, answer, alert = chosen[:, HELLO], chosen[:, VERSION], chosen[:, ALERTED]
    traits = np.where(hello >= 0, hellos["traits"][hello], -1)
    over_tcp = (hello >= 0) & (traits & TRAIT_QUIC == 0)
    whole = over_tcp & (traits & TRAIT_CUT == 0)
    alerted_by = np.where(alert >= 0, (messages["side"][alert] != clients).astype(np.int64), -1)
    went_on = chosen[:, GOING_ON] >= 0
    silent = (messages["side"][hello] == clients) & ((out["high"] - messages["end"][hello]).astype(np.int32) <= 0)
    gave_up = (alerted_by == 0) | (silent & (records["end_side"] >= 0))
    first = np.where(over_tcp, _is_first(messages, hello, out, back), _is_first(messages, answer, back, out))
    return {
        "tls_first": array(first, ~over_tcp & (answer < 0)),
        "client_hello_at": times_of(messages, np.where(over_tcp, hello, -1)),
        "client_hello_digest": text_array(tables.pool, hellos["random_at"][hello] + RANDOM_SIZE, np.where(whole, DIGEST_SIZE, -1), HEX),
        "server_hello_at": times_of(messages, answer),
        "tls_completed": array(went_on, ~(whole & (went_on | gave_up))),
        "tls_alert": words(np.where(alert >= 0, alerts["description"][alert], len(ALERTS) - 1), ALERTS),
        "tls_alert_from": words(alerted_by, SIDES),
    }


def _is_first(
    messages: npt.NDArray[Any], rows: npt.NDArray[np.int64], side: npt.NDArray[Any], other: npt.NDArray[Any]
) -> npt.NDArray[np.bool_]:
    """Whether these messages stand where the side's stream begins, as its SYN says, else what the other side acknowledged first."""
    opened = side["seen"] & (SENT_SYN | SENT_SYN_ACK) != 0
    begin = np.where(opened, side["base"] + np.uint32(1), other["acked_low"])
    result: npt.NDArray[np.bool_] = (opened | (other["marks"] & HAS_ACKED != 0)) & (messages["seq"][rows] == begin)
    return result


def version_codes(messages: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Places in TLS_VERSIONS of the messages' versions, -1 for none and for any other version."""
    code = np.where(rows >= 0, messages.view(CLIENT_HELLO_ROW)["version"][rows].astype(np.int64), -1) - 0x0301
    return np.where((code >= 0) & (code < len(TLS_VERSIONS)), code, -1)


def alpn_lists(raw: pa.DictionaryArray, whole: npt.NDArray[np.bool_]) -> pa.Array:
    """A list array of the protocols in ALPN lists as sent; empty for a whole hello without one, null without a whole hello."""
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
