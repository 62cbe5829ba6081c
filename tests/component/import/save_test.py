# SPDX-License-Identifier: Apache-2.0
"""`berth image save` and `merge`: what a container has changed, and an image with it in it. The kernel's
overlayfs is the judge of both.

BERTH_CHANGES says how many random containers are compared, BERTH_SEED where to begin."""
import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
import unittest

import changes
import harness
import layout
import rawtar
import stacks

COUNT = int(os.environ.get("BERTH_CHANGES", "40"))
SEED = int(os.environ.get("BERTH_SEED", "1"))


class SaveTest(harness.ImportTest):
    def image_verb(self, *words, **more):
        environment = {**os.environ, "BERTH_STORE": self.path("store")}
        return subprocess.run([harness.PROGRAM, "image", *words], cwd=self.folder, env=environment,
                              capture_output=True, text=True, check=False, **more)

    def must(self, *words):
        done = self.image_verb(*words)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        return done.stderr

    def refuses(self, message, *words, hint=None, status=1, **more):
        before = sorted(os.listdir(self.folder))
        done = self.image_verb(*words, **more)
        expected = "berth: cannot " + message + "\n" + (f"berth: hint: {hint}\n" if hint else "")
        self.assertEqual((done.stderr, done.stdout, done.returncode), (expected, "", status))
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def member(self, image, name):
        return subprocess.run(["unsquashfs", "-cat", self.path(image), name], capture_output=True,
                              check=True).stdout


