"""What others wrote is served unchanged, and nothing is served that the list does not name."""

import base64
import hashlib
import re
from pathlib import Path

import portal

VENDOR = Path(portal.__file__).parent / "static" / "vendor"
ROW = re.compile(
    r"\| (?P<file>\S+/\S+) \| (?P<package>\S+) \| (?P<version>[\d.]+) \| (?P<licence>\S+) "
    r"\| (?P<sha256>[0-9a-f]{64}) \| (?P<sha384>\S{64}) \|"
)


def test_vendored_files_are_the_published_ones() -> None:
    rows = list(ROW.finditer((VENDOR / "README.md").read_text()))
    assert {row["package"] for row in rows} == {"bootstrap", "htmx.org"}
    for row in rows:
        content = (VENDOR / row["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert base64.b64encode(hashlib.sha384(content).digest()).decode() == row["sha384"]
        assert row["version"].encode() in content


def test_every_vendored_file_is_listed_with_its_licence() -> None:
    listed = {row["file"] for row in ROW.finditer((VENDOR / "README.md").read_text())}
    found = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    licences = {f"{name.split('/')[0]}/LICENSE" for name in listed}
    assert found == listed | licences | {"README.md"}
