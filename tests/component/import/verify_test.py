# SPDX-License-Identifier: Apache-2.0
"""`berth image verify` and `sign`: damage is named, and minisign agrees about signatures."""
import base64
import hashlib
import json
import os
import pty
import random
import shutil
import subprocess
import unittest

import harness
import layout
from layout import entry

BLOCK = 4096
LAYER = layout.make_layer([entry("noise", data=random.Random(3).randbytes(700_000)),
                           entry("etc", "dir"), entry("etc/name", data=b"test\n")])


class VerifyTest(harness.ImportTest):
    def setUp(self):
        super().setUp()
        layout.write_layout(self.path("in"), [LAYER])
        self.image = self.image_of("oci:in", name="img.sqsh")
        with open(self.image, "rb") as data:
            self.bytes = data.read()
        self.digest = "sha256:" + hashlib.sha256(self.bytes).hexdigest()
        self.blocks = (int.from_bytes(self.bytes[40:48], "little") + BLOCK - 1) // BLOCK

    def image_verb(self, *words, **more):
        environment = {**os.environ, "BERTH_STORE": self.path("store")}
        return subprocess.run([harness.PROGRAM, "image", *words], cwd=self.folder, env=environment,
                              capture_output=True, text=True, check=False, **more)

    def write(self, data, name="img.sqsh"):
        with open(self.path(name), "wb") as out:
            out.write(data)

    def flipped(self, *places):
        data = bytearray(self.bytes)
        for place in places:
            data[place] ^= 0x20
        return bytes(data)

    def refuses(self, message, *words, hint=None, status=1):
        done = self.image_verb(*words)
        expected = "berth: " + message + "\n" + (f"berth: hint: {hint}\n" if hint else "")
        self.assertEqual((done.returncode, done.stderr, done.stdout), (status, expected, ""))


