"""DHCP messages with a PAC file's URL: option 252, requested or given.

Source: RFC 2131 2 (messages), RFC 2132 (options), draft-ietf-wrec-wpad 4.4.1 (option 252: the file's URL).
"""

from __future__ import annotations

from typing import Final

from analyzer.flows.layout import DHCP
from analyzer.flows.messages import as_dhcp
from analyzer.packets.fields import u32
from analyzer.readers.texts import keep, keep_without_users, new_message

PORT_SERVER: Final = 67
PORT_CLIENT: Final = 68

OPTIONS: Final = 240  # behind the fixed fields and the magic cookie
COOKIE: Final = 0x63825363
OPTION_TYPE: Final = 53
OPTION_WANTED: Final = 55
OPTION_PAC: Final = 252


def is_dhcp_port(port):
    """True for the ports of DHCP over IPv4."""
    return port in (PORT_SERVER, PORT_CLIENT)


def keep_dhcp(tables, buf, cursor):
    """True when a DHCP message gives a PAC file's URL or requests one; keeps it as a message.

    The client's address has four bytes where the message contains it.
    """
    at, end = cursor.at, cursor.end
    if end - at < OPTIONS + 3 or buf[at] not in (1, 2) or u32(buf, at + 236) != COOKIE:
        return False
    kind, wanted, url_at, url_end = 0, False, 0, 0
    p = at + OPTIONS
    while p < end and buf[p] != 255:
        if buf[p] == 0:
            p += 1
            continue
        if end - p < 2:
            break
        code, body = buf[p], p + 2
        p = body + buf[p + 1]
        if p > end:
            break
        if code == OPTION_TYPE and p > body:
            kind = buf[body]
        elif code == OPTION_WANTED:
            for k in range(body, p):
                wanted = wanted or buf[k] == OPTION_PAC
        elif code == OPTION_PAC and url_end == 0:
            url_at, url_end = body, p
    while url_end > url_at and buf[url_end - 1] == 0:  # Windows' server ends the text with a NUL
        url_end -= 1
    given = buf[at] == 2 and url_end > url_at
    if not given and not (buf[at] == 1 and wanted):
        return False
    message = as_dhcp(new_message(tables, cursor, DHCP, 0))
    message.message_type = kind
    if given:
        for p in range(url_end - 1, url_at - 1, -1):  # a query may be private to the client
            if buf[p] in (35, 63):
                url_end = p
        message.url_at, message.url_size = keep_without_users(tables, buf, url_at, url_end)
    own = at + 16 if u32(buf, at + 16) else at + 12  # the address that is assigned, else the client's current one
    if u32(buf, own):
        message.client_at = keep(tables, buf, own, own + 4)
        message.client_size = 4
    return True
