# SPDX-License-Identifier: Apache-2.0
"""An image appears complete or not at all: killed, stopped, and with the disk full at any point.
And the same input gives the same bytes, whatever the number of threads."""
import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import time
import unittest

import harness
import layout
from layout import entry

KILLS = int(os.environ.get("BERTH_KILLS", "20"))


def make_layers():
    """About 12 MiB that compress to a third, so that there is time to be killed."""
    chance = random.Random(1)
    words = [chance.randbytes(9) for _ in range(3000)]
    made = []
    for number in range(3):
        entries = [entry(f"d{number}", "dir")]
        for count in range(400):
            size = chance.choice([5, 300, 2000, 2000, 30000])
            data = b"".join(chance.choices(words, k=size // 3))
            entries.append(entry(f"d{number}/f{count}", data=data, mode=0o600 + count % 64))
            if count % 7 == 0:
                entries.append(entry(f"d{number}/l{count}", "link", target=f"d{number}/f{count}"))
            if number and count % 5 == 0:
                entries.append(entry(f"d{number - 1}/.wh.f{count}"))
        made.append(layout.make_layer(entries))
    return made


LAYERS = make_layers()
# One file of several blocks, some that share one, and one that does not compress.
SMALL = [layout.make_layer([
    *[entry(f"f{n}", data=bytes([n]) * n * 97) for n in range(40)],
    entry("large", data=b"".join(n.to_bytes(3, "big") for n in range(100000))),
    entry("chance", data=random.Random(2).randbytes(9000)), entry("s", "symlink", target="f1")])]


def sum_of(path):
    with open(path, "rb") as data:
        return hashlib.sha256(data.read()).hexdigest()


class SameBytes(harness.ImportTest):
    def test_with_any_number_of_threads_and_twice_and_from_anywhere(self):
        layout.write_layout(self.path("in"), LAYERS)
        layout.write_archive(self.path("in.tar"), layout.layout_files(LAYERS))
        sums = set()
        for threads in ["1", "8", "2", "8", "1"]:
            sums.add(sum_of(self.image_of("oci:in", "--threads", threads)))
        sums.add(sum_of(self.image_of("in.tar")))
        self.assertEqual(len(sums), 1)

    def test_with_each_compressor_and_block_size(self):
        layout.write_layout(self.path("in"), SMALL)
        expected = self.tree_of(self.image_of("oci:in"))
        for options in [["--compressor", "gzip"], ["--compressor=xz", "--block-size=1M"],
                        ["--compressor", "lz4", "--block-size", "4K"], ["--block-size", "65536"]]:
            sums = set()
            for threads in ["1", "8"]:
                image = self.image_of("oci:in", "--threads", threads, *options)
                sums.add(sum_of(image))
            self.assertEqual(len(sums), 1, options)
            self.assertEqual(harness.differences(self.tree_of(image), expected), "", options)

    def test_for_an_ordinary_user_as_root(self):
        harness.need(os.getuid() == 0, "only root can become somebody else")
        layout.write_layout(self.path("in"), LAYERS)
        expected = sum_of(self.image_of("oci:in"))
        os.mkdir(self.path("theirs"))
        os.chmod(self.folder, 0o755)
        os.chown(self.path("theirs"), 65534, 65534)
        # The build folder may be closed to them.
        program = shutil.copy(harness.PROGRAM, self.path("berth-image"))
        done = self.run_import("oci:in", "theirs/img.sqsh", program=program,
                               user=65534, group=65534, extra_groups=[])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sum_of(self.path("theirs/img.sqsh")), expected)

    def test_an_image_is_whole_pages(self):
        layout.write_layout(self.path("in"), LAYERS)
        self.assertEqual(os.path.getsize(self.image_of("oci:in")) % 4096, 0)


class AllOrNothing(harness.ImportTest):
    def setUp(self):
        super().setUp()
        layout.write_layout(self.path("in"), LAYERS)
        begin = time.monotonic()
        self.whole = sum_of(self.image_of("oci:in", name="whole"))
        self.duration = time.monotonic() - begin
        os.mkdir(self.path("out"))

    def start(self, *target):
        environment = {**os.environ, "BERTH_STORE": self.path("store")}
        return subprocess.Popen(
            [harness.PROGRAM, "import", "oci:in", *(target or ["out/img.sqsh"]), "--threads=2"],
            cwd=self.folder, stderr=subprocess.PIPE, env=environment)

    def expect_nothing_or_all(self):
        names = os.listdir(self.path("out"))
        if names:
            self.assertEqual(names, ["img.sqsh"])
            self.assertEqual(sum_of(self.path("out/img.sqsh")), self.whole)
            os.unlink(self.path("out/img.sqsh"))
        return len(names)

    def test_killed_at_any_moment(self):
        chance = random.Random(7)
        made = 0
        for _ in range(KILLS):
            with self.start() as running:
                time.sleep(chance.uniform(0, self.duration * 1.1))
                running.kill()
            made += self.expect_nothing_or_all()
        self.assertLess(made, KILLS, "every import was faster than its death")

    def test_stopped_by_a_signal_it_goes_quietly(self):
        for number in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]:
            for share in [0.3, 0.5, 0.2]:  # a loaded machine may be done before the signal comes
                with self.start() as running:
                    time.sleep(self.duration * share)
                    running.send_signal(number)
                    message = running.stderr.read()
                    status = running.wait()
                if self.expect_nothing_or_all() == 0:
                    break
            # Before the handlers are in place the signal itself ends the program.
            self.assertIn(status, [128 + number, -number])
            self.assertEqual(message, b"")

    def test_the_disk_is_full_at_byte_n(self):
        size = os.path.getsize(self.path("whole"))
        with open(self.path("whole"), "rb") as whole:
            used = int.from_bytes(whole.read(48)[40:], "little")
        # Behind what is used come zeros up to a whole page, and then the hash tree.
        for limit in [0, 4096, size // 3, size // 2, used - 8192, used, size - 8192, size - 1]:
            # Quiet: on a slow machine it would tell of its progress.
            done = self.run_import("--quiet", "oci:in", "out/img.sqsh", preexec_fn=lambda:
                                   resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr, "berth: cannot write the image 'out/img.sqsh': "
                             "pwrite: File too large (EFBIG)\n")
            self.assertEqual(self.expect_nothing_or_all(), 0)

    def test_the_file_system_is_full(self):
        script = ("mount -t tmpfs -o size=1M none out && "
                  '"$BERTH_IMAGE" import oci:in out/img.sqsh; echo status $?; ls -A out')
        done = subprocess.run(["unshare", "-Urm", "sh", "-c", script], cwd=self.folder,
                              capture_output=True, text=True, check=False)
        harness.need("status" in done.stdout, "no user namespace with a tmpfs: " + done.stderr)
        self.assertEqual(done.stdout, "status 1\n")
        self.assertEqual(done.stderr, "berth: cannot write the image 'out/img.sqsh': pwrite: No space "
                         "left on device (ENOSPC)\nberth: hint: free space there, or write elsewhere "
                         "with --output\n")

    def test_force_keeps_the_old_image_until_the_new_one_is_there(self):
        with open(self.path("out/img.sqsh"), "wb") as out:
            out.write(b"old")
        done = self.run_import("--force", "oci:in", "out/img.sqsh", preexec_fn=lambda:
                               resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000)))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(sum_of(self.path("out/img.sqsh")), hashlib.sha256(b"old").hexdigest())
        done = self.run_import("--force", "oci:in", "out/img.sqsh")
        self.assertEqual((done.returncode, self.expect_nothing_or_all()), (0, 1))


