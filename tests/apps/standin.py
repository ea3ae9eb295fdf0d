"""A server that behaves as a bad network does, for the tests of the client."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Journal:
    """What came, by id, and how often each id came."""

    def __init__(self, moods):
        self.moods, self.stored, self.came = list(moods), {}, []

    def take(self, lines):
        results = []
        for line in lines:
            message = json.loads(line)
            known = message["id"] in self.stored
            self.came.append(message["id"])
            self.stored.setdefault(message["id"], message)
            status = "duplicate" if known else "stored"
            results.append({"id": message["id"], "status": status, "seq": 1})
        return {"results": results}


@contextmanager
def standing_in(moods=()):
    """Serve on loopback; each request takes the next mood, then all is well.

    Moods: ``"drop"`` stores and breaks the connection before the answer, ``"garbage"``
    answers 200 with no results, a number answers that status, ``"poison"`` refuses a
    request that holds an instrument POISON.
    """
    journal = Journal(moods)

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            mood = journal.moods.pop(0) if journal.moods else None
            if b"POISON" in body:
                self.said(422, {"detail": "no such thing"})
                return
            if isinstance(mood, int):
                self.said(mood, {"detail": "not now"})
                return
            told = journal.take(body.splitlines())
            if mood == "drop":
                self.close_connection = True
                self.connection.shutdown(2)
                return
            self.said(200, {} if mood == "garbage" else told)

        def said(self, status, told):
            data = json.dumps(told).encode()
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", journal
    finally:
        server.shutdown()
        server.server_close()
