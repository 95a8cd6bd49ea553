"""Validation against the official DUIS and MMC schemas, where somebody has them in a folder.

The schemas are documents of the Smart Energy Code and no part of this project. Without them the typed bodies and
`ServiceRequest.check` are the structural checks.
"""

from pathlib import Path
from typing import Any

from lxml import etree

from bench.dcc.document import NAMESPACE, parse_document
from bench.dcc.errors import DuisError

_SCHEMA = "{http://www.w3.org/2001/XMLSchema}schema"


class Schemas:
    """The schema of DUIS documents, with what it imports."""

    def __init__(self, schema: etree.XMLSchema, source: Path) -> None:
        self._schema, self.source = schema, source

    @classmethod
    def load(cls, directory: Path) -> "Schemas":
        """Load the schema whose target is the DUIS namespace; imports are looked up beside it, never on the network.

        Raises DuisError if the folder has none or it cannot be read.
        """
        parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
        for path in sorted(Path(directory).glob("*.xsd")):
            try:
                root = etree.parse(path, parser).getroot()
                if root.tag == _SCHEMA and root.get("targetNamespace") == NAMESPACE:
                    return cls(etree.XMLSchema(etree.parse(path, parser)), path)
            except (etree.XMLSyntaxError, etree.XMLSchemaParseError, OSError) as problem:
                raise DuisError(f"{path.name}: {' '.join(str(problem).split())}") from None
        raise DuisError(f"{directory}: no schema of {NAMESPACE}")

    def validate(self, document: bytes | etree._Element) -> None:
        """Raise DuisError naming the first thing the schema does not allow."""
        root = parse_document(document) if isinstance(document, bytes) else document
        if self._schema.validate(root):
            return
        problems: Any = self._schema.error_log
        first = problems[0]
        where = str(first.path).rpartition("/")[2].partition(":")[2] or str(first.path)
        raise DuisError(f"{where}: {' '.join(first.message.replace(f'{{{NAMESPACE}}}', '').split())}")
