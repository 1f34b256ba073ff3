"""A process of our own that works for this one: how it is begun, heard, spoken to and ended.

Both ends speak over a `multiprocessing.connection`, a socket of this machine. What arrives is unpickled, which is
safe here and nowhere else in the project: the key to the connection is 32 random bytes that only the two processes
have (the child reads it from its standard input, where, unlike among its arguments or in its environment, nobody
else sees it), so at the other end is the process that we started, or that started us, from the same program.
`multiprocessing.Process` itself would not do: it runs the main module of the program around us once more.
"""

import secrets
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from types import TracebackType
from typing import Any, Self

KEY_BYTES = 32
PATIENCE = 20.0
"""Time that a child has to end by itself before it is killed [s]."""


class ChildEnded(Exception):
    """The child is gone, and nothing that it said is left.

    Attributes
    ----------
    code : int
        Its exit code; a negative one is the number of the signal that ended it.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Child:
    """Runs a module of ours in a process of its own; a context manager that leaves no process behind.

    The child is in a session of its own, so that Ctrl-C in a terminal reaches it through us only. On Linux it
    inherits the niceness of the thread that starts it. Its standard output goes nowhere.

    Parameters
    ----------
    module : str
        Name of the module; it calls `connect` before anything else that takes time.
    *arguments : str
        What follows the address of the connection on its command line.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        key = secrets.token_bytes(KEY_BYTES)
        self._listener = Listener(authkey=key)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="strata-child")
        self._accepted: Future[Connection] = self._thread.submit(self._listener.accept)
        command = [sys.executable, "-X", "faulthandler", "-m", module, str(self._listener.address), *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
        )
        assert self._process.stdin is not None
        with suppress(OSError), self._process.stdin as stdin:  # it may have died already
            stdin.write(key)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()
        if self._accepted.exception() is None:
            self._accepted.result().close()  # the child takes that for a request to stop
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        self._process.kill()
        self._process.wait()

    def hear(self, seconds: float) -> Any:
        """Return the next message, or None if none comes within a time [s].

        Raises
        ------
        ChildEnded
            If the child is gone and all that it said was heard.
        """
        try:
            connection = self._accepted.result(seconds)
            return connection.recv() if connection.poll(seconds) else None
        except TimeoutError:
            if self._process.poll() is None:
                return None
        except (EOFError, OSError, AuthenticationError):
            pass
        raise ChildEnded(self._code())

    def tell(self, message: object) -> None:
        """Send the child a message; one that is gone hears nothing, which `hear` will notice."""
        if self._accepted.done() and self._accepted.exception() is None:
            with suppress(OSError):
                self._accepted.result().send(message)

    @property
    def listens(self) -> bool:
        """Whether the child has begun to listen."""
        return self._accepted.done()

    def kill(self) -> None:
        """End the child at once; what it has not written is lost."""
        self._process.kill()

    def _code(self) -> int:
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _release(self) -> None:
        """Stop waiting for a child that never came."""
        if not self._accepted.done():
            with suppress(OSError):
                Client(self._listener.address).close()
        self._thread.shutdown(wait=True)
        self._listener.close()


def connect() -> Connection:
    """Return the connection to the process that started this one; called by the child."""
    return Client(sys.argv[1], authkey=sys.stdin.buffer.read(KEY_BYTES))
