# SPDX-License-Identifier: Apache-2.0
"""Images from the real docker-registry on loopback: what arrives is what the layers say, by whichever
way one has to prove who one is."""
import json
import os
import subprocess
import unittest

import harness
import layout
import servers
from layout import entry
from registry import RegistryTest

LOGIN = ("berth: hint: 'podman login' or 'docker login' stores credentials; or give --username and "
         "--password-stdin\n")


class Plain(RegistryTest):
    def setUp(self):
        super().setUp()
        self.server = servers.Registry(self, self.path("registry"))
        self.host = self.server.host
        self.names[self.host] = "HOST"
        self.source = self.make_layout()
        self.server.push(self.source + ":one", "team/app:v1")
        self.name = f"docker://{self.host}/team/app"
        self.settle({"plain-http": [self.host]})

    def blobs_asked_for(self):
        with open(self.server.log, encoding="utf-8") as log:
            return sum('"GET ' in line and "/blobs/" in line for line in log)

    def test_an_image_by_tag_and_by_digest(self):
        self.comes(self.name + ":v1")
        self.comes(f"{self.name}@{self.manifest['digest']}")
        self.settle({})
        self.comes("--plain-http", self.host, self.name + ":v1")
        self.comes("--plain-http", "127.0.0.1", self.name + ":v1")

    def test_the_image_is_that_of_the_layout_byte_for_byte(self):
        image = self.image_of(self.source + ":one", name="layout.sqsh")
        self.assertEqual(self.run_import(self.name + ":v1", "pulled.sqsh").returncode, 0)
        with open(image, "rb") as one, open(self.path("pulled.sqsh"), "rb") as other:
            self.assertEqual(one.read(), other.read())

    def test_platforms_of_an_index_and_of_a_docker_list(self):
        for tag, form in [("oci", "oci"), ("docker", "v2s2")]:
            self.server.push(self.source + ":all", f"team/app:{tag}", "--format", form, all_images=True)
            self.comes(f"{self.name}:{tag}")
            self.comes("--platform", "linux/m68k", f"{self.name}:{tag}", files=["other"])
            self.says(["--platform", "linux/sparc", f"{self.name}:{tag}"],
                      f"berth: cannot find an image for linux/sparc in 'docker://HOST/team/app:{tag}'\n"
                      f"berth: hint: choose with --platform; there is: 'linux/{layout.HOST}', "
                      "'linux/m68k'\n")
        self.says(["--platform", "linux/m68k", self.name + ":v1"],
                  f"berth: cannot use 'docker://HOST/team/app:v1': it is for linux/{layout.HOST}, not for "
                  "linux/m68k\n")

    def test_an_image_with_docker_media_types(self):
        self.server.push(self.source + ":one", "team/app:schema2", "--format", "v2s2")
        self.comes(self.name + ":schema2")

    def test_layers_of_many_pieces(self):
        big = os.urandom(11 << 20)
        layers = [layout.make_layer([entry(name, data=big)]) for name in ["low", "high"]]
        for how in ["none", "gzip"]:
            layout.write_layout(self.path(how), layers + [layout.make_layer([])], how=how, tag="v1")
            self.server.push(f"oci:{self.path(how)}:v1", f"team/{how}:v1")
            before = self.blobs_asked_for()
            done = self.run_import(f"docker://{self.host}/team/{how}:v1", how + ".sqsh")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.blobs_asked_for() - before, 2 * 3 + 1 + 1)  # the empty one, the config
            tree = self.tree_of(self.path(how + ".sqsh"))
            self.assertEqual(sorted(tree), ["high", "low"])
            self.assertEqual(tree["low"]["content"], tree["high"]["content"])
            self.assertEqual(tree["low"]["content"][0], len(big))

    def test_names_that_are_not_there(self):
        self.server.push(self.source + ":one", "team/app:v2-alpine")
        self.says([self.name + ":v3"],
                  "berth: cannot find 'v3' of 'team/app' in the registry 'HOST'\n"
                  "berth: hint: did you mean 'v1'?\n")
        self.says([self.name],
                  "berth: cannot find 'latest' of 'team/app' in the registry 'HOST'\n"
                  "berth: hint: there is: 'v1', 'v2-alpine'\n")
        self.says([f"docker://{self.host}/team/ap:v1"],
                  "berth: cannot find 'team/ap' in the registry 'HOST'\n"
                  "berth: hint: check the name: the registry has nothing, or shows nothing, that is "
                  "called so\n")
        none = "sha256:" + "0" * 64
        self.says([f"{self.name}@{none}"],
                  f"berth: cannot find '{none}' of 'team/app' in the registry 'HOST'\n")

    def test_a_registry_that_cannot_be_reached(self):
        self.settle({})
        self.says([self.name + ":v1"],
                  "berth: cannot talk to the registry 'HOST' over TLS: it answers without\n"
                  "berth: hint: if it is meant to be asked without TLS: --plain-http HOST\n")
        self.server.stop()
        self.says([self.name + ":v1"],
                  "berth: cannot reach the registry 'HOST': connect: Connection refused (ECONNREFUSED)\n")
        self.says(["docker://nowhere.invalid/app"],
                  "berth: cannot reach the registry 'nowhere.invalid': its name has no address\n"
                  "berth: hint: check the spelling, and that this machine may look up names\n")

    def test_mirrors_are_asked_in_their_order_and_then_the_registry(self):
        mirrors = {"somewhere.invalid": ["127.0.0.1:1/x", f"{self.host}/team"]}
        self.settle({"plain-http": [self.host], "mirrors": mirrors})
        self.comes("docker://somewhere.invalid/app:v1")
        self.settle({"plain-http": [self.host], "mirrors": {self.host: ["127.0.0.1:1/x", self.host + "/no"]}})
        self.comes(self.name + ":v1")

    def test_a_cache_spares_the_second_download(self):
        self.comes("--cache", "cache", self.name + ":v1")
        kept = sorted(os.listdir(self.path("cache/sha256")))
        self.assertEqual(len(kept), 2)
        before = self.blobs_asked_for()
        self.settle({"plain-http": [self.host]}, **{"import": {"cache": self.path("cache")}})
        self.comes(self.name + ":v1")
        self.assertEqual(self.blobs_asked_for(), before + 1)  # the config

    def test_a_cache_that_is_damaged(self):
        self.comes("--cache", "cache", self.name + ":v1")
        for name in os.listdir(self.path("cache/sha256")):
            path = self.path("cache/sha256/" + name)
            with open(path, "r+b") as blob:
                blob.seek(os.path.getsize(path) - 1)
                blob.write(b"?")
        with open(path, "rb") as blob:
            digest = layout.digest(blob.read())
        done = self.run_import("--cache", "cache", self.name + ":v1", "out.sqsh")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^berth: cannot trust 'cache/sha256/[0-9a-f]{64}': its content is "
                         r"sha256:[0-9a-f]{64}, not sha256:[0-9a-f]{64}\nberth: hint: the cache is damaged: "
                         r"delete that file, and it will be downloaded again\n$")
        self.assertFalse(os.path.exists(self.path("out.sqsh")))
        self.assertNotEqual(digest[7:], name)

    def test_a_cache_that_others_can_write(self):
        self.comes("--cache", "cache", self.name + ":v1")
        for folder in ["cache", "cache/sha256"]:
            os.chmod(self.path(folder), 0o777)
            self.says(["--cache", "cache", self.name + ":v1"],
                      f"berth: cannot use the cache '{folder}': others can write it, and so could change "
                      f"images\nberth: hint: take the right from them: chmod go-w '{folder}'\n")
            os.chmod(self.path(folder), 0o700)

    def test_options_that_the_site_has_locked(self):
        self.write("site.yaml", json.dumps({"locked": ["registry", "import.cache"]}))
        harness.need(not os.path.exists("/etc/berth/berth.yaml"), "this machine has a site's file")
        for option, value, key, line in [("--plain-http", "x", "registry.plain-http", 1),
                                         ("--ca-file", "x", "registry.ca-file", 1),
                                         ("--cache", "x", "import.cache", 1)]:
            self.settle({})
            self.write("berth.yaml", "")
            self.says([option, value, self.name + ":v1"],
                      f"berth: cannot use '{option}': the site has locked '{key}' (DIR/site.yaml:{line})\n",
                      env={"BERTH_SITE_CONFIG": self.path("site.yaml")}, status=2)


