"""Where a command of the documentation cannot be run exactly as it stands, and why."""

import json

from joserfc.jwk import ECKey

from tests.docs.pages import Block
from tests.federation.partners import sp_metadata

# What stands for a value of the reader's own, and the name that it has in `Reader.names`.
PLACEHOLDERS = {
    "http://127.0.0.1:8000": "ORIGIN",
    "https://id.example.com": "ORIGIN",
}

# What stands elsewhere here, would not end, or needs more people than there are.
REPLACED = {
    ".venv/bin/flask": "flask",
    "flask worker": "flask worker --once",
    "export TOKEN=…": "",
    "-d count=500": "-d count=2",
}

# What is answered, and the name under which the pages use it. The first stays.
LEARNT = {
    "token": "TOKEN",
    "client_id": "CLIENT_ID",
    "client_secret": "CLIENT_SECRET",
    "stream": "STREAM",
    "incident": "INCIDENT",
    "nextCursor": "NEXT",
}

# Files that a reader has.
FILES = {
    "header.txt": b"Bearer of-the-receiver\n",
    "token.txt": b"of-the-application\n",
    "wiki-metadata.xml": sp_metadata(),
    "public.json": json.dumps(ECKey.generate_key("P-256").as_dict(private=False)).encode(),
}

# Blocks by page and first words, and why nobody types them here.
NOT_RUN = {
    ("README.md", "make run"): "serves until it is told to end: tests/cli/test_demo.py",
    ("README.md", "make test"): "this very suite",
    ("docs/operations.md", "python3 -m venv .venv"): "installs packages, as `make` has done",
    ("docs/operations.md", ".venv/bin/granian"): "serves until it is told to end: product.py",
    ("docs/operations.md", ".venv/bin/flask restore"): "replaces the database of this server",
    (
        "docs/scim.md",
        "flask scim brake northwind HR --approve",
    ): "nobody is stopped here: test_brake",
}


def is_left_out(block: Block) -> bool:
    """Whether a block is one of those that nobody types here."""
    return any(is_meant(block, page, words) for page, words in NOT_RUN)


def is_meant(block: Block, page: str, words: str) -> bool:
    """Whether an entry of the table speaks of this block."""
    return block.is_typed and block.page == page and block.text.startswith(words)
