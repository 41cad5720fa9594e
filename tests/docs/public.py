"""What phasic offers: every public name, and every public member of its classes."""

import importlib
import inspect

MODULES = ("phasic", "phasic.models", "phasic.svgd", "phasic.cache", "phasic.plot")


def _members(owner):
    """Public methods and properties that phasic wrote, inherited ones included; fields of tuples are not."""
    for name in dir(owner):
        if name.startswith("_"):
            continue
        home = next(base for base in owner.__mro__ if name in vars(base))
        if home.__module__.split(".")[0] == "phasic" and name not in getattr(home, "_fields", ()):
            member = getattr(owner, name)
            if callable(member) or inspect.isdatadescriptor(vars(home)[name]):
                yield name, home, member


def public():
    """Qualified name to object, each object once, under the first name it has."""
    found, seen = {}, set()
    for module in map(importlib.import_module, MODULES):
        for name in module.__all__:
            thing = getattr(module, name)
            if id(thing) in seen or isinstance(thing, str):
                continue
            seen.add(id(thing))
            found[f"{module.__name__}.{name}"] = thing
            if inspect.isclass(thing):
                for member, home, value in _members(thing):
                    if (home, member) not in seen:
                        seen.add((home, member))
                        found[f"{module.__name__}.{name}.{member}"] = value
    return found
