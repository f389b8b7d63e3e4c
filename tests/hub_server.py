"""A stand-in for the Hub on the loopback address: one model at one commit, as huggingface_hub asks for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Serves the files of a folder under a name; what was asked for is kept in `asked`."""

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.name, self.folder = name, folder
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *arguments: object) -> None:
        pass

    def _answer(self, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append(path)
        name, folder = self.server.name, self.server.folder
        files = sorted(each.name for each in folder.iterdir())
        if path in (
            f"/api/models/{name}",
            f"/api/models/{name}/revision/main",
            f"/api/models/{name}/revision/{COMMIT}",
        ):
            info = {"id": name, "sha": COMMIT, "siblings": [{"rfilename": each} for each in files], "private": False}
            self._send(json.dumps(info).encode(), {"Content-Type": "application/json"}, body)
        elif path.startswith(f"/api/models/{name}/tree/"):
            rows = [
                {"type": "file", "path": each, "size": (folder / each).stat().st_size, "oid": "0"} for each in files
            ]
            self._send(json.dumps(rows).encode(), {"Content-Type": "application/json"}, body)
        elif path.startswith(f"/{name}/resolve/") and path.rpartition("/")[2] in files:
            content = (folder / path.rpartition("/")[2]).read_bytes()
            self._send(content, {"ETag": f'"{sha1(content).hexdigest()}"', "X-Repo-Commit": COMMIT}, body)
        else:
            self._send(
                b"{}",
                {
                    "X-Error-Code": "RevisionNotFound" if path.startswith(f"/api/models/{name}/") else "RepoNotFound",
                    "Content-Type": "application/json",
                },
                body,
                404,
            )

    def _send(self, content: bytes, headers: dict[str, str], body: bool, status: int = 200) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.wfile.write(content)


@contextmanager
def serving(name: str, folder: Path) -> Iterator[Hub]:
    """The stand-in, while the block runs."""
    hub = Hub(name, folder)
    thread = Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
