"""Host names as DNS compares them. A name that is invalid in DNS matches no rule."""

from __future__ import annotations

import re

# RFC 1035 2.3.4 limits, RFC 1123 2.1 letters; "_" because real names have it. A last label of digits only is an
# IPv4 address (WHATWG URL, "ends in a number").
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_-]{1,63}\.)*(?![0-9]+\Z)[a-z0-9_-]{1,63}")
_PORT = re.compile(r":[0-9]{1,5}\Z")


def dns_name(host: str) -> str | None:
    """The name in lower case, without port and trailing dot, U-labels as A-labels; None for an address or no DNS name.

    Nothing is folded beyond ASCII letter case: a full-width or Kelvin-sign letter must not turn into a Microsoft name.
    """
    if len(host) > 260:  # 253, a dot and a port
        return None
    if ":" in host:
        host = _PORT.sub("", host)
    if not host.isascii():
        host = ".".join(_a_label(label) for label in host.split("."))
    name = host.lower().removesuffix(".")
    return name if _NAME.fullmatch(name) else None


def written_name(pattern: str) -> str:
    """A pattern or host of a catalogue file in the form of dns_name, with its "*"; unchanged when it is no name."""
    lead = "*." if pattern.startswith("*.") else ""
    rest = pattern.removeprefix("*.")
    if "*" in rest:
        return pattern.lower().removesuffix(".")
    name = dns_name(rest)
    return pattern if name is None else lead + name


def _a_label(label: str) -> str:
    """RFC 3492 alone, without the mappings of IDNA."""
    return label if label.isascii() else "xn--" + label.encode("punycode", "replace").decode("ascii")


def regional_expression(pattern: str) -> str:
    """A regional pattern ("*" inside a label) as a regular expression for whole names: letters, digits and hyphens, at least one."""
    return "[a-z0-9-]+".join(map(re.escape, pattern.split("*")))


def label_expression(pattern: str) -> str:
    """A lookalike's pattern as a regular expression for whole names, without groups.

    "*" any run within one label, "?" one letter, "#" one digit, a leading "*." one or more labels.
    """
    lead, rest = (r"(?:[^.]+\.)+", pattern[2:]) if pattern.startswith("*.") else ("", pattern)
    pieces = {"*": "[^.]*", "?": "[a-z]", "#": "[0-9]"}
    return lead + "".join(pieces.get(c) or re.escape(c) for c in rest)
