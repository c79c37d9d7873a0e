"""A stand-in for the hub: a server of this machine that remembers what was asked of it.

It speaks as much of the hub's protocol as our commands use: repositories of models and data sets with their commits,
files that are fetched whole or from a place on, and commits that are pushed.
"""

import base64
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

LARGE = 10_000  # bytes; the hub's own bound is 10 MB


class Hub:
    """What was asked, in order; the repositories (name: private) and what they hold; and what it refuses."""

    def __init__(self):
        self.asked, self.tokens, self.repositories, self.files = [], set(), {}, {}
        self.messages, self.refuse, self.address = [], None, ""
        self.port = 0
        self.commits: dict[str, dict[str, dict[str, bytes]]] = {}
        """Of each repository (`models/NAME`, `datasets/NAME`) its commits, oldest first, each with its files."""
        self.statuses: list[int] = []
        """What the next questions are answered with, before anything is looked at."""
        self.cut: set[str] = set()
        """Files of which the next answer ends in the middle ..."""
        self.wrong: set[str] = set()
        """... and those that arrive with another content."""

    def publish(self, repository, files):
        """A new commit; its hash."""
        commit = hashlib.sha1(f"{repository} {len(self.commits.get(repository, ()))}".encode()).hexdigest()
        self.commits.setdefault(repository, {})[commit] = files
        return commit

    def look(self, path):
        """Of a path under /api, what there is: its repository, its commit, its files, and what is asked of them."""
        if not (found := re.fullmatch(r"/api/(models|datasets)/([^/]+/[^/]+)(/.*)?", path)):
            return None
        commits, rest = self.commits.get(f"{found[1]}/{found[2]}"), found[3] or ""
        if commits is None:
            return None
        what, _, revision = rest.strip("/").partition("/")
        revision = revision.partition("/")[0]
        commit = revision if revision in commits else list(commits)[-1]
        return found[2], commit, commits[commit], what

    def told(self, path, body):
        """What the hub says of a repository; none where it has no such one."""
        if (found := self.look(path)) is None:
            return None
        name, commit, files, what = found
        if what in ("", "revision"):
            siblings = [{"rfilename": file} for file in files]
            return {"id": name, "sha": commit, "private": False, "tags": [], "siblings": siblings}
        wanted = json.loads(body)["paths"] if what == "paths-info" else list(files)
        shown = [
            {"type": "file", "path": one, "size": len(files[one]), **_oid(files[one])} for one in wanted if one in files
        ]
        return shown if what in ("paths-info", "tree") else None

    def file(self, path):
        """The commit and content of a file that is fetched; none where there is no such file."""
        found = re.fullmatch(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        commits = found and self.commits.get(f"{'datasets' if found[1] else 'models'}/{found[2]}")
        if not commits:
            return None
        commit = found[3] if found[3] in commits else list(commits)[-1]
        content = commits[commit].get(found[4])
        return None if content is None else (commit, found[4], content)

    def open(self):
        """Begin to answer, at the same port as before."""
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), self.handler)
        self.port = self.server.server_port
        self.address = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        """Be gone."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, method, path, body):
        """Status and answer."""
        self.asked.append(f"{method} {path}")
        if self.refuse and path == self.refuse:
            return 403, {"error": "You may not"}
        if (told := self.told(path, body)) is not None:
            return 200, told
        if path == "/api/repos/create":
            content = json.loads(body)
            name = f"{content['organization']}/{content['name']}"
            known = name in self.repositories
            self.repositories.setdefault(
                name, (content.get("visibility") or str(content.get("private"))) in ("private", "True")
            )
            return (409 if known else 200), {"url": f"{self.address}/{name}"}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        name = "/".join(path.split("/")[3:5])
        if name not in self.repositories:
            return 404, {"error": "Repository not found"}
        if "/preupload/" in path:
            files = [
                {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False}
                for one in json.loads(body)["files"]
            ]
            return 200, {"files": files}
        if "/commit/" in path:
            for line in map(json.loads, body.decode().splitlines()):
                if line["key"] == "header":
                    self.messages.append(line["value"]["summary"])
                else:
                    self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            return 200, {"commitUrl": f"{self.address}/{name}/commit/1", "commitOid": "1", "success": True}
        return 200, {"id": name, "private": self.repositories[name], "siblings": []}


def _oid(content):
    """How the hub names a content: a large file by its SHA-256, a small one as git does."""
    git = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
    sha = hashlib.sha256(content).hexdigest()
    return (
        {"oid": git, "lfs": {"oid": sha, "size": len(content), "pointerSize": 134}}
        if len(content) > LARGE
        else {"oid": git}
    )


@contextmanager
def stand_in():
    """The hub, and its address."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def _do(self):
            length = int(self.headers.get("Content-Length", 0))
            hub.tokens.add(self.headers.get("Authorization"))
            body, path = self.rfile.read(length), unquote(self.path.partition("?")[0])
            if hub.statuses:
                hub.asked.append(f"{self.command} {path}")
                self._send(hub.statuses.pop(0), b"{}")
            elif "/resolve/" in path:
                self._file(path)
            else:
                status, answer = hub.answer(self.command, path, body)
                self._send(status, json.dumps(answer).encode())

        def _file(self, path):
            ranged = self.headers.get("Range")
            hub.asked.append(f"{self.command} {path}" + (f" {ranged}" if ranged else ""))
            found = hub.file(path)
            if found is None:
                commit = path.split("/resolve/")[1].partition("/")[0]
                self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
                return
            commit, name, content = found
            oid = _oid(content)
            headers = {"X-Repo-Commit": commit, "ETag": f'"{oid.get("lfs", oid)["oid"]}"', "Accept-Ranges": "bytes"}
            if name in hub.wrong:
                content = bytes(len(content))
            start = int(re.match(r"bytes=(\d+)-", ranged)[1]) if ranged else 0
            if ranged:
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self._send(206 if ranged else 200, content[start:], headers, cut=self.command == "GET" and name in hub.cut)
            if self.command == "GET":
                hub.cut.discard(name)

        def _send(self, status, content, headers=None, cut=False):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            if status in (401, 404) and "X-Error-Code" not in (headers or {}):
                self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content[: len(content) // 2] if cut else content)
            if cut:  # the connection is gone
                self.wfile.flush()
                self.close_connection = True

        do_GET = do_POST = do_HEAD = _do

        def log_message(self, *said):
            """Say nothing."""

    hub.handler = Handler
    hub.open()
    try:
        yield hub, hub.address
    finally:
        hub.close()
