"""A ClientHello's extensions: their place, the server's name, the versions offered, and whether Schannel made the list.

Source: RFC 8446 4.1.2 and 4.2.1, RFC 6066 3, RFC 8701 (GREASE).
"""

from __future__ import annotations

from analyzer.packets.fields import u16
from analyzer.readers.ja4 import is_grease


def find_extensions(hello, at, end):
    """(position, end) of a ClientHello body's extensions; position -1 where its lengths don't fit, (end, end) where it has none."""
    p = at + 34
    if p >= end:
        return -1, 0
    p += 1 + hello[p]
    if end - p < 2:
        return -1, 0
    p += 2 + u16(hello, p)
    if end - p < 1:
        return -1, 0
    p += 1 + hello[p]
    if p == end:
        return end, end
    if end - p < 2:
        return -1, 0
    return p + 2, p + 2 + u16(hello, p)


def server_name(hello, at, end):
    """(position, size) of the first host_name of a server_name extension's body, size -1 without one (RFC 6066 3).

    The list must be well-formed; bytes behind it in the extension are ignored.
    """
    p = at + 2
    if p > end or u16(hello, at) > end - p:
        return 0, -1
    stop = p + u16(hello, at)
    name_at, name_size = 0, -1
    while stop - p >= 3:
        size = u16(hello, p + 1)
        if hello[p] == 0 and name_size < 0 and size > 0:
            name_at, name_size = p + 3, size
        p += 3 + size
    if p != stop:
        return 0, -1
    return name_at, name_size


def highest_versions(hello, at, end):
    """(the highest published version of a supported_versions list, its highest number, as JA4 uses it), 0 without any.

    GREASE is left out of both, drafts and private versions of the first (RFC 8446 4.2.1).
    """
    published, highest = 0, 0
    for p in range(at, end - 1, 2):
        version = u16(hello, p)
        if is_grease(version):
            continue
        highest = max(highest, version)
        if 0x0300 <= version <= 0x0304:
            published = max(published, version)
    return published, highest


def ends_like_schannel(extensions, n):
    """True when a hello's extensions end with extended_master_secret and renegotiation_info, optionally followed by psk_key_exchange_modes.

    This holds for 175 of 584 hellos of 15 captures of real Windows machines, and for 5 of 742 hellos of 420 other captures.
    """
    if n > 0 and extensions[n - 1] == 45:
        n -= 1
    return n >= 2 and extensions[n - 2] == 23 and extensions[n - 1] == 65281
