"""The tests do not depend on the variables of the machine that runs them."""

import os

from tests.webapp.running_app import OPTIONS
from webapp.app import main


def test_every_variable_that_the_app_reads_is_cleared():
    read = {option.envvar for option in main.params if getattr(option, "envvar", None)}
    assert read == OPTIONS
    assert not read & os.environ.keys()


def test_servers_on_this_machine_are_reached_without_a_proxy():
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "127.0.0.1,localhost"
