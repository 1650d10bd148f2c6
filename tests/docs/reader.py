"""A reader who types what a page says: commands of the product, and the rest into a shell."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Template
from typing import Any

from flask import Flask

from idp.app import create_app
from idp.directory.attributes import GROUP_SCHEMA, USER_SCHEMA
from tests.cli.conftest import runner
from tests.conftest import settings_for
from tests.docs.exceptions import FILES, LEARNT, PLACEHOLDERS, REPLACED, is_left_out
from tests.docs.pages import Block
from tests.flows.product import ROOT, Product, running

PATIENCE = 60  # seconds for one block
# curl as everybody has it, but what is no success is a failure, and every answer is noted.
SHELL = """
set -eo pipefail
curl() { command curl -sS --fail-with-body --noproxy '*' "$@" | tee -a "$ANSWERS"; }
python3() { command "$PYTHON" "$@"; }
flask() { command "$PYTHON" -m flask "$@"; }
"""


@dataclass
class Reader:
    """Somebody at a shell beside a running server, who remembers what they were told."""

    product: Product
    app: Flask
    place: Path
    names: dict[str, str] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def read(self, block: Block) -> None:
        """Do what the block says, and note what went wrong."""
        if block.file:
            (self.place / block.file).write_text(block.text + "\n", "utf-8")
        if not block.is_typed or is_left_out(block):
            return
        filled = replace(block, text=self._filled(block.text))
        wrong = self._type(filled) if filled.is_flask_alone else self._run(filled)
        if wrong:
            self.problems.setdefault(block.page, []).append(f"{block}: {wrong}")

    def _filled(self, text: str) -> str:
        for written, name in PLACEHOLDERS.items():
            text = text.replace(written, self.names.get(name, written))
        for written, here in REPLACED.items():
            text = text.replace(written, here)
        return text

    def _type(self, block: Block) -> str:
        """Commands of the product, in this process: starting one takes longer than its work."""
        for words in block.commands:
            typed = [Template(word).safe_substitute(self.names) for word in words[1:]]
            machine_readable = [] if typed[0] == "db" else ["--json"]
            ran = runner(self.app)(*typed, *machine_readable)
            if ran.code:
                return f"{' '.join(words)}\n{ran.out}{ran.err}"
            if machine_readable:
                self._learn(ran.data)
        return ""

    def _run(self, block: Block) -> str:
        """Anything else, in a shell of its own that knows the page's names."""
        answers = self.place / "answers"
        answers.write_bytes(b"")
        known = {
            "ANSWERS": str(answers),
            "PYTHON": sys.executable,
            "FLASK_APP": str(ROOT / "wsgi.py"),
        }
        done = subprocess.run(
            ["bash", "-c", SHELL + block.text],
            cwd=self.place,
            env=dict(self.product.environment) | known | self.names,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode:
            return f"{block.text}\n{done.stdout}{done.stderr}"
        refused = [self._learn(answer) for answer in _objects(answers.read_text("utf-8"))]
        return "\n".join(filter(None, refused))

    def _learn(self, told: dict[str, Any]) -> str:
        """Keep what later lines of the page refer to; tell what a Bulk answer says was refused."""
        for key, name in LEARNT.items():
            if isinstance(told.get(key), str):
                self.names.setdefault(name, told[key])
        schemas = told.get("schemas", ())
        for schema, name in ((USER_SCHEMA, "ID"), (GROUP_SCHEMA, "GROUP")):
            if schema in schemas:
                self.names[name] = told["id"]
        operations = told.get("Operations", ())
        return "\n".join(json.dumps(o) for o in operations if not o["status"].startswith("2"))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in what was printed, one after the other."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        found, end = decoder.raw_decode(text, at)
        yield found
        at = text.find("{", end)


@contextmanager
def reading(place: Path) -> Iterator[Reader]:
    """A server process of its own on an empty installation, and a reader in an empty folder."""
    url, desk = f"sqlite:///{place / 'chamberlain.db'}", place / "desk"
    desk.mkdir()
    for name, content in FILES.items():
        (desk / name).write_bytes(content)
    with running(url, place) as product, chdir(desk):
        keys = {name: (place / name).read_text() for name in ("secret_key", "master_key")}
        app = create_app(settings_for(url, place, public_url=product.origin, demo=True, **keys))
        names = {"ORIGIN": product.origin, "BASE": f"{product.origin}/scim/v2"}
        with app.app_context():
            yield Reader(product, app, desk, names)
