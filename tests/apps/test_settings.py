import pytest

from tradeloop.apps.rules import load_rules
from tradeloop.apps.settings import load
from tradeloop.errors import InputError


def test_a_variable_overrides_the_file_and_the_file_overrides_the_default(
    tmp_path, monkeypatch
):
    (tmp_path / "tradeloop.toml").write_text('tenant = "desk"\nport = 9000\n')
    monkeypatch.setenv("TRADELOOP_PORT", "9100")
    settings = load(tmp_path)
    assert (settings.tenant, settings.port, settings.principal) == ("desk", 9100, "me")


def test_an_unknown_setting_is_named_with_the_known_ones(tmp_path):
    (tmp_path / "tradeloop.toml").write_text('tenannt = "desk"\n')
    with pytest.raises(InputError, match=r"tenannt.*Known settings: tenant"):
        load(tmp_path)


def test_a_file_that_is_no_toml_is_one_clear_error(tmp_path):
    (tmp_path / "tradeloop.toml").write_text("tenant = \n")
    with pytest.raises(InputError, match=r"tradeloop\.toml.*no TOML"):
        load(tmp_path)


def test_a_database_that_is_not_built_in_is_refused(tmp_path):
    (tmp_path / "tradeloop.toml").write_text('journal = "mysql://host/db"\n')
    with pytest.raises(InputError, match="sqlite:///"):
        load(tmp_path).places(tmp_path)


def test_a_tenant_that_would_leave_its_folder_is_refused(tmp_path):
    (tmp_path / "tradeloop.toml").write_text('tenant = "../other"\n')
    with pytest.raises(InputError, match=r"Principal\.tenant"):
        load(tmp_path).acting()


def test_places_are_relative_to_the_folder_of_the_file(tmp_path):
    (tmp_path / "tradeloop.toml").write_text('journal = "sqlite:///deep/j.db"\n')
    assert load(tmp_path).places(tmp_path).journal == tmp_path / "deep" / "j.db"


@pytest.mark.parametrize(
    ("text", "says"),
    [("good_bps: [", "no YAML"), ("- 1\n", "mapping"), ("goood_bps: 1\n", "good_bps")],
)
def test_a_broken_rule_file_is_one_clear_error(tmp_path, text, says):
    (tmp_path / "labels.yaml").write_text(text)
    with pytest.raises(InputError, match=says):
        load_rules(tmp_path)


def test_tracking_is_a_file_beside_the_settings_or_the_address_of_a_server(tmp_path):
    file = tmp_path / "tradeloop.toml"
    file.write_text('tracking = "sqlite:///runs.db"\n')
    assert load(tmp_path).places(tmp_path).tracking == tmp_path / "runs.db"
    for address in ("http://127.0.0.1:5000", "https://mlflow.example"):
        file.write_text(f'tracking = "{address}"\n')
        places = load(tmp_path).places(tmp_path)
        assert (places.tracking, places.tracking_url) == (address, address)
        assert places.runs == tmp_path / "runs"
    file.write_text('tracking = "ftp://host"\n')
    with pytest.raises(InputError, match=r"sqlite:///tracking\.db or http://HOST"):
        load(tmp_path).places(tmp_path)
