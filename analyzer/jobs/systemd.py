"""A job as systemd units: a service that may capture and nothing else, and a timer that starts it.

The service has a user of its own, made by systemd and gone when it ends; the two capabilities that packet capture needs; and of
the file system only its results. systemd-analyze security rates it 1.x of 10 (0 is safest).
"""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import Final

from analyzer.errors import Unusable
from analyzer.jobs.file import Job
from analyzer.report.outputs import write_whole

FOLDER: Final = Path("/etc/systemd/system")
STATE: Final = Path("/var/lib")
START_S: Final = 120
WATCHDOG_S: Final = 300
"""A run says that it is alive between files: one file of the default size takes seconds, on a slow disk a minute."""

SERVICE: Final = """\
[Unit]
Description=Which proxy won on {interface}: capture job {name}
Documentation=man:systemd.exec(5)
After=network.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
WorkingDirectory={folder}
# 1: something changed; 130: stopped in order. Both did what they were to do.
SuccessExitStatus=1 130
Restart={restart}
RestartSec=30
TimeoutStartSec={start_s}
TimeoutStopSec=120
WatchdogSec={watchdog_s}
KillSignal=SIGTERM
KillMode=mixed

DynamicUser=yes
User={user}
StateDirectory={state}
CacheDirectory={unit}
Environment=NUMBA_CACHE_DIR=/var/cache/{unit} HOME=/var/cache/{unit} PYTHONDONTWRITEBYTECODE=1
{writable}UMask=0027

AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN
CapabilityBoundingSet=CAP_NET_RAW CAP_NET_ADMIN
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome={home}
PrivateTmp=yes
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
    """File name → text: the service, and where the job has an end a timer that starts it anew.

    program   the whichproxy command; None: the one that runs now
    Errors    Unusable: a path that a unit can't hold
    """
    unit, schedule, telling = unit_of(job), job.said.schedule, job.said.on_change
    if not job.results.is_relative_to(STATE) or job.results == STATE:
        remedy = f'write results = "{STATE}/whichproxy/{job.name}"'
        raise Unusable(f"a service keeps its results below {STATE}, and these are in {job.results}", str(job.path), remedy)
    others = telling.webhook is not None or telling.command is not None
    started = (*([program] if program else program_of()), "capture", str(job.path))
    text = SERVICE.format(
        name=job.name,
        unit=unit,
        user=unit[:31],
        interface=quoted(job.said.interface),
        command=" ".join(map(quoted, started)),
        folder=quoted(str(job.path.parent)),
        restart="on-failure" if schedule.for_ is not None else "always",
        start_s=START_S,
        watchdog_s=WATCHDOG_S,
        state=quoted(str(job.results.relative_to(STATE))),
        writable=_writable(job),
        home="read-only" if any(Path(part).is_relative_to(home) for part in started for home in ("/home", "/root")) else "tmpfs",
        families="AF_UNIX AF_PACKET AF_NETLINK AF_INET AF_INET6" if others else "AF_UNIX AF_PACKET AF_NETLINK AF_INET",
        network="" if others else "IPAddressDeny=any\n",
        memory=job.said.memory,
    )
    if schedule.for_ is None:
        return {f"{unit}.service": text + INSTALL}
    return {f"{unit}.service": text, f"{unit}.timer": TIMER.format(name=job.name, unit=unit, every=schedule.every)}


def _writable(job: Job) -> str:
    """What lets the service write its textfile: the folder, and the group that may write there. Errors: Unusable, nobody's may."""
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
    return f"ReadWritePaths={quoted(str(folder))}\nSupplementaryGroups={status.st_gid}\n"


def program_of() -> tuple[str, ...]:
    """How this very program is started."""
    beside = Path(sys.executable).with_name("whichproxy")
    return (str(beside),) if os.access(beside, os.X_OK) else (sys.executable, "-m", "analyzer")


def quoted(text: str) -> str:
    """The text as one word of a unit file (systemd.syntax(7)): % and $ doubled, quoted where it must be. Errors: Unusable."""
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise Unusable("it has characters that no unit file can hold", repr(text), "choose another path")
    doubled = text.replace("%", "%%").replace("$", "$$").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{doubled}"' if re.search(r"[\s\"'\\;]", doubled) else doubled


def install(job: Job, folder: Path = FOLDER) -> list[Path]:
    """Write the job's units; the paths. Errors: Unusable, they can't be written or the job has none."""
    made = units(job)
    for name, text in made.items():
        write_whole(folder / name, [text.encode()])
        (folder / name).chmod(0o644)
    return [folder / name for name in made]


def installed(job: Job, folder: Path = FOLDER) -> list[Path]:
    """The job's units that are there."""
    return [path for suffix in ("service", "timer") if (path := folder / f"{unit_of(job)}.{suffix}").exists()]


def main_unit(job: Job) -> str:
    """The unit that is enabled: the timer where there is one."""
    return f"{unit_of(job)}.{'service' if job.said.schedule.for_ is None else 'timer'}"
