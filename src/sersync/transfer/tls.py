"""How rsync reaches a daemon over TLS: through ``openssl s_client`` as its remote shell."""

from __future__ import annotations

import shlex
import sys
from typing import Final

from sersync.linux import tls_connect
from sersync.model.target import RsyncModule

_PYTHON: Final = (sys.executable, "-I", "-S")
"""Without site packages and the user's settings: it starts in 10 ms."""


def tls_rsh(endpoint: RsyncModule) -> str:
    """Return the value of rsync's ``--rsh`` for *endpoint*, which has ``tls``."""
    ca_file = endpoint.ca_file or tls_connect.SYSTEM
    helper = (*_PYTHON, tls_connect.__file__)
    return shlex.join((*helper, endpoint.host, str(endpoint.port), ca_file))
