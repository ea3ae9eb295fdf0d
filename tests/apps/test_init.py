import tomllib

import pytest
import yaml

from tradeloop.apps.init import TEMPLATES, init
from tradeloop.apps.registering import policy_of
from tradeloop.apps.rules import load_rules
from tradeloop.apps.settings import Settings, load
from tradeloop.capture import read_market
from tradeloop.errors import InputError
from tradeloop.feedback import Policy
from tradeloop.pipelines.rules import Rules


def test_init_writes_a_short_settings_file_and_the_rule_files(tmp_path):
    written = init(tmp_path / "mine")
    assert [p.relative_to(tmp_path / "mine").as_posix() for p in written] == list(
        TEMPLATES
    )
    assert len((tmp_path / "mine" / "tradeloop.toml").read_text().splitlines()) == 17


def test_what_init_writes_says_just_what_the_defaults_are(tmp_path, monkeypatch):
    monkeypatch.delenv("TRADELOOP_TENANT", raising=False)
    init(tmp_path)
    assert load(tmp_path) == Settings()
    assert load_rules(tmp_path / "rules") == Rules()
    assert policy_of(tmp_path).fingerprint == Policy().fingerprint


def test_every_setting_that_init_writes_is_a_setting(tmp_path):
    init(tmp_path)
    given = tomllib.loads((tmp_path / "tradeloop.toml").read_text())
    assert set(given) <= set(Settings.model_fields)


def test_every_rule_file_is_commented_and_a_mapping(tmp_path):
    for path in init(tmp_path)[1:]:
        read = tomllib.loads if path.suffix == ".toml" else yaml.safe_load
        assert path.read_text().startswith("# ")
        assert isinstance(read(path.read_text()), dict)


@pytest.mark.realdata
def test_the_column_map_that_init_writes_reads_real_bars_as_they_are(
    tmp_path, market_data
):
    *_, columns = init(tmp_path)
    file = market_data / "equity" / "bars_1h_us.parquet"
    with_map = read_market([file], columns=columns)
    assert with_map.bars.equals(read_market([file]).bars)


def test_the_promotion_policy_that_init_writes_names_every_setting(tmp_path):
    init(tmp_path)
    given = yaml.safe_load((tmp_path / "rules" / "promotion.yaml").read_text())
    assert given == Policy().as_mapping()


def test_init_never_overwrites(tmp_path):
    init(tmp_path)
    (tmp_path / "tradeloop.toml").write_text("mine = 1\n")
    with pytest.raises(InputError, match="exists already"):
        init(tmp_path)
    assert (tmp_path / "tradeloop.toml").read_text() == "mine = 1\n"
