"""Tests of running the product: settings, secrets at rest, health, migrations, logs, shape."""