class Oracle(SaveTest):
    def setUp(self):
        super().setUp()
        harness.need(os.getuid() == 0, "only root can mount overlayfs over others' files")

    def base(self, seed):
        """A random image and what is in it."""
        layers = stacks.make_stack(seed)
        layout.write_layout(self.path("in"), [rawtar.make_layer(x["entries"]) for x in layers])
        self.image_of("oci:in", "--xattrs", name="base.sqsh")
        shutil.rmtree(self.path("in"))
        shutil.rmtree(self.path("lower"), ignore_errors=True)
        return self.unpack(self.path("base.sqsh"), "lower")

    def test_a_merge_is_what_overlayfs_shows_as_root(self):
        for seed in range(SEED, SEED + COUNT):
            lower = self.base(seed)
            options = ["userxattr", "index=off,redirect_dir=off,metacopy=off"][seed % 2]
            with changes.mounted(self.path("c"), lower, options) as merged:
                program = changes.Program(seed, merged)
                for _ in range(program.random.randrange(1, 25)):
                    program.step()
                expected = {**harness.scan(merged), ".": harness.describe(merged, ())}
            for seen in expected.values():
                for key in [x for x in seen.get("xattrs", {}) if x.startswith("user.overlay.")]:
                    del seen["xattrs"][key]
            self.must("save", "--force", "--upper", "c/upper", "base.sqsh", "changes.sqsh")
            self.must("merge", "--force", "base.sqsh", "changes.sqsh", "whole.sqsh")
            top = self.unpack(self.path("whole.sqsh"), "whole")
            ours = {**harness.scan(top), ".": harness.describe(top, ())}
            self.assertEqual(harness.differences(ours, expected), "", f"seed {seed}, {options}")
            shutil.rmtree(self.path("c"))

    @contextlib.contextmanager
    def process_in(self, root):
        """A process with that root. It has no program of its own: there is none in there."""
        pid = os.fork()
        if pid == 0:
            os.chroot(root)
            os.chdir("/")
            signal.pause()
            os._exit(0)
        while os.readlink(f"/proc/{pid}/cwd") != root:
            time.sleep(0.01)
        try:
            yield pid
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def test_a_container_that_runs_is_compared_with_its_image_as_root(self):
        """What a container does not see of its image, owners and attributes, is not compared here."""
        for seed in range(SEED, SEED + COUNT // 2):
            self.base(seed)
            lower = self.path("with-own")
            shutil.rmtree(lower, ignore_errors=True)
            subprocess.run(["unsquashfs", "-n", "-q", "-d", lower, self.path("base.sqsh")], check=True)
            with changes.mounted(self.path("c"), lower, image=self.path("base.sqsh")) as merged:
                program = changes.Program(seed, merged)
                for _ in range(program.random.randrange(1, 25)):
                    program.step()
                expected = harness.scan(merged, ["owner", "xattrs"])
                with self.process_in(merged) as pid:
                    self.must("save", "--force", "--pid", str(pid), "base.sqsh", "changes.sqsh")
            self.must("merge", "--force", "base.sqsh", "changes.sqsh", "whole.sqsh")
            top = self.unpack(self.path("whole.sqsh"), "whole")
            ours = {**harness.scan(top, ["owner", "xattrs"]), ".": harness.describe(top, ())}
            expected = {name: seen for name, seen in expected.items() if name.split("/")[0] != ".berth"}
            expected["."] = harness.describe(lower, ())  # berth writes there, so that it is the image's
            self.assertEqual(harness.differences(ours, expected), "", f"seed {seed}")
            shutil.rmtree(self.path("c"))

    def test_what_is_mounted_in_a_container_and_what_berth_writes_there_is_not_saved_as_root(self):
        layout.write_folder(self.path("in"), {
            "etc/passwd": b"image\n", "etc/motd": b"m", "mnt/below": b"b", "home/me/f": b"f", "same": b"same"})
        self.image_of("dir:in", name="base.sqsh")
        lower = self.path("with-own")
        subprocess.run(["unsquashfs", "-n", "-q", "-d", lower, self.path("base.sqsh")], check=True)
        layout.write_folder(self.path("host"), {"secret": b"of the host"})
        with contextlib.ExitStack() as stack:
            merged = stack.enter_context(
                changes.mounted(self.path("c"), lower, image=self.path("base.sqsh")))
            layout.write_folder(merged, {
                "etc/passwd": b"berth\n", "etc/resolv.conf": b"berth\n", "etc/new": b"new", "one": b"file\n"})
            for place in ["mnt", "home/me", "made/for/it", "with space", "half/mount"]:
                os.makedirs(os.path.join(merged, place), exist_ok=True)
                subprocess.run(["mount", "--bind", self.path("host"), os.path.join(merged, place)], check=True)
                stack.callback(subprocess.run, ["umount", os.path.join(merged, place)], check=True)
            subprocess.run(["mount", "--bind", self.path("host/secret"), os.path.join(merged, "one")], check=True)
            stack.callback(subprocess.run, ["umount", os.path.join(merged, "one")], check=True)
            layout.write_folder(merged, {"half/own": b"own"})
            with self.process_in(merged) as pid:
                told = self.must("save", "--pid", str(pid), "base.sqsh", "changes.sqsh")
        self.assertIn(f"berth: saved the changes in process {pid} to 'changes.sqsh': ", told)
        self.assertEqual(self.member("changes.sqsh", ".berth/deleted"), b"")
        self.assertEqual(set(self.tree_of(self.path("changes.sqsh"))), {"etc", "etc/new", "half", "half/own"})
        self.must("merge", "base.sqsh", "changes.sqsh", "whole.sqsh")
        tree = self.tree_of(self.path("whole.sqsh"))
        self.assertEqual(set(tree), {"etc", "etc/motd", "etc/new", "etc/passwd", "half", "half/own", "home",
                                     "home/me", "home/me/f", "mnt", "mnt/below", "same"})
        self.assertEqual(self.member("whole.sqsh", "etc/passwd"), b"image\n")
        self.assertEqual({seen["owner"] for seen in tree.values()}, {(0, 0)})

    def test_another_containers_process_is_refused_as_root(self):
        layout.write_folder(self.path("in"), {"a": b"a"})
        self.image_of("dir:in", name="base.sqsh")
        with changes.mounted(self.path("c"), self.path("in")) as merged:  # without berth's own files
            with self.process_in(merged) as pid:
                self.refuses(f"save the changes of process {pid}: it is in no container of 'base.sqsh'", "save",
                             f"--pid={pid}", "base.sqsh", "out.sqsh",
                             hint="name a process that 'berth run' has started, and the image that it runs")

    def test_what_only_the_lower_directory_knows_is_refused_as_root(self):
        layout.write_folder(self.path("in"), {"d/f": b"f", "d/g": b"g", "one": b"1"})
        os.link(self.path("in/one"), self.path("in/two"))
        self.image_of("dir:in", name="base.sqsh")
        hint = "mount the overlay with redirect_dir=off, metacopy=off and index=off"
        for options, change, words in [
                ("redirect_dir=on", lambda top: os.rename(top + "/d", top + "/e"),
                 "e': it has been renamed, and its content is in a lower directory"),
                ("metacopy=on", lambda top: os.chmod(top + "/d/f", 0o600),
                 "d/f': its content is in a lower directory"),
                ("index=on", lambda top: os.chmod(top + "/one", 0o600),
                 "one': other names of it are in a lower directory")]:
            try:
                with changes.mounted(self.path("c"), self.path("in"), options) as merged:
                    change(merged)
            except subprocess.CalledProcessError:
                harness.need(False, f"this kernel's overlayfs has no {options}")
            self.refuses("read 'c/upper/" + words, "save", "--upper", "c/upper", "base.sqsh", "out.sqsh",
                         hint=hint)
            shutil.rmtree(self.path("c"))

    def test_device_nodes_and_their_second_names_are_left_out_as_root(self):
        layout.write_folder(self.path("in"), {"null": b"a file", "second": b"s", "other": b"o"})
        self.image_of("dir:in", name="base.sqsh")
        os.mkdir(self.path("upper"))
        os.mknod(self.path("upper/null"), 0o20666, os.makedev(1, 3))
        os.link(self.path("upper/null"), self.path("upper/second"))
        told = self.must("save", "--upper", "upper", "base.sqsh", "changes.sqsh")
        self.assertIn(": 0 entries, 0 deleted, ", told)
        self.assertEqual(told.splitlines()[1], "berth: left out 2 device nodes, which an image cannot have")
        self.must("merge", "base.sqsh", "changes.sqsh", "whole.sqsh")
        self.assertEqual(set(self.tree_of(self.path("whole.sqsh"))), {"other"})

    def test_an_ordinary_users_overlay_becomes_roots_files_as_root(self):
        """In a user namespace, as a container of berth's is."""
        os.chmod(self.folder, 0o755)
        layout.write_folder(self.path("in"), {"etc/motd": b"hello", "etc/old": b"old", "d/x": b"x"})
        self.image_of("dir:in", name="base.sqsh")
        os.mkdir(self.path("theirs"))
        # The server shows a container all files as its user's.
        subprocess.run(["chown", "-R", "65534:65534", self.path("in"), self.path("theirs")], check=True)
        program = shutil.copy(harness.PROGRAM, self.path("berth-image"))
        script = f"""
            mkdir upper work merged
            mount -t overlay -o userxattr,lowerdir={self.path("in")},upperdir=upper,workdir=work o merged || exit 77
            echo more >>merged/etc/motd; rm merged/etc/old; rm -r merged/d; mkdir merged/d; echo y >merged/d/y"""
        done = subprocess.run(["unshare", "-Urm", "sh", "-ec", script], cwd=self.path("theirs"), user=65534,
                              group=65534, extra_groups=[], capture_output=True, text=True, check=False)
        harness.need(done.returncode != 77, "an ordinary user cannot mount overlayfs here: " + done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run([program, "image", "save", "--upper", "upper", "../base.sqsh", "changes.sqsh"],
                              cwd=self.path("theirs"), user=65534, group=65534, extra_groups=[],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.must("merge", "base.sqsh", "theirs/changes.sqsh", "whole.sqsh")
        tree = self.tree_of(self.path("whole.sqsh"))
        self.assertEqual(set(tree), {"etc", "etc/motd", "d", "d/y"})
        self.assertEqual({seen["owner"] for seen in tree.values()}, {(0, 0)})
        self.assertEqual(self.member("whole.sqsh", "etc/motd"), b"hellomore\n")


class Saved(SaveTest):
    """Without privilege: an upper directory that is written here. What overlayfs itself needs root for,
    whiteouts as devices and trusted attributes, the tests above have."""

    CONFIG = {"Env": ["A=b"], "Entrypoint": ["/app"]}

    def setUp(self):
        super().setUp()
        layers = [layout.make_layer([
            layout.entry("etc", "dir"), layout.entry("etc/motd", data=b"hello\n", uid=3),
            layout.entry("big", data=random.Random(1).randbytes(300_000)), layout.entry("link", "link", target="big")])]
        layout.write_folder(self.path("in"), layout.layout_files(layers, config=self.CONFIG))
        self.store("app:v1")
        layout.write_folder(self.path("upper"), {"etc/new": b"new\n", ".berth/config.json": b"{}"})

    def store(self, name, *options):
        self.assertEqual(self.run_import("--name", name, *options, "oci:in").returncode, 0)

    def squash_of(self, folder, name):
        subprocess.run(["mksquashfs", self.path(folder), self.path(name), "-quiet", "-no-progress", "-noappend"],
                       check=True, stdout=subprocess.DEVNULL)

    def save(self, *words):
        return self.must("save", *words, "--upper", "upper", "app:v1", "changes.sqsh")

    def test_the_image_is_small_and_says_what_it_is_stacked_on(self):
        told = self.save()
        self.assertRegex(told, r"^berth: saved the changes in 'upper' to 'changes.sqsh': 2 entries, 0 deleted, "
                         r"[0-9]+ B -> [0-9.]+ KiB, stacked on sha256:[0-9a-f]{64}, sha256:[0-9a-f]{64}\n$")
        config = json.loads(self.member("changes.sqsh", ".berth/config.json"))
        digest = json.loads(self.image_verb("inspect", "--json", "app:v1").stdout)["digest"]
        self.assertEqual(config["berth"], {"stacked_on": {"digest": digest, "image": "app:v1"}})
        self.assertEqual(config["config"], self.CONFIG)
        self.assertIn("stacked on    " + digest, self.image_verb("inspect", "changes.sqsh").stdout)
        self.assertEqual(set(self.tree_of(self.path("changes.sqsh"))), {"etc", "etc/new"})
        self.assertEqual(self.image_verb("verify", "--digest", told[-72:-1], "changes.sqsh").returncode, 0)
        layout.write_folder(self.path("upper"), {"large": random.Random(2).randbytes(9000)})
        self.save("--force")
        self.assertEqual(self.image_verb("verify", "changes.sqsh").returncode, 0)

    def test_a_merge_has_the_config_a_step_more_and_no_base(self):
        self.save()
        self.must("merge", "app:v1", "changes.sqsh", "whole.sqsh")
        config = json.loads(self.member("whole.sqsh", ".berth/config.json"))
        self.assertNotIn("berth", config)
        self.assertEqual(config["config"], self.CONFIG)
        self.assertEqual(config["history"], [{"created_by": "berth image merge", "empty_layer": True}])
        tree = self.tree_of(self.path("whole.sqsh"))
        self.assertEqual(set(tree), {"big", "etc", "etc/motd", "etc/new", "link"})
        self.assertEqual(tree["link"]["same as"], "big")
        self.assertEqual(self.image_verb("verify", "whole.sqsh").returncode, 0)
        self.assertEqual(self.image_verb("export", "whole.sqsh", "whole.tar").returncode, 0)
        self.image_of("oci-archive:whole.tar")

    def test_the_same_changes_give_the_same_bytes(self):
        sums = set()
        for _ in range(2):
            self.save("--force")
            self.must("merge", "--force", "app:v1", "changes.sqsh", "whole.sqsh")
            for name in ["changes.sqsh", "whole.sqsh"]:
                with open(self.path(name), "rb") as image:
                    sums.add((name, image.read()))
        self.assertEqual(len(sums), 2)

    def test_xattr_whiteouts_of_newer_kernels_and_opaque_directories(self):
        layout.write_folder(self.path("upper"), {"big": b"", "etc/.wh.x": b"a file of that name"})
        try:
            os.setxattr(self.path("upper/big"), "user.overlay.whiteout", b"y")
            os.setxattr(self.path("upper/etc"), "user.overlay.opaque", b"y")
        except OSError as error:
            harness.need(False, f"this file system has no extended attributes: {error}")
        self.assertIn(": 3 entries, 2 deleted, ", self.save())
        self.assertEqual(self.member("changes.sqsh", ".berth/deleted"), b"big\0etc/\0")
        self.must("merge", "app:v1", "changes.sqsh", "whole.sqsh")
        tree = self.tree_of(self.path("whole.sqsh"))
        self.assertEqual(set(tree), {"etc", "etc/new", "etc/.wh.x", "link"})
        self.assertNotIn("xattrs", [k for k, v in tree["etc"].items() if v])

    def test_changes_alone_are_no_image_and_an_image_is_no_changes(self):
        self.save()
        digest = json.loads(self.image_verb("inspect", "--json", "app:v1").stdout)["digest"]
        hint = "merge them first: berth image merge IMAGE 'changes.sqsh' OUT.sqsh"
        for words in [["export", "changes.sqsh", "out.tar"],
                      ["merge", "changes.sqsh", "changes.sqsh", "out.sqsh"],
                      ["save", "--upper", "upper", "changes.sqsh", "out.sqsh"]]:
            self.refuses(f"use 'changes.sqsh' alone: it has only the changes to the image {digest}", *words,
                         hint=hint)
        path = self.path("store/app:v1.sqsh")
        self.refuses(f"use '{path}' as changes: 'berth image save' has not made it", "merge", "app:v1",
                     "app:v1", "out.sqsh")
        # Nor do they become one by way of an import, which would lose what they delete.
        for words in [["sqsh:changes.sqsh", "out.sqsh"], ["changes.sqsh", "out.sqsh"]]:
            done = self.run_import(*words)
            self.assertEqual((done.stderr, done.returncode), (
                f"berth: cannot use 'changes.sqsh' alone: it has only the changes to the image {digest}\n"
                f"berth: hint: {hint}\n", 1))
            self.assertFalse(os.path.exists(self.path("out.sqsh")))

    def test_changes_without_their_list_of_deletions_are_damaged(self):
        self.save()
        layout.write_folder(self.path("bad/.berth"), {
            "config.json": self.member("changes.sqsh", ".berth/config.json")})
        self.squash_of("bad", "bad.sqsh")
        self.refuses("read '/.berth/deleted' in 'bad.sqsh': it is damaged", "merge", "app:v1", "bad.sqsh",
                     "out.sqsh", hint="make or copy the image again")

    def test_changes_are_merged_with_their_own_image_only(self):
        self.save()
        self.store("other", "--no-hash-tree")
        digest = lambda name: json.loads(self.image_verb("inspect", "--json", name).stdout)["digest"]
        self.refuses(
            f"merge 'changes.sqsh' into '{self.path('store/other.sqsh')}': it has the changes to the image "
            f"{digest('app:v1')}, and this is {digest('other')}", "merge", "other", "changes.sqsh", "out.sqsh",
            hint="name the image that they were saved from: 'app:v1'")
        # The same bytes elsewhere are the same image.
        shutil.copy(self.path("store/app:v1.sqsh"), self.path("copy.sqsh"))
        self.must("merge", "copy.sqsh", "changes.sqsh", "out.sqsh")

    def test_wrong_words_and_places(self):
        usage = "write: berth image save [OPTIONS] {--pid PID|--upper DIR} IMAGE OUT.sqsh"
        self.refuses("save changes: nothing says where they are", "save", "app:v1", "out.sqsh", hint=usage,
                     status=2)
        self.refuses("save the changes of both a process and a directory", "save", "--pid=1", "--upper=upper",
                     "app:v1", "out.sqsh", hint=usage, status=2)
        for pid in ["0", "-1", "x", "1234567890"]:
            self.refuses(f"take '{pid}' for '--pid'", "save", "--pid=" + pid, "app:v1", "out.sqsh", status=2,
                         hint="it is the number of a process that runs in the container")
        self.refuses("read the container of process 999999999: open: No such file or directory (ENOENT)",
                     "save", "--pid=999999999", "app:v1", "out.sqsh")
        path = self.path("store/app:v1.sqsh")
        self.refuses(f"save the changes of process {os.getpid()}: it is in no container of '{path}'", "save",
                     f"--pid={os.getpid()}", "app:v1", "out.sqsh",
                     hint="name a process that 'berth run' has started, and the image that it runs")
        self.refuses("go on: there is too little to work on", "save", "app:v1", hint=usage, status=2)
        self.refuses("read the directory 'none': open: No such file or directory (ENOENT)", "save", "--upper",
                     "none", "app:v1", "out.sqsh")
        self.refuses("write 'in': it is a directory", "save", "--upper", "upper", "app:v1", "in")
        self.save()
        self.refuses("write 'changes.sqsh': it exists already", "save", "--upper", "upper", "app:v1",
                     "changes.sqsh", hint="replace it with --force")
        self.refuses("go on: there is too little to work on", "merge", "app:v1", "changes.sqsh",
                     hint="write: berth image merge [OPTIONS] IMAGE CHANGES.sqsh OUT.sqsh", status=2)
        self.refuses("write 'none/x': open: No such file or directory (ENOENT)", "merge", "app:v1",
                     "changes.sqsh", "none/x")

    def test_hostile_lists_of_deletions(self):
        self.save()
        config = self.member("changes.sqsh", ".berth/config.json")
        for deleted, words in [
                (b"etc", "read '/.berth/deleted' in 'bad.sqsh': it is damaged"),
                (b"a\0\0", "read '/.berth/deleted' in 'bad.sqsh': it is damaged"),
                (b"../etc\0", "use the entry '../etc': its path has '..' in it"),
                (b".\0", "use 'bad.sqsh': it deletes the root"),
                (b"a/" * 3000 + b"\0", "use the entry '" + "a/" * 100 + "'...: its path is longer than 4095 "
                                       "bytes")]:
            shutil.rmtree(self.path("bad"), ignore_errors=True)
            layout.write_folder(self.path("bad/.berth"), {"config.json": config, "deleted": deleted})
            self.squash_of("bad", "bad.sqsh")
            self.refuses(words, "merge", "app:v1", "bad.sqsh", "out.sqsh")
        # Outside of the root nothing is, and berth's own files are not to be deleted.
        layout.write_folder(self.path("bad/.berth"), {"deleted": b"/etc/motd\0.berth/\0.berth\0none/x\0/\0"})
        self.squash_of("bad", "bad.sqsh")
        self.must("merge", "app:v1", "bad.sqsh", "out.sqsh")
        self.assertEqual(self.tree_of(self.path("out.sqsh")), {})

    def test_a_damaged_base_is_not_merged(self):
        self.save()
        with open(self.path("store/app:v1.sqsh"), "r+b") as image:
            image.seek(150_000)
            byte = image.read(1)[0]
            image.seek(150_000)
            image.write(bytes([byte ^ 1]))
        done = self.image_verb("merge", "app:v1", "changes.sqsh", "out.sqsh")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^berth: cannot read '/.*' in '.*app:v1.sqsh': it is damaged\n")
        self.assertFalse(os.path.exists(self.path("out.sqsh")))

    def test_a_flipped_bit_in_the_list_of_deletions_or_the_config_is_damage(self):
        """Where the bytes are decompressed all the same, only the hash tree knows."""
        letters = random.Random(2)
        try:
            for number in range(1500):
                name = f"upper/{number}" + "".join(letters.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=200))
                layout.write_folder(self.folder, {name: b""})
                os.setxattr(self.path(name), "user.overlay.whiteout", b"y")
        except OSError as error:
            harness.need(False, f"this file system has no extended attributes: {error}")
        self.assertIn(" 1500 deleted, ", self.save())
        with open(self.path("changes.sqsh"), "rb") as image:
            sound = image.read()
        inodes = int.from_bytes(sound[64:72], "little")  # they follow the files' bytes
        found = set()
        damaged = r"berth: cannot read '/(.*)' in '(?:./)?bad.sqsh': it is damaged\nberth: hint: .*\n"
        for place in range(200, inodes, inodes // 16):
            with open(self.path("bad.sqsh"), "wb") as image:
                image.write(sound[:place] + bytes([sound[place] ^ 4]) + sound[place + 1:])
            done = self.image_verb("merge", "app:v1", "bad.sqsh", "out.sqsh")
            self.assertEqual((done.returncode, os.path.exists(self.path("out.sqsh"))), (1, False), place)
            words = re.fullmatch(damaged, done.stderr)
            self.assertTrue(words, done.stderr)
            found.add(words[1])
            if words[1] == "":  # the config is in the superblock's block
                for done in [self.image_verb("inspect", "./bad.sqsh"), self.run_import("sqsh:bad.sqsh", "out.sqsh")]:
                    self.assertTrue(re.fullmatch(damaged, done.stderr), done.stderr)
        self.assertEqual(found, {"", ".berth/deleted"})


if __name__ == "__main__":
    unittest.main()