class Passwords(RegistryTest):
    """A registry with TLS and htpasswd."""

    def setUp(self):
        super().setUp()
        self.authority = servers.Authority(self.path("authority"))
        lines = servers.run("htpasswd", "-Bbn", "ada", "secret:word")
        with open(self.path("htpasswd"), "wb") as out:
            out.write(lines)
        auth = {"htpasswd": {"realm": "test", "path": self.path("htpasswd")}}
        self.server = servers.Registry(self, self.path("registry"), self.authority, auth)
        self.host = self.server.host
        self.names[self.host] = "HOST"
        self.server.push(self.make_layout() + ":one", "team/app/x:v1", "--dest-creds", "ada:secret:word")
        self.name = f"docker://{self.host}/team/app/x:v1"
        self.settle({"ca-file": self.authority.certificate})

    def test_a_certificate_that_nobody_vouches_for(self):
        self.settle({})
        self.login("home/.docker/config.json", self.host, "ada", "secret:word")
        self.says([self.name],
                  "berth: cannot trust the registry 'HOST': SSL certificate problem: unable to get local "
                  "issuer certificate\nberth: hint: if your site signs its own certificates, name its "
                  "authority's with --ca-file\n")
        self.comes("--ca-file", self.authority.certificate, self.name)
        self.says(["--ca-file", "none.pem", self.name],
                  "berth: cannot read 'none.pem': open: No such file or directory (ENOENT)\n")
        folder = f"home/.config/containers/certs.d/{self.host}"
        with open(self.authority.certificate, encoding="ascii") as certificate:
            self.write(folder + "/site.crt", certificate.read())
        self.comes(self.name)
        # One that cannot be read would be missed without a word.
        os.mkdir(self.path(folder + "/other.crt"))
        self.says([self.name],
                  f"berth: cannot know whether to trust the registry 'HOST': cannot read 'DIR/{folder}/other.crt"
                  "': it is not a regular file\nberth: hint: let the certificate be read by all, or take it "
                  "away: it holds no secret\n".replace(self.host, "HOST"))

    def test_a_certificate_for_another_name(self):
        other = servers.Authority(self.path("other"), "DNS:localhost")
        registry_there = servers.Registry(self, self.path("there"), other)
        self.names[registry_there.host] = "HOST"
        self.says(["--ca-file", other.certificate, f"docker://{registry_there.host}/app"],
                  "berth: cannot trust the registry 'HOST': SSL: no alternative certificate subject name "
                  "matches target host name '127.0.0.1'\nberth: hint: if your site signs its own "
                  "certificates, name its authority's with --ca-file\n")

    def test_no_credentials_and_wrong_ones(self):
        self.says([self.name], "berth: cannot read from the registry 'HOST': it wants credentials, and "
                  "there are none for it\n" + LOGIN)
        self.login("home/.docker/config.json", self.host, "ada", "wrong")
        self.says([self.name], "berth: cannot read from the registry 'HOST': it does not accept the "
                  "credentials from 'DIR/home/.docker/config.json'\nberth: hint: check the image's name too: "
                  "registries answer so for what they do not have\n")
        self.says(["--username", "ada", "--password-stdin", self.name],
                  "berth: cannot read from the registry 'HOST': it does not accept the credentials from the "
                  "command line\nberth: hint: check the image's name too: registries answer so for what they "
                  "do not have\n", input="wrong\n")

    def test_the_command_line_before_files(self):
        self.login("home/.docker/config.json", self.host, "ada", "wrong")
        self.comes("--username", "ada", "--password-stdin", self.name, input="secret:word\n")
        self.says(["--username", "ada", self.name],
                  "berth: cannot use '--username' without '--password-stdin'\nberth: hint: a password on the "
                  "command line would be seen by everybody on this machine\n", status=2)
        self.says(["--username", "ada", "--password-stdin", self.name],
                  "berth: cannot take the password from standard input: there is none\n", status=2, input="")

    def test_files_of_podman_and_docker_in_their_order(self):
        self.login("home/.docker/config.json", self.host, "ada", "wrong")
        self.login("run/containers/auth.json", self.host, "ada", "secret:word")
        runtime = {"XDG_RUNTIME_DIR": self.path("run")}
        self.comes(self.name, env=runtime)
        self.login("mine.json", f"https://{self.host}/v1/", "ada", "secret:word")
        self.comes(self.name, env={"REGISTRY_AUTH_FILE": self.path("mine.json")})
        self.says([self.name], "berth: cannot read 'DIR/none.json': open: No such file or directory "
                  "(ENOENT)\n", env={"REGISTRY_AUTH_FILE": self.path("none.json")})
        self.write("broken/config.json", "{\"auths\": {\"%s\": {\"auth\": \"???\"}}}" % self.host)
        self.says([self.name], "berth: cannot read the credentials in 'DIR/broken/config.json': an 'auth' is "
                  "not the base64 of USER:PASSWORD\n", env={"DOCKER_CONFIG": self.path("broken")})

    def test_the_longest_name_in_a_file_counts(self):
        self.login("home/.docker/config.json", self.host, "ada", "wrong")
        with open(self.path("home/.docker/config.json"), encoding="utf-8") as data:
            document = json.load(data)
        self.login("good.json", "x", "ada", "secret:word")
        with open(self.path("good.json"), encoding="utf-8") as data:
            good = json.load(data)["auths"]["x"]
        for key in ["/team", "/team/app", "/team/app/x"]:
            self.write("home/.docker/config.json",
                       json.dumps({"auths": {**document["auths"], self.host + key: good}}))
            self.comes(self.name)
        self.write("home/.docker/config.json",
                   json.dumps({"auths": {**document["auths"], self.host + "/tea": good}}))
        self.assertEqual(self.run_import(self.name, "out.sqsh").returncode, 1)

    def helper(self, name, script):
        self.write("bin/docker-credential-" + name, "#!/bin/sh\n" + script)
        os.chmod(self.path("bin/docker-credential-" + name), 0o755)
        return {"PATH": self.path("bin") + ":" + os.environ["PATH"], "BERTH_TEST_SECRET": "x"}

    def test_credential_helpers(self):
        answer = json.dumps({"ServerURL": "", "Username": "ada", "Secret": "secret:word"})
        env = self.helper("good", f"read server; echo \"$1 $server ${{BERTH_TEST_SECRET-unset}}\" >>"
                          f"{self.path('asked')}; ls -l /proc/self/fd | wc -l >>{self.path('asked')}; "
                          f"echo '{answer}'\n")
        self.write("home/.docker/config.json", json.dumps({"credHelpers": {self.host: "good"}}))
        self.comes(self.name, env=env)
        self.write("home/.docker/config.json", json.dumps({"credsStore": "good"}))
        self.comes(self.name, env=env)
        with open(self.path("asked"), encoding="utf-8") as asked:
            lines = asked.read().splitlines()
        # ls: a total, its standard descriptors, and the folder that it reads.
        self.assertEqual(lines, [f"get {self.host} unset", "5"] * 2)

    def test_credential_helpers_that_do_not_help(self):
        write = lambda name: self.write("home/.docker/config.json", json.dumps({"credsStore": name}))
        env = self.helper("empty", "echo 'credentials not found in native keychain'; exit 1\n")
        write("empty")
        self.says([self.name], "berth: cannot read from the registry 'HOST': it wants credentials, and "
                  "there are none for it\n" + LOGIN, env=env)
        env = self.helper("locked", "printf 'the keychain\\033[2J is locked\\n'; exit 1\n")
        write("locked")
        self.says([self.name], "berth: cannot ask 'docker-credential-locked' for credentials: it says 'the "
                  "keychain\\x1b[2J is locked'\n", env=env)
        write("missing")
        self.says([self.name], "berth: cannot ask 'docker-credential-missing' for credentials: posix_spawnp: "
                  "No such file or directory (ENOENT)\nberth: hint: install it, or take it out of the file "
                  "that names it\n", env=env)
        write("../../bin/sh")
        self.says([self.name], "berth: cannot read the credentials in 'DIR/home/.docker/config.json': "
                  "'../../bin/sh' is no name of a credential helper\n", env=env)


