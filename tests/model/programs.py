"""What is in a program of JAX."""


def primitives(jaxpr):
    """Names of the primitives of a program and of all programs inside it."""
    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for value in equation.params.values():
            for each in value if isinstance(value, tuple | list) else (value,):
                inner = getattr(each, "jaxpr", each)
                if hasattr(inner, "eqns"):
                    yield from primitives(inner)
