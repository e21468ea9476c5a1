"""Masked DHCP messages keep how a client looks for a proxy, and no names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.services.catalogue import load_catalogue
from analyzer.slices.addresses import Addresses
from analyzer.slices.dhcp_mask import masked_dhcp
from analyzer.slices.masks import Masks
from analyzer.slices.names import Names

ADDRESSES = Addresses(bytes(range(32)), b"mac")
NAMES = Names(b"key", load_catalogue())
MASKS = Masks(NAMES, ADDRESSES, load_catalogue())
MAC = bytes.fromhex("001122334455")


def message(*options: tuple[int, bytes], mine: bytes = bytes((172, 16, 11, 92))) -> bytes:
    head = b"\x02\x01\x06\0" + b"XID!" + bytes(4) + bytes(4) + mine + bytes(8) + MAC + bytes(10) + b"server-of-anna".ljust(192, b"\0")
    return head + bytes.fromhex("63825363") + b"".join(bytes((code, len(value))) + value for code, value in options) + b"\xff" + bytes(4)


def test_names_go_and_the_pac_file_stays() -> None:
    given_ = message(
        (53, b"\5"), (12, b"ANNA-PC"), (81, b"\0\0\0anna-pc.contoso.com"), (61, b"\1" + MAC), (1, b"\xff\xff\xff\0"),
        (3, bytes((172, 16, 11, 1))), (15, b"contoso.com"), (252, b"http://wpad.contoso.com/wpad.dat\0"), (0, b""),
    )  # fmt: skip
    made = masked_dhcp(given_, ADDRESSES, MASKS)
    assert len(made) == len(given_)
    for secret in (b"anna", b"ANNA", b"contoso", MAC, bytes((172, 16, 11))):
        assert secret in given_ and secret not in made
    assert b"http://wpad." + NAMES.host(b"wpad.contoso.com")[5:] + b"/wpad.dat\0" in made
    assert made[16:20] == ADDRESSES.packed(bytes((172, 16, 11, 92))) and made[28:34] == ADDRESSES.mac(MAC) and b"\x35\1\5" in made


@given(st.binary(max_size=60))
def test_nothing_breaks_it(noise: bytes) -> None:
    assert masked_dhcp(noise, ADDRESSES, MASKS) == b""
    whole = message((53, b"\5"))[:-5] + noise
    assert len(masked_dhcp(whole, ADDRESSES, MASKS)) <= len(whole)
