"""Validation against schema files of a folder."""

import os
from pathlib import Path

import pytest

from bench.dcc import NAMESPACE, DuisError, ServiceRequest
from bench.dcc import bodies as b
from bench.dcc.schema import Schemas
from tests.dcc.parties import ESME, SUPPLIER
from tests.rtds import DUIS, needs_duis

TINY = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}" xmlns:sr="{NAMESPACE}"
  elementFormDefault="qualified">
  <xs:element name="Request"><xs:complexType><xs:sequence>
    <xs:element name="Header"><xs:complexType><xs:sequence>
      <xs:element name="RequestID" type="xs:string"/><xs:element name="CommandVariant" type="xs:int"/>
      <xs:element name="ServiceReference" type="xs:string"/>
      <xs:element name="ServiceReferenceVariant" type="xs:string"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="Body"><xs:complexType><xs:sequence><xs:element name="ArmSupply"/></xs:sequence></xs:complexType>
    </xs:element>
  </xs:sequence><xs:attribute name="schemaVersion" type="xs:decimal" use="required"/></xs:complexType></xs:element>
</xs:schema>"""


def test_documents_are_held_against_the_schema(tmp_path: Path) -> None:
    (tmp_path / "a.xsd").write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="other"/>')
    (tmp_path / "duis.xsd").write_text(TINY)
    schemas = Schemas.load(tmp_path)
    schemas.validate(bytes(ServiceRequest.of(SUPPLIER, ESME, 1, b.ArmSupply())))
    with pytest.raises(DuisError, match="EnableSupply") as caught:
        schemas.validate(bytes(ServiceRequest.of(SUPPLIER, ESME, 1, b.EnableSupply())))
    assert "\n" not in str(caught.value)


def test_folders_without_a_schema(tmp_path: Path) -> None:
    with pytest.raises(DuisError, match="no schema of"):
        Schemas.load(tmp_path)
    (tmp_path / "duis.xsd").write_text("<xs:schema")
    with pytest.raises(DuisError, match=r"duis\.xsd: "):
        Schemas.load(tmp_path)


@needs_duis
@pytest.mark.rtds
@pytest.mark.skipif("BENCH_DUIS_XSD_DIR" not in os.environ, reason="no official schemas (set BENCH_DUIS_XSD_DIR)")
def test_the_samples_fit_the_official_schema() -> None:
    schemas = Schemas.load(Path(os.environ["BENCH_DUIS_XSD_DIR"]))
    for path in sorted(DUIS.glob("*.XML")) if DUIS is not None else []:
        request = ServiceRequest.parse(path.read_bytes())
        schemas.validate(bytes(request))
