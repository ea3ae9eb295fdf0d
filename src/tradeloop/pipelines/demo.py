"""The demo: real daily index bars, decided upon by three documented rules."""

from tradeloop.capture import packaged_market
from tradeloop.clock import NS_PER_DAY
from tradeloop.pipelines.job import Job
from tradeloop.strategies import ALL

HORIZONS_NS = (5 * NS_PER_DAY, NS_PER_DAY, 20 * NS_PER_DAY)
_LICENCES = {
    "SP500, NASDAQ_COMP bars": "travel inside the arch package (NCSA); the vendor's "
    "terms were not checked",
    "WTI, VIX, AAA and BAA yields, core CPI": "as above; revised values, no vintages",
}


def demo_job() -> Job:
    """Return the job of the demo.

    S&P 500 and Nasdaq Composite, daily, 1999 to 2018; WTI, VIX (from 2014), AAA and BAA
    yields and core CPI by their release; five-day returns are learned.
    """
    market, series = packaged_market()
    return Job(
        name="demo",
        market=market,
        horizons_ns=HORIZONS_NS,
        series=series,
        strategies=ALL,
        periods_per_year=252,
        licences=_LICENCES,
    )
