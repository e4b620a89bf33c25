"""Every document is valid against the official schema, and asks for nothing that Vendure means to remove."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import connectors.vendure

DOCUMENTS = sorted((Path(connectors.vendure.__file__).parent / "graphql").glob("*.graphql"))


def test_documents_are_valid_against_the_official_schema(shared: Path) -> None:
    schema = shared / "contracts" / "vendure" / "schema-admin.json"
    tool = shared / "tools" / "validate_graphql.py"
    done = subprocess.run(
        [sys.executable, str(tool), str(schema), *map(str, DOCUMENTS)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == f"{len(DOCUMENTS)} documents, 0 errors", "nothing deprecated either"
    assert len(DOCUMENTS) == 7


def test_no_document_is_written_anywhere_else() -> None:
    sources = Path(connectors.vendure.__file__).parent.glob("*.py")
    loose = [file.name for file in sources if "mutation(" in (text := file.read_text("utf-8")) or "query {" in text]
    assert loose == []
