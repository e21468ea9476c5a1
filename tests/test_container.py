"""The Dockerfile as far as it can be tested without Docker: what it copies is there, its user isn't root, nothing compiles at start.

docs/platforms.md says how its steps were run.
"""

from __future__ import annotations

import re
import subprocess
import tomllib

from tests.conftest import ROOT

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
JOINED = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE))
STEPS = [line.split(" ", 1) for line in JOINED.splitlines() if line]


def test_there_are_two_stages_and_the_second_begins_anew() -> None:
    first, second = (i for i, (step, _) in enumerate(STEPS) if step == "FROM")
    assert first == 0
    built = [rest for step, rest in STEPS[:second] if step == "RUN"]
    assert "gcc" in built[0] and 'grep "^ok  *compiled"' in built[-1], "the kernels are compiled when the image is built, or none is"
    final = STEPS[second:]
    assert not any("pip" in rest or "gcc" in rest for step, rest in final if step == "RUN")
    (user,) = (rest for step, rest in final if step == "USER")
    assert user.isdecimal() and int(user) > 0 and f"--uid {user}" in TEXT


def test_what_it_copies_is_there_and_is_all_that_the_build_needs() -> None:
    copied = [name for step, rest in STEPS if step == "COPY" and not rest.startswith("--from") for name in rest.split()[:-1]]
    listed = subprocess.run(["git", "ls-files", "--", *copied], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert all(any(file == name or file.startswith(f"{name}/") for file in listed) for name in copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    data = [name for names in project["tool"]["setuptools"]["data-files"].values() for name in names]
    wanted = [
        project["project"]["readme"],
        *project["project"]["license-files"],
        "requirements.txt",
        "pyproject.toml",
        "setup.py",
        "analyzer",
        *data,
    ]
    assert sorted(copied) == sorted(wanted)
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")}
    assert {name for name in copied if not name.startswith("docs/")} | {"docs/*.schema.json"} == let_in
