"""Features into the lake: there once, by category and day, told to the catalog."""

from reference.market import bars_frame
from tradeloop.clock import ReplayClock
from tradeloop.events import Principal
from tradeloop.features import compute, standard_bank
from tradeloop.pipelines.keep_features import keep_features
from tradeloop.pipelines.workspace import Places, open_workspace

HOUR = 3_600_000_000_000


def test_features_are_kept_once_and_read_back_as_they_were(tmp_path):
    bars = bars_frame(1, [90, 60], interval_ns=HOUR)
    bank = standard_bank(bars.columns, groups=["momentum", "microstructure"])
    features = compute(bank, bars)
    principal = Principal("default", "me")
    places = Places(
        journal=tmp_path / "journal.db",
        catalog=tmp_path / "catalog.db",
        tracking=tmp_path / "mlflow.db",
        lake=tmp_path / "lake",
        artefacts=tmp_path / "artefacts",
    )
    with open_workspace(places, principal, ReplayClock(1)) as workspace:
        first = keep_features(workspace, bank, features)
        again = keep_features(workspace, bank, features)
        assert (first.new, again.new) == (True, False)
        names = [e.name for e in bank.catalogue() if e.category == "technical"]
        kept = workspace.features.read(principal, "technical", names=names).collect()
    wanted = features.select("instrument", "event_ns", *names)
    kept = kept.sort("instrument", "event_ns").select(wanted.columns)
    assert kept.equals(wanted)
    day = tmp_path / "lake" / "default" / "features" / "market_microstructure"
    assert list(day.glob("year=*/month=*/day=*/market_microstructure_features.parquet"))
