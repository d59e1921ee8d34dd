"""Lines between the processes of one run: what the first asks of the others, and whether all of them live.

They are sockets, so that who waits sleeps (MPI's own waiting keeps a core busy), and so that an end is noticed
at once, whatever the process is doing.
"""

from __future__ import annotations

import pickle
import secrets
import socket
import struct
from contextlib import suppress
from typing import Any

_HEAD = struct.Struct("!Q")
_TOKEN_BYTES = 16


def send(line: socket.socket, thing: Any) -> None:
    """Send something that can be pickled.

    Raises
    ------
    OSError
        Nobody is there any more.
    """
    data = pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)
    line.sendall(_HEAD.pack(len(data)) + data)


def receive(line: socket.socket) -> Any:
    """What was sent, once it is there.

    Raises
    ------
    EOFError
        The other end was closed, or its process has ended.
    """
    (size,) = _HEAD.unpack(_exactly(line, _HEAD.size))
    return pickle.loads(_exactly(line, size))


def _exactly(line: socket.socket, size: int) -> bytes:
    parts, left = [], size
    while left:
        try:
            part = line.recv(min(left, 1 << 20))
        except OSError:
            part = b""
        if not part:
            raise EOFError("the other end is closed")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


class Entrance:
    """Where the other processes come in; of the first one.

    Parameters
    ----------
    one_machine
        All of them run on this machine, so that nobody else's need be listened to.
    """

    def __init__(self, *, one_machine: bool) -> None:
        self._token = secrets.token_bytes(_TOKEN_BYTES)
        self._listening = socket.create_server(("127.0.0.1" if one_machine else "", 0), backlog=1024)
        self._host = "127.0.0.1" if one_machine else socket.gethostname()

    @property
    def address(self) -> tuple[str, int, bytes]:
        """Where to come in, and by which word; for `come_in`."""
        return self._host, self._listening.getsockname()[1], self._token

    def lines(self, count: int) -> dict[int, socket.socket]:
        """Wait for so many others; the lines to them by their ranks."""
        found: dict[int, socket.socket] = {}
        while len(found) < count:
            line, _ = self._listening.accept()
            with suppress(EOFError):
                if secrets.compare_digest(_exactly(line, _TOKEN_BYTES), self._token):
                    rank = int.from_bytes(_exactly(line, 4), "big")
                    found[rank] = _ready(line)
                    continue
            line.close()  # somebody else's
        self._listening.close()
        return found


def come_in(address: tuple[str, int, bytes], rank: int) -> socket.socket:
    """The line to the first process, from one of the others."""
    host, port, token = address
    line = socket.create_connection((host, port))
    line.sendall(token + rank.to_bytes(4, "big"))
    return _ready(line)


def _ready(line: socket.socket) -> socket.socket:
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line
