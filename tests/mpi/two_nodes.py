# SPDX-License-Identifier: Apache-2.0
"""What tests/mpi/two_nodes needs: a wire between two network namespaces, and a remote shell.

  two_nodes.py wire PID FILE           a device wire-a here, wire-b in the namespace of PID, what goes into one
                                       comes out of the other; FILE appears when both are there
  two_nodes.py serve ADDRESS FILE      runs what it is told, as whom it is run; FILE appears when it listens
  two_nodes.py run HOST COMMAND...     has it run there, with our streams, and ends as it ends; a HOST is a
                                       name or address of the node that serves
"""
import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import threading

PORT = 7514
PLACES = {"node-b": "10.77.0.2"}


def make_tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    # TUNSETIFF with IFF_TAP and IFF_NO_PI: frames, with nothing before them.
    fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x0002 | 0x1000))
    return fd


def wire(pid, ready):
    first = make_tap("wire-a")
    with open(f"/proc/{pid}/ns/net", "rb") as there:
        if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), 0) != 0:
            sys.exit(f"setns: {os.strerror(ctypes.get_errno())}")
    second = make_tap("wire-b")
    open(ready, "w").close()
    other = {first: second, second: first}
    while True:
        for fd in select.select(list(other), [], [])[0]:
            try:
                os.write(other[fd], os.read(fd, 65536))
            except OSError:
                pass  # a device that is not up yet, or whose queue is full: a frame is lost, as on a wire


def answer(connection):
    """One line is the command; what it prints goes back, and in the end its status in a byte."""
    with connection, connection.makefile("rb") as lines:
        command = lines.readline().decode().rstrip("\n")
        program = subprocess.Popen(
            ["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in program.stdout:
            connection.sendall(b"o" + line.rstrip(b"\n") + b"\n")
        connection.sendall(b"s%d\n" % (program.wait() & 0xFF))


def serve(address, ready):
    with socket.create_server((address, PORT)) as listener:
        open(ready, "w").close()
        while True:
            threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def run(host, words):
    # As rsh does: the words are joined, and the shell there takes them apart.
    command = "exec " + " ".join(words) if len(words) > 1 else words[0]
    with socket.create_connection((PLACES.get(host, host), PORT)) as connection:
        connection.sendall(command.replace("\n", " ").encode() + b"\n")
        for line in connection.makefile("rb"):
            if line[:1] == b"s":
                sys.exit(int(line[1:]))
            sys.stdout.buffer.write(line[1:])
            sys.stdout.flush()
    sys.exit(255)


if __name__ == "__main__":
    verb, where, *rest = sys.argv[1:]
    if verb == "wire":
        wire(where, rest[0])
    elif verb == "serve":
        serve(where, rest[0])
    else:
        run(where, rest)
