"""What the catalogue publishes of quotes, trades, the tape and the book by default."""

from dataclasses import replace

from tradeloop.features.arithmetic.above import above, below
from tradeloop.features.arithmetic.change import change
from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.arithmetic.lag import lag
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.arithmetic.weighted_sum import weighted_sum
from tradeloop.features.base import Category, Column, Feature, Source
from tradeloop.features.microstructure.amihud import amihud
from tradeloop.features.microstructure.corwin_schultz import corwin_schultz
from tradeloop.features.microstructure.effective_spread import effective_spread
from tradeloop.features.microstructure.imbalance import imbalance
from tradeloop.features.microstructure.intensity import intensity
from tradeloop.features.microstructure.kyle import kyle, kyle_of_bars
from tradeloop.features.microstructure.mid_volatility import mid_volatility
from tradeloop.features.microstructure.order_flow import order_flow, order_flow_share
from tradeloop.features.microstructure.realised_spread import realised_spread
from tradeloop.features.microstructure.recent import recent
from tradeloop.features.microstructure.roll import roll
from tradeloop.features.microstructure.run_length import run_length
from tradeloop.features.microstructure.spread import spread
from tradeloop.features.microstructure.stream import mid, raw
from tradeloop.features.microstructure.trade_sign import trade_sign
from tradeloop.features.microstructure.vpin import vpin_of_mean
from tradeloop.features.microstructure.weighted_mid import weighted_mid
from tradeloop.features.rolling.moments import moments
from tradeloop.features.rolling.percentile import percentile
from tradeloop.features.rolling.share import share
from tradeloop.features.trend.sma import sma

Wanted = list[Feature | Column]
_GROUP: Category = "microstructure"
_SECOND = 10**9
_HORIZONS = (_SECOND, 10 * _SECOND)


def standard() -> Wanted:
    """Columns of every stream; of each, those whose raw columns are there can be taken.

    `tradeloop.features.microstructure.microprice` is not among them: it needs a table.
    """
    return [*of_bars(), *of_quotes(), *of_trades(), *of_tape(), *of_book()]


def of_bars() -> Wanted:
    """Columns of bars: `kyle` and `imbalance` ask for quotes at their ends."""
    return [
        spread(),
        imbalance(),
        weighted_mid(),
        order_flow_share(20),
        kyle_of_bars(60),
        amihud(20),
        roll(60),
        corwin_schultz(20),
        vpin_of_mean(50, 1.0, 60),
    ]


def of_quotes() -> Wanted:
    """Columns of quotes."""
    flow, (bid, ask) = order_flow("quote"), raw("quote", "bid", "ask")
    middle = mid("quote")
    recent_flow = recent(flow["flow"], flow["depth"], 10 * _SECOND)
    push = kyle(
        change(middle["value"], 1)["value"], flow["flow"], 500, name="quote_push"
    )
    return [
        middle,
        difference(ask, bid, name="quote_spread", category=_GROUP, group=_GROUP),
        spread("quote"),
        imbalance("quote"),
        weighted_mid("quote"),
        _both(raw("quote", "bid_size", "ask_size"), "quote_depth"),
        order_flow_share(100, "quote"),
        _summed(flow["flow"], 100, "quote_order_flow_100"),
        _renamed(recent_flow["part"], 1.0, "quote_order_flow_10s"),
        _renamed(recent_flow["share"], 1.0, "quote_order_flow_share_10s"),
        _renamed(recent_flow["count"], 0.1, "quotes_a_second_10s"),
        push["slope"],
        push["t_stat"],
        push["r2"],
        mid_volatility(10 * _SECOND),
        intensity("quote", _SECOND),
        intensity("quote", 10 * _SECOND),
    ]