class Verify(VerifyTest):
    def test_a_sound_image_and_its_digest(self):
        done = self.image_verb("verify", "--digest", self.digest, "img.sqsh")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[:3], [
            "'img.sqsh' is sound", "compared   with its hash tree, the digest asked for",
            "digest     " + self.digest])
        self.assertRegex(lines[3], r"\Aroot hash  [0-9a-f]{64}\Z")
        self.assertEqual(len(lines), 4)

    def test_each_damaged_block_is_named_in_data_and_tree(self):
        for block in [0, 77, self.blocks - 1]:
            if block == 0:  # behind the superblock's fields, in the compressor's options or data
                self.write(self.flipped(200))
            else:
                self.write(self.flipped(block * BLOCK + 5))
            self.refuses(f"cannot trust 'img.sqsh': block {block} is damaged at byte {block * BLOCK}",
                         "verify", "img.sqsh")
        last = self.blocks + 2  # behind the header and the upper level
        self.write(self.flipped(last * BLOCK + 1))
        self.refuses(f"cannot trust 'img.sqsh': block {last} is damaged at byte {last * BLOCK}, in its "
                     "hash tree", "verify", "img.sqsh")
        self.write(self.flipped(5 * BLOCK, 9 * BLOCK, 70 * BLOCK))
        self.refuses("cannot trust 'img.sqsh': 3 blocks are damaged, the first is block 5 at byte 20480",
                     "verify", "img.sqsh")

    def test_a_tree_that_lies_about_itself(self):
        header = self.blocks * BLOCK
        for place, words in [(0, "has no header where the image ends"), (8, "is of another version than 1"),
                             (65, "is not made with sha256 and blocks of 4096 bytes"),
                             (72, "is made for an image of another size"),
                             (81, "says that its salt is longer than can be")]:
            self.write(self.flipped(header + place))
            self.refuses(f"cannot trust 'img.sqsh': its hash tree {words}", "verify", "img.sqsh")
        self.write(self.bytes[:-BLOCK])
        self.refuses("cannot trust 'img.sqsh': its hash tree is truncated", "verify", "img.sqsh")
        self.write(self.bytes + b"x" * 100)
        self.refuses("cannot trust 'img.sqsh': nothing covers the 100 B behind its hash tree",
                     "verify", "img.sqsh")

    def test_a_tree_of_another_image(self):
        other = layout.make_layer([entry("other", data=random.Random(4).randbytes(700_000)),
                                   entry("etc", "dir"), entry("etc/name", data=b"test\n")])
        layout.write_layout(self.path("other"), [other])
        with open(self.image_of("oci:other"), "rb") as data:
            theirs = data.read()
        self.assertEqual(len(theirs), len(self.bytes))
        self.write(self.bytes[:self.blocks * BLOCK] + theirs[self.blocks * BLOCK:])
        done = self.image_verb("verify", "img.sqsh")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\d+ blocks are damaged, the first is block 0 at byte 0\n")

    def test_another_digest(self):
        self.refuses("cannot trust 'img.sqsh': its digest is " + self.digest,
                     "verify", "--digest", "sha256:" + "0" * 64, "img.sqsh")
        self.refuses("cannot take 'sha256:12' for '--digest'", "verify", "--digest", "sha256:12",
                     "img.sqsh", hint="write sha256: and 64 hexadecimal digits, as import prints it",
                     status=2)

    def test_an_image_without_a_tree_needs_something_else(self):
        bare = self.bytes[:self.blocks * BLOCK]
        self.write(bare)
        self.refuses("cannot trust 'img.sqsh': it has no hash tree and is not in the store, so "
                     "nothing says what it should be", "verify", "img.sqsh", hint="give --digest or --key")
        digest = "sha256:" + hashlib.sha256(bare).hexdigest()
        self.assertEqual(self.image_verb("verify", "--digest", digest, "img.sqsh").returncode, 0)

    def test_an_image_of_one_block_has_its_root_nowhere_and_needs_something_else(self):
        """Its block is what the root is the digest of: whatever is in it would be sound."""
        os.mkdir(self.path("empty"))
        with open(self.image_of("dir:empty", name="small.sqsh"), "rb") as image:
            small = image.read()
        self.assertLess(int.from_bytes(small[40:48], "little"), BLOCK)
        self.refuses("cannot trust 'small.sqsh': it has no hash tree and is not in the store, so nothing says "
                     "what it should be", "verify", "small.sqsh", hint="give --digest or --key")
        digest = "sha256:" + hashlib.sha256(small).hexdigest()
        done = self.image_verb("verify", "--digest", digest, "small.sqsh")
        self.assertEqual((done.returncode, done.stdout.splitlines()[1]), (0, "compared   with the digest asked for"))

    def test_what_is_no_image(self):
        self.write(b"hello", "no")
        self.refuses("cannot use './no' as an image: it is not a SquashFS file", "verify", "./no")
        self.refuses("cannot read './gone': open: No such file or directory (ENOENT)", "verify", "./gone")
        self.refuses("cannot verify: there is no image", "verify",
                     hint="write: berth image verify [OPTIONS] IMAGE", status=2)

    def test_json_has_both_outcomes(self):
        done = self.image_verb("verify", "--json", "img.sqsh")
        sound = json.loads(done.stdout)
        self.assertEqual((sound["sound"], sound["problem"], sound["digest"], sound["size"]),
                         (True, None, self.digest, len(self.bytes)))
        self.assertEqual((sound["stored_digest"], sound["compared_with"]), (None, ["hash-tree"]))
        self.write(self.flipped(3 * BLOCK))
        done = self.image_verb("verify", "--json", "img.sqsh")
        seen = json.loads(done.stdout)
        self.assertEqual(done.returncode, 1)
        self.assertEqual((seen["sound"], seen["damaged_blocks"], seen["first_damaged"]),
                         (False, 1, [{"block": 3, "offset": 3 * BLOCK}]))
        self.assertEqual(seen["problem"], "block 3 is damaged at byte 12288")

    def test_an_image_by_its_name_in_the_store(self):
        os.mkdir(self.path("store"))
        self.write(self.bytes, "store/app.sqsh")
        self.assertEqual(self.image_verb("verify", "app").returncode, 0)


