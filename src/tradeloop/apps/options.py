"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else.")
]
Folder = Annotated[
    Path, typer.Option("--dir", help="Folder of a workspace, with its stores.")
]
Columns = Annotated[Path | None, typer.Option(help="TOML that maps your columns.")]
Files = Annotated[list[Path], typer.Argument(help="Files, or folders of files.")]
HERE = Path()
