"""``tradeloop init``: a folder with settings and commented rule files."""

from importlib.resources import files
from pathlib import Path

from tradeloop.errors import InputError

TEMPLATES = (
    "tradeloop.toml",
    "rules/labels.yaml",
    "rules/costs.yaml",
    "rules/model.yaml",
    "rules/model_configs.yaml",
    "rules/promotion.yaml",
    "rules/signals.yaml",
    "rules/columns.toml",
)


def init(folder: Path) -> tuple[Path, ...]:
    """Write settings and rules into ``folder``; nothing that exists is touched.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    InputError
        One of the files is there already, or ``folder`` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(
            "A folder is needed, this is a file.",
            way_out="Name another folder.",
            source=str(folder),
        )
    taken = [name for name in TEMPLATES if (folder / name).exists()]
    if taken:
        raise InputError(
            f"{', '.join(taken)} exists already; init never overwrites.",
            way_out="Name another folder, or remove the files first.",
            source=str(folder),
        )
    return tuple(_write(folder / name, name) for name in TEMPLATES)


def _write(target: Path, name: str) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    template = files("tradeloop.apps").joinpath("templates", name)
    target.write_text(template.read_text("utf-8"), "utf-8")
    return target
