"""What the text below a field says, read from the source when a schema is made.

Pydantic can do it, but does it whenever a module is loaded, which would take a tenth of a second of every command.
"""

import ast
import inspect
from itertools import pairwise
from textwrap import dedent


def field_docstrings(model: type) -> dict[str, str]:
    """The docstrings of a class's own fields, by name.

    :raises OSError: if there is no source.
    """
    (definition,) = ast.parse(dedent(inspect.getsource(model))).body
    found = {}
    for field, text in pairwise(getattr(definition, "body", ())):
        match field, text:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(said))):
                found[name] = inspect.cleandoc(said)
            case _:
                pass
    return found