class Tokens(RegistryTest):
    """A registry with TLS that wants tokens, and the server that gives them."""

    def setUp(self):
        super().setUp()
        self.authority = servers.Authority(self.path("authority"))
        self.tokens = servers.TokenServer(self, self.path("tokens"), self.authority, {"ada": "word"})
        self.server = servers.Registry(self, self.path("registry"), self.authority,
                                       self.tokens.registry_auth())
        self.names.update({self.server.host: "HOST", self.tokens.host: "TOKENS"})
        source = self.make_layout()
        for name in ["team/app:v1", "team/secret:v1"]:
            self.server.push(source + ":one", name, "--dest-creds", "ada:word")
        self.tokens.given.clear()
        self.name = f"docker://{self.server.host}/team/"
        self.settle({"ca-file": self.authority.certificate})

    def test_a_token_for_nobody(self):
        self.comes(self.name + "app:v1")
        self.assertEqual([name for name, _ in self.tokens.given], [""])
        self.assertEqual(self.tokens.given[0][1], {"service": ["test registry"],
                                                   "scope": ["repository:team/app:pull"]})

    def test_a_token_for_who_has_credentials(self):
        self.says([self.name + "secret:v1"], "berth: cannot read from the registry 'HOST': it wants "
                  "credentials, and there are none for it\n" + LOGIN)
        self.login("home/.docker/config.json", self.server.host, "ada", "word")
        self.tokens.given.clear()
        self.comes(self.name + "secret:v1")
        self.assertEqual([name for name, _ in self.tokens.given], ["ada"])

    def test_credentials_that_the_token_server_refuses(self):
        self.login("home/.docker/config.json", self.server.host, "ada", "wrong")
        self.says([self.name + "app:v1"], "berth: cannot read from the registry 'HOST': it does not accept "
                  "the credentials from 'DIR/home/.docker/config.json'\nberth: hint: check the image's name "
                  "too: registries answer so for what they do not have\n")

    def test_an_identity_token(self):
        entry_of = {"auths": {self.server.host: {"identitytoken": "token-ada"}}}
        self.write("home/.docker/config.json", json.dumps(entry_of))
        self.comes(self.name + "secret:v1")
        self.assertEqual([name for name, _ in self.tokens.given], ["ada"])

    def test_a_token_server_that_is_not_https(self):
        self.settle({"ca-file": self.authority.certificate, "plain-http": []})
        plain = servers.TokenServer(self, self.path("plain"), None, {"ada": "word"})
        other = servers.Registry(self, self.path("other"), self.authority, plain.registry_auth())
        self.names.update({other.host: "OTHER", plain.host: "PLAIN"})
        self.login("home/.docker/config.json", other.host, "ada", "word")
        self.says([f"docker://{other.host}/team/app:v1"],
                  "berth: cannot log in to the registry 'OTHER': its token server 'http://PLAIN' is not "
                  "https\nberth: hint: if that host may be talked to without TLS: --plain-http PLAIN\n")
        self.assertEqual(plain.requests, [])


if __name__ == "__main__":
    unittest.main()
