"""What an MLflow server answers over REST, as far as tracking asks; in memory."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

_API = "/api/2.0/mlflow/"
_FILES = "/api/2.0/mlflow-artifacts/artifacts/"


class StandIn:
    """State of the server; each public method answers one path."""

    def __init__(self):
        self.experiments, self.models, self.versions = [], {}, []
        self.tags, self.files, self.runs = {}, {}, {}

    def search_models(self, _asked):
        return {"registered_models": [{"name": name} for name in self.models]}

    def model(self, asked):
        return {"registered_model": {"name": asked["name"]}}

    def experiment(self, asked):
        if asked["experiment_name"] not in self.experiments:
            return None
        number = self.experiments.index(asked["experiment_name"])
        return {"experiment": {"experiment_id": str(number), "name": "x"}}

    def create_experiment(self, asked):
        assert "artifact_location" not in asked  # the server has a place of its own
        self.experiments.append(asked["name"])
        return {"experiment_id": str(len(self.experiments) - 1)}

    def create_run(self, asked):
        name = f"run{len(self.runs)}"
        info = {
            "run_id": name,
            "run_uuid": name,
            "experiment_id": asked["experiment_id"],
            "status": "RUNNING",
            "start_time": 1,
            "artifact_uri": f"mlflow-artifacts:/0/{name}/artifacts",
            "lifecycle_stage": "active",
        }
        self.runs[name] = {"info": info, "data": {}}
        return {"run": self.runs[name]}

    def run(self, asked):
        return {"run": self.runs[asked["run_id"]]}

    def update_run(self, asked):
        info = self.runs[asked["run_id"]]["info"]
        info["status"] = asked["status"]
        return {"run_info": info}

    def nothing(self, _asked):
        return {}

    def create_model(self, asked):
        self.models[asked["name"]] = {}
        return {"registered_model": {"name": asked["name"]}}

    def create_version(self, asked):
        number = str(len(self.versions) + 1)
        version = {**asked, "version": number, "status": "READY"}
        self.versions.append(version)
        return {"model_version": version}

    def version(self, asked):
        return {"model_version": self.versions[int(asked["version"]) - 1]}

    def search_versions(self, _asked):
        return {"model_versions": self.versions}

    def tag(self, asked):
        self.tags[asked["version"], asked["key"]] = asked["value"]
        return {}

    def alias(self, asked):
        self.models[asked["name"]][asked["alias"]] = asked["version"]
        return {}

    def let_go(self, asked):
        del self.models[asked["name"]][asked["alias"]]
        return {}


_PATHS = {
    "GET registered-models/search": StandIn.search_models,
    "GET registered-models/get": StandIn.model,
    "GET experiments/get-by-name": StandIn.experiment,
    "POST experiments/create": StandIn.create_experiment,
    "POST runs/create": StandIn.create_run,
    "GET runs/get": StandIn.run,
    "POST runs/update": StandIn.update_run,
    "POST runs/log-batch": StandIn.nothing,
    "POST registered-models/create": StandIn.create_model,
    "POST model-versions/create": StandIn.create_version,
    "GET model-versions/get": StandIn.version,
    "GET model-versions/search": StandIn.search_versions,
    "POST model-versions/set-tag": StandIn.tag,
    "POST registered-models/alias": StandIn.alias,
    "DELETE registered-models/alias": StandIn.let_go,
}


@contextmanager
def standing_in() -> Iterator[tuple[str, StandIn]]:
    """URL of a stand-in on loopback, and its state."""
    state = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            asked, address = {}, urlparse(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if address.path.startswith(_FILES):
                state.files[address.path.removeprefix(_FILES)] = body
                return self.send(200, {})
            asked = {k: v[0] for k, v in parse_qs(address.query).items()}
            asked |= json.loads(body) if body else {}
            name = f"{self.command} {address.path.removeprefix(_API)}"
            if name not in _PATHS:
                return self.send(
                    404, {"error_code": "ENDPOINT_NOT_FOUND", "message": name}
                )
            said = _PATHS[name](state, asked)
            if said is None:
                return self.send(404, {"error_code": "RESOURCE_DOES_NOT_EXIST"})
            return self.send(200, said)

        def send(self, status, said):
            text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *_):
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
