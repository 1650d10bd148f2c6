"""Programs that others wrote, run beside Chamberlain: tests speak with them, not with a copy.

Every one is started on loopback, on a free port, in one directory of the test run. A run that uses
none starts none. Whoever is the last process of the run to leave stops what is left; a keeper
beside the run sees to it even when that process was killed.

A part that is not installed skips the test that asks for it, and fails it where CI=true.
`make test` installs all parts.
"""

from tests.counterparts.run import free_port, require, run_dir
from tests.counterparts.servers import (
    ScimPeer,
    Sp,
    chromium,
    durable_postgres,
    fresh_database,
    node_saml_sp,
    postgres,
    postgres_version,
    scim_peer,
    shibboleth_sp,
    template_database,
)

__all__ = [
    "ScimPeer",
    "Sp",
    "chromium",
    "durable_postgres",
    "free_port",
    "fresh_database",
    "node_saml_sp",
    "postgres",
    "postgres_version",
    "require",
    "run_dir",
    "scim_peer",
    "shibboleth_sp",
    "template_database",
]
