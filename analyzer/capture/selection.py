"""The capture filter and the snap length, made from the topology.

The filter is text in the syntax of pcap-filter(7), which every capturing tool here accepts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.routes.networks import Network
    from analyzer.routes.topology import Topology

# Enough of a packet for its headers and the host name: a post-quantum ClientHello takes 1.8 KB, and receive offload may put a
# whole certificate (2 to 3 KB) into one frame. Bytes are counted by the IP length, so nothing else needs the rest.
SNAP_BYTES = 4096
FULL_SNAP_BYTES = 262_144

# DHCP gives clients the PAC file's URL; its answers may go to an address that no workstation has yet.
DISCOVERY = "udp port 67 or udp port 68 or udp port 546 or udp port 547"
# Without a list of workstations: every connection, QUIC, names (DNS, mDNS, LLMNR, NetBIOS), discovery, and errors about them.
ANYBODY = f"tcp or udp port 443 or udp port 53 or udp port 5353 or udp port 5355 or udp port 137 or {DISCOVERY} or icmp or icmp6"

# Interfaces whose frames can have VLAN tags, by /sys/class/net/*/type: Ethernet and loopback.
TAGGED_TYPES = ("1", "772")


@dataclass(frozen=True)
class CaptureFilter:
    """The packets to capture.

    wanted      a pcap filter; "": everything
    tagged      also match behind one or two VLAN tags, which only Ethernet has (elsewhere such a filter is refused)
    snap_bytes  bytes of each packet that are kept
    """

    wanted: str = ""
    tagged: bool = False
    snap_bytes: int = FULL_SNAP_BYTES

    @property
    def filter(self) -> str:
        """The whole filter. Each "vlan" shifts the offsets of the rest of the expression, so the expression is repeated behind it."""
        if not self.wanted or not self.tagged:
            return self.wanted
        return f"{self.wanted} or (vlan and ({self.wanted} or (vlan and ({self.wanted}))))"

    def __str__(self) -> str:
        behind = ", also behind VLAN tags" if self.tagged else ""
        what = f"packets that match{behind}: {self.wanted}" if self.wanted else "every packet"
        how_much = "whole" if self.snap_bytes >= FULL_SNAP_BYTES else f"the first {self.snap_bytes:,} bytes of each"
        return f"{what}; {how_much}"


EVERYTHING = CaptureFilter()


def selection(topology: Topology, *, tagged: bool) -> CaptureFilter:
    """The part of the gateway's traffic that the verdict needs.

    With workstations in the topology: all packets of theirs and of the proxies, and DHCP. Without: every TCP connection, because it isn't
    known yet which clients go direct; of UDP the protocols that hold or resolve names. In both cases also the topology's tunnel ports.
    """
    if topology.workstations:
        networks = [*(entry.network for entry in topology.workstations), *(entry.network for entry in topology.proxies)]
        wanted = " or ".join([*_hosts(networks), DISCOVERY])
    else:
        wanted = ANYBODY
    wanted = " or ".join([wanted, *(f"udp port {port}" for port in topology.vxlan_ports)])
    return CaptureFilter(wanted, tagged, SNAP_BYTES)


def _hosts(networks: Iterable[Network]) -> list[str]:
    """One term for each address or network, in the order given, each once."""
    terms = dict.fromkeys(
        f"host {network.network_address}" if network.prefixlen == network.max_prefixlen else f"net {network}" for network in networks
    )
    return list(terms)


def can_be_tagged(interface: str) -> bool:
    """Whether frames of this interface can have VLAN tags; False where that isn't known."""
    try:
        return Path("/sys/class/net", interface, "type").read_text(encoding="ascii").strip() in TAGGED_TYPES
    except (OSError, ValueError):
        return False
