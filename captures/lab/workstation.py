"""The workstation: plays a scenario's activities inside its namespace and writes the truth file.

Run by the build as `python -m captures.lab.workstation PLAN TRUTH`; PLAN is JSON (see build.plan_of). It prints "played" when all is
done and the truth is written, and leaves at the end of stdin, so that connections meant to stay open outlive the recording.
"""

from __future__ import annotations

import itertools
import json
import socket
import ssl
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from captures.lab import hellos, quic, requests, tools
from captures.lab.components import COMPONENTS, choose_method
from captures.lab.conversation import Conversation, Tls, read_response, start_tls
from captures.lab.hosts import HOSTS, UNNAMED_ADDRESS
from captures.lab.network import GATEWAY_LAN11
from captures.lab.scenarios import Activity
from captures.lab.tls13 import fresh_random
from captures.lab.truth import Connection, rfc3339, write

FIRST_PORT = 49_671  # Windows takes client ports from 49152 up
CREDENTIALS = "dXNlcjpsYWJvcmF0b3J5"  # user:laboratory
DATAGRAM = b"\x1b" + b"\0" * 47  # an NTP client's question


class Workstation:
    """Plays activities, each connection in a thread of its own, and keeps what they noted."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.ports = itertools.count(plan.get("first_port", FIRST_PORT))
        self.connections: list[Connection] = []
        self.still_open: list[Conversation] = []
        self.errors: list[BaseException] = []

    def play(self) -> None:
        """Do everything in the plan; the first error of any thread is raised at the end."""
        self.start_ns = time.time_ns()
        threads = []
        for activity in (Activity(**given) for given in self.plan["activities"]):
            for number in range(activity.times):
                threads.append(threading.Thread(target=self._at, args=(activity.at + number * activity.every, activity)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def about(self) -> dict[str, Any]:
        """The truth file's head: the plan's words, with seconds turned into times."""
        moments = {"started_at": 0.0, "logon": self.plan["logon"]}
        times = {key: None if at is None else self._time(at) for key, at in moments.items()}
        sessions = [{"logon": times["logon"], "logoff": None}] if times["logon"] else []
        marks = [{"at": self._time(at), "what": what} for at, what in self.plan["marks"]]
        head = self.plan["head"]
        return {**head, "started_at": times["started_at"], "ended_at": rfc3339(time.time_ns()), "sessions": sessions, "marks": marks}

    def _time(self, seconds: float) -> str:
        return rfc3339(self.start_ns + round(seconds * 1e9))

    def _at(self, at: float, activity: Activity) -> None:
        time.sleep(max(0.0, at - (time.time_ns() - self.start_ns) / 1e9))
        try:
            getattr(self, f"_do_{activity.does}")(activity, at)
        except Exception as error:  # noqa: BLE001 -- kept and raised by play(): a thread has nobody to raise to
            error.add_note(f"while {activity.component} did: {activity}")
            self.errors.append(error)

    def _connection(self, activity: Activity, at: float, *, direct: bool = False) -> Connection:
        """The truth of a connection to be made: to the proxy its component chooses, or straight to the host."""
        component = COMPONENTS[activity.component]
        logged_on = self.plan["logon"] is not None and at >= self.plan["logon"]
        method = activity.through or choose_method(component.plane, self.plan["configured"], logged_on)
        method = None if method == "direct" else method
        if direct != (method is None):
            raise ValueError(f"{activity.component} goes {'through ' + method if method else 'direct'}, the scenario says otherwise")
        truth = Connection("tcp", self.plan["workstation"], next(self.ports), UNNAMED_ADDRESS, activity.port, "direct")
        if method:
            proxy = self.plan["proxies"][method]
            truth.server_ip, truth.server_port, truth.route = proxy["address"], proxy["port"], "proxy"
            truth.proxy, truth.proxy_name, truth.method = f"{proxy['address']}:{proxy['port']}", proxy["name"], method
        elif activity.host:
            truth.server_ip = HOSTS[activity.host].address
        truth.component, truth.played_plane, truth.intended_host = activity.component, component.plane, activity.host
        self.connections.append(truth)
        return truth

    def _do_tunnel(self, activity: Activity, at: float) -> None:
        truth = self._connection(activity, at)
        component, host = COMPONENTS[activity.component], str(activity.host)
        truth.shape, truth.client = component.shape, "python"
        conversation = Conversation(truth)
        if not conversation.open():
            return
        named(truth, host)
        status = conversation.ask_connect(component.shape, host)
        if status == 407 and activity.does == "authenticate":
            status = conversation.ask_connect(component.shape, host, CREDENTIALS)
        if status != 200:
            truth.outcome = "refused-by-proxy"
            conversation.close()
            return
        pinned = activity.ends == "pinned"
        hello = "library" if pinned and activity.hello is None else activity.hello or component.hello
        try:
            tls = start_tls(conversation, hello, host, None if pinned else self.plan["authority"], activity.cuts)
        except ssl.SSLError:
            truth.outcome = "tls-broken"
            conversation.close()
            return
        exchange(tls, host, activity)
        truth.outcome = "answered"
        self._finish(conversation, tls, activity.ends)

    _do_authenticate = _do_tunnel

    def _finish(self, conversation: Conversation, tls: Tls, ends: str) -> None:
        if ends == "open":
            self.still_open.append(conversation)
        elif ends == "idle":
            conversation.wait_for_close()
        elif ends == "reset":
            conversation.abort()
        else:
            tls.close()
            conversation.close()

    def _do_get(self, activity: Activity, at: float) -> None:
        truth = self._connection(activity, at)
        component = COMPONENTS[activity.component]
        truth.shape, truth.client = component.shape, "python"
        conversation = Conversation(truth)
        if not conversation.open():
            return
        named(truth, str(activity.host))
        for path in activity.paths:
            status = conversation.ask_absolute(str(activity.host), path, component.user_agent)
            truth.outcome = "answered" if status == 200 else "refused-by-proxy"
            time.sleep(activity.pause)
        conversation.close()

    def _do_direct(self, activity: Activity, at: float) -> None:
        truth = self._connection(activity, at, direct=True)
        truth.client = "python"
        conversation = Conversation(truth)
        if conversation.open():
            truth.outcome = "connected"
            conversation.close()

    def _do_curl(self, activity: Activity, at: float) -> None:
        truth = self._connection(activity, at)
        named(truth, str(activity.host))
        tools.run_curl(truth, str(activity.host), activity.scheme, f"/{activity.fetch}", self.plan["authority"])

    def _do_openssl(self, activity: Activity, at: float) -> None:
        truth = self._connection(activity, at)
        named(truth, str(activity.host))
        tools.run_openssl(truth, str(activity.host), f"/{activity.fetch}", self.plan["authority"])

    def _do_datagram(self, activity: Activity, at: float) -> None:
        truth = self._connection(activity, at, direct=True)
        truth.protocol, truth.client, truth.state, truth.outcome = "udp", "python", "no-answer", "no-answer"
        truth.route = "direct" if activity.port == 443 else None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            datagram.bind((truth.client_ip, truth.client_port))
            truth.opened_at = rfc3339(time.time_ns())
            datagram.sendto(DATAGRAM, (truth.server_ip, truth.server_port))
        truth.ended_at, truth.sent_bytes, truth.received_bytes = truth.opened_at, len(DATAGRAM), 0

    def _do_quic(self, activity: Activity, at: float) -> None:
        truth = self._connection(activity, at, direct=True)
        truth.protocol, truth.client, truth.state, truth.outcome = "udp", "python", "no-answer", "no-answer"
        host = str(activity.host)
        named(truth, host)
        truth.hello, truth.sni, truth.alpn, truth.tls_offered, truth.ech = "quic", host, ["h3"], "1.3", False
        random = fresh_random()
        truth.client_random = random.hex()
        first = quic.initial(hellos.quic_hello(host, random, X25519PrivateKey.generate().public_key().public_bytes_raw()))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            datagram.bind((truth.client_ip, truth.client_port))
            truth.opened_at = rfc3339(time.time_ns())
            datagram.sendto(first, (truth.server_ip, truth.server_port))
        truth.ended_at, truth.sent_bytes, truth.received_bytes = truth.opened_at, len(first), 0

    def _do_ping(self, activity: Activity, at: float) -> None:  # ICMP is no conversation of the flow table: no truth
        echo = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
        checksum = 0xFFFF - sum(struct.unpack("!4H", echo)) % 0xFFFF
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as icmp:
            icmp.sendto(struct.pack("!BBHHH", 8, 0, checksum, 1, 1), (GATEWAY_LAN11, 0))


def named(truth: Connection, host: str) -> None:
    """The name went over the wire: note what it proves; nothing for a name that the laboratory's DNS doesn't know."""
    if host in HOSTS:
        truth.service, truth.plane = HOSTS[host].service, HOSTS[host].plane


def exchange(tls: Tls, host: str, activity: Activity) -> None:
    """Post and fetch inside the tunnel, as often as the activity says."""
    for number in range(activity.exchanges):
        if number:
            time.sleep(activity.pause)
        if activity.send:
            tls.send(requests.inner_post(host, activity.send))
            expect_200(tls, host)
        if activity.fetch:
            tls.send(requests.inner_get(host, f"/{activity.fetch}"))
            expect_200(tls, host)


def expect_200(tls: Tls, host: str) -> None:
    status = read_response(tls)
    if status != 200:
        raise RuntimeError(f"{host} answered {status} inside the tunnel")


def main(plan: Path, truth: Path) -> None:
    workstation = Workstation(json.loads(plan.read_text()))
    workstation.play()
    write(truth, workstation.about(), workstation.connections)
    print("played", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
