"""The kernel's opinion of its clock: whether a time service keeps it, and how far it is off."""

import ctypes
import os
import struct
from dataclasses import dataclass

_TIMEX_BYTES = 208
"""The size of `struct timex` with 64-bit `long`s."""
_STATUS = struct.Struct("=I4xqqqqi")
"""modes, offset, freq, maxerror, esterror, status."""
_UNSYNCHRONISED, _NANOSECONDS = 0x0040, 0x2000


@dataclass(frozen=True, slots=True)
class KernelClock:
    """`offset` is the correction in seconds that the kernel has still to make, signed as the
    clock's error: positive where it is ahead."""

    synchronised: bool
    offset: float


def kernel_clock() -> KernelClock | None:
    """None where the kernel cannot be asked: another system, 32 bits, or not allowed."""
    if os.name != "posix" or ctypes.sizeof(ctypes.c_long) != 8:
        return None
    try:
        # modes is 0: nothing is changed, and no privilege is needed.
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
        buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
        if adjtimex(buffer) < 0:
            return None
    except (AttributeError, OSError):
        return None
    _, offset, _, _, _, status = _STATUS.unpack_from(buffer)
    scale = 1e9 if status & _NANOSECONDS else 1e6
    return KernelClock(not status & _UNSYNCHRONISED, 0.0 - offset / scale)
