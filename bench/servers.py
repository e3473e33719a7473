"""Servers to measure: gunicorn on a free port of this machine, in a process group of its own, stopped by its number."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .instances import ROOT

WORKERS, THREADS = 2, 4


@dataclass(frozen=True)
class Server:
    """A server that answers: its port and the number of its first process."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        """Its address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def resident(self) -> float:
        """Return the median of the workers' resident size in MB."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        sizes = []
        for child in children:
            found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{child}/status").read_text())
            sizes.append(int(found[1]) / 1024 if found else 0.0)
        return sorted(sizes)[len(sizes) // 2]


@contextlib.contextmanager
def gunicorn(
    app: str, environ: dict[str, str], log: Path, python: str = sys.executable, ready: str = "/"
) -> Iterator[Server]:
    """Run an application under gunicorn, two processes of four threads, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [python, "-m", "gunicorn", app, "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    command += ["--workers", str(WORKERS), "--threads", str(THREADS), "--worker-tmp-dir", "/dev/shm"]
    command += ["--keep-alive", "60", "--timeout", "120", "--graceful-timeout", "2"]
    passed = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env={**passed, "PYTHONPATH": str(ROOT), **environ},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}{ready}", process, log)
        yield Server(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: see {log}")
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server does not answer: see {log}")
