"""Servers on a proxy's port that squid can't play: `python -m captures.lab.standins KIND ADDRESS PORT`.

silent     accepts, reads, and never says a word
refusing   a web server that knows CONNECT and answers 405
forward    a load balancer that passes on to PROX01, on connections of its own
relay      a transparent proxy of TLS: what the gateway turns to it goes on to where it was meant for, on a connection of its own
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler

SO_ORIGINAL_DST = 80  # linux/netfilter_ipv4.h
BEHIND = ("172.16.12.10", 3128)  # PROX01


def silent(client: socket.socket) -> None:
    while client.recv(65536):
        pass


def relay(client: socket.socket) -> None:
    told = client.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
    port, address = struct.unpack("!2xH4s8x", told)
    pass_on(client, (socket.inet_ntoa(address), port))


def forward(client: socket.socket) -> None:
    pass_on(client, BEHIND)


def pass_on(client: socket.socket, target: tuple[str, int]) -> None:
    """Forward bytes in both directions until both ends have closed."""
    with socket.create_connection(target, timeout=10) as server:
        ends = {client: server, server: client}
        while ends:
            end = select.select(list(ends), [], [])[0][0]
            data = end.recv(65536)
            if data:
                ends[end].sendall(data)
            else:
                ends[end].shutdown(socket.SHUT_WR)
                del ends[end]


class Refusing(BaseHTTPRequestHandler):
    """405 to a CONNECT, as web servers answer that have it in their list of methods."""

    def do_CONNECT(self) -> None:
        self.send_error(405)


def refusing(client: socket.socket) -> None:
    Refusing(client, client.getpeername(), None)  # type: ignore[arg-type] -- it serves one connection, and asks no server anything


KINDS = {"silent": silent, "relay": relay, "forward": forward, "refusing": refusing}


def serve(kind: str, address: str, port: int) -> None:
    """Accept for ever; each connection is played in a thread of its own until its client leaves."""

    def play(client: socket.socket) -> None:
        with client:
            try:
                KINDS[kind](client)
            except ConnectionError as error:
                print(f"{kind}: {error}", flush=True)

    with socket.create_server((address, port), backlog=64) as listening:
        while True:
            client, _ = listening.accept()
            threading.Thread(target=play, args=(client,), daemon=True).start()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
