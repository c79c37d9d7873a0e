"""A stand-in for the hub: a server of this machine that remembers what was asked of it."""

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hub:
    """What was asked, in order; the repositories (name: private) and what they hold; and what it refuses."""

    def __init__(self):
        self.asked, self.tokens, self.repositories, self.files = [], set(), {}, {}
        self.messages, self.refuse, self.address = [], None, ""

    def answer(self, method, path, body):
        """Status and answer."""
        self.asked.append(f"{method} {path}")
        if self.refuse and path == self.refuse:
            return 403, {"error": "You may not"}
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


@contextmanager
def stand_in():
    """The hub, and its address."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def _do(self):
            length = int(self.headers.get("Content-Length", 0))
            hub.tokens.add(self.headers.get("Authorization"))
            status, answer = hub.answer(self.command, self.path.partition("?")[0], self.rfile.read(length))
            content = json.dumps(answer).encode()
            self.send_response(status)
            if status == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _do

        def log_message(self, *said):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        hub.address = f"http://127.0.0.1:{server.server_port}"
        yield hub, hub.address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
