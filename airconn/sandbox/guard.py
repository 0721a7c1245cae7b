"""A private directory and process groups that end with airconn, even if it is killed."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from airconn.sandbox import _watchdog


class ProcessGuard:
    """Owns a temporary directory, and the processes that are started through it.

    Leaving the `with` block ends the processes and removes the directory. If airconn is killed before that, a
    watchdog process does it: it sees that the pipe between the two has closed.
    """

    def __init__(self) -> None:
        self.directory = Path(tempfile.gettempdir()).resolve() / f"airconn-sandbox-{secrets.token_hex(8)}"
        self._groups: list[subprocess.Popen[bytes]] = []
        self._watchdog: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ProcessGuard:
        # The watchdog comes first, so that no directory is left behind. A session of its own keeps a Ctrl-C and the
        # end of the terminal away from it.
        self._watchdog = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", _watchdog.__file__, str(self.directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        try:
            self.directory.mkdir(mode=0o700)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def spawn(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str],
        pass_fds: Sequence[int] = (),
        stdin: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Starts `command` in a process group of its own, with its output in `log` and its temporary files here."""
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603
                command,
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**env, "TMPDIR": str(self.directory)},
                cwd=self.directory,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        self._groups.append(process)
        self._tell("group", process)
        return process

    def run(
        self, command: Sequence[str | Path], *, log: Path, env: Mapping[str, str], pass_fds: Sequence[int] = ()
    ) -> int:
        """Runs `command` to its end and gives its exit status."""
        process = self.spawn(command, log=log, env=env, pass_fds=pass_fds)
        try:
            return process.wait()
        finally:
            self.stop(process)

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Kills a process of :meth:`spawn` and all that it started."""
        # macOS answers "not permitted" for a group of dead processes.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._groups.remove(process)
        self._tell("forget", process)

    def announcing(self) -> Callable[[], None]:
        """A function with which a new process registers itself with the watchdog, as in :meth:`watching`.

        If airconn did that, a kill between the start and the registration would leave the process behind.
        """
        pipe = self._watchdog.stdin.fileno() if self._watchdog is not None and self._watchdog.stdin else None

        def announce() -> None:
            if pipe is not None:
                # A broken pipe would kill the new process.
                signal.signal(signal.SIGPIPE, signal.SIG_IGN)
                with contextlib.suppress(OSError):
                    os.write(pipe, f"process {os.getpid()}\n".encode())
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)

        return announce

    @contextlib.contextmanager
    def watching(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Within this block the watchdog ends `process` too, which the guard itself doesn't end."""
        self._tell("process", process)
        try:
            yield
        finally:
            self._tell("forget", process)

    def close(self) -> None:
        """Ends all processes and removes the directory. May be called again."""
        for process in reversed(self._groups.copy()):
            self.stop(process)
        _watchdog.remove(str(self.directory))
        if self._watchdog is not None and self._watchdog.stdin is not None:
            with contextlib.suppress(OSError):
                self._watchdog.stdin.close()
            self._watchdog.wait()

    def _tell(self, verb: str, process: subprocess.Popen[bytes]) -> None:
        if self._watchdog is not None and self._watchdog.stdin is not None:
            # A killed watchdog isn't a reason to fail: close() does without it.
            with contextlib.suppress(OSError):
                self._watchdog.stdin.write(f"{verb} {process.pid}\n".encode())
                self._watchdog.stdin.flush()
