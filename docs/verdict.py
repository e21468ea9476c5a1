"""docs/verdict.md and docs/verdict.schema.json: how a verdict is reached, and the document it is written in, from its own types."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import TypeAdapter

from analyzer.verdict import types

RULES: Final = """
## Who is a proxy

An `ip:port` that behaves as one anywhere in the inputs, before or after the flow in question:

- it answers CONNECT with anything but 400, 404, 405 or 501, or it answers an absolute-form request or SOCKS;
- where answers aren't in the capture: a CONNECT or SOCKS request is followed by a ClientHello or by data of the client;
- where requests aren't: a `200` to nothing visible is followed by a ServerHello;
- or the topology names it.

A flow on which a proxy was asked is never direct, whatever came back. What was asked and never answered is listed among the proxies with
the kind `asked`; what answered as a web server does isn't. A proxy's address is no source, unless the topology calls it a workstation;
nor is an address by which a proxy leaves, or of which a translation or a transparent proxy in the same capture is the explanation: such flows are copies
(`same_as`) or legs behind a proxy (`upstream`), and count nowhere. A workstation with several addresses in the topology is one source.

## Whose traffic

| evidence | whose host | what it does |
| --- | --- | --- |
| `own` | only Defender asks for it | names the service; the only thing that counts for `sensor` and `antivirus` |
| `platform` | Windows, Azure or a browser ask for it too, and Defender needs it | names the service; counts for `system` and `user` |
| shared | other products use it as well | sets `service_possible` and counts nowhere |

Hosts that are known and aren't Defender's, such as Edge's, count for `system` and `user` without a service. A source's `defender` is
`seen` where it asked for an own host of a service other than the security portal; else `hidden` where it speaks TLS to a proxy and shows
no request; else `not-seen`.

## What came of a request

| outcome | when |
| --- | --- |
| `worked` | let through, and TLS inside completed, or without TLS payload went both ways; of a page: any answer but 403, 407, 5xx or a captive portal's |
| `broken` | let through, and inside it TLS failed or the server never said a byte |
| `challenged` | a 407 on the way to being let in: nothing was offered yet, or the answer is the next step of the scheme, and within 30 s credentials follow or it is let in |
| `authentication` | any other 407 |
| `denied` | 403; SOCKS: not allowed |
| `failed` | any other refusal, a captive portal, an answer that is no proxy's |
| `unanswered` | sent, the other direction is captured, and nothing came |
| `hidden` | a TLS connection to a proxy that shows no request |
| `unseen` | what would tell isn't captured; or the capture ends less than three seconds later, without an end of the connection or a resend; or the request was lost to a connection that the server closed after serving others |

*Carried* are those that worked or broke, and the unseen ones that were let through. *Failed* are authentication, denied, failed and
unanswered; unseen and challenged never are.

## What went past the proxies

`direct_outcome` is `answered` where something came back that isn't an alert or a block page alone, and the flow's beginning, a hello or
a request was seen; `blocked` where nothing came back but a refusal, though that direction is captured and three seconds went by, or the connection ended;
`unknown` where the capture doesn't tell: the rest of an old connection, one direction only, opened and nothing sent.

## Asked and won

Per source, for each service and for each plane. **`asked`** is the proxy that most requests were sent to, whatever came back; of equals
the one tried first. It is the setting in force. **`winner`** is the proxy with the most worked requests; where none worked, the most
carried; then the most bytes, then the latest. A full tie has no winner, nor has a plane whose services have different winners that are
certain or likely (`split`). Direct never wins.

## Since when

*Eras* are stretches of time with one answer, found in the carried requests in order of time. Two runs of at least two requests to
different proxies, or three to five runs of at least three, are a change; more runs are alternation, and no change. A tunnel that is used for
more than ten minutes counts as two requests; one lone request between two runs of one other proxy (six together) ends no run. A border
counts only where a service has requests on both sides of it, and where no service is balanced over both proxies. Where a plane's own
runs show no change, it has those on which all of its services that changed agree. Three requests or more that all fail at one other
proxy, behind the last carried one, are an era without a winner, unless that proxy failed all along while another carried (a fallback).

`asked`, `winner`, `outcome` and `confidence` are the last era's; `eras` has all. The finding `winner-changed` says until when the one and
since when the other, and calls it a failover where the first proxy was still asked and failed.

## How sure

| confidence | when |
| --- | --- |
| `certain` | every request of the era went to one proxy (a challenge and its answer are one), every answer was seen, one worked at least, on a host that is known by itself; of several eras one with fewer than four carried requests is at most likely |
| `likely` | one proxy carried at least 80 % of what was carried; also where only a pattern of regions or an answer of DNS names the host |
| `unclear` | otherwise; null without a winner |

