"""Run the command line while every socket is watched; foreign hosts are refused.

``python watched.py RECORD ARGUMENTS...`` runs ``tradeloop ARGUMENTS...`` and writes
what was seen to RECORD as JSON. With ``plant`` as the only argument it reaches for
foreign hosts itself, to show that the watch can see them. The refusal comes before the
call, so that not even a planted packet leaves the machine.
"""

import contextlib
import ipaddress
import json
import os
import re
import resource
import socket
import sys
from pathlib import Path

CALLS = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
}
PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork")
SWITCHES = ("DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY", "OTEL_SDK_DISABLED")
TEST_NET = ("192.0.2.1", 9)  # RFC 5737: nobody lives there


def peak_bytes():
    """Most memory of this process; ru_maxrss would hold that of its parent too."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def is_local(address):
    """Tell a path, nothing, or a host of this machine from a foreign one."""
    host = address[0] if isinstance(address, tuple) else address
    if not isinstance(address, tuple) and isinstance(host, str | bytes):
        name = os.fsdecode(host)
        if name.startswith(("/", "\0", "@")):
            return True  # AF_UNIX
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(os.fsdecode(host)).is_loopback
    except ValueError:
        return False


class Watch:
    """What a process reached for."""

    def __init__(self):
        self.seen = {"local": 0, "foreign": [], "programs": [], "switches": None}

    def __call__(self, event, args):
        if event == "import" and args[0] == "mlflow" and self.seen["switches"] is None:
            self.seen["switches"] = {name: os.environ.get(name) for name in SWITCHES}
        elif event in PROGRAMS:
            self.seen["programs"].append([event, repr(args[:1])])
        elif event in CALLS:
            address = args[CALLS[event]]
            if is_local(address):
                self.seen["local"] += 1
                return
            self.seen["foreign"].append([event, repr(address)])
            raise PermissionError(f"{event} to {address!r}: no foreign host")


def plant():
    """Reach for foreign hosts in each of the ways that count."""
    with socket.socket() as tcp, contextlib.suppress(PermissionError):
        tcp.settimeout(0)
        tcp.connect(TEST_NET)
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        with contextlib.suppress(PermissionError):
            udp.sendto(b"", TEST_NET)
        with contextlib.suppress(PermissionError):
            udp.sendmsg([b""], [], 0, TEST_NET)
    with contextlib.suppress(PermissionError):
        socket.getaddrinfo("telemetry.invalid", 443)
    with contextlib.suppress(PermissionError):
        socket.gethostbyname("telemetry.invalid")
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def main():
    """Watch, run, record."""
    record, *arguments = sys.argv[1:]
    watch = Watch()
    sys.addaudithook(watch)
    try:
        if arguments == ["plant"]:
            plant()
            return
        from tradeloop.apps.cli import main as tradeloop  # noqa: PLC0415 - watched

        sys.argv = ["tradeloop", *arguments]
        tradeloop()
    finally:
        used = resource.getrusage(resource.RUSAGE_SELF)
        watch.seen["processor_s"] = used.ru_utime + used.ru_stime
        watch.seen["memory_bytes"] = peak_bytes()
        Path(record).write_text(json.dumps(watch.seen), "utf-8")


if __name__ == "__main__":
    main()
