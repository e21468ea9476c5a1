"""The internet side's servers: a DNS server that knows Defender's names, and a web server that plays all of them."""

from __future__ import annotations

import datetime
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from subprocess import Popen

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from captures.lab.hosts import DNS_ADDRESS, HOSTS, Host
from captures.lab.network import Network

AUTHORITY = x509.Name(
    [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "whichproxy laboratory"), x509.NameAttribute(NameOID.COMMON_NAME, "Laboratory CA")]
)
BODIES = {"small": 600, "page": 3_500, "cabinet": 5_275, "list": 1_100, "update": 14_000}  # /name → bytes it answers with
LISTENING = "0A"


def start_internet(network: Network, directory: Path, rejecting: Collection[str] = ()) -> Path:
    """Start DNS and web servers in the namespace `internet`; return the CA certificate that clients should trust.

    rejecting   hosts whose server refuses every TLS handshake
    """
    authority = write_certificates(directory / "certificates")
    start_dns(network, directory)
    start_web(network, directory, rejecting)
    return authority


def start_dns(network: Network, directory: Path) -> None:
    table = directory / "hosts"
    table.write_text("".join(f"{host.address} {host.name}\n" for host in HOSTS.values()))
    options = [
        "--no-daemon",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        f"--addn-hosts={table}",
        "--local=/#/",
        "--local-ttl=60",
    ]
    options += [f"--listen-address={DNS_ADDRESS}", "--bind-interfaces", "--user=root", "--pid-file="]
    process = network.start("internet", directory / "dnsmasq.log", "dnsmasq", *options)
    wait_for_listener(process, 53, directory / "dnsmasq.log")


def start_web(network: Network, directory: Path, rejecting: Collection[str]) -> None:
    bodies = directory / "bodies"
    bodies.mkdir()
    for name, size in BODIES.items():
        (bodies / name).write_bytes((f"{name} of the laboratory\n" * size).encode()[:size])
    (bodies / "connecttest.txt").write_text("Microsoft Connect Test")  # NCSI's expected text
    configuration = directory / "nginx.conf"
    configuration.write_text(nginx_configuration(directory, list(HOSTS.values()), rejecting))
    process = network.start("internet", directory / "nginx.log", "nginx", "-p", str(directory), "-e", "stderr", "-c", str(configuration))
    wait_for_listener(process, 443, directory / "nginx.log")


NGINX = """\
daemon off; user root; worker_processes 1; pid {directory}/nginx.pid;
events {{ worker_connections 2048; }}
http {{
  access_log off; default_type application/octet-stream; keepalive_timeout 60s; client_max_body_size 2m;
  root {directory}/bodies;
  {servers}
}}
"""
ANSWERS = "location / { try_files $uri @said; } location @said { return 200 $request_method; }"


def nginx_configuration(directory: Path, hosts: list[Host], rejecting: Collection[str] = ()) -> str:
    """One server block for each of plain HTTP, TLS up to 1.3 and TLS up to 1.2; a certificate for each name, chosen by SNI."""
    blocks = [f"server {{ {listen((host.address for host in hosts), '80')} {ANSWERS} }}"]
    pair = f"{directory}/certificates/$ssl_server_name.pem"
    for version, protocols in (("1.3", "TLSv1.2 TLSv1.3"), ("1.2", "TLSv1.2")):
        sockets = listen((host.address for host in hosts if host.tls == version and host.name not in rejecting), "443 ssl")
        blocks.append(f"server {{ {sockets} ssl_protocols {protocols}; ssl_certificate {pair}; ssl_certificate_key {pair}; {ANSWERS} }}")
    if rejecting:
        sockets = listen((host.address for host in hosts if host.name in rejecting), "443 ssl")
        blocks.append(f"server {{ {sockets} ssl_reject_handshake on; }}")
    return NGINX.format(directory=directory, servers="\n  ".join(blocks))


def listen(addresses: Iterable[str], suffix: str) -> str:
    return " ".join(f"listen {address}:{suffix};" for address in addresses)


def write_certificates(directory: Path) -> Path:
    """Write <name>.pem (key and certificate) for every TLS host, `.pem` for a hello without a name; return the CA certificate's path."""
    directory.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    authority = certificate(AUTHORITY, key.public_key(), key, None)
    (directory / "authority.crt").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    for name in [*(host.name for host in HOSTS.values() if host.tls), ""]:
        own = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name or "nobody.example")])
        leaf = certificate(subject, own.public_key(), key, name or "nobody.example")
        private = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (directory / f"{name}.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM) + private)
    return directory / "authority.crt"


def certificate(
    subject: x509.Name, public: ec.EllipticCurvePublicKey, signer: ec.EllipticCurvePrivateKey, dns_name: str | None
) -> x509.Certificate:
    """A certificate signed by the laboratory's authority; the authority's own when dns_name is None."""
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(AUTHORITY).public_key(public).serial_number(x509.random_serial_number())
    )
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=30))
    builder = builder.add_extension(x509.BasicConstraints(ca=dns_name is None, path_length=None), critical=True)
    if dns_name is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(dns_name)]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def wait_for_listener(process: Popen[str], port: int, log: Path, timeout_s: float = 15) -> None:
    """Return once something listens on the TCP port in the process's namespace; RuntimeError when it ends or takes too long."""
    end = time.monotonic() + timeout_s
    table = Path(f"/proc/{process.pid}/net/tcp")
    while time.monotonic() < end and process.poll() is None:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
        if any(row[3] == LISTENING and row[1].endswith(f":{port:04X}") for row in rows):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}: {log.read_text().strip()[-600:]}")
