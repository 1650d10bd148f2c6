"""`flask user import`: people from a CSV file at the console."""

from tests.cli.conftest import *  # noqa: F403
