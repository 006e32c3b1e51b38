"""A fixture that several tests of served networks share."""

import pytest

from tests.serving.made_graphs import image_net, write_graph


@pytest.fixture
def net(tmp_path):
    """Writes a network that answers this function of the means of the channels."""

    def write(head, **settings):
        return write_graph(tmp_path / "net.pb", image_net(head, **settings))

    return write
