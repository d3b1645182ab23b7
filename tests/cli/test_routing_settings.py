"""Where App Engine services run and where access tokens lie, as settings say it."""

import pytest

from broker.errors import StartupError
from broker.settings import Settings


@pytest.mark.parametrize(
    "value",
    [
        "mail=http://m:1/,v2.mail=https://m2/base/",
        '{"mail": "http://m:1", "v2.mail": "https://m2/base"}',
        "FILE",
        "FILE,mail=http://m:1",
    ],
)
def test_services_are_read_in_every_form(monkeypatch, tmp_path, value):
    path = tmp_path / "services.json"
    path.write_text('{"mail": "http://m:1", "v2.mail": "https://m2/base"}')
    monkeypatch.setenv("HEADRACE_APP_ENGINE_SERVICES", value.replace("FILE", str(path)))
    assert Settings.load({}).app_engine_services == {"mail": "http://m:1", "v2.mail": "https://m2/base"}


def test_flags_name_a_service_each():
    settings = Settings.load({"app_engine_services": ["a=http://a"], "app_engine_target": "http://{service}/"})
    assert settings.app_engine_targets.target == "http://{service}"
    assert settings.app_engine_targets.services == {"a": "http://a"}


def test_without_any_there_is_no_target():
    targets = Settings.load({}).app_engine_targets
    assert (targets.target, dict(targets.services)) == ("", {})


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"app_engine_services": ["a=b"]}, "service a must have a base URL such as http://localhost:8080, not 'b'"),
        ({"app_engine_services": ["a="]}, "service a must have a base URL .*, not ''"),
        ({"app_engine_services": ["a=http://h/?x"]}, "service a must have a base URL"),
        ({"app_engine_services": ["{"]}, "write SERVICE=URL, a JSON object, .*; this is no JSON"),
        ({"app_engine_services": ['{"a": 1}']}, "service a must have a base URL .*, not 1"),
        ({"app_engine_services": ["/nowhere.json"]}, "/nowhere.json: No such file"),
        ({"app_engine_target": "localhost:8080"}, "setting app_engine_target .*must be an http:// or https:// URL"),
        ({"app_engine_domain": "a/b"}, "setting app_engine_domain .*must be a domain"),
        ({"oauth_token_dir": "/nowhere"}, "setting oauth_token_dir .*not point to a directory"),
    ],
)
def test_refusals_name_the_setting_in_one_line(flags, message):
    with pytest.raises(StartupError, match=message) as refusal:
        Settings.load(flags)
    assert "\n" not in str(refusal.value)
    assert "HEADRACE_APP_ENGINE" in str(refusal.value) or "HEADRACE_OAUTH" in str(refusal.value)