def of_trades() -> Wanted:
    """Columns of trades, with the quotes as last known."""
    sign, size = trade_sign(), "trade.size"
    pressure = recent(sign["volume"], size, 10 * _SECOND)
    bought = recent(sign["buy"], size, 10 * _SECOND)
    # The mid as each trade found it: a trade is its clock, not a quote.
    found = replace(mid("quote"), name="trade_mid", clock="trade")
    sizes = moments(size, 100)
    return [
        sign["sign"],
        sign["volume"],
        run_length(sign["sign"], name="trade_run_length"),
        effective_spread(),
        share(sign["volume"], size, 100, name="trade_pressure_100", group=_GROUP),
        _renamed(pressure["share"], 1.0, "trade_pressure_10s"),
        _renamed(pressure["part"], 1.0, "trade_signed_volume_10s"),
        _renamed(pressure["whole"], 1.0, "trade_volume_10s"),
        _renamed(pressure["count"], 0.1, "trades_a_second_10s"),
        _renamed(bought["share"], 1.0, "trade_buy_share_10s"),
        *_kyle_of_trades(found, sign["volume"]),
        roll(200, "trade.price", name="trade_roll_200"),
        _mean(size, 100, "trade_size_100"),
        _ratio(sizes["std"], sizes["mean"], "trade_size_cv_100"),
        _ratio(size, sizes["mean"], "trade_relative_size_100"),
        percentile(
            size,
            100,
            20,
            name="trade_size_percentile_100",
            category=_GROUP,
            group=_GROUP,
        ),
        intensity("trade", _SECOND),
        intensity("trade", 10 * _SECOND),
    ]


def of_tape() -> Wanted:
    """Columns of the tape: spreads after a time, and quotes for each trade."""
    found: Wanted = []
    for horizon_ns in _HORIZONS:
        node = realised_spread(horizon_ns, 100)
        found += [node[kind] for kind in ("effective", "realised", "impact")]
    quoted = below("tape.size", 1e-300, name="tape_is_quote")
    traded = above("tape.size", 0.0, name="tape_is_trade")
    both = recent(quoted["value"], traded["value"], 10 * _SECOND, 8192)
    return [*found, _renamed(both["share"], 1.0, "tape_quotes_to_trades_10s")]


def of_book() -> Wanted:
    """Columns of the book, level by level."""
    queue = _both(raw("book", "bid_size", "ask_size"), "book_depth_1")
    found: Wanted = [imbalance("book", n) for n in (1, 5, 10, 20)]
    found += [queue, spread("book")]
    for n in (5, 10, 20):
        depth = _both(
            raw("book", f"bid_depth_{n}", f"ask_depth_{n}"), f"book_depth_{n}"
        )
        far = difference(*raw("book", f"ask_{n}", f"bid_{n}"), name=f"book_range_{n}")
        found += [
            depth,
            _ratio(
                depth["value"],
                sma(depth["value"], 100)["value"],
                f"book_relative_depth_{n}_100",
            ),
            _ratio(far["value"], mid("book")["value"], f"book_range_{n}_bps", 1e4),
            _ratio(queue["value"], depth["value"], f"book_queue_share_{n}"),
        ]
    return found


def _kyle_of_trades(found: Feature, volume: Source) -> Wanted:
    """Regress what the mid did until the next trade on the volume of the last one."""
    move = change(found["value"], 1)["value"]
    node = kyle(move, lag(volume, 1)["value"], 200, name="trade_kyle_200")
    return [node["slope"], node["t_stat"]]


def _mean(x: Source, n: int, name: str) -> Feature:
    """Mean over n rows, under a name of its own."""
    return _renamed(sma(x, n)["value"], 1.0, name)


def _summed(x: Source, n: int, name: str) -> Feature:
    """Sum over n rows, under a name of its own."""
    return _renamed(sma(x, n)["value"], float(n), name)


def _renamed(x: Source, scale: float, name: str) -> Feature:
    return weighted_sum(x, x, (scale, 0.0), name=name, category=_GROUP, group=_GROUP)


def _both(sides: tuple[str, ...], name: str) -> Feature:
    """Bid and ask side together."""
    bid, ask = sides
    return weighted_sum(bid, ask, (1.0, 1.0), name=name, category=_GROUP, group=_GROUP)


def _ratio(x: Source, base: Source, name: str, scale: float = 1.0) -> Feature:
    return ratio(x, base, scale, name=name, category=_GROUP, group=_GROUP)
