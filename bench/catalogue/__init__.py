"""The GBCS use cases as data: what each message is, who may send it, what it carries."""

from bench.catalogue.load import CatalogueError, catalogue, load, use_case, use_cases_of
from bench.catalogue.model import Item, Part, UseCase

__all__ = ["CatalogueError", "Item", "Part", "UseCase", "catalogue", "load", "use_case", "use_cases_of"]
