"""Take memory, network and files away from a process that runs other people's queries."""

from __future__ import annotations

import ctypes
import errno
import platform
import resource
import signal
import struct
import sys
from multiprocessing.connection import Connection
from typing import Any

from kgservice.store.child import end_with_parent, limit

_SOCKET_CALL = {"x86_64": 41, "aarch64": 198}
_RING_CALL = 425  # io_uring_setup: a ring opens sockets without socket(2); the same everywhere
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ERROR, _ALLOW = 0x00050000, 0x7FFF0000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def confine(
    connection: Connection[Any, Any], memory_mb: int, *, largest_file_mb: int | None = None
) -> bool:
    """In a child that runs what strangers wrote, before any thread starts: take what it needs not.

    Its address space is capped (an allocation beyond it ends the process), a file that it writes
    may not grow beyond `largest_file_mb` (writing fails), it opens no sockets, leaves no core file,
    and ends with its parent even in the middle of native work. Says whether sockets are forbidden.
    """
    limit(memory_mb)
    if largest_file_mb is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # or the signal ends it; now EFBIG does
        size = largest_file_mb << 20
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    is_forbidden = forbid_sockets()
    end_with_parent(connection)
    return is_forbidden


def forbid_sockets() -> bool:
    """Let `socket(2)` fail with EACCES from now on, in this thread and those that it starts.

    The engine calls the endpoint that a SERVICE names, and offers no way to forbid it; the gate
    reads the text as a tokenizer, and a grammar may read it otherwise. Pipes that are open stay
    usable. A seccomp filter (Linux, x86-64 and ARM64); says whether it is in force.
    """
    number = _SOCKET_CALL.get(platform.machine())
    if number is None or sys.platform != "linux":
        return False
    program = b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in (
            (_LOAD_WORD, 0, 0, 0),
            (_JUMP_IF_EQUAL, 1, 0, number),
            (_JUMP_IF_EQUAL, 0, 1, _RING_CALL),
            (_RETURN, 0, 0, _ERROR | errno.EACCES),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
    filter_program = _Program(len(program) // 8, program)
    libc = ctypes.CDLL(None)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(filter_program), 0, 0) == 0)
