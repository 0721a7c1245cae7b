"""Run as a script: runs one command to its end and prints as JSON what it took.

`launch.py SECONDS OUT ERR COMMAND…` sends what the command says to the files OUT and ERR, and kills it after SECONDS.
It is a small process of its own, because Linux counts as memory of a process what its parent had when it was started.
"""

import json
import os
import signal
import sys
import time


def main(seconds: str, out: str, err: str, *command: str) -> None:
    new = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    streams = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, out, new, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, err, new, 0o600),
    ]
    is_over = False
    started = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=streams)

    def end(*_: object) -> None:
        nonlocal is_over
        is_over = True
        os.kill(process, signal.SIGKILL)

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, float(seconds))
    try:
        # It stays a zombie until wait4, so that the timer can't meet another process of the same number.
        os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
        wall = time.perf_counter() - started
        signal.setitimer(signal.ITIMER_REAL, 0)
    except BaseException:
        end()
        raise
    _, status, usage = os.wait4(process, 0)
    took = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "code": os.waitstatus_to_exitcode(status)}
    # Kilobytes on Linux, bytes on macOS.
    memory = usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    print(json.dumps(took | {"memory": memory, "is_over": is_over}))


if __name__ == "__main__":
    main(*sys.argv[1:])
