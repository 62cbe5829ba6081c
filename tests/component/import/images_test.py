# SPDX-License-Identifier: Apache-2.0
"""`berth image`: its verbs, their output for people and programs, and their messages."""
import json
import os
import subprocess
import unittest

import harness
import layout


class ImagesTest(harness.ImportTest):
    def setUp(self):
        super().setUp()
        layout.write_folder(self.path("in"), {"etc/motd": b"hello\n", "data": b"x" * 5000})

    def run_image(self, *words, **more):
        environment = {**os.environ, "BERTH_STORE": self.path("store")}
        return subprocess.run([harness.PROGRAM, "image", *words], cwd=self.folder, env=environment,
                              capture_output=True, text=True, check=False, **more)

    def says(self, words, out="", err="", status=0):
        """Expects exactly this on stdout and stderr."""
        done = self.run_image(*words)
        self.assertEqual(done.stderr.replace(self.folder, "DIR"), err)
        self.assertEqual(done.stdout.replace(self.folder, "DIR"), out)
        self.assertEqual(done.returncode, status)

    def store(self, source, *options):
        done = self.run_import(*options, source)
        self.assertEqual(done.returncode, 0, done.stderr)


class Verbs(ImagesTest):
    def test_one_that_nobody_knows_is_a_usage_error_with_the_nearest(self):
        self.says(["lisst"], err="berth: cannot understand 'image lisst'\n"
                  "berth: hint: did you mean 'berth image list'?\n", status=2)
        self.says(["x"], err="berth: cannot understand 'image x'\n"
                  "berth: hint: see 'berth image --help'\n", status=2)

    def test_help_lists_them_and_each_has_its_own(self):
        done = self.run_image("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        verbs = [x.split()[2] for x in done.stdout.splitlines() if x.startswith("  berth image ")]
        self.assertIn("list", verbs)
        for verb in verbs:
            own = self.run_image(verb, "--help")
            self.assertEqual((own.returncode, own.stderr), (0, ""))
            self.assertTrue(own.stdout.startswith(f"Usage: berth image {verb} "), own.stdout)
        done = self.run_image()
        self.assertEqual((done.returncode, done.stdout), (2, ""))


class List(ImagesTest):
    def test_of_a_store_that_is_not_there_is_empty(self):
        self.says(["list", "--json"], "[]\n")
        self.assertFalse(os.path.exists(self.path("store")))

    def test_wrong_words(self):
        self.says(["list", "x"], err="berth: cannot understand 'x'\n"
                  "berth: hint: write: berth image list [OPTIONS]\n", status=2)
        self.says(["list", "--jsn"], err="berth: cannot understand the option '--jsn'\n"
                  "berth: hint: did you mean '--json'?\n", status=2)

    def test_has_every_image_in_order(self):
        self.store("dir:in", "-o", "other.sqsh")
        self.store("dir:in")
        os.rename(self.path("other.sqsh"), self.path("store/by-hand.sqsh"))
        found = json.loads(self.run_image("list", "--json").stdout)
        self.assertEqual([x["name"] for x in found], ["by-hand", "in"])
        self.assertEqual(found[1]["size"], os.path.getsize(self.path("store/in.sqsh")))


if __name__ == "__main__":
    unittest.main()
