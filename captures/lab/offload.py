"""Segmentation and checksum offload of an interface, off: frames then look as they do on a wire.

Without it a virtual Ethernet hands over 64 KiB "packets" with half-made checksums. Run inside the namespace:
`python -m captures.lab.offload IFACE…` (the ioctl that `ethtool -K` uses; linux/ethtool.h, linux/sockios.h).
"""

from __future__ import annotations

import array
import fcntl
import socket
import struct
import sys

SIOCETHTOOL = 0x8946
SWITCHES = {"tx-checksum": 0x17, "tso": 0x1F, "gso": 0x24, "gro": 0x2C}


def switch_off(interface: str) -> None:
    """Turn every offload in SWITCHES off on `interface`; OSError where the driver refuses one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in SWITCHES.values():
            value = array.array("B", struct.pack("II", command, 0))
            request = struct.pack("16sP", interface.encode(), value.buffer_info()[0])
            fcntl.ioctl(control, SIOCETHTOOL, request)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        switch_off(name)
