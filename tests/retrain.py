"""A full retrain of any size: how long each fit takes. `make retrain`."""

import typer

from tradeloop.apps.bench.retrain import main

if __name__ == "__main__":
    typer.run(main)
