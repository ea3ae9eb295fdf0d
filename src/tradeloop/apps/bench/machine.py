"""The machine that was measured: a figure without it says nothing."""

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tradeloop import __version__

_PACKAGES = (
    "numpy",
    "polars",
    "numba",
    "apsw",
    "onnxruntime",
    "ta-lib",
    "polars-talib",
    "pandas",
    "xgboost-cpu",
)
_CPU_INFO = Path("/proc/cpuinfo")


def machine() -> dict[str, Any]:
    """Processor, cores, load, Python and the versions of what is measured.

    Returns
    -------
    mapping
        ``cpu``, ``cores``, ``load_1m`` (runnable processes before the run; above 0,
        others work here too; null where the system does not tell), ``python``,
        ``system``, ``versions`` (installed ones only).
    """
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load_1m": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {"tradeloop": __version__, **dict(_versions())},
    }


def _cpu() -> str:
    if _CPU_INFO.is_file():
        for line in _CPU_INFO.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _versions() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
