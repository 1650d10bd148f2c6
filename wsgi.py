"""app: what flask and the WSGI servers find by name."""

import gc
import sys

from idp.announcing import announce
from idp.app import create_app
from idp.config import ConfigError

try:
    app = create_app()
except ConfigError as wrong:
    sys.exit(f"Chamberlain cannot start.\n{wrong}")

announce(app)

# What was made at start-up stays. To look through it again and again for garbage would take a
# tenth of a second each time, in the middle of somebody's request.
gc.collect()
gc.freeze()
