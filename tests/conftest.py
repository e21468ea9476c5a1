"""The places of the oracles and the cases, and the tests that may be skipped.

The oracles are captures made by others, with the facts that are known about them; the cases are small captures of single situations,
with the expected verdict. They aren't part of the repository: they lie in $WHICHPROXY_ORACLES and $WHICHPROXY_CASES, by default
in ../shared/oracles and ../shared/cases beside it. With WHICHPROXY_REQUIRE_ALL=1 (`make test` in CI) a skipped test is a failed
one, except where a clone has no oracles or no cases.
"""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis.internal.conjecture import providers

from tests.explore.finds import FOUND, Finds


def build_kernels() -> None:
    """Compile the units that are stale, so that no test runs them as plain Python; once, before workers begin."""
    from analyzer.compiled import not_compiled, why_plain

    if "PYTEST_XDIST_WORKER" in os.environ or os.environ.get("WHICHPROXY_PLAIN") or not not_compiled():
        return
    import analyzer.compiled.build

    analyzer.compiled.build.in_place()
    why_plain.cache_clear()


# What a module was compiled to is kept, also where the shell asks Python to keep nothing: or else each worker and every process that a
# test starts compiles it again, which is half of a small run's time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

build_kernels()

ROOT = Path(__file__).resolve().parent.parent
ORACLES = Path(os.environ.get("WHICHPROXY_ORACLES") or ROOT.parent / "shared" / "oracles")
NO_ORACLES = f"this clone has no oracles: {ORACLES} isn't there (WHICHPROXY_ORACLES names another place)"
CASES = Path(os.environ.get("WHICHPROXY_CASES") or ROOT.parent / "shared" / "cases")
NO_CASES = f"this clone has no cases: {CASES} isn't there (WHICHPROXY_CASES names another place)"
LEFT_OUT = ((ORACLES, NO_ORACLES), (CASES, NO_CASES))
REQUIRE_ALL = os.environ.get("WHICHPROXY_REQUIRE_ALL") == "1"

needs_oracles = pytest.mark.skipif(not ORACLES.is_dir(), reason=NO_ORACLES)
"""For tests that are parametrized over the oracles' own lists; others ask for the fixture."""
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason=NO_CASES)


FINDS = Finds(Path(os.environ.get("WHICHPROXY_FOUND") or FOUND), keeping=os.environ.get("HYPOTHESIS_PROFILE") == "explore")

# The suite is deterministic: its draws are seeded by the tests' sources. `make explore` draws anew and keeps failures;
# `again` tries only kept ones. By itself Hypothesis also draws the constants in the source of whatever modules are loaded by then,
# which depends on the tests that the same worker ran before; only `make explore` lets it.
settings.register_profile("ci", derandomize=True, print_blob=True, deadline=None, database=None)
settings.register_profile("explore", print_blob=True, deadline=None, database=FINDS)
settings.register_profile("again", deadline=None, database=FINDS, phases=[Phase.explicit, Phase.reuse])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
if settings.get_current_profile_name() == "ci":
    providers._get_local_constants = lambda: providers._local_constants


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What is found belongs to the test that runs."""
    FINDS.test = item.nodeid


def pytest_configure(config: pytest.Config) -> None:
    """Each test sets a terminal's width itself: a shell may export one, and pytest-xdist does. Nothing is written to the home folder."""
    every_second_worker_backwards(config)
    os.environ.pop("COLUMNS", None)
    os.environ.pop("LINES", None)
    folder = tempfile.TemporaryDirectory(prefix="whichproxy-cache-")
    atexit.register(folder.cleanup)
    os.environ["WHICHPROXY_CACHE"] = folder.name


def every_second_worker_backwards(config: pytest.Config) -> None:
    """Collect from the other end, so that two workers don't compile each test module at the same moment, but use each other's result."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    if int(worker.removeprefix("gw")) % 2 and [Path(arg).name for arg in config.args] == ["tests"]:
        found = [path for path in (ROOT / "tests").iterdir() if path.name.startswith("test_") or (path / "__init__.py").exists()]
        config.args = [str(path) for path in sorted(found, reverse=True)]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more worker than processors: some tests wait for packets, a process or a browser, and the others use the processor meanwhile."""
    return len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)) + 1


LONG = (
    *("matrix/test_matrix", "cli/test_capture", "cli/test_watch", "fuzz/test_long", "report/page/test_looks", "report/page/test_browser"),
    *("test_notebooks", "test_docs", "test_recipes", "parts/test_partial", "verdict/test_less", "verdict/test_metamorphic"),
    *("second_opinion/test_verify", "jobs/test_run", "captures/test_lab_live", "jobs/test_analyst", "cli/test_libraries", "cli/test_study"),
    *("explore/test_explore", "compiled/test_build", "compiled/test_kernel", "facts/test_lookups", "fuzz/test_decode", "fleet/test_kept"),
)
"""Files of few tests that wait or take long (five seconds of processor time and more), the longest first."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several workers share the files: the long ones first, then those with the most tests, so that no worker ends alone."""
    if not hasattr(config, "workerinput"):
        return
    tests = Counter(item.path for item in items)
    long = {ROOT / "tests" / f"{name}.py": number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: (long.get(item.path, len(long)), -tests[item.path], item.path))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden texts with what is said now; look at the difference")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def oracles() -> Path:
    """The folder with probes/, public/ and expected.jsonl; the test is skipped in a clone without it."""
    if not ORACLES.is_dir():
        pytest.skip(NO_ORACLES)
    return ORACLES


@pytest.fixture(scope="session")
def published(oracles: Path) -> Path:
    """The folder with the published host lists, which lies beside the oracles."""
    folder = oracles.parent / "facts"
    if not folder.is_dir():
        pytest.skip(f"the published lists aren't beside the oracles: {folder}")
    return folder


def forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure with its reason, where everything must run."""
    if not REQUIRE_ALL or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(not place.is_dir() and (why in reason or "got empty parameter set" in reason) for place, why in LEFT_OUT):
        report.outcome = "failed"
        report.longrepr = f"WHICHPROXY_REQUIRE_ALL=1 and this was skipped. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    forbid_skip(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report once that tests were left out for lack of oracles or cases."""
    for place, why in LEFT_OUT:
        if not place.is_dir():
            terminalreporter.write_line(why)
