"""Options, the environment variables that set them, and what they refuse."""

import click
import pytest

from webapp import options
from webapp.app import main
from webapp.environment import options_from_environment
from webapp.option_variables import variable
from webapp.proxy_headers import TrustedProxies

FOREIGN = {"HOST": "x86_64-conda-linux-gnu", "PORT": "tcp://10.0.0.1:80"}
FOREIGN |= {"MODEL": "xps", "PRECISION": "high", "WORKERS": "many", "MODELS": "/dev"}


def test_variables_of_other_programs_are_not_read(monkeypatch):
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    assert options_from_environment()["host"] == "127.0.0.1"


def test_every_variable_begins_with_the_name_of_the_app():
    for option in main.params:
        assert option.envvar == variable(option.opts[0])
        assert option.envvar.startswith("FREEZE_SERVE_")


def test_options_come_from_the_variables_of_the_app(monkeypatch):
    monkeypatch.setenv("FREEZE_SERVE_PREFIX", "/cats/")
    monkeypatch.setenv("FREEZE_SERVE_TRUSTED_PROXIES", "10.0.0.0/8,unix")
    monkeypatch.setenv("FREEZE_SERVE_MAX_INSTANCES", "7")
    settings = options.limits(options_from_environment())
    assert (settings["PREFIX"], settings["MAX_INSTANCES"]) == ("/cats", 7)
    assert settings["TRUSTED_PROXIES"] == TrustedProxies.parse("10.0.0.0/8,unix")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--prefix", "cats"], "'cats' is not a path like /cats: try /cats"),
        (["--prefix", "/v1"], "'/v1' begins as an address of the app itself"),
        (["--trusted-proxies", "proxy"], "'proxy' does not appear to be an IPv4"),
        (["--trusted-proxies", "10.0.0.1/8"], "10.0.0.1/8 has host bits set"),
        (["--cors-origins", "www.a.example"], "'www.a.example' is not an origin"),
        (["--cors-origins", "https://a.example/"], "is not an origin: try https://"),
        (["--allowed-hosts", "a.example:80"], "'a.example:80' is not a host name: try"),
        (["--allow-ops", "ReedFile"], "TensorFlow has no op 'ReedFile': try ReadFile"),
        (["--keep-alive", "0"], "0.0 is not in the range"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_values_that_are_none_are_refused(arguments, sentence):
    with pytest.raises(click.BadParameter) as refused:
        main.make_context("app", arguments)
    assert sentence in refused.value.message


def test_ops_that_are_allowed_reach_the_loading_of_models(monkeypatch):
    monkeypatch.setenv("FREEZE_SERVE_ALLOW_OPS", "ReadFile,Print")
    settings = options.load_settings(options_from_environment())
    assert settings["allow_ops"] == ("ReadFile", "Print")
