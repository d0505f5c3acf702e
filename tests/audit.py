"""What the interpreter reports of the library while the tests run: no code from data, no process, no socket."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

LIBRARY = str(Path(__file__).resolve().parents[1] / "src" / "salesmetrics")
"""Where the library lives when it is installed in place; the rest of the time its own file tells."""

FORBIDDEN = frozenset(
    {
        "compile",
        "ctypes.dlopen",
        "exec",
        "marshal.loads",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.system",
        "pickle.find_class",
        "socket.__new__",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "subprocess.Popen",
    }
)
_IMPORTING = "importlib"
_HANDING_OVER = ("_submitted", "_fetched")
"""Where a scan hands a part to the executor of the user's, and takes the answer: what that does to send and run it is its own.

The functions themselves do nothing else, so that a socket or a process of theirs would be seen one frame further up.
"""

seen: list[str] = []
"""The events that came out of the library, with the line they came from."""


def watch() -> None:
    """Begin to watch; it cannot be ended."""
    import salesmetrics

    home = str(Path(salesmetrics.__file__).parent)
    sys.addaudithook(lambda event, _: _heard(event, home) if event in FORBIDDEN else None)


def _heard(event: str, home: str) -> None:
    """Keep an event whose stack passes through the library without an import or a test on top of it."""
    frame: FrameType | None = sys._getframe(2)
    theirs = False
    while frame is not None:
        name = frame.f_code.co_filename
        if _IMPORTING in name or "/tests/" in name.replace("\\", "/"):
            return  # loading a module is not running data; a test may do what it likes
        if name.startswith((home, LIBRARY)):
            if frame.f_code.co_name == "<module>":
                return  # classes are made while a module loads
            if theirs and frame.f_code.co_name in _HANDING_OVER and Path(name).name == "one_pass.py":
                return
            seen.append(f"{event} from {name}:{frame.f_lineno}")
            return
        theirs = True
        frame = frame.f_back
