"""What the network is told, and what it refuses."""

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.train.network.schema import Network


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"link_gbit": -1.0}, "link_gbit=-1.0"),
        ({"timeout_s": 0.0}, "timeout_s=0.0"),
        ({"least_share": 1.1}, "least_share=1.1"),
        ({"environment": {"LD_PRELOAD": "x"}}, "network.environment.LD_PRELOAD"),
        ({"environment": {"NCCL_DEBUG": "INFO", "MY_NCCL_DEBUG": "INFO"}}, "network.environment.MY_NCCL_DEBUG"),
    ],
)
def test_what_cannot_be_is_refused(settings, named):
    with pytest.raises(UsageError, match=r"\.$") as caught:
        Network(**settings)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_is_told_where_nothing_is_set():
    assert Network().variables() == {}


def test_an_interface_is_told_to_both_libraries_and_a_variable_wins():
    network = Network(interface="ib0", environment={"GLOO_SOCKET_IFNAME": "eth0", "NCCL_IB_DISABLE": "0"})
    assert network.variables() == {
        "NCCL_SOCKET_IFNAME": "ib0",
        "GLOO_SOCKET_IFNAME": "eth0",
        "NCCL_IB_DISABLE": "0",
    }
