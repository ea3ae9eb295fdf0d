"""Parameters of a simulated market, with what they were fitted to."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.resources import files
from typing import Any

from tradeloop.errors import InputError

HOURS, DAYS = 24, 7


@dataclass(frozen=True, slots=True)
class Fitted:
    """One kind of instrument as fitted; lengths in s, prices in bps unless said.

    Parameters
    ----------
    tick, lot, start : float
        Smallest step of price and of size, and the first mid, as the venue writes them.
    rate : float
        Messages a second while the market is open, mean over the week.
    branching, decay : tuple of float, 3 each
        Of the Hawkes kernels ``branching * decay * exp(-decay * t)``; decay per s.
    rate_vol : float
        Elasticity of the rate to the volatility.
    renew, renew_wide : float
        Share of messages that may change a price, where the spread is one tick and
        where it is wider.
    hour_rate, hour_vol, hour_width : tuple of float, 24 each
        Factors by UTC hour; of rate and volatility their mean (square) is 1, of the
        spread it is added to the logarithm.
    day_rate, day_vol : tuple of float, 7 each
        Factors by weekday, Monday first.
    closed : tuple of int
        Hours of the week without a market, 0 is Monday 00:00 UTC.
    sigma : float
        Volatility of the efficient price, bps for one second, mean of squares.
    vol_sd, vol_s : float
        Log-volatility: standard deviation and decay of its fast part, an OU process.
    regime_sd, regime_s : float
        Its slow part: calm is ``-regime_sd``, stressed ``+regime_sd``; mean stay.
    at_once, lag_s : float
        Share of a move that quotes show at once, and the decay of the rest.
    adjust : float
        Share of the way to where they are due that quotes go at each new price.
    noise_bps : float
        Standard deviation of what a quote adds to the mid by itself.
    wide_share, width_floor, log_width, sd_width, wide_keep, width_vol : float
        Share of new prices wider than one tick; ticks that they have at least; log of
        the ticks above: mean, standard deviation, persistence, and loading on
        log-volatility.
    log_lots, sd_lots, size_keep : float
        Log of the size at the top in lots: mean, standard deviation, persistence.
    gap, levels : float, int
        Mean ticks between levels, and levels a side.
    taken : float
        Share of messages that are takers.
    log_taken, sd_taken : float
        Log of the taker's size in lots: mean, standard deviation.
    follow, turn : float
        Probability that a taker follows the hidden parent order, and that the parent
        turns between two takers.
    permanent_bps, transient_bps, transient_s, exponent, typical : float
        Impact of an unexpected taker of ``typical`` lots; it grows with
        ``(lots / typical) ** exponent``, its transient part decays.
    latency_s, latency_log, latency_sd : float
        Least latency, and mean and standard deviation of the log of the rest.
    about : mapping
        Data file, its rows and period, and the command.
    errors : mapping
        Standard errors by name.
    assumed : tuple of str
        Parameters that the data cannot tell.
    """

    tick: float
    lot: float
    start: float
    rate: float
    branching: tuple[float, ...]
    decay: tuple[float, ...]
    rate_vol: float
    renew: float
    renew_wide: float
    hour_rate: tuple[float, ...]
    hour_vol: tuple[float, ...]
    hour_width: tuple[float, ...]
    day_rate: tuple[float, ...]
    day_vol: tuple[float, ...]
    closed: tuple[int, ...]
    sigma: float
    vol_sd: float
    vol_s: float
    regime_sd: float
    regime_s: float
    at_once: float
    lag_s: float
    adjust: float
    noise_bps: float
    wide_share: float
    width_floor: float
    log_width: float
    sd_width: float
    wide_keep: float
    width_vol: float
    log_lots: float
    sd_lots: float
    size_keep: float
    gap: float
    levels: int
    taken: float
    log_taken: float
    sd_taken: float
    follow: float
    turn: float
    permanent_bps: float
    transient_bps: float
    transient_s: float
    exponent: float
    typical: float
    latency_s: float
    latency_log: float
    latency_sd: float
    about: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> "Fitted":
        """Make one of the sections ``about``, ``values``, ``errors`` and ``assumed``.

        Raises
        ------
        InputError
            A parameter is missing or unknown.
        """
        given = dict(mapping["values"])
        own = {f.name for f in fields(cls)} - {"about", "errors", "assumed"}
        if set(given) != own:
            odd = ", ".join(sorted(set(given) ^ own))
            raise InputError(
                f"Parameters missing or unknown: {odd}.",
                way_out="Take a file that tradeloop simulate --fit wrote.",
                source="parameters",
            )
        as_tuple: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in given.items()
        }
        return cls(
            **as_tuple,
            about=mapping.get("about", {}),
            errors=mapping.get("errors", {}),
            assumed=tuple(mapping.get("assumed", {}).get("names", ())),
        )

    def values(self) -> dict[str, Any]:
        """Parameters by name, without what they were fitted to."""
        without = ("about", "errors", "assumed")
        return {k: v for k, v in asdict(self).items() if k not in without}

    def as_toml(self) -> str:
        """Write as the text that `from_mapping` reads."""
        lines = ["[about]", *_lines(self.about), "", "[values]"]
        lines += [*_lines(self.values()), "", "[errors]", *_lines(self.errors)]
        return "\n".join([*lines, "", "[assumed]", *_lines({"names": self.assumed})])


def _lines(mapping: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {_text(value)}" for name, value in mapping.items()]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_text(part) for part in value) + "]"
    return f"{float(f'{value:.6g}')!r}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class Alpha:
    """The planted edge: drift in proportion to an observable signal.

    Parameters
    ----------
    bps : float
        Expected return over ``horizon_s`` for a signal of one standard deviation.
    horizon_s : float
        Horizon of that figure.
    decay_s : float
        Decay of the signal, an OU process of variance 1.
    tilt : float
        How far the signal tilts ``log(bid size / ask size)``.
    """

    bps: float
    horizon_s: float
    decay_s: float
    tilt: float


@dataclass(frozen=True, slots=True)
class Instrument:
    """A name, its first price, and how its volatility and rate compare."""

    name: str
    start: float
    vol: float = 1.0
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Preset:
    """All that makes one simulated market.

    Parameters
    ----------
    name : str
        ``fx`` or ``crypto``.
    fitted : Fitted
        Of the kind of instrument.
    instruments : tuple of Instrument
        What is traded; names without their mark.
    correlation : float
        Of the efficient prices' diffusions, 0 to 1.
    alpha : Alpha
        The planted edge.
    step_s : float
        Step of the grid of slow states and of the common factor.
    fee_bps : float
        Fee of a fill.
    decision_delay_s : float
        Mean time from decision to the order's arrival.
    decisions_a_day : float
        For each instrument while the market is open.
    """

    name: str
    fitted: Fitted
    instruments: tuple[Instrument, ...]
    correlation: float
    alpha: Alpha
    step_s: float
    fee_bps: float
    decision_delay_s: float
    decisions_a_day: float


PRESETS: tuple[str, ...] = ("fx", "crypto")
_MARKETS: dict[str, dict[str, Any]] = {
    "fx": {
        "instruments": (
            Instrument("EURUSD", 1.38),
            Instrument("GBPUSD", 1.69, vol=1.05, rate=0.8),
        ),
        "correlation": 0.6,
        "alpha": Alpha(bps=0.08, horizon_s=300.0, decay_s=900.0, tilt=0.3),
        "step_s": 1.0,
        "fee_bps": 0.2,
        "decision_delay_s": 0.25,
        "decisions_a_day": 300.0,
    },
    "crypto": {
        "instruments": (
            Instrument("BTCUSDT", 61_800.0),
            Instrument("ETHUSDT", 2_680.0, vol=1.1, rate=0.8),
        ),
        "correlation": 0.8,
        "alpha": Alpha(bps=0.55, horizon_s=60.0, decay_s=120.0, tilt=0.3),
        "step_s": 0.25,
        "fee_bps": 5.0,
        "decision_delay_s": 0.05,
        "decisions_a_day": 600.0,
    },
}


def shipped(name: str) -> Preset:
    """Read a preset that travels with the package.

    Raises
    ------
    InputError
        There is no such preset.
    """
    if name not in PRESETS:
        raise InputError(
            f"There is no preset {name!r}.",
            way_out=f"Known: {', '.join(PRESETS)}.",
            source="--preset",
        )
    text = files("tradeloop.simulation").joinpath("fitted", f"{name}.toml").read_text()
    fitted = Fitted.from_mapping(tomllib.loads(text))
    return Preset(name=name, fitted=fitted, **_MARKETS[name])


def shaped(name: str, fitted: Fitted) -> Preset:
    """Return preset ``name`` of one instrument that starts as the fitted one did.

    It is what a recording is held against.
    """
    given = _MARKETS[name] | {"instruments": (Instrument("FITTED", fitted.start),)}
    return Preset(name=name, fitted=fitted, **given)


def without_alpha(preset: Preset) -> Preset:
    """Return the same market with no edge in it; the signal stays, and says nothing."""
    return replace(preset, alpha=replace(preset.alpha, bps=0.0))
