# SPDX-License-Identifier: Apache-2.0
"""What people and programs see of an import while it runs and at its end: on a terminal, through a
pipe, as JSON; and that a signal at any moment leaves nothing."""
import fcntl
import json
import os
import pty
import random
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest
import unicodedata

import harness
import layout
from layout import entry

SIGNALS = int(os.environ.get("BERTH_SIGNALS", "12"))
SIZE = r"[\d.]+ (?:B|KiB|MiB)"


def make_layers():
    """24 MB, so that there is time to look."""
    chance = random.Random(3)
    piece = b"".join(chance.choices([chance.randbytes(7) for _ in range(2000)], k=70000))
    return [layout.make_layer([entry(f"l{number}f{count}", data=bytes([number, count]) + piece)
                               for count in range(25)]) for number in range(2)]


LAYERS = make_layers()


def wait_until_half(process, total):
    """Until the process has read half of its source, and then it stands still."""
    while process.poll() is None:
        with open(f"/proc/{process.pid}/io", encoding="ascii") as counts:
            if int(counts.readline().split()[1]) > total / 2:
                break
        time.sleep(0.002)
    process.send_signal(signal.SIGSTOP)


class PeopleTest(harness.ImportTest):
    def setUp(self):
        super().setUp()
        layout.write_layout(self.path("in"), LAYERS, how="none")
        self.total = sum(len(x) for x in LAYERS)
        os.mkdir(self.path("out"))
        os.mkdir(self.path("tmp"))

    def start(self, *words, **more):
        environment = {**os.environ, "BERTH_STORE": self.path("store"), "TMPDIR": self.path("tmp")}
        return subprocess.Popen([harness.PROGRAM, "import", *words], cwd=self.folder,
                                env=environment, **more)

    def start_and_pause(self, seconds, *words, **more):
        """An import that stood still for some seconds in its middle, and so had a rate to tell."""
        process = self.start(*words, **more)
        wait_until_half(process, self.total)
        time.sleep(seconds)
        process.send_signal(signal.SIGCONT)
        return process


class Terminal(PeopleTest):
    def open_terminal(self, columns):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.addCleanup(os.close, ours)
        return ours, theirs

    def read_all(self, ours, theirs, process):
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                piece = b""
            if not piece:
                process.wait()
                return seen.decode()
            seen += piece

    def seen_on(self, columns, *words, pause=0.0):
        ours, theirs = self.open_terminal(columns)
        process = self.start_and_pause(pause, *words, stderr=theirs, stdout=theirs)
        seen = self.read_all(ours, theirs, process)
        self.assertEqual(process.returncode, 0, seen)
        return seen

    def lines_of(self, seen):
        """What stood in the line one after the other, and what remained at the end."""
        *drawn, last = seen.split("\r\x1b[K")[0].split("\r")[1:] + [seen.split("\r\x1b[K")[-1]]
        self.assertTrue(all(x.endswith("\x1b[K") for x in drawn), seen)
        return [x.removesuffix("\x1b[K") for x in drawn], last

    def test_has_bytes_rate_and_time_left(self):
        drawn, last = self.lines_of(self.seen_on(100, "oci:in", "out/img.sqsh", pause=1.3))
        self.assertTrue(any(re.fullmatch(
            rf"berth: importing 'oci:in': {SIZE} of {SIZE} \(\d+ %\), {SIZE}/s, \d+ s left", x)
            for x in drawn), drawn)
        self.assertRegex(last, r"\Aberth: imported 'oci:in' to 'out/img.sqsh': 2 layers, 50 entries, ")

    def test_is_never_wider_than_it_is(self):
        os.rename(self.path("in"), self.path("long-" + "é漢" * 30))
        source = "oci:long-" + "é漢" * 30
        for columns in [9, 30, 47, 60, 79]:
            drawn, _ = self.lines_of(self.seen_on(columns, "--force", source, "out/i", pause=1.1))
            for line in drawn:
                width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
                self.assertLess(width, columns, line)
            self.assertEqual(any("%" in x for x in drawn), columns > 9, (columns, drawn))

    def test_gets_no_control_characters_from_names(self):
        name = "in\x1b]0;owned\x07\r\n\x9b"
        os.rename(self.path("in"), self.path(name))
        seen = self.seen_on(200, "oci:" + name, "out/img\x1b[2J", pause=0.2)
        rest = seen.replace("\x1b[K", "").replace("\r\n", "\n").replace("\r", "")
        self.assertIn(r"importing 'oci:in\x1b]0;owned\x07", rest)
        self.assertEqual([c for c in rest if unicodedata.category(c) == "Cc" and c != "\n"], [])

    def test_is_left_alone_when_quiet(self):
        self.assertEqual(self.seen_on(80, "--quiet", "oci:in", "out/img.sqsh", pause=0.2), "")

    def test_ctrl_c_wipes_the_line_and_leaves_nothing(self):
        ours, theirs = self.open_terminal(80)
        process = self.start("oci:in", "out/img.sqsh", stdin=theirs, stderr=theirs, stdout=theirs,
                             preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)))
        wait_until_half(process, self.total)
        os.write(ours, b"\x03")
        process.send_signal(signal.SIGCONT)
        seen = self.read_all(ours, theirs, process)
        self.assertEqual(process.returncode, 130, seen)
        text = seen.replace("^C", "")
        self.assertTrue(text == "" or text.endswith("\r\x1b[K"), seen)
        self.assertEqual(os.listdir(self.path("out")) + os.listdir(self.path("tmp")), [])


