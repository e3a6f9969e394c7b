"""A PostgreSQL server of the machine's own binaries, on loopback, for as long as a test needs it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 60.0
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "work_mem": "32MB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "timezone": "Asia/Tokyo",  # not UTC: nothing may depend on it
}


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens.

    Attributes:
        port: on 127.0.0.1.
        user: its superuser.
        password: of the same.
    """

    port: int
    user: str
    password: str

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database, without the password."""
        return f"postgres://{self.user}@127.0.0.1:{self.port}/{database}"


def binary(name: str) -> str | None:
    """Return where a program of PostgreSQL lies; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(found[-1]) if found else shutil.which(name)


@contextlib.contextmanager
def served() -> Iterator[Server]:
    """Start a server with an empty database, and end it."""
    password = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="counterclick-pg-", dir="/tmp") as place:
        folder = Path(place)
        as_user = _as_user(folder)
        (folder / "password").write_text(password)
        os.chmod(folder / "password", 0o644)  # noqa: PTH101 - the server's user reads it
        made = [*as_user, str(binary("initdb")), "-D", f"{place}/data", "-U", "owner", "-A", "scram-sha-256"]
        subprocess.run(
            [*made, f"--pwfile={place}/password", "-E", "UTF8", "--no-locale", "--no-sync"], check=True, capture_output=True
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = {"port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": place} | _SETTINGS
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [*as_user, str(binary("postgres")), "-D", f"{place}/data", *options], stderr=log, stdout=log
            )
        try:
            _await(server, port, folder / "log")
            yield Server(port, "owner", password)
        finally:
            server.send_signal(signal.SIGINT)  # whoever is still connected is let go
            server.wait(timeout=_SECONDS)


def _as_user(folder: Path) -> list[str]:
    """Return how to run a program as somebody who is not root, to whom the folder is given: PostgreSQL refuses root."""
    if os.geteuid():
        return []
    import pwd  # noqa: PLC0415 - of Unix alone

    user = next(name for name in ("postgres", "nobody") if _is_known(name))
    shutil.chown(folder, user)
    entry = pwd.getpwnam(user)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", "--"]


def _is_known(name: str) -> bool:
    import pwd  # noqa: PLC0415 - as above

    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(name))
    return False


def _await(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends = time.monotonic() + _SECONDS
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        if server.poll() is not None or time.monotonic() > ends:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
        time.sleep(0.05)
