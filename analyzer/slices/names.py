"""Host names replaced by others of the same length: Defender's stay, all others become meaningless letters.

A label's replacement depends on the label and on the labels to its right, so names of one domain stay names of one domain.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from analyzer.services.catalogue import Catalogue

# Domains below which each customer has a name of its own.
OF_CUSTOMERS: Final = (
    "atp.azure.com",
    "azure-automation.net",
    "blob.core.usgovcloudapi.net",
    "blob.core.windows.net",
    "microsoftonline-p.com",
    "ods.opinsights.azure.com",
    "ods.opinsights.azure.us",
    "oms.opinsights.azure.com",
    "oms.opinsights.azure.us",
)
# Labels that stay everywhere: top-level labels that identify no one, and the one by which proxies are looked for.
EVERYONES: Final = ("arpa", "com", "edu", "example", "gov", "in-addr.arpa", "ip6.arpa", "local", "localhost", "net", "org", "wpad")
WPAD: Final = "wpad"

# Azure's and Defender's abbreviations of places in host names (learn.microsoft.com, "Azure regions", and the catalogue's own hosts).
PLACES: Final = frozenset(
    re.findall(
        r"[a-z]+",
        "ae an as ase asia au aue aus br brs ca cac cae cc ce ch chn chw ci cin cn cus dew ea eas east ee eu europe eus fr frc "
        "gov gw in inc ind ine inw ja jap japan jp jpe jpw kc ko kor krc krs nc ncus ne neu no noe north now nz pl plc prd prod "
        "qa sa san sas sc scus se sea sec sg sn south sw swc ta uae uan ug ugt uk uks ukw us usgov usm uss usw v wc wcus we "
        "west weu ws wus za zan",
    )
)
LONG: Final = 5
_PART = re.compile(r"[a-z]+")
# A label of known words and short numbers: edr-neu3, us-v20, mdav. Any other label under a wildcard may be a customer's.
_ROLE = re.compile(r"[a-z]+[0-9]{0,3}(?:-(?:[a-z]+[0-9]{0,3}|[0-9]{1,3})){0,4}")
_ADDRESS = re.compile(rb"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_WORD = re.compile(rb"[A-Za-z0-9\x80-\xff]+")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


class Names:
    """Replaces each host name, always by the same one."""

    def __init__(self, key: bytes, catalogue: Catalogue) -> None:
        self._key = key
        self._catalogue = catalogue
        self._known: dict[str, bytes] = {}

    @cached_property
    def _kept(self) -> frozenset[str]:
        """Every name that ends a pattern, whole patterns included."""
        patterns = [*(rule.pattern for rule in self._catalogue.rules), *self._catalogue.context]
        return frozenset([*EVERYONES, *(name for pattern in patterns for name in _endings(pattern.removeprefix("*.")))])

    @cached_property
    def _wild(self) -> frozenset[str]:
        patterns = [*(rule.pattern for rule in self._catalogue.rules if not rule.is_regional), *self._catalogue.context]
        return frozenset(pattern[2:] for pattern in patterns if pattern.startswith("*."))

    def is_kept(self, host: bytes) -> bool:
        """Whether this host name stays unchanged."""
        return self.host(host) == host and not _ADDRESS.fullmatch(host)

    def host(self, host: bytes) -> bytes:
        """The masked host name or address as text, of the same length, with its letter case."""
        if _ADDRESS.fullmatch(host):
            return b".".join(self._octet(host, i, part) for i, part in enumerate(host.split(b".")))
        if b":" in host:
            return self._address6(host)
        labels = host.split(b".")
        return b".".join(self.label(label, b".".join(labels[i + 1 :])) for i, label in enumerate(labels))

    def label(self, label: bytes, parent: bytes) -> bytes:
        """The replacement of a label, determined by it and the labels to its right."""
        whole = b".".join(part for part in (label, parent.rstrip(b".")) if part).decode("latin-1").lower()
        if whole not in self._known:
            self._known[whole] = b"" if self._stays(whole) else hmac.new(self._key, whole.encode(), hashlib.sha256).digest()
        made = self._known[whole]
        return self._partly(label, masked(label, made), whole) if made and label else label

    def _partly(self, label: bytes, made: bytes, whole: str) -> bytes:
        """The replacement with the words put back that are Microsoft's: they show the label's kind."""
        if not self._is_microsofts(whole):
            return made
        for part in _PART.finditer(label.decode("latin-1").lower()):
            if self._is_known(part[0]):
                made = made[: part.start()] + label[part.start() : part.end()] + made[part.end() :]
        return made

    def _stays(self, whole: str) -> bool:
        first, _, _ = whole.partition(".")
        if whole in self._kept or first == WPAD:
            return True
        return self._is_microsofts(whole) and _ROLE.fullmatch(first) is not None and all(map(self._is_known, _PART.findall(first)))

    def _is_microsofts(self, whole: str) -> bool:
        """Whether the labels to the right of the first, or the name's shape, show that it is Microsoft's."""
        under = next((ending for ending in _endings(whole.partition(".")[2]) if ending in self._wild), None)
        if under is not None and under not in OF_CUSTOMERS:
            return True
        return bool(self._catalogue.shapes.fullmatch(whole)) or any(level[0].is_regional for level in self._catalogue.levels(whole))

    @cached_property
    def _words(self) -> frozenset[str]:
        """The words of which Microsoft makes labels: those in the catalogue's hosts, and places."""
        patterns = [*(rule.pattern for rule in self._catalogue.rules), *self._catalogue.context]
        return PLACES.union(*(_PART.findall(pattern) for pattern in patterns))

    def _is_known(self, word: str) -> bool:
        """Whether the word is in `_words`, or is such a word followed by a place: `automatedirstrprdweu`."""
        return word in self._words or any(word[:at] in self._words and word[at:] in PLACES for at in range(LONG, len(word)))

    def noise(self, text: bytes) -> bytes:
        """Any text, of the same length, with its letters and digits replaced."""
        return masked(text, hmac.new(self._key, text.lower(), hashlib.sha256).digest())

    def words(self, text: bytes, kept: frozenset[bytes] = frozenset()) -> bytes:
        """Any text, of the same length, with each word but those of `kept` replaced; equal words get equal replacements."""
        return _WORD.sub(lambda word: word[0] if word[0].lower() in kept else self.noise(word[0]), text)

    def blur(self, raw: bytes) -> bytes:
        """As many other bytes, the same for the same input. Zeros stay."""
        if not any(raw):
            return raw
        key = hmac.new(self._key, b"bytes " + raw, hashlib.sha256).digest()
        return hashlib.shake_256(key).digest(len(raw))

    def _address6(self, host: bytes) -> bytes:
        """An IPv6 address as text with other digits, still an IPv6 address; noise for anything else with a colon."""
        try:
            ipaddress.IPv6Address(host.decode("latin-1"))
        except ValueError:
            return self.noise(host)
        groups, colon, dotted = host.rpartition(b":") if b"." in host else (host, b"", b"")  # ::ffff:192.0.2.1
        digits = hmac.new(self._key, b"6 " + host.lower(), hashlib.sha512).digest()
        made = bytearray(groups)
        for i, byte in enumerate(groups):
            if byte != 58:
                made[i] = b"123456789abcdef"[digits[i % len(digits)] % 15]
        return bytes(made) + colon + (self.host(dotted) if dotted else b"")

    def _octet(self, host: bytes, place: int, part: bytes) -> bytes:
        """Another number with as many digits, at most 255."""
        number = int.from_bytes(hmac.new(self._key, b"%d %b" % (place, host), hashlib.sha256).digest()[:4], "big")
        low, span = {1: (1, 9), 2: (10, 90), 3: (100, 156)}[len(part)]
        return b"%d" % (low + number % span)


def _endings(name: str) -> list[str]:
    """The name, the part right of its first dot, and so on."""
    labels = name.split(".")
    return [".".join(labels[i:]) for i in range(len(labels))]


def masked(text: bytes, noise: bytes) -> bytes:
    """The text with a letter for each letter, digit and non-ASCII byte; letter case and all other bytes stay."""
    made = bytearray()
    for i, byte in enumerate(text):
        letter = _LETTERS[(noise[i % len(noise)] + 7 * (i // len(noise))) % 26]
        if 65 <= byte <= 90:
            made.append(ord(letter.upper()))
        elif 97 <= byte <= 122 or 48 <= byte <= 57 or byte >= 128:
            made.append(ord(letter))
        else:
            made.append(byte)
    return bytes(made)