class Stored(VerifyTest):
    """What the store has noted at import is compared without being asked for."""

    def setUp(self):
        super().setUp()
        self.store("app")
        self.store("bare", "--no-hash-tree")

    def store(self, name, *options):
        done = self.run_import(*options, "--name", name, "oci:in")
        self.assertEqual(done.returncode, 0, done.stderr)

    def flip(self, name, place):
        with open(self.path(name), "r+b") as image:
            image.seek(place)
            byte = image.read(1)[0]
            image.seek(place)
            image.write(bytes([byte ^ 0x20]))

    def judges(self, *words):
        done = self.image_verb("verify", "--json", *words)
        return done.returncode, json.loads(done.stdout)["compared_with"]

    def test_it_says_what_it_compared_with(self):
        self.assertEqual(self.judges("app"), (0, ["hash-tree", "stored-digest"]))
        self.assertEqual(self.judges("bare"), (0, ["stored-digest"]))
        self.assertEqual(self.judges("./store/bare.sqsh"), (0, ["stored-digest"]))
        self.assertEqual(self.judges("--digest", self.digest, "app"),
                         (0, ["hash-tree", "stored-digest", "digest"]))
        self.assertEqual(self.judges("img.sqsh"), (0, ["hash-tree"]))
        lines = self.image_verb("verify", "bare").stdout.splitlines()
        self.assertEqual(lines[1], "compared   with the digest stored at import")

    def test_a_changed_image_is_told_in_one_line(self):
        with open(self.path("store/bare.sqsh"), "rb") as data:
            before = hashlib.sha256(data.read()).hexdigest()
        self.flip("store/bare.sqsh", 77 * BLOCK)
        with open(self.path("store/bare.sqsh"), "rb") as data:
            after = hashlib.sha256(data.read()).hexdigest()
        self.refuses(f"cannot trust '{self.path('store/bare.sqsh')}': its digest is sha256:{after}, and "
                     f"was sha256:{before} when it was imported", "verify", "bare")
        self.assertEqual(self.judges("bare"), (1, ["stored-digest"]))
        # Asking for the digest that it now has does not make it the image that was imported.
        self.assertEqual(self.judges("--digest", "sha256:" + after, "bare")[0], 1)

    def test_a_change_that_the_hash_tree_does_not_cover_is_found(self):
        tree = self.bytes[self.blocks * BLOCK:]
        with open(self.path("store/app.sqsh"), "r+b") as image:
            image.truncate(self.blocks * BLOCK)
        done = self.image_verb("verify", "app")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f", and was {self.digest} when it was imported\n", done.stderr)
        with open(self.path("store/app.sqsh"), "ab") as image:
            image.write(tree)
        self.assertEqual(self.image_verb("verify", "app").returncode, 0)

    def test_damage_is_named_by_its_block_where_there_is_a_tree(self):
        self.flip("store/app.sqsh", 77 * BLOCK)
        self.refuses(f"cannot trust '{self.path('store/app.sqsh')}': block 77 is damaged at byte "
                     f"{77 * BLOCK}", "verify", "app")

    def test_what_came_into_the_store_by_other_means_has_no_stored_digest(self):
        os.unlink(self.path("store/app.sqsh"))
        shutil.copy(self.image, self.path("store/app.sqsh"))
        self.assertEqual(self.judges("app"), (0, ["hash-tree"]))

    def test_a_folder_that_may_not_be_listed_as_root(self):
        harness.need(os.getuid() == 0, "only root can become somebody else")
        program = shutil.copy(harness.PROGRAM, self.path("berth-image"))
        os.chmod(self.folder, 0o755)
        os.chmod(self.path("store"), 0o711)
        for name, status in [("app", 0), ("bare", 1)]:
            done = subprocess.run([program, "image", "verify", self.path(f"store/{name}.sqsh")],
                                  user=65534, group=65534, extra_groups=[], cwd="/",
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, status, done.stderr)


