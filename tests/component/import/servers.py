# SPDX-License-Identifier: Apache-2.0
"""Servers on 127.0.0.1 for the tests of registries: the real docker-registry with TLS, passwords and
tokens; a token server; and one that misbehaves as it is told. Each ends with its test."""
import base64
import http.server
import json
import os
import re
import shutil
import ssl
import subprocess
import threading
import time
import urllib.parse

import harness


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, **more).stdout


def need_registry():
    for program, package in [("docker-registry", "docker-registry"), ("skopeo", "skopeo"),
                             ("htpasswd", "apache2-utils"), ("openssl", "openssl")]:
        harness.need(shutil.which(program), f"no {program} (package {package})")


class Authority:
    """A certificate authority, and what it has signed for 127.0.0.1 and localhost."""

    def __init__(self, folder, names="IP:127.0.0.1,DNS:localhost"):
        os.makedirs(folder)
        self.certificate = os.path.join(folder, "ca.pem")
        self.server = os.path.join(folder, "server.pem")
        self.server_key = os.path.join(folder, "server.key")
        key = os.path.join(folder, "ca.key")
        request = os.path.join(folder, "server.csr")
        extensions = os.path.join(folder, "extensions")
        new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        run(*new, "-x509", "-days", "2", "-subj", "/CN=test authority", "-keyout", key,
            "-out", self.certificate)
        run(*new, "-subj", "/CN=test server", "-keyout", self.server_key, "-out", request)
        with open(extensions, "w", encoding="ascii") as out:
            out.write(f"subjectAltName={names}\n")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", key,
            "-days", "2", "-extfile", extensions, "-out", self.server)

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server, self.server_key)
        return context


class Registry:
    """docker-registry with its data in `folder`. `auth` is the part of its configuration."""

    def __init__(self, test, folder, authority=None, auth=None):
        os.makedirs(folder)
        settings = {"version": "0.1", "log": {"level": "info"},
                    "storage": {"filesystem": {"rootdirectory": os.path.join(folder, "data")},
                                "delete": {"enabled": True}},
                    "http": {"addr": "127.0.0.1:0"}}
        if authority:
            settings["http"]["tls"] = {"certificate": authority.server, "key": authority.server_key}
        if auth:
            settings["auth"] = auth
        config = os.path.join(folder, "config.json")  # JSON is YAML
        with open(config, "w", encoding="utf-8") as out:
            json.dump(settings, out)
        self.log = os.path.join(folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", config], stdout=log,
                                            stderr=subprocess.STDOUT, cwd=folder)
        test.addCleanup(self.stop)
        self.port = self.find_port()
        self.host = f"127.0.0.1:{self.port}"

    def find_port(self):
        for _ in range(600):
            with open(self.log, encoding="utf-8", errors="replace") as log:
                found = re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read())
            if found:
                return int(found.group(1))
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        with open(self.log, encoding="utf-8", errors="replace") as log:
            raise AssertionError("docker-registry does not start: " + log.read())

    def stop(self):
        self.process.kill()
        self.process.wait()

    def push(self, source, name, *options, all_images=False):
        words = ["--all"] if all_images else []
        run("skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", *words, *options, source,
            f"docker://{self.host}/{name}")


class Handler(http.server.BaseHTTPRequestHandler):
    """Asks its server's `answer(handler)` what to do, and keeps what was asked for."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # pylint: disable=invalid-name
        self.server.requests.append((self.path, dict(self.headers)))
        try:
            self.server.answer(self)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def do_POST(self):  # pylint: disable=invalid-name
        self.form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.do_GET()

    def send(self, status, body=b"", **headers):
        """A whole answer. Names of headers have '_' for '-'."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def cut(self):
        """The connection ends here."""
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, test, answer, authority=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.requests = []
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.scheme = "https" if authority else "http"
        if authority:
            self.socket = authority.context().wrap_socket(self.socket, server_side=True,
                                                          do_handshake_on_connect=False)
        thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        thread.start()
        test.addCleanup(thread.join)
        test.addCleanup(self.server_close)
        test.addCleanup(self.shutdown)

    def handle_error(self, *_):
        pass  # a client that goes away


class TokenServer(Server):
    """Gives tokens that docker-registry accepts: JSON web tokens, signed with RS256."""

    def __init__(self, test, folder, authority, users, lifetime=60):
        os.makedirs(folder)
        self.key = os.path.join(folder, "token.key")
        self.certificate = os.path.join(folder, "token.pem")
        self.users, self.lifetime, self.given = users, lifetime, []
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=test tokens", "-keyout", self.key, "-out", self.certificate)
        der = run("openssl", "x509", "-in", self.certificate, "-outform", "DER")
        self.chain = [base64.b64encode(der).decode()]
        super().__init__(test, TokenServer.give, authority)

    def registry_auth(self):
        return {"token": {"realm": f"{self.scheme}://{self.host}/token", "service": "test registry",
                          "issuer": "test tokens", "rootcertbundle": self.certificate}}

    def who(self, handler, query):
        """The user's name; None for a wrong password; empty for nobody."""
        if query.get("grant_type") == ["refresh_token"]:
            return {"token-" + name: name for name in self.users}.get(query["refresh_token"][0])
        header = handler.headers.get("Authorization", "")
        if not header:
            return ""
        name, _, password = base64.b64decode(header.split()[1]).decode().partition(":")
        return name if self.users.get(name) == password else None

    @staticmethod
    def give(handler):
        self = handler.server
        query = urllib.parse.parse_qs(getattr(handler, "form", "") or
                                      urllib.parse.urlsplit(handler.path).query)
        name = self.who(handler, query)
        if name is None:
            handler.send(401, b'{"details":"incorrect username or password"}')
            return
        self.given.append((name, query))
        access = []
        for scope in query.get("scope", []):
            kind, repository, actions = scope.split(":")
            allowed = actions.split(",") if name else [] if "secret" in repository else ["pull"]
            access.append({"type": kind, "name": repository, "actions": allowed})
        handler.send(200, json.dumps({"token": self.sign(name, access)}).encode())

    def sign(self, name, access):
        now = int(time.time())
        claims = {"iss": "test tokens", "sub": name, "aud": "test registry", "exp": now + self.lifetime,
                  "nbf": now - 5, "iat": now, "jti": str(len(self.given)), "access": access}

        def pack(data):
            return base64.urlsafe_b64encode(data).rstrip(b"=")

        header = {"typ": "JWT", "alg": "RS256", "x5c": self.chain}
        text = pack(json.dumps(header).encode()) + b"." + pack(json.dumps(claims).encode())
        signature = run("openssl", "dgst", "-sha256", "-sign", self.key, input=text)
        return (text + b"." + pack(signature)).decode()
