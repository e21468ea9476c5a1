"""A job as systemd units: a service that may capture and nothing else, and a timer that starts it.

The service has a user of its own, made by systemd and removed when it ends; the two capabilities that packet capture needs; and write
access to its results only. systemd-analyze security rates it 1.x of 10 (0 is safest).
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from analyzer.errors import Unusable
from analyzer.jobs.deadline import STOPPED_S
from analyzer.jobs.file import Job
from analyzer.text.files import write_whole

FOLDER: Final = Path("/etc/systemd/system")
STATE: Final = Path("/var/lib")
START_S: Final = 120
WATCHDOG_S: Final = 300
"""A run reports that it is alive with every block of packets: the slowest takes seconds, on a slow disk a minute."""
END_S: Final = 120
"""Most seconds of a run beside its capture and its rest: the tool's end (11 s), its results, and a command and a webhook (75 s)."""
USER_NAME: Final = 31
ENV: Final = "/usr/bin/env"
HOMES: Final = ("/home", "/root", "/run/user")
TEMPORARY: Final = ("/tmp", "/var/tmp")

SERVICE: Final = """\
[Unit]
Description=Which proxy won on {interface}: capture job {name}
Documentation=man:systemd.exec(5)
After=network.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart=:{command}
WorkingDirectory={folder}
# 1: something changed; 130: stopped in order. Both did what they were to do.
SuccessExitStatus=1 130
Restart={restart}
RestartSec=30
TimeoutStartSec={start_s}
TimeoutStopSec={stop_s}
{longest}WatchdogSec={watchdog_s}
KillSignal=SIGTERM
KillMode=mixed

DynamicUser=yes
User={user}
StateDirectory={state}
CacheDirectory={unit}
Environment=HOME=/var/cache/{unit} PYTHONDONTWRITEBYTECODE=1
{writable}UMask=0027

AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN
CapabilityBoundingSet=CAP_NET_RAW CAP_NET_ADMIN
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome={home}
PrivateTmp={own_tmp}
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
ProcSubset=all
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
RestrictAddressFamilies={families}
{network}SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources @obsolete
SystemCallErrorNumber=EPERM
DevicePolicy=closed
KeyringMode=private

MemoryMax={memory}
CPUQuota=100%
CPUWeight=50
IOWeight=50
TasksMax=64
Nice=5
"""

TIMER: Final = """\
[Unit]
Description=When the capture job {name} runs

[Timer]
OnBootSec=1min
OnUnitActiveSec={every}s
AccuracySec=1s
Unit={unit}.service

[Install]
WantedBy=timers.target
"""

INSTALL: Final = """
[Install]
WantedBy=multi-user.target
"""


def unit_of(job: Job) -> str:
    """The units' name, without its suffix."""
    return f"whichproxy-{job.name}"


def units(job: Job, program: str | None = None) -> dict[str, str]:
    """File name → text: the service, and a timer that starts it again where the job's runs end.

    program   the whichproxy command; None: the running one
    Errors    Unusable: a path that a unit can't hold
    """
    unit, schedule, telling = unit_of(job), job.settings.schedule, job.settings.on_change
    others = telling.webhook is not None or telling.command is not None
    started = (*([program] if program else program_of()), "capture", str(job.path))
    longest = None if schedule.for_ is None else schedule.for_ + schedule.finish_within + START_S + END_S
    text = SERVICE.format(
        name=job.name,
        unit=unit,
        user=user_of(unit),
        interface=job.settings.interface.replace("%", "%%"),
        command=command_line(started),
        folder=line(str(job.path.parent)),
        restart="on-failure" if schedule.for_ is not None else "always",
        start_s=START_S,
        stop_s=round(min(schedule.finish_within, STOPPED_S)) + END_S,
        longest="" if longest is None else f"RuntimeMaxSec={longest}\n",
        watchdog_s=WATCHDOG_S,
        state=state_word(_below_state(job)),
        writable=_writable(job),
        home="read-only" if _any_below(_read(job, started), HOMES) else "tmpfs",
        own_tmp="no" if _any_below(_read(job, started), TEMPORARY) else "yes",
        families="AF_UNIX AF_PACKET AF_NETLINK AF_INET AF_INET6" if others else "AF_UNIX AF_PACKET AF_NETLINK AF_INET",
        network="" if others else "IPAddressDeny=any\n",
        memory=job.settings.memory,
    )
    if schedule.for_ is None:
        return {f"{unit}.service": text + INSTALL}
    return {f"{unit}.service": text, f"{unit}.timer": TIMER.format(name=job.name, unit=unit, every=schedule.every)}


def _below_state(job: Job) -> str:
    """The results' folder relative to /var/lib, as a service names it. Errors: Unusable, it is elsewhere."""
    results = Path(os.path.normpath(job.results))
    remedy = f'write results = "{STATE}/whichproxy/{job.name}"'
    if not results.is_relative_to(STATE) or results == STATE:
        raise Unusable(f"a service keeps its results below {STATE}, and these are in {results}", str(job.path), remedy)
    below = results.relative_to(STATE)
    if below.parts[0] == "private":  # systemd's own folder, for itself alone
        raise Unusable(f"{STATE}/private is systemd's own", str(job.path), remedy)
    return str(below)


