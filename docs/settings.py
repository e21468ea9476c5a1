"""docs/settings.md: every setting that advice names, and the findings that name it."""

from __future__ import annotations

from typing import Final

from analyzer.text.labels import PLANES
from analyzer.verdict.advice.rules import RULES, WITHOUT, Subject
from analyzer.verdict.advice.settings import AT_THE_PROXY, SETTINGS, UNKNOWN_PROXY, Setting

TEXT: Final = """
A finding that a setting changes names it: what to write and where, with Microsoft's page and the date of its text. Where the sources run
macOS or Linux, theirs is named. Which settings of Windows are meant follows from how the topology says that clients are given the
proxy, else from whose traffic it is. `HOST:PORT` stands where the finding doesn't know the proxy.

With it comes what must hold afterwards: a `[test.expect]` table. Save it, change the setting, capture again, and

```sh
whichproxy report next.pcapng --topology topology.toml --expect expect.toml
```

ends with exit code 1 until it holds.
"""


def settings_page(written: str) -> str:
    """docs/settings.md. written: the line that says that a program wrote it."""
    named = {code: {setting for subject in _subjects() for setting in rule.settings(subject)} for code, rule in RULES.items()}
    lines = ["# The setting to change", "", written, TEXT.rstrip()]
    for title, those in (
        ("On the device", [s for s in SETTINGS if s.system != AT_THE_PROXY]),
        ("At the proxy", [s for s in SETTINGS if s.system == AT_THE_PROXY]),
    ):
        lines += ["", f"## {title}"]
        for setting in those:
            codes = ", ".join(f"`{code}`" for code in RULES if setting in named[code])
            lines += [
                "",
                f"### {setting.name}{f' ({setting.system})' if setting.system != AT_THE_PROXY else ''}",
                "",
                *_entry(setting, codes),
            ]
    lines += [
        "",
        "## Without a setting",
        "",
        "| finding | why |",
        "| --- | --- |",
        *(f"| `{code}` | {why} |" for code, why in WITHOUT.items()),
    ]
    return "\n".join(lines) + "\n"


def _entry(setting: Setting, codes: str) -> list[str]:
    written = setting.change.replace("{proxy}", UNKNOWN_PROXY)
    return [
        f"{setting.why} Named by {codes}.",
        "",
        f"- where: {setting.where.replace('<', '&lt;')}",
        f"- change: `{written}`",
        f"- source: <{setting.page.url}>, {setting.page.date}",
    ]


def _subjects() -> list[Subject]:
    """One for each plane, method and system."""
    systems = [frozenset(), frozenset(("macOS",)), frozenset(("Linux",))]
    methods = ["", "static", "winhttp", "wininet", "pac"]
    return [Subject(frozenset((plane,)), ran, method, (), None) for plane in PLANES for ran in systems for method in methods]
