"""``tradeloop capture vendor``: a vendor's history and stream, with your own key."""

from typing import Annotated

import typer

from tradeloop.apps import capturing
from tradeloop.apps import vendor as vendors
from tradeloop.apps.options import HERE, Folder, Json
from tradeloop.apps.terminal import speak
from tradeloop.capture.polygon import ROUND_LOT

app = typer.Typer(help="Take data from a vendor, with your own key.")
polygon = typer.Typer(help="Polygon.io: needs TRADELOOP_POLYGON_KEY.")
app.add_typer(polygon, name="polygon")


@polygon.command()
def history(  # noqa: PLR0913  # one parameter an option
    tickers: Annotated[list[str], typer.Argument(help="Such as AAPL.")],
    *,
    since: Annotated[str, typer.Option(help="From: a date (UTC) or a time.")],
    until: Annotated[str, typer.Option(help="To, exclusive.")],
    latency: Annotated[
        str, typer.Option(help="From the vendor's last time to yours: 100ms.")
    ],
    what: Annotated[
        list[str],
        typer.Option(help="bars, quotes, trades, dividends, splits; repeatable."),
    ] = ["bars"],  # noqa: B006  # Typer's form
    bar: Annotated[str, typer.Option(help="Length of the bars.")] = "1d",
    round_lot: Annotated[
        float, typer.Option(help="Shares of a quoted size of 1 before 2025-11-03.")
    ] = ROUND_LOT,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Download history; every row is kept, or quarantined with its reason."""
    asked = vendors.Asked(tickers, what, since, until, latency, bar, round_lot)
    speak(lambda: vendors.history(folder, asked), capturing.show_file, as_json=as_json)


@polygon.command()
def live(
    channels: Annotated[list[str], typer.Argument(help="Such as Q.AAPL and T.AAPL.")],
    *,
    seconds: Annotated[
        float | None, typer.Option(help="For how long; until Ctrl-C if absent.")
    ] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Store the live stream; what the vendor never sent is named as a gap."""
    speak(
        lambda: vendors.live(folder, channels, for_s=seconds),
        vendors.show,
        as_json=as_json,
    )
