"""Writes the pages made from the code, docs/rules.md and docs/override-points.md: python -m tests.rules"""

from tests.rules import points, table

table.main()
points.main()
