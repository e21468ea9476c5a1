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

A flow on which a proxy was asked is never direct, whatever came back. An address that was asked and never answered is listed among the
proxies with the kind `asked`; one that answered like a web server isn't listed. A proxy's address is no source, unless the topology calls
it a workstation. Neither is the address from which a proxy connects to servers, nor one that a translation or a transparent proxy in the
same capture explains: such flows are copies (`same_as`) or legs behind a proxy (`upstream`), and count nowhere. A workstation with several
addresses in the topology is one source.

## Whose traffic

| evidence | which hosts | effect |
| --- | --- | --- |
| `own` | only Defender asks for it | names the service; the only thing that counts for `sensor` and `antivirus` |
| `platform` | Windows, Azure or a browser ask for it too, and Defender needs it | names the service; counts for `system` and `user` |
| shared | other products use it as well | sets `service_possible` and counts nowhere |

Hosts that are known and aren't Defender's, such as Edge's, count for `system` and `user` without a service. A source's `defender` is
`seen` where it asked for an own host of a service other than the security portal; else `hidden` where it speaks TLS to a proxy and shows
no request; else `not-seen`.

## Outcome of a request

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
| `unseen` | the direction with the answer isn't captured; or the capture ends less than three seconds later, without an end of the connection or a resend; or the request was lost to a connection that the server closed after serving others |

*Carried* requests are those that worked or broke, and the unseen ones that were let through. *Failed* ones have the outcome
authentication, denied, failed or unanswered; unseen and challenged requests never count as failed.

## Traffic past the proxies

`direct_outcome` is `answered` where the server sent more than an alert or a block page, and the flow's beginning, a hello or a request was
seen. It is `blocked` where nothing or only a refusal came back, though that direction is captured and three seconds went by, or the
connection ended. It is `unknown` where the capture doesn't show it: the rest of an old connection, one direction only, or a connection
that was opened and never used.

## Asked and won

Both are stated per source, for each service and for each plane. **`asked`** is the proxy that most requests were sent to, whatever came
back; of equals the one tried first. It is the setting in force. **`winner`** is the proxy with the most worked requests; where none
worked, the one with the most carried requests; then with the most bytes; then the latest. A full tie has no winner. Neither has a plane
whose services have different winners that are certain or likely (`split`). Direct never wins.

## Since when

*Eras* are stretches of time with one answer, found in the carried requests in order of time. Two runs of at least two requests to
different proxies, or three to five runs of at least three, are a change; more runs are alternation, and no change. A tunnel that is used for
more than ten minutes counts as two requests. A single request between two runs of one other proxy (six or more together) ends no run. A
border counts only where a service has requests on both sides of it, and where no service is balanced over both proxies. Where a plane's
own runs show no change, it has the changes on which all of its services that changed agree. Three or more requests after the last carried
one that all fail at one other proxy are an era without a winner.

`asked`, `winner`, `outcome` and `confidence` are those of the last era; `eras` has all eras. The finding `winner-changed` names the time
until which the first proxy was used and the time since which the second is. It calls the change a failover where the first proxy was
still asked and failed.

## How sure

| confidence | when |
| --- | --- |
| `certain` | every request of the era went to one proxy (a challenge and its answer are one request), every answer was seen, and at least one request worked, for a host that the catalogue lists by its name; where there are several eras, one with fewer than four carried requests is at most likely |
| `likely` | one proxy carried at least 80 % of the carried requests; also where only a pattern of regions or an answer of DNS names the host |
| `unclear` | otherwise; null without a winner |

## Whether it works

`works`: at least 95 % of the requests (challenges aside) worked, and at least one for each service of the plane. `partly`: some worked.
Otherwise the most frequent outcome of the requests: `broken`, `authentication`, `denied`, `failed`, `unanswered`, `hidden` or `unseen`.
`direct` or `blocked` where all traffic went past the proxies; null where the capture doesn't show it.

## Precedence

Precedence is stated for `sensor` and `antivirus`, from an era that is certain or likely: the method that was asked (the proxy's address,
if it has no method) goes *over* each other method that was available and wasn't asked for this plane. A method was available if it carried
something for this source in that era, or if a study says that it was configured. The statement has the era's confidence where the other
method worked, otherwise `likely`. If a proxy was asked first and the client fell back to another, that is the finding `fallback`, with the
chain of proxies.

## Required services

The state of each service that Microsoft requires for such a device: `carried` (something worked, or went direct and was answered by more
than TLS that broke off), `failed` (asked for, and nothing worked), `possible` (the outcome isn't in the capture, or only shared hosts were
asked for), `hidden`, `unseen`.

## Groups and findings

Sources with the same answer are one group. A source with fewer planes or services joins the largest group that it doesn't contradict.
Sources without any plane are a group of their own. One cause is one finding, with all its sources, services and flows. Findings about a
moment are separate for each source and moment.
"""

DOCUMENT: Final = """
`whichproxy report --json`, `-o FILE.json` and `traffic.verdict.to_dict()` give the same document, of schema 2. Every key is always
there; null means unknown. Times are RFC 3339 with nine digits, in UTC. [JSON Schema](verdict.schema.json).
"""

OPENED: Final = """
`inspected` is true where the proxy's own leg for the same tunnel carries another ClientHello, false where it carries the client's, and null
otherwise. A hello of the proxy's counts only if it is for the same host, lies between the client's request and five seconds after the client's
hello, belongs to no other tunnel, and no hello of this client for this host passed the proxy unchanged. Several tunnels to one host at the
same time may all be proven opened while it isn't known which leg belongs to which tunnel: then `pair` is null. With one leg alone, TLS 1.3
shows nothing; a certificate of TLS 1.2 whose issuer isn't one of Defender's gives a `tls-inspected` finding that is `likely`, and
`inspected` stays null. Other issuers that are right on your network go into the topology: `[gateway]`,
`certificate_issuers = ["Contoso Issuing CA"]`.
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
