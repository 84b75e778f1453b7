from __future__ import annotations

import pytest

from sersync.linux.tls_connect import client_command


@pytest.mark.parametrize("host", ["10.0.0.1", "::1", "fe80::1"])
def test_an_address_is_looked_for_among_the_addresses_of_the_certificate(host: str) -> None:
    argv = client_command(host, "874", "")

    assert argv[argv.index("-verify_ip") + 1] == host
    assert "-verify_hostname" not in argv


def test_a_name_is_looked_for_among_its_names() -> None:
    argv = client_command("web1.example", "874", "")

    assert argv[argv.index("-verify_hostname") + 1] == "web1.example"
    assert argv[argv.index("-servername") + 1] == "web1.example"


@pytest.mark.parametrize("ca_file", ["", "/etc/ca.pem"])
def test_no_certificate_is_taken_unchecked(ca_file: str) -> None:
    argv = client_command("web1", "874", ca_file)

    assert "-verify_return_error" in argv
    assert ("-CAfile" in argv) == bool(ca_file)


def test_an_ipv6_address_is_put_into_brackets() -> None:
    assert client_command("::1", "874", "")[-1] == "[::1]:874"