class Sign(VerifyTest):
    def setUp(self):
        super().setUp()
        harness.need(shutil.which("minisign"), "package minisign is not installed")
        self.minisign("-G", "-W", "-p", "k.pub", "-s", "k.key")

    def minisign(self, *words, **more):
        done = subprocess.run(["minisign", *words], cwd=self.folder, capture_output=True, text=True,
                              check=False, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def sign(self, *words, **more):
        done = self.image_verb("sign", "--key", "k.key", *words, "img.sqsh", **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def test_minisign_accepts_our_signature_and_we_its(self):
        told = self.sign()
        self.assertRegex(told, r"\Aberth: signed 'img.sqsh' with key [0-9A-F]{16} in 'img.sqsh.minisig'\n\Z")
        seen = self.minisign("-V", "-p", "k.pub", "-m", "img.sqsh")
        self.assertIn("Signature and comment signature verified\nTrusted comment: berth image "
                      + self.digest + " root-hash:", seen)
        os.unlink(self.path("img.sqsh.minisig"))
        self.minisign("-S", "-s", "k.key", "-m", "img.sqsh", "-t", "by hand")
        done = self.image_verb("verify", "--key", "k.pub", "img.sqsh")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("'by hand'\n", done.stdout)

    def test_the_same_image_and_key_give_the_same_signature(self):
        self.sign("-o", "a")
        self.sign("-o", "b")
        with open(self.path("a"), "rb") as a, open(self.path("b"), "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_a_key_with_a_password(self):
        self.minisign("-G", "-f", "-p", "k.pub", "-s", "k.key", input="secret\nsecret\n")
        self.sign("--password-stdin", input="secret\n")
        self.minisign("-V", "-p", "k.pub", "-m", "img.sqsh")
        self.assertEqual(self.image_verb("verify", "--key", "k.pub", "img.sqsh").returncode, 0)
        done = self.image_verb("sign", "--key", "k.key", "--password-stdin", "--force", "img.sqsh",
                               input="Secret\n")
        self.assertEqual((done.returncode, done.stderr),
                         (1, "berth: cannot use 'k.key' as a secret key: the password is wrong\n"))
        done = self.image_verb("sign", "--key", "k.key", "--force", "img.sqsh", start_new_session=True)
        self.assertEqual((done.returncode, done.stderr), (
            2, "berth: cannot ask for the key's password: there is no terminal\n"
               "berth: hint: give it on standard input with --password-stdin\n"))

    def test_a_password_is_asked_for_on_the_terminal_and_not_shown(self):
        self.minisign("-G", "-f", "-p", "k.pub", "-s", "k.key", input="secret\nsecret\n")
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execv(harness.PROGRAM, [harness.PROGRAM, "image", "sign", "--key", "k.key", "img.sqsh"])
        seen = b""
        while not seen.endswith(b"Password of 'k.key': "):
            seen += os.read(terminal, 100)
        os.write(terminal, b"secret\n")
        try:
            while part := os.read(terminal, 1000):
                seen += part
        except OSError:  # the other end has gone
            pass
        self.assertEqual(os.waitpid(pid, 0)[1], 0, seen)
        self.assertNotIn(b"secret", seen)
        self.minisign("-V", "-p", "k.pub", "-m", "img.sqsh")

    def test_another_image_another_key_and_forged_comments(self):
        self.sign()
        self.minisign("-G", "-W", "-p", "o.pub", "-s", "o.key")
        with open(self.path("img.sqsh.minisig"), encoding="utf-8") as text:
            lines = text.read().splitlines()
        ours = base64.b64decode(lines[1])[2:10][::-1].hex().upper()
        with open(self.path("o.pub"), encoding="utf-8") as text:
            other = base64.b64decode(text.read().splitlines()[1])
        theirs = other[2:10][::-1].hex().upper()
        self.refuses(f"cannot trust 'img.sqsh': it is signed by key {ours}, not by {theirs}",
                     "verify", "--key", "o.pub", "img.sqsh")
        # Their key under our number.
        fake = other[:2] + base64.b64decode(lines[1])[2:10] + other[10:]
        self.write(base64.b64encode(fake), "fake.pub")
        self.refuses(f"cannot trust 'img.sqsh': its signature 'img.sqsh.minisig' is not by key {ours}",
                     "verify", "--key", "fake.pub", "img.sqsh")
        self.write("\n".join([*lines[:2], lines[2] + "!", lines[3], ""]).encode(), "forged")
        self.refuses(f"cannot trust 'img.sqsh': its signature 'forged' is not by key {ours}",
                     "verify", "--key", "k.pub", "--signature", "forged", "img.sqsh")
        bare = self.bytes[:self.blocks * BLOCK]
        self.write(bare)  # sound in itself
        self.refuses(f"cannot trust 'img.sqsh': it is not the image that key {ours} has signed",
                     "verify", "--key", "k.pub", "img.sqsh")

    def test_what_is_no_key_and_no_signature(self):
        self.write(b"untrusted comment: x\nAAAA\n", "bad")
        self.sign()
        self.refuses("cannot use 'bad' as a public key: it is not minisign's",
                     "verify", "--key", "bad", "img.sqsh")
        self.refuses("cannot use 'k.key' as a public key: it is not minisign's",
                     "verify", "--key", "k.key", "img.sqsh")
        self.refuses("cannot use 'bad' as a secret key: it is not minisign's",
                     "sign", "--key", "bad", "img.sqsh")
        self.refuses("cannot use 'bad' as a signature: it is not minisign's",
                     "verify", "--key", "k.pub", "--signature", "bad", "img.sqsh")
        self.refuses("cannot read './none': open: No such file or directory (ENOENT)",
                     "verify", "--key", "./none", "img.sqsh")
        self.minisign("-S", "-l", "-s", "k.key", "-m", "img.sqsh", "-x", "old")
        self.refuses("cannot use 'old' as a signature: it is of the old kind that takes the whole file "
                     "into memory", "verify", "--key", "k.pub", "--signature", "old", "img.sqsh")

    def test_a_damaged_image_is_not_signed_and_a_signature_not_replaced(self):
        self.sign()
        done = self.image_verb("sign", "--key", "k.key", "img.sqsh")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write 'img.sqsh.minisig'", done.stderr)
        self.write(self.flipped(5 * BLOCK))
        self.refuses("cannot trust 'img.sqsh': block 5 is damaged at byte 20480",
                     "sign", "--force", "--key", "k.key", "img.sqsh")


if __name__ == "__main__":
    unittest.main()
