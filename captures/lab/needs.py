"""The programs that a rebuild needs, and the one command that installs them."""

from __future__ import annotations

import os
import shutil
import sys

PACKAGES = {  # program → Debian package that brings it
    "squid": "squid",
    "nginx": "nginx-light",
    "dnsmasq": "dnsmasq-base",
    "nft": "nftables",
    "ip": "iproute2",
    "dumpcap": "tshark",
    "capinfos": "tshark",
    "curl": "curl",
    "openssl": "openssl",
}


def missing() -> str | None:
    """One line saying what is missing and what to do about it, or None when a laboratory can be built here."""
    if sys.platform != "linux":
        return "the laboratory needs Linux: it is made of network namespaces"
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # Debian keeps squid, nginx and nft where only root looks
    packages = sorted({package for program, package in PACKAGES.items() if shutil.which(program, path=path) is None})
    if packages:
        return f"programs are missing: apt-get install --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0:
        return "the laboratory needs root to make network namespaces: run it with sudo"
    return None
