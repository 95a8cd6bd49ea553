"""Who cites which rule: the methods of virtual devices, the test cases, and the defects."""

import importlib
import inspect
import pkgutil
import re
from dataclasses import dataclass, field
from types import ModuleType

import rigs.virtual
import testcases
from bench.testcase import TestCase
from rigs.virtual.defects import shipped

RULE = re.compile(r"R-[A-Z]+-\d{3}[a-z]?")


@dataclass(frozen=True, order=True)
class Code:
    """A method marked @rule: module file below the project's root, class ("" for a function), name."""

    file: str
    owner: str
    name: str

    @property
    def text(self) -> str:
        """`Class.method`, or the name of a function."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


@dataclass
class Links:
    """What cites one rule."""

    code: list[Code] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)  #: ids of test cases
    defects: list[str] = field(default_factory=list)  #: names


def modules(package: ModuleType) -> list[ModuleType]:
    """Return every module below a package."""
    names = (one.name for one in pkgutil.walk_packages(package.__path__, package.__name__ + "."))
    return [importlib.import_module(name) for name in names if not name.endswith("__main__")]


def marked() -> dict[Code, tuple[str, ...]]:
    """Return the rules of every method and function of the virtual rig that is marked @rule."""
    found = {}
    for module in modules(rigs.virtual):
        file = module.__name__.replace(".", "/") + ".py"
        places = [("", vars(module))]
        places += [(name, vars(one)) for name, one in vars(module).items() if inspect.isclass(one)]
        for owner, members in places:
            for name, member in members.items():
                function = member.__func__ if isinstance(member, staticmethod | classmethod) else member
                function = function.fget if isinstance(function, property) else function
                here = inspect.isfunction(function) and function.__module__ == module.__name__
                if here and (rules := getattr(function, "rules", None)):
                    found[Code(file, owner, name)] = tuple(rules)
    return found


def ids() -> list[str]:
    """Return the id of every test case, as often as it is given."""
    functions = (one for module in modules(testcases) for one in vars(module).values() if inspect.isfunction(one))
    marks = (mark for one in set(functions) for mark in getattr(one, "pytestmark", ()))
    return [mark.args[0].id for mark in marks if mark.name == "testcase"]


def cases() -> dict[str, tuple[TestCase, set[str]]]:
    """Return every test case by id, with the rules it states or names in one of its checks."""
    found = {}
    for module in modules(testcases):
        for function in vars(module).values():
            marks = getattr(function, "pytestmark", ()) if inspect.isfunction(function) else ()
            for mark in marks:
                if mark.name == "testcase":
                    case = mark.args[0]
                    found[case.id] = (case, {*case.rules, *RULE.findall(inspect.getsource(function))})
    return found


def links() -> dict[str, Links]:
    """Return what cites each rule that is cited at all."""
    found: dict[str, Links] = {}
    for code, rules in sorted(marked().items()):
        for rule in rules:
            found.setdefault(rule, Links()).code.append(code)
    for test, (_, rules) in sorted(cases().items()):
        for rule in sorted(rules):
            found.setdefault(rule, Links()).tests.append(test)
    for defect in shipped():
        found.setdefault(defect.breaks, Links()).defects.append(defect.name)
    return found
