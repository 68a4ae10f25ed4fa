"""Take the network away from a process that runs other people's queries."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

_SOCKET_CALL = {"x86_64": 41, "aarch64": 198}
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ERROR, _ALLOW = 0x00050000, 0x7FFF0000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


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
            (_JUMP_IF_EQUAL, 0, 1, number),
            (_RETURN, 0, 0, _ERROR | errno.EACCES),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
    filter_program = _Program(len(program) // 8, program)
    libc = ctypes.CDLL(None)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(filter_program), 0, 0) == 0)
