"""Child processes: how they are started, limited and found dead."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

END_GRACE_S = 10.0
_HEAD = struct.Struct("!i")
_PART = 64 << 10
_BEHIND = 10
"""Niceness of a process that others need not wait for: a tenth of their share."""


class Child:
    """A child process that runs a module of this package, with a two-way pipe to it.

    A plain process instead of one of `multiprocessing`: nothing of the caller's `__main__` is
    imported again, and no third process is left behind. The child sees the end of the pipe when
    this process is gone, however it ended.
    """

    def __init__(self, module: str, arguments: Sequence[str] = (), *, quiet: bool = False) -> None:
        """Start `python -m module FD arguments…`; `quiet` drops what it prints when it aborts."""
        self.connection, other = Pipe()
        self._pipe: socket.socket | None = None  # the same pipe, for `exchange`
        self.is_behind = False
        command = [sys.executable, "-m", module, str(other.fileno()), *arguments]
        path = os.pathsep.join(entry for entry in sys.path if entry)
        # glibc reserves 64 MiB of address space an arena, up to eight a processor: with a cap on
        # address space, a reader with many threads would be refused memory that it never uses.
        environment = {**os.environ, "PYTHONPATH": path, "MALLOC_ARENA_MAX": "2"}
        try:
            self.process = subprocess.Popen(  # noqa: S603 - our own modules only
                command,
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL if quiet else None,
                pass_fds=(other.fileno(),),
                env=environment,
            )
        finally:
            other.close()

    def exchange(self, message: bytes, end: float, *, brief_s: float | None = None) -> bytes:
        """Send a message and give the answer, in one write and one read when both are small.

        Each call that gives up the interpreter's lock lets another thread take it, and costs more
        than what it does (decision 0028). The framing is that of `multiprocessing`. When the answer
        takes longer than `brief_s`, the process goes behind all others, until `come_back`.

        Raises:
            TimeoutError: the answer had not begun at `end` (`time.monotonic()`), or stopped.
            EOFError, OSError: the process died before.
        """
        if self._pipe is None:
            self._pipe = socket.socket(fileno=os.dup(self.connection.fileno()))
        left = end - time.monotonic()
        is_brief = brief_s is not None and brief_s < left and not self.is_behind
        _wait_no_longer(self._pipe, brief_s if is_brief and brief_s else left)
        self._pipe.sendall(_HEAD.pack(len(message)) + message)
        try:
            if not is_brief:
                return _receive_whole(self._pipe, self._pipe.recv(_PART))
            try:
                part = self._pipe.recv(_PART)
            except BlockingIOError:
                self._go_behind()
                _wait_no_longer(self._pipe, end - time.monotonic())
                part = self._pipe.recv(_PART)
            return _receive_whole(self._pipe, part)
        except BlockingIOError:
            raise TimeoutError from None

    def _go_behind(self) -> None:
        """Let its main thread work when nobody else wants the processor."""
        self.is_behind = True
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self.process.pid, _BEHIND)

    def come_back(self) -> bool:
        """Let it work as all do; False when the system does not allow that."""
        try:
            if self.is_behind:
                os.setpriority(os.PRIO_PROCESS, self.process.pid, 0)
        except OSError:  # only the administrator may take niceness back
            return False
        self.is_behind = False
        return True

    def receive(self, end: float) -> Any:  # noqa: ANN401 - the messages differ
        """Give its next message, or kill it when none has begun at `end` (`time.monotonic()`).

        Raises:
            TimeoutError: none came, and it is gone.
            EOFError, OSError: it died before; `exit_code` says of what.
        """
        if not self.connection.poll(max(0.0, end - time.monotonic())):
            self.kill()
            raise TimeoutError
        return self.connection.recv()

    def kill(self) -> None:
        """End it at once and wait for it."""
        self.process.kill()
        self.process.wait()
        self._close()

    def end(self) -> None:
        """Close the pipe, so that it ends by itself; kill it when that takes too long."""
        self._close()
        self.exit_code()

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.close()
        if self._pipe is not None:
            self._pipe.close()

    def finish(self) -> None:
        """Do the same while another thread reads from the pipe."""
        with contextlib.suppress(OSError), socket.socket(fileno=self.connection.fileno()) as pipe:
            try:
                pipe.shutdown(socket.SHUT_WR)
            finally:
                pipe.detach()
        self.exit_code()

    def exit_code(self) -> int:
        """Wait until it has ended; negative numbers are signals."""
        try:
            return self.process.wait(END_GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def _wait_no_longer(pipe: socket.socket, seconds: float) -> None:
    micros = max(1000, int(seconds * 1e6))  # 0 would be no limit
    limit = struct.pack("ll", *divmod(micros, 1_000_000))
    pipe.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)


def _receive_whole(pipe: socket.socket, part: bytes) -> bytes:
    """Read a message from its first part on, as `Connection.send_bytes` writes it."""
    while 0 < len(part) < _HEAD.size:
        part += pipe.recv(_PART)
    if not part:
        raise EOFError
    (size,) = _HEAD.unpack_from(part)
    if len(part) - _HEAD.size == size:
        return part[_HEAD.size :]
    if size < 0:  # beyond 2 GiB: no answer of ours
        raise EOFError
    whole = memoryview(bytearray(size))
    done = len(part) - _HEAD.size
    whole[:done] = part[_HEAD.size :]
    while done < size:
        count = pipe.recv_into(whole[done:])
        if not count:
            raise EOFError
        done += count
    return bytes(whole)


def connect(descriptor: str, *, ignore: Sequence[signal.Signals]) -> Connection[Any, Any]:
    """In the child: take up the pipe; the keyboard's signals are for the parent to handle."""
    for number in ignore:
        signal.signal(number, signal.SIG_IGN)
    return Connection(int(descriptor))


def limit(memory_mb: int) -> None:
    """In the child: bound the address space, write no core file."""
    size = memory_mb << 20
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def end_with_parent(connection: Connection[Any, Any]) -> None:
    """In the child: end at once when the parent is gone, even in the middle of native work."""
    watch = select.poll()
    watch.register(connection.fileno(), 0)  # hang-up is always reported

    def wait() -> None:
        watch.poll()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
