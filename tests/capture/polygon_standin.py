"""A vendor on this machine that behaves, and misbehaves, like the real interface."""

import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

KEY = "k3y-of-the-user-0123456789"
_OTHER_HOST = "https://api.elsewhere.invalid"
DROP = "drop"


class RestVendor:
    """Pages of results over HTTP.

    ``results`` maps a path to its list; ``faults`` are given instead of the next
    answers, in order: a status, (status, headers), (status, headers, body) or `DROP`.
    """

    def __init__(self, page=3):
        self.page, self.results, self.faults, self.asked = page, {}, [], []
        self.extra = {}

    def answer(self, target, headers):
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append((parts.path, query, dict(headers)))
        if self.faults:
            fault = self.faults.pop(0)
            if fault == DROP:
                return None
            fault = fault if isinstance(fault, tuple) else (fault,)
            return (*fault, *({}, b"")[len(fault) - 1 :])
        sent = headers.get("Authorization", "")
        if sent != f"Bearer {KEY}":
            return 401, {}, json.dumps({"error": f"Unknown API Key {sent}"}).encode()
        if parts.path not in self.results:
            return 404, {}, b'{"status":"NOT_FOUND"}'
        return 200, {}, json.dumps(self._page(parts.path, query)).encode()

    def _page(self, path, query):
        rows = self.results[path]
        if since := query.get("timestamp.gte"):
            end = query["timestamp.lt"]
            # What tells no time cannot be told apart by it.
            rows = [
                r for r in rows if not _stamp(r) or int(since) <= _stamp(r) < int(end)
            ]
        first = int(query.get("cursor", "0"))
        size = min(self.page, int(query.get("limit", self.page)))
        page = {"status": "OK", "results": rows[first : first + size], **self.extra}
        if first + size < len(rows):
            kept = {n: v for n, v in query.items() if n.startswith("timestamp")}
            cursor = urlencode({**kept, "cursor": first + size, "apiKey": KEY})
            # The real one names itself by another host at times.
            page["next_url"] = f"{_OTHER_HOST}{path}?{cursor}"
        return page


def _stamp(row):
    return row.get("sip_timestamp", 0) if isinstance(row, dict) else 0


@contextmanager
def rest_vendor(page=3):
    """Run a `RestVendor`; gives it and its address."""
    vendor = RestVendor(page)

    class Door(BaseHTTPRequestHandler):
        def do_GET(self):
            found = vendor.answer(self.path, self.headers)
            if found is None:
                self.close_connection = True
                return
            status, headers, body = found
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield vendor, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class StreamVendor:
    """Sessions over a WebSocket.

    Each session is a list of frames: text, bytes, or what becomes JSON. It ends with
    `DROP` (the line is cut) or with its last frame, after which the vendor waits until
    the client has everything, and sets ``done``.
    """

    def __init__(self, sessions):
        self.sessions, self.done = list(sessions), threading.Event()
        self.greetings, self.subscribed = [], []
        self.status = "auth_success"
        self.after_subscribe = []

    def talk(self, link):
        link.send(_status("connected", "Connected Successfully"))
        greeting = json.loads(link.recv())
        self.greetings.append(greeting)
        good = greeting == {"action": "auth", "params": KEY}
        if not good or self.status != "auth_success":
            said = "auth_failed" if not good else self.status
            link.send(_status(said, f"not with {greeting['params']}"))
            return
        link.send(_status("auth_success", "authenticated"))
        asked = json.loads(link.recv())["params"]
        self.subscribed.append(asked)
        for channel in asked.split(","):
            link.send(_status("success", f"subscribed to: {channel}"))
        for message in self.after_subscribe:
            link.send(message)
        self._play(link, self.sessions.pop(0) if self.sessions else [])

    def _play(self, link, session):
        for frame in session:
            if frame == DROP:
                link.socket.shutdown(2)
                return
            link.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
        if not self.sessions:
            # What was sent before the ping is with the client once it has answered.
            link.ping().wait(10)
            self.done.set()
        link.recv()


def _status(status, message):
    return json.dumps([{"ev": "status", "status": status, "message": message}])


@contextmanager
def stream_vendor(sessions):
    """Run a `StreamVendor`; gives it and its address."""
    vendor = StreamVendor(sessions)

    def talk(link):
        with suppress(ConnectionClosed):
            vendor.talk(link)

    with serve(talk, "127.0.0.1", 0, compression=None, close_timeout=0.2) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            port = server.socket.getsockname()[1]
            yield vendor, f"ws://127.0.0.1:{port}/stocks"
        finally:
            server.shutdown()
            thread.join()