class ByName(AllOrNothing):
    """The same for names of the store, where imports take turns."""

    def stored(self):
        """Whether the name is there: whole, with its digest, and nothing else."""
        folder = self.path("store")
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        for name in names:
            self.assertRegex(name, r"^(app\.sqsh|\.app\.sqsh\.origin|\.sha256-[0-9a-f]{64})$")
        if "app.sqsh" in names:
            self.assertEqual(sum_of(folder + "/app.sqsh"), self.whole)
            self.assertIn(".sha256-" + self.whole, names)
        return "app.sqsh" in names

    def test_killed_at_any_moment(self):
        chance = random.Random(8)
        made = 0
        for _ in range(KILLS):
            with self.start("--name=app") as running:
                time.sleep(chance.uniform(0, self.duration * 1.1))
                running.kill()
            if self.stored():
                made += 1
                shutil.rmtree(self.path("store"))
        self.assertLess(made, KILLS, "every import was faster than its death")
        # What the dead left is in nobody's way.
        done = self.run_import("oci:in", "--name=app")
        self.assertEqual((done.returncode, self.stored()), (0, True), done.stderr)

    def test_killed_while_it_replaces_an_image_the_old_or_the_new_one_is_there(self):
        chance = random.Random(9)
        for _ in range(KILLS // 2):
            shutil.rmtree(self.path("store"), ignore_errors=True)
            layout.write_folder(self.path("other"), {"file": b"old"})
            done = self.run_import("dir:other", "--name=app")
            self.assertEqual(done.returncode, 0, done.stderr)
            old = sum_of(self.path("store/app.sqsh"))
            with self.start("--name=app", "--force") as running:
                time.sleep(chance.uniform(self.duration * 0.5, self.duration * 1.1))
                running.kill()
            self.assertIn(sum_of(self.path("store/app.sqsh")), [old, self.whole])

    def test_eight_at_once_share_the_work_of_one(self):
        running = [self.start("--name=app") for _ in range(8)]
        said = [x.communicate(timeout=120)[1].decode() for x in running]
        self.assertEqual([x.returncode for x in running], [0] * 8, said)
        self.assertEqual(sum("imported 'oci:in' to" in x for x in said), 1, said)
        pids = [str(x.pid) for x in running]
        for text in said:
            if "imported 'oci:in' to" in text:
                continue
            waiting, shared = text.splitlines()
            self.assertRegex(waiting, f"^berth: waiting for process ({'|'.join(pids)}), "
                             "which imports 'app'$")
            self.assertEqual(shared, f"berth: 'app' was imported meanwhile: sha256:{self.whole}")
        self.assertTrue(self.stored())

    def test_who_waits_takes_over_from_one_that_is_killed(self):
        first = self.start("--name=app")
        time.sleep(self.duration * 0.3)
        others = [self.start("--name=app") for _ in range(3)]
        time.sleep(self.duration * 0.3)
        first.kill()
        first.communicate()
        said = [x.communicate(timeout=120)[1].decode() for x in others]
        # One that came when the first was done already finds the name taken.
        for status, text in zip([x.returncode for x in others], said):
            self.assertTrue(status == 0 or "it exists already" in text, said)
        self.assertLessEqual(sum("imported 'oci:in' to" in x for x in said), 1, said)
        self.assertTrue(self.stored())

    def start_and_hold(self):
        """An import that stands still before its end, wherever a busy machine has let it come to."""
        for share in (0.2, 0.1, 0.05, 0.02, 0):
            running = self.start("--name=app")
            time.sleep(self.duration * share)
            os.kill(running.pid, signal.SIGSTOP)
            if not self.stored():
                return running
            running.kill()
            running.communicate()
            shutil.rmtree(self.path("store"))
        return self.fail("every import was faster than its stop")

    def test_who_waits_can_be_stopped(self):
        with self.start_and_hold() as first:
            with self.start("--name=app") as second:
                time.sleep(0.3)
                second.send_signal(signal.SIGTERM)
                second.wait(timeout=60)
            os.kill(first.pid, signal.SIGCONT)
            self.assertIn(second.returncode, [128 + signal.SIGTERM, -signal.SIGTERM])
            first.stderr.read()

    def test_another_source_of_the_same_name_is_not_shared(self):
        layout.write_folder(self.path("other"), {"file": b"other"})
        with self.start("--name=app") as first:
            time.sleep(self.duration * 0.3)
            done = self.run_import("dir:other", "--name=app")
            first.stderr.read()
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("store/app.sqsh': it exists already\n", done.stderr)
        self.assertTrue(self.stored())

    def test_the_disk_is_full_at_byte_n(self):
        for limit in [4096, os.path.getsize(self.path("whole")) // 2]:
            done = self.run_import("oci:in", "--name=app", preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_FSIZE, (limit, limit)))
            self.assertEqual(done.returncode, 1)
            self.assertEqual(os.listdir(self.path("store")), [])

    # These say nothing new about names.
    test_stopped_by_a_signal_it_goes_quietly = None
    test_the_file_system_is_full = None
    test_force_keeps_the_old_image_until_the_new_one_is_there = None


if __name__ == "__main__":
    unittest.main()