def _read(job: Job, started: tuple[str, ...]) -> Iterator[str]:
    """Every path that the service reads, runs or writes beside its results."""
    yield from started
    yield from (str(path) for path in (job.topology, *job.catalogues, job.expect, job.textfile) if path is not None)
    if not job.settings.drift.against.isalnum():
        yield str(job.beside(job.settings.drift.against))
    yield from (job.settings.on_change.command or [])[:1]


def _any_below(paths: Iterator[str], folders: tuple[str, ...]) -> bool:
    return any(Path(os.path.normpath(path)).is_relative_to(folder) for path in paths for folder in folders)


def _writable(job: Job) -> str:
    """The settings by which the service may write its textfile: its folder and that folder's group. Errors: Unusable, no group may write
    there."""
    if job.textfile is None or job.textfile.is_relative_to(job.results):
        return ""
    folder = job.textfile.parent
    try:
        status = folder.stat()
    except OSError as error:
        raise Unusable(f"{error.strerror or error}", str(folder), "make the folder that the textfile lies in") from error
    if not status.st_mode & stat.S_IWGRP:
        remedy = f"let a group write there (chgrp GROUP {folder}; chmod g+w {folder}), or put the textfile into the results"
        raise Unusable("the service couldn't write there", str(folder), remedy)
    return f"ReadWritePaths={word(str(folder))}\nSupplementaryGroups={status.st_gid}\n"


def program_of() -> tuple[str, ...]:
    """The command that starts this program."""
    beside = Path(sys.executable).with_name("whichproxy")
    return (str(beside),) if os.access(beside, os.X_OK) else (sys.executable, "-m", "analyzer")


# How a text is written depends on who reads it (systemd.syntax(7), systemd.service(5), systemd.unit(5)); each form was read back
# from systemd 252. Everywhere % begins a specifier; $ begins a variable in a command alone, and there not behind the prefix ":".


def line(text: str) -> str:
    """The text as the whole of a setting without quotes (WorkingDirectory). Errors: Unusable, no unit can hold it."""
    # A backslash at a line's end would continue with the next line, and a space there would be lost.
    return f"{_printable(text)}/." if text.endswith((" ", "\\")) else _printable(text)


def word(text: str) -> str:
    """The text as one word of a command or a list of paths. Errors: Unusable, no unit can hold it."""
    escaped = _printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if re.search(r"[\s\"'\\;]", escaped) else escaped


def state_word(text: str) -> str:
    """The text as one word of StateDirectory, which is split at colons too. Errors: Unusable, no unit can hold it."""
    escaped = re.sub(r"[\"'\\:]", lambda found: f"\\x{ord(found[0]):02x}", _printable(text))
    return f'"{escaped}"' if re.search(r"[\s;]", escaped) else escaped


def command_line(words: tuple[str, ...]) -> str:
    """The words as a command. Errors: Unusable, no unit can hold one."""
    if re.search(r"[\"'\\]", words[0]):
        # The path of a program must not hold these characters; an argument may.
        words = (ENV, "--", *words)
        if "=" in words[2]:
            raise Unusable("no unit can start a program whose path has a quote and an equals sign", words[2], "choose another path")
    return " ".join(map(word, words))


def _printable(text: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise Unusable("it has characters that no unit file can hold", repr(text), "choose another path")
    return text.replace("%", "%%")


def user_of(unit: str) -> str:
    """A user's name made from the unit's name: shorter, and without characters that a user's name must not have."""
    name = unit.replace(".", "_")
    return name if len(name) <= USER_NAME and name == unit else f"{name[: USER_NAME - 9]}-{sha256(unit.encode()).hexdigest()[:8]}"


def install(job: Job, folder: Path = FOLDER) -> list[Path]:
    """Write the job's units, and remove one that it no longer has; the paths. Errors: Unusable, they can't be written or the job has
    none."""
    made = units(job)
    for name, text in made.items():
        write_whole(folder / name, [text.encode()])
        (folder / name).chmod(0o644)
    for old in installed(job, folder):
        if old.name not in made:
            _remove(old)
    return [folder / name for name in made]


def uninstall(job: Job, folder: Path = FOLDER) -> list[Path]:
    """Remove the job's units, and the links by which systemd starts them; their paths. Errors: Unusable, they can't be removed."""
    return [path for unit in installed(job, folder) for path in _remove(unit)]


def _remove(unit: Path) -> list[Path]:
    """The unit and the links that enable it, links first: otherwise a link to nothing would be left."""
    going = [*sorted(link for link in unit.parent.glob("*.wants/*") if link.name == unit.name and link.is_symlink()), unit]
    for path in going:
        try:
            path.unlink()
        except OSError as error:
            raise Unusable(f"it can't be removed: {error.strerror or error}", str(path), "run it with sudo") from error
    return going


def installed(job: Job, folder: Path = FOLDER) -> list[Path]:
    """The job's units that exist."""
    return [path for suffix in ("service", "timer") if (path := folder / f"{unit_of(job)}.{suffix}").exists()]


def main_unit(job: Job) -> str:
    """The unit to enable: the timer if there is one."""
    return f"{unit_of(job)}.{'service' if job.settings.schedule.for_ is None else 'timer'}"
