"""Every document is valid against the official schema, and none asks for what Shopify is about to remove."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import connectors.shopify

DOCUMENTS = sorted((Path(connectors.shopify.__file__).parent / "graphql").glob("*.graphql"))


def test_documents_are_valid_against_the_official_schema(shared: Path) -> None:
    schema = shared / "contracts" / "shopify" / "admin_2026-04.json.gz"
    tool = shared / "tools" / "validate_graphql.py"
    done = subprocess.run(
        [sys.executable, str(tool), str(schema), *map(str, DOCUMENTS)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == f"{len(DOCUMENTS)} documents, 0 errors", "nothing deprecated either"
    assert len(DOCUMENTS) > 10
