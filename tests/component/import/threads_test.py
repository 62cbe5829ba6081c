# SPDX-License-Identifier: Apache-2.0
"""With few threads allowed, an import or export either does its work or says in one error why not."""
import os
import resource
import subprocess
import unittest

import harness
import layout
from layout import entry

NOBODY_ELSE = 54321  # a user with no other processes: the kernel counts all that a user has
REFUSED = ("berth: cannot start a thread: clone: Resource temporarily unavailable (EAGAIN)\n"
           "berth: hint: your processes and threads are at their bound: raise it (ulimit -u), or end some\n")


class FewThreads(harness.ImportTest):
    def setUp(self):
        super().setUp()
        harness.need(os.getuid() == 0, "only root becomes a user without processes")
        layers = [layout.make_layer([entry(f"f{n}", data=os.urandom(300000))]) for n in range(3)]
        layout.write_layout(self.path("in"), layers)
        self.image_of("oci:in", name="whole.sqsh")
        os.mkdir(self.path("out"))
        for name in [".", "out", "whole.sqsh"]:
            os.chown(self.path(name), NOBODY_ELSE, NOBODY_ELSE)

    def outcomes(self, *words):
        """The outputs, None where there was none, with 1, 2, 4... threads and processes allowed."""
        made = []
        for count in [1, 2, 3, 4, 6, 8, 12, 16, 24, 64, 200]:
            # The leak checker wants a process of its own.
            done = subprocess.run(
                [harness.PROGRAM, *words, "out/it"], cwd=self.folder, user=NOBODY_ELSE, capture_output=True,
                env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, text=True, check=False,
                preexec_fn=lambda most=count: resource.setrlimit(resource.RLIMIT_NPROC, (most, most)))
            if done.returncode == 0:
                with open(self.path("out/it"), "rb") as file:
                    made.append(file.read())
                os.unlink(self.path("out/it"))
            else:
                self.assertEqual((done.returncode, done.stderr), (1, REFUSED))
                made.append(None)
            self.assertEqual(os.listdir(self.path("out")), [])
        self.assertIsNone(made[0])
        return made

    def test_an_import_is_refused_or_whole(self):
        with open(self.path("whole.sqsh"), "rb") as file:
            whole = file.read()
        for threads in ["2", "64"]:
            made = self.outcomes("import", "--quiet", "--threads", threads, "oci:in")
            self.assertEqual(set(made), {None, whole})
            self.assertEqual(made[-1], whole)

    def test_an_export_goes_on_with_the_threads_that_it_gets(self):
        made = self.outcomes("image", "export", "--quiet", "whole.sqsh")
        self.assertNotIn(None, made[2:])
        self.assertEqual(len(set(made[2:])), 1)


if __name__ == "__main__":
    unittest.main()