class Pipe(PeopleTest):
    def test_gets_a_whole_line_when_it_takes_long(self):
        process = self.start_and_pause(5.2, "oci:in", "out/img.sqsh", stderr=subprocess.PIPE, text=True)
        lines = process.communicate()[1].splitlines()
        self.assertEqual(process.returncode, 0, lines)
        self.assertRegex(lines[0], rf"\Aberth: importing 'oci:in': {SIZE} of {SIZE} \(\d+ %\), "
                         rf"{SIZE}/s, \d+ s left\Z")
        self.assertRegex(lines[-1], r"\Aberth: imported ")
        self.assertLessEqual(len(lines), 4)

    def test_gets_only_the_summary_when_it_does_not(self):
        layout.write_layout(self.path("small"), [layout.make_layer([entry("f")])])
        done = self.run_import("oci:small", "out/img.sqsh")
        self.assertRegex(done.stderr, r"\Aberth: imported 'oci:small' to 'out/img.sqsh': 1 layer, "
                         r"1 entry, [\d.]+ B -> [\d.]+ KiB in \d\.\d s, "
                         r"sha256:[0-9a-f]{64}\n\Z")


class Json(PeopleTest):
    def events(self, text):
        lines = text.splitlines()
        self.assertTrue(all(x.startswith("{") for x in lines), text)
        return [json.loads(x) for x in lines]

    def test_is_an_event_on_each_line_and_the_result_at_the_end(self):
        process = self.start_and_pause(1.3, "--json", "oci:in", "out/img.sqsh", stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
        out, err = process.communicate()
        self.assertEqual((process.returncode, err), (0, ""))
        *progress, result = self.events(out)
        self.assertTrue(progress)
        for one in progress:
            self.assertEqual(set(one), {"event", "bytes", "total", "rate", "left", "seconds"})
            self.assertEqual((one["event"], one["total"]), ("progress", self.total))
        self.assertEqual([x["bytes"] for x in progress], sorted(x["bytes"] for x in progress))
        self.assertGreater(result.pop("seconds"), 1.2)
        self.assertEqual({key: result[key] for key in
                          ["event", "source", "image", "size", "layers", "entries", "hidden",
                           "duplicates", "left_out"]}, {
            "event": "result", "source": "oci:in", "image": "out/img.sqsh",
            "size": os.path.getsize(self.path("out/img.sqsh")), "layers": 2, "entries": 50,
            "hidden": 0, "duplicates": 0, "left_out": {"devices": 0, "xattrs": 0, "setuid": 0}})
        self.assertGreaterEqual(result["content"], 50 * 490000)

    def test_names_are_always_utf_8(self):
        os.rename(self.path("in"), os.fsencode(self.path("in")) + b"\xff\n")
        done = subprocess.run([harness.PROGRAM, "import", "--json", "--quiet", b"oci:in\xff\n", "img"],
                              cwd=self.folder, capture_output=True, check=True)
        self.assertEqual([x["source"] for x in self.events(done.stdout.decode("utf-8"))],
                         ["oci:in\ufffd\n"])

    def test_tells_failures_too(self):
        done = self.run_import("--json", "oci:missing", "out/img.sqsh")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.events(done.stdout), [{
            "event": "error", "message": done.stderr.splitlines()[0].removeprefix("berth: "),
            "hint": None, "status": 1}])
        self.assertIn("No such file or directory (ENOENT)", done.stderr)

    def test_tells_of_a_signal(self):
        process = self.start("--json", "oci:in", "out/img.sqsh", stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        wait_until_half(process, self.total)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        out, err = process.communicate()
        self.assertEqual((process.returncode, err), (143, ""))
        self.assertEqual(self.events(out)[-1], {"event": "stopped", "signal": 15, "status": 143})


class Signals(PeopleTest):
    def test_at_any_moment_leave_nothing(self):
        begin = time.monotonic()
        self.image_of("oci:in", name="whole")
        duration = time.monotonic() - begin
        chance = random.Random(11)
        stopped = 0
        for count in range(SIGNALS):
            number = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP][count % 3]
            with self.start("oci:in", "out/img.sqsh", stderr=subprocess.PIPE) as process:
                time.sleep(chance.uniform(0, duration))
                process.send_signal(number)
                ready, _, _ = select.select([process.stderr], [], [], 30)
                self.assertTrue(ready, "it did not stop")
                message, status = process.stderr.read(), process.wait()
            names = os.listdir(self.path("out"))
            if status == 0:
                self.assertEqual(names, ["img.sqsh"])
                os.unlink(self.path("out/img.sqsh"))
                continue
            # Before the handlers are in place the signal itself ends the program.
            self.assertIn(status, [128 + number, -number])
            self.assertEqual((message, names + os.listdir(self.path("tmp"))), (b"", []))
            stopped += 1
        self.assertGreater(stopped, 0, "every import was faster than its signal")


if __name__ == "__main__":
    unittest.main()
