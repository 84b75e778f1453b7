"""What ``openssl s_client`` says when a daemon cannot be reached over TLS. Pure.

Every text was seen from OpenSSL 3.0; the names of verify errors are those of
openssl-verification-options(1). They stand before the daemon's own texts, because rsync itself only
says that nobody greeted it.
"""

from __future__ import annotations

from typing import Final

from sersync.model.batch import Verdict
from sersync.transfer.cause_table import Row

_SHOW: Final = "openssl s_client -connect {address} </dev/null | openssl x509 -noout -text"

TLS: Final = (
    Row(
        r"verify error:num=(?:18|19|20|21):",
        Verdict.HALT,
        "the certificate of {host} is vouched for by nobody that is trusted here{by}",
        "Name the file with the authority's certificate, or for a certificate that was made on the"
        " target, that certificate, as 'ca_file' of {target}. If it was the right one before,"
        " find out who answers there now.",
        _SHOW,
    ),
    Row(
        r"verify error:num=10:",
        Verdict.RETRY,
        "the certificate of {host}, or of who vouches for it, has expired",
        "Renew it there and restart the daemon; we go on by ourselves. Check the clock here, too.",
        _SHOW,
    ),
    Row(
        r"verify error:num=9:",
        Verdict.RETRY,
        "the certificate of {host} is not valid yet",
        "Check the clocks of both hosts.",
        "date",
    ),
    Row(
        r"verify error:num=(?:62|64):",
        Verdict.HALT,
        "the certificate that answers is not made out to {host}",
        "Spell the target as the certificate does, or have one made that names {host}. If it was"
        " the right one before, find out who answers there now.",
        _SHOW,
    ),
    Row(
        r"verify error:num=\d+:(.*)",
        Verdict.HALT,
        "the certificate of {host} is refused: {0}",
        "Look at it, and at the authority's.",
        _SHOW,
    ),
    Row(
        r"SSL routines:[^\n]*(?:wrong version number|packet length too long)",
        Verdict.HALT,
        "what answers on port {port} of {host} does not speak TLS",
        "Check the port, and that TLS is on there. Without TLS the target is spelled rsync://, and"
        " everything that is sent can be read on the way.",
        "rsync rsync://{address}/",
    ),
    Row(
        r"sersync: openssl is not installed|setpriv: failed to execute openssl",
        Verdict.HALT,
        "there is no openssl on this host, which encrypts the connection to {host}",
        "Install it.",
        "apt-get install openssl",
    ),
    Row(
        r"sersync: the CA file cannot be read|X509_load_cert_crl_file",
        Verdict.HALT,
        "the CA file {ca_file} cannot be read, or holds no certificate",
        "Put the certificate that vouches for {host} there, in PEM form, readable for the user"
        " that sersync runs as.",
        "openssl x509 -noout -subject -in {ca_file}",
    ),
    Row(
        r"system library:BIO_connect:(.*?):",
        Verdict.RETRY,
        "{host} cannot be reached on port {port}: {0}",
        "Check that the rsync daemon runs there with TLS, and that no firewall is in between.",
        "openssl s_client -connect {address} </dev/null",
    ),
    Row(
        r"BIO_lookup_ex:[^\n]*:([^:\n]*)",
        Verdict.RETRY,
        "the name {host} cannot be resolved: {0}",
        "Check its spelling and the name service.",
        "getent hosts {host}",
    ),
)
