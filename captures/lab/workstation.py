"""The workstation: plays a scenario's activities inside its namespace and writes the truth file.

Run by the build as `python -m captures.lab.workstation PLAN TRUTH`; PLAN is JSON (see build.plan_of). It prints "playing" when it
begins and "played" when all is done and the truth is written, and leaves at the end of stdin, so that connections meant to stay open
outlive the recording.
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

from captures.lab import hellos, ntlm, quic, requests, tools
from captures.lab.components import COMPONENTS, choose_method
from captures.lab.conversation import Answer, Conversation, Tls, read_response, start_tls
from captures.lab.hosts import HOSTS, UNNAMED_ADDRESS
from captures.lab.network import GATEWAY_LAN11
from captures.lab.scenarios import Activity
from captures.lab.tls13 import TlsFailure, fresh_random
from captures.lab.truth import Connection, Request, rfc3339, write

FIRST_PORT = 49_671  # Windows takes client ports from 49152 up
BASIC = "Basic dXNlcjpsYWJvcmF0b3J5"  # user:laboratory
THREE_STEPS = ("ntlm", "negotiate")
DATAGRAM = b"\x1b" + b"\0" * 47  # an NTP client's question


class Workstation:
    """Plays activities, each connection in a thread of its own, and keeps their truths."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.ports = itertools.count(plan.get("first_port", FIRST_PORT))
        self.connections: list[Connection] = []
        self.still_open: list[Conversation] = []
        self.errors: list[BaseException] = []

    def play(self) -> None:
        """Do everything in the plan; the first error of any thread is raised at the end."""
        self.start_ns = time.time_ns()
        print("playing", flush=True)
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
        sessions = [{"logon": self._time(on), "logoff": None if off is None else self._time(off)} for on, off in self.plan["sessions"]]
        marks = [{"at": self._time(at), "what": what} for at, what in self.plan["marks"]]
        head = self.plan["head"]
        return {**head, "started_at": self._time(0.0), "ended_at": rfc3339(time.time_ns()), "sessions": sessions, "marks": marks}

    def _time(self, seconds: float) -> str:
        return rfc3339(self.start_ns + round(seconds * 1e9))

    def _at(self, at: float, activity: Activity) -> None:
        time.sleep(max(0.0, at - (time.time_ns() - self.start_ns) / 1e9))
        try:
            getattr(self, f"_do_{activity.does}")(activity, at)
        except Exception as error:  # noqa: BLE001 -- kept and raised by play(): a thread can't raise to its starter
            error.add_note(f"while {activity.component} did: {activity}")
            self.errors.append(error)

    def _connection(self, activity: Activity, at: float, *, direct: bool = False) -> Connection:
        """The truth of a connection to be made: to the proxy its component chooses, or straight to the host."""
        component = COMPONENTS[activity.component]
        logged_on = any(logon <= at and (logoff is None or at < logoff) for logon, logoff in self.plan["sessions"])
        method = activity.through or choose_method(component.plane, self.plan["configured"], logged_on)
        method = None if method == "direct" else method
        if direct != (method is None):
            raise ValueError(f"{activity.component} goes {'through ' + method if method else 'direct'}, the scenario says otherwise")
        client = activity.source or self.plan["workstation"]
        truth = Connection("tcp", client, next(self.ports), UNNAMED_ADDRESS, activity.port, "direct")
        if method:
            proxy = self.plan["proxies"][method]
            truth.server_ip, truth.server_port, truth.route = proxy["address"], proxy["port"], "proxy"
            truth.proxy, truth.proxy_name, truth.method = proxy["endpoint"], proxy["name"], proxy["method"]
        elif activity.host:
            truth.server_ip = HOSTS[activity.host].address
        truth.component, truth.played_plane, truth.intended_host = activity.component, component.plane, activity.host
        self.connections.append(truth)
        return truth

    def _do_tunnel(self, activity: Activity, at: float) -> None:
        component, host = COMPONENTS[activity.component], str(activity.host)
        conversation = self._proxied(activity, at)
        if conversation is None:
            return
        try:
            answer = conversation.ask_connect(component.shape, host)
        except (TimeoutError, ConnectionError):
            self._gave_up(conversation, activity, "unanswered")
            return
        if answer.status == 407 and activity.does == "authenticate":
            let_in = self._authenticated(conversation, answer, activity, at)
            if let_in is None:
                return
            conversation, answer = let_in
        if answer.status != 200:
            conversation.truth.outcome = "refused-by-proxy"
            conversation.close()
            return
        self._talk(conversation, activity)

    _do_authenticate = _do_tunnel

    def _proxied(self, activity: Activity, at: float) -> Conversation | None:
        """A connection to the proxy, ready to request the activity's host; None where it failed."""
        truth = self._connection(activity, at)
        truth.shape, truth.client = COMPONENTS[activity.component].shape, "python"
        conversation = Conversation(truth)
        if not conversation.open():
            return None
        if activity.patience is not None:
            conversation.socket.settimeout(activity.patience)
        named(truth, str(activity.host))
        return conversation

    def _gave_up(self, conversation: Conversation, activity: Activity, outcome: str) -> None:
        """No answer came: the client closes. An error where the scenario expects an answer."""
        if activity.patience is None:
            raise
        conversation.truth.outcome = outcome
        conversation.abandon()

    def _authenticated(
        self, conversation: Conversation, answer: Answer, activity: Activity, at: float
    ) -> tuple[Conversation, Answer] | None:
        """The connection on which the proxy got its credentials, and its answer to them."""
        shape, host = COMPONENTS[activity.component].shape, str(activity.host)
        scheme = {"basic": "Basic", "ntlm": "NTLM", "negotiate": "Negotiate"}[activity.credentials]
        tokens = [BASIC]
        if activity.credentials in THREE_STEPS:
            tokens = [f"{scheme} {token}" for token in (ntlm.negotiate(), ntlm.authenticate("anna", "CONTOSO", "WORKSTATION"))]
        for token in tokens:
            conversation.truth.outcomes[-1] = "challenged"
            if answer.closes:
                conversation.truth.outcome = "refused-by-proxy"
                conversation.close()
                again = self._proxied(activity, at)
                if again is None:
                    return None
                conversation = again
            answer = conversation.ask_connect(shape, host, token)
        return conversation, answer

    def _talk(self, conversation: Conversation, activity: Activity) -> None:
        """TLS and the traffic in it, up to the end that the activity specifies."""
        truth, host = conversation.truth, str(activity.host)
        pinned = activity.ends == "pinned"
        hello = "library" if pinned and activity.hello is None else activity.hello or COMPONENTS[activity.component].hello
        try:
            tls = start_tls(conversation, hello, host, None if pinned else self.plan["authority"], activity.cuts)
        except ssl.SSLError:
            truth.outcome = "tls-broken"
            conversation.close()
            return
        exchange(tls, host, activity)
        truth.outcome = "answered"
        self._finish(conversation, tls, activity)

    def _finish(self, conversation: Conversation, tls: Tls, activity: Activity) -> None:
        if activity.ends in ("open", "forgotten"):
            self.still_open.append(conversation)
            if activity.ends == "forgotten":
                time.sleep(max(0.0, activity.resumes - (time.time_ns() - self.start_ns) / 1e9))
                tls.send(requests.inner_post(str(activity.host), activity.send))
        elif activity.ends == "idle":
            conversation.wait_for_close()
        elif activity.ends == "reset":
            conversation.abort()
        else:
            tls.close()
            conversation.close()

    def _do_tls(self, activity: Activity, at: float) -> None:
        truth = self._connection(activity, at, direct=True)
        truth.client = "python"
        conversation = Conversation(truth)
        if not conversation.open():
            return
        if activity.patience is not None:
            conversation.socket.settimeout(activity.patience)
        named(truth, str(activity.host))
        try:
            self._talk(conversation, activity)
        except (TimeoutError, ConnectionError, TlsFailure):
            self._gave_up(conversation, activity, "no-answer-to-hello")
        if truth.outcome == "tls-broken" and not truth.tls_version:
            truth.outcome = "no-answer-to-hello"

    def _do_fetch(self, activity: Activity, at: float) -> None:
        truth = self._connection(activity, at, direct=True)
        truth.client = "python"
        conversation = Conversation(truth)
        if not conversation.open():
            return
        named(truth, str(activity.host))
        for path in activity.paths:
            status = conversation.ask_origin(str(activity.host), path, COMPONENTS[activity.component].user_agent)
            truth.outcome = "answered" if status == 200 else f"page-{status}"
            time.sleep(activity.pause)
        conversation.close()

    def _do_get(self, activity: Activity, at: float) -> None:
        component = COMPONENTS[activity.component]
        conversation = self._proxied(activity, at)
        if conversation is None:
            return
        truth = conversation.truth
        for path in activity.paths:
            try:
                status = conversation.ask_absolute(str(activity.host), path, component.user_agent)
            except (TimeoutError, ConnectionError):
                self._gave_up(conversation, activity, "unanswered")
                return
            truth.outcome = "answered" if status == 200 else "refused-by-proxy"
            time.sleep(activity.pause)
        conversation.close()

    def _do_late(self, activity: Activity, at: float) -> None:
        component, host = COMPONENTS[activity.component], str(activity.host)
        conversation = self._proxied(activity, at)
        if conversation is None:
            return
        truth, last = conversation.truth, activity.paths[-1]
        for path in activity.paths[:-1]:
            conversation.ask_absolute(host, path, component.user_agent)
            time.sleep(activity.pause)
        conversation.socket.recv(1, socket.MSG_PEEK)  # comes back once the proxy has closed
        truth.ask(Request("absolute", host, 80, last), host, component.user_agent)
        truth.outcomes[-1], truth.outcome = "unseen", "answered"
        conversation.send(requests.absolute(host, last, component.user_agent))
        time.sleep(activity.pause)
        conversation.abandon()

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

    def _do_nested(self, activity: Activity, at: float) -> None:
        tools.run_nested(self._connection(activity, at), str(activity.host), f"/{activity.fetch}", self.plan["authority"])

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
    """The name was sent: note what it proves; nothing for a name that the laboratory's DNS doesn't know."""
    if host in HOSTS:
        truth.service, truth.plane, truth.service_evidence = HOSTS[host].service, HOSTS[host].plane, HOSTS[host].evidence


def exchange(tls: Tls, host: str, activity: Activity) -> None:
    """Post and fetch inside the tunnel, as often as the activity specifies."""
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