## Whether it works

`works`: 95 % of the requests (challenges aside) worked, and no service of the plane is without one that did. `partly`: some worked. Else
the commonest of what came of the requests: `broken`, `authentication`, `denied`, `failed`, `unanswered`, `hidden` or `unseen`. `direct` or
`blocked` where it only went past the proxies; null where nothing can be said.

## Precedence

For `sensor` and `antivirus`, from an era that is certain or likely: the method asked (its address, if it has none) goes *over* each other
method that was there to be used and wasn't asked for this plane. There to be used is what carried something for this source in that era, or what
a study says was configured. It is as sure as the era where the other one worked, else `likely`. What was asked first and fell back is the finding `fallback`, with its
chain.

## Required services

Of each service that Microsoft requires of such a device: `carried` (something worked, or went direct and was answered), `failed` (asked
for, and nothing worked), `possible` (what came of it isn't in the capture, or only shared hosts were asked for), `hidden`, `unseen`.

## Groups and findings

Sources with the same answer are one group; one that was seen with less joins the largest group that it doesn't contradict.
Those of which no plane was seen are a group of their own. One cause is one finding, with all its sources, services and flows; findings that
state a moment are one for each source and moment.
"""

DOCUMENT: Final = """
`whichproxy report --json`, `-o FILE.json` and `traffic.verdict.to_dict()` give the same document, of schema 2. Keys are always there; null:
unknown. Times are RFC 3339 with nine digits, in UTC. [JSON Schema](verdict.schema.json).
"""

OPENED: Final = """
`inspected` is true where the proxy's own leg for the same tunnel carries another ClientHello, false where it carries the client's, and null
otherwise. A hello of the proxy's counts only if it is for the same host, lies between the client's request and five seconds after the client's
hello, is no other tunnel's, and nothing of this client for this host came through untouched. Several tunnels to one host at once may all be proven
opened while nobody can say which leg is whose: then `pair` is null. With one leg alone, TLS 1.3 shows nothing; a certificate of TLS 1.2 whose issuer isn't
one of Defender's gives a `tls-inspected` finding that is `likely`, and `inspected` stays null. Other issuers that are right for you go into
the topology: `[gateway]`, `certificate_issuers = ["Contoso Issuing CA"]`.
"""

SHAPES: Final = (
    types.Verdict,
    types.MadeBy,
    types.CatalogueMade,
    types.TopologyMade,
    types.Capture,
    types.Damage,
    types.Group,
    types.Source,
    types.Device,
    types.Service,
    types.Plane,
    types.Era,
    types.Share,
    types.Required,
    types.Precedence,
    types.Talk,
    types.TalkBy,
    types.TalkPlane,
    types.Proxy,
    types.Leg,
    types.Direct,
    types.DirectRow,
    types.Pac,
    types.Finding,
    types.Setting,
)


def verdict_page(written: str) -> str:
    """docs/verdict.md. written: the line that says that a program wrote it."""
    lines = ["# How a winner is decided", "", written, RULES.rstrip(), "", "## The document", DOCUMENT.rstrip()]
    schema = TypeAdapter(types.Verdict).json_schema()
    shapes = {"Verdict": schema, **schema["$defs"]}
    for shape in SHAPES:
        lines += ["", f"### {shape.__name__}", "", " ".join((shape.__doc__ or "").split()), "", "| key | type |", "| --- | --- |"]
        properties = shapes[shape.__name__]["properties"]
        lines += [f"| `{key}` | {type_text(value)} |" for key, value in properties.items()]
    return "\n".join([*lines, "", "## Opened on the way", OPENED.rstrip()]) + "\n"


def type_text(schema: dict[str, Any]) -> str:
    """A property's type in words."""
    if "anyOf" in schema:
        return " or ".join(type_text(each) for each in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {type_text(schema.get('items', {}))}"
    return {"object": "object", "string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}.get(kind, kind)


def verdict_schema() -> str:
    """docs/verdict.schema.json: the document's types as JSON Schema."""
    schema = TypeAdapter(types.Verdict).json_schema()
    for shape in (schema, *schema["$defs"].values()):
        if shape.get("type") == "object":
            shape["additionalProperties"] = False
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The verdict document of whichproxy",
        "description": "What `whichproxy report --json`, `-o FILE.json` and `traffic.verdict.to_dict()` give; docs/verdict.md explains it.",
    }
    return json.dumps(about | {key: value for key, value in schema.items() if key not in about}, indent=1, sort_keys=True) + "\n"
