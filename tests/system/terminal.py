# SPDX-License-Identifier: Apache-2.0
"""terminal.py STEP... -- COMMAND...: COMMAND at a terminal of 24x80, and somebody who types.

A step is  wait:TEXT  until that was said (10 seconds at most),  keys:TEXT  with \\r, \\x03 and the like,
size:ROWSxCOLUMNS  a new size,  kill:SIGNAL  to COMMAND,  same  the terminal's settings are those of the
beginning,  raw  they are not.  What COMMAND says goes to standard output, then "ended CODE" or
"ended -SIGNAL"; exits with 1 where a step fails.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

PATIENCE = 10


def begin():
    """In COMMAND's process. Whoever has been started in the background ignores what keys send."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
        signal.signal(number, signal.SIG_DFL)


class Terminal:
    def __init__(self, command):
        self.ours, program = pty.openpty()
        self.resize("24x80")
        self.before = termios.tcgetattr(program)
        self.kept = program  # so that the settings can be asked for when COMMAND has ended
        self.said = b""
        self.seen = 0
        self.process = subprocess.Popen(
            command, stdin=program, stdout=program, stderr=program, start_new_session=True,
            preexec_fn=begin)

    def resize(self, size):
        rows, columns = map(int, size.split("x"))
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def listen(self, seconds):
        if select.select([self.ours], [], [], seconds)[0]:
            self.said += os.read(self.ours, 65536)

    def wait(self, text):
        end = time.monotonic() + PATIENCE
        while (found := self.said.find(text, self.seen)) < 0:
            if time.monotonic() > end:
                return self.fail(f"{text!r} was not said")
            self.listen(0.1)
        self.seen = found + len(text)

    def has_settings(self, same):
        end = time.monotonic() + PATIENCE
        while (termios.tcgetattr(self.kept) == self.before) != same:
            if time.monotonic() > end:
                return self.fail("the terminal's settings are not so")
            self.listen(0.05)

    def fail(self, why):
        self.process.kill()
        self.tell()
        sys.exit("terminal.py: " + why)

    def tell(self):
        sys.stdout.buffer.write(self.said.replace(b"\r\n", b"\n"))
        sys.stdout.flush()

    def take(self, step):
        name, _, text = step.partition(":")
        raw = text.encode().decode("unicode_escape").encode("latin-1")
        if name == "wait":
            self.wait(raw)
        elif name == "keys":
            os.write(self.ours, raw)
        elif name == "size":
            self.resize(text)
        elif name == "kill":
            self.process.send_signal(getattr(signal, text))
        else:
            self.has_settings(same=name == "same")

    def end(self):
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            if time.monotonic() > end:
                return self.fail("it has not ended")
            self.listen(0.05)
        self.listen(0.05)
        while select.select([self.ours], [], [], 0)[0]:
            self.listen(0)
        if self.process.returncode != -signal.SIGKILL:  # nobody gives back anything then
            self.has_settings(same=True)
        self.tell()
        print("\nended", self.process.returncode)


def main():
    dashes = sys.argv.index("--")
    terminal = Terminal(sys.argv[dashes + 1:])
    for step in sys.argv[1:dashes]:
        terminal.take(step)
    terminal.end()


main()
