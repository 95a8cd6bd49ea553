"""Writes the pages made from the code, on rules, override points and requirements: python -m tests.rules"""

from tests.rules import points, requirements, table

table.main()
points.main()
requirements.main()
