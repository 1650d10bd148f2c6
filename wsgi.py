"""app: what flask and the WSGI servers find by name."""

import sys

from idp.app import create_app
from idp.config import ConfigError

try:
    app = create_app()
except ConfigError as wrong:
    sys.exit(f"Chamberlain cannot start.\n{wrong}")
