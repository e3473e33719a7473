"""The socket that a server of ours listens on: given by who started it, or made; reached by as few as possible."""

from __future__ import annotations

import errno
import io
import os
import shutil
import socket
import stat
import sys
from ipaddress import ip_address

BACKLOG = 1024


class Unusable(Exception):
    """An address cannot be listened on; the message says why."""


def given() -> socket.socket | None:
    """Return the socket that this process was started with as its standard input, None if that is none that listens.

    FastCGI 1.0, 2.2: what has no peer listens. The standard input is the null device from then on, for programs that
    the wiki starts; and if output or error output are closed, so are they, lest a file is opened in their place.
    """
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            # The lowest that is free: this one.
            os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(fd, True)
            if fd == 2:
                # Python has none either then.
                sys.stderr = open(fd, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # for as long as it runs
    listener = None
    if stat.S_ISSOCK(os.fstat(0).st_mode):
        found = socket.socket(fileno=os.dup(0))
        try:
            found.getpeername()
        except OSError as error:
            if error.errno == errno.ENOTCONN and found.type == socket.SOCK_STREAM:
                listener = found
        if listener is None:
            found.close()
        else:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 0)
            os.close(null)
    return listener


def quiet() -> None:
    """Have what is printed go to the error log, line by line."""
    os.dup2(2, 1)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)


def made(address: str, group: str = "", everywhere: bool = False) -> socket.socket:
    """Return a socket listening on `unix:PATH` or `HOST:PORT`; raise Unusable.

    A Unix socket can be used by this process's user alone (mode 600), and by a `group` if one is named (660). Other
    addresses than this machine's own are for `everywhere` only: the protocols know no passwords.
    """
    try:
        if address.startswith("unix:"):
            return _unix(address.removeprefix("unix:"), group)
        return _tcp(address, everywhere)
    except OSError as error:
        raise Unusable(f"{address}: {error.strerror or error}") from error


def _unix(path: str, group: str) -> socket.socket:
    if not path or "\0" in path:
        raise Unusable("a Unix socket needs a path")
    if _answers(path):
        raise Unusable(f"{path}: another server answers there")
    made = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        made.bind(path)
        if group:
            shutil.chown(path, group=group)
            os.chmod(path, 0o660)
        made.listen(BACKLOG)
    except LookupError:
        made.close()
        os.unlink(path)
        raise Unusable(f"there is no group {group}") from None
    except OSError:
        made.close()
        raise
    finally:
        os.umask(mask)
    return made


def _answers(path: str) -> bool:
    """Say whether a server listens on a Unix socket; remove one that a dead one left behind."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return False
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(5)
            asked.connect(path)
    except FileNotFoundError:
        return False
    except ConnectionRefusedError:
        os.unlink(path)
        return False
    return True


def _tcp(address: str, everywhere: bool) -> socket.socket:
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise Unusable(f"{address}: an address is unix:PATH or HOST:PORT")
    try:
        ip = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise Unusable(f"{address}: the host must be an IP address") from None
    if not ip.is_loopback and not everywhere:
        raise Unusable(
            f"{address} can be reached from other machines, and who reaches it can say who he is: "
            "name the web servers that may connect with --from"
        )
    family = socket.AF_INET6 if ip.version == 6 else socket.AF_INET
    return socket.create_server((str(ip), int(port)), family=family, backlog=BACKLOG)
