"""The application of scim2-server's demo, served by granian: PORT TOKEN.

Its own demo server (wsgiref) ends each connection after one request; behind granian, with one
worker process as ours has, it is measured over connections that stay. Runs in a Python of its own.
"""

import sys
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from scim2_models import ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)


def load(_target: str) -> Callable[..., Iterable[bytes]]:
    """The application, in the worker process, with everything in memory."""
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(),
        load_default_resource_types().values(),
        config=load_default_service_provider_config(),
    )
    application = BearerTokenApplication(InMemoryStorage(), provider, bearer_tokens=[sys.argv[2]])

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # It reads a body of unknown length by read(-1), which granian's input does not know.
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read())
        return application(environ, start_response)

    return serve


if __name__ == "__main__":
    server = Granian(
        "demo:app",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        websockets=False,
        log_level=LogLevels.error,
    )
    server.serve(target_loader=load)
