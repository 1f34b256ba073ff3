"""A server on this machine that behaves like the Hugging Face hub: it redirects, and states checksums."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """What the server has and says.

    Attributes
    ----------
    files : dict
        Content by path, without the leading slash.
    stated : dict
        What it states as the SHA-256, by path.
    moved : dict
        Where a path is redirected to.
    announced : dict
        Sizes that it announces, where they are not the true ones, by path; None announces none.
    asked : list
        Paths in the order in which they were asked for.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    stated: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    announced: dict[str, int | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(server: FileServer) -> Iterator[FileServer]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.lstrip("/")
            server.asked.append(path)
            moved, content = server.moved.get(path), server.files.get(path)
            self.send_response(302 if moved else 404 if content is None else 200)
            if path in server.stated:
                self.send_header("X-Linked-Etag", f'"{server.stated[path]}"')
            if moved:
                self.send_header("Location", moved)
            body = b"" if moved or content is None else content
            size = server.announced.get(path, len(body))
            if size is not None:
                self.send_header("Content-Length", str(size))
            self.end_headers()
            with suppress(ConnectionError):  # the client stopped
                self.wfile.write(body)

        def log_message(self, *_args):
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{listening.server_port}"
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join(5)
