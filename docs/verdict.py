"""docs/verdict.md and docs/verdict.schema.json: how a verdict is reached, and the document it is written in, from its own types."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import TypeAdapter

from analyzer.verdict import types

RULES: Final = """
**Proxy.** An `ip:port` that behaves as one anywhere in the inputs: it answers CONNECT with anything but 400, 404, 405 or 501, an absolute-form
request or SOCKS; or a request is followed by what goes through a tunnel, where answers aren't in the capture; or the topology names it. A proxy
is never a source, nor is an address behind a translation that both sides were captured of. What was asked and never answered is listed with the
kind `asked`; what answered as a web server does isn't listed. A flow on which a proxy was asked is never direct, whatever came back.

**Evidence.** `own`: only Defender asks for this host. `platform`: Windows, Azure or a browser ask for it too, and Defender needs it: it names the
service and counts for the planes `system` and `user`, never for `sensor` or `antivirus`. A host that others share only sets `service_possible`.
A source's `defender` is `seen` with own evidence, `hidden` where all it shows is TLS to a proxy, else `not-seen`.

**Outcome of a request.** `worked`: let through, and TLS inside completed, or payload came both ways; a page other than 403, 407, 5xx or a
portal's. `broken`: let through, and inside it TLS failed or the server never said a byte. `challenged`: a 407 on the way to being let in.
`authentication`: any other 407. `denied`: 403, SOCKS "not allowed". `failed`: other refusals, a captive portal. `unanswered`: sent, the other
direction is captured, and nothing came. `unseen`: what would tell isn't in the capture. *Carried* are those that worked or broke, and the unseen
that were let through. Unseen and challenged are never failed.

**Asked and won.** Per source, for each service and each plane. `asked` is the proxy that most requests were sent to, whatever came back (of
equals the one tried first): the setting in force. `winner` is the one with the most worked requests; where none worked, the most carried; then
the most bytes, then the latest. A full tie has none, nor has a plane whose services have different winners (`split`). Direct never wins.

**Eras.** A setting that changes shows as runs of carried requests: two of at least two to different proxies, or three to five of at least three.
A service must cross the border, and none may be balanced over it. `asked`, `winner`, `outcome` and `confidence` are the last era's; `eras` has
all, and the finding `winner-changed` the moments. Three requests or more that all fail at another proxy, behind the last carried one, are an era
without a winner. More runs than five are alternation, and no change.

| confidence | when |
| --- | --- |
| `certain` | every request of the era went to one proxy, every answer was seen, one worked at least, on evidence of the host itself; of several eras one with fewer than four carried requests is at most likely |
| `likely` | one proxy carried at least 80 % of what was carried |
| `unclear` | otherwise; null without a winner |

**Outcome** of a service or plane: `works` (95 % of its requests worked, and no service of the plane without one), `partly`, else the commonest of
what came of its requests; `direct` or `blocked` where it only went past the proxies; null where nothing can be said.

**Precedence.** For `sensor` and `antivirus`, from an era that is certain or likely: the method asked goes over each other method that was there
to be used (it carried something for this source in that era, or a study says that it was configured) and was not asked for this plane. What was
asked first and fell back is the finding `fallback`.
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
    types.Capture,
    types.Damage,
    types.Group,
    types.Source,
    types.Service,
    types.Plane,
    types.Era,
    types.Share,
    types.Required,
    types.Precedence,
    types.Talk,
    types.Proxy,
    types.Leg,
    types.Direct,
    types.DirectRow,
    types.Finding,
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
