"""The names of `typing` that our modules use, without importing `typing`.

The library `typing`, and its named tuples with their annotations, take a tenth of the time of a process that answers
one lookup from the cache. Type checkers see the real names. At run time `NamedTuple`, `cast` and `TYPE_CHECKING` do
what they should; the others only have to be accepted in expressions, because our annotations are never evaluated.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any as Any
    from typing import AnyStr as AnyStr
    from typing import Callable as Callable
    from typing import ClassVar as ClassVar
    from typing import Generic as Generic
    from typing import Literal as Literal
    from typing import NamedTuple as NamedTuple
    from typing import NoReturn as NoReturn
    from typing import Optional as Optional
    from typing import Protocol as Protocol
    from typing import TextIO as TextIO
    from typing import TypeVar as TypeVar
    from typing import Union as Union
    from typing import cast as cast
else:  # hidden from type checkers, which would take these for the types
    from collections import namedtuple

    class _Accepted:
        """Accepts to be subscribed and called."""

        def __getitem__(self, _):
            return self

        def __call__(self, *_, **__):
            return self

    class _Literal:
        """The values of an alias, for `as_in_typing`."""

        def __init__(self, values):
            self.values = values

    class _LiteralMaker:
        def __getitem__(self, values):
            return _Literal(values)

    class _Subscribable:
        def __class_getitem__(cls, _):
            return cls

    class _NamedTupleType(type):
        def __new__(mcs, name, bases, namespace):
            if not bases:
                return super().__new__(mcs, name, bases, namespace)
            fields = list(namespace.get("__annotations__", ()))
            defaults = [namespace.pop(field) for field in fields if field in namespace]
            made = namedtuple(name, fields, defaults=defaults, module=namespace["__module__"])
            for attribute, value in namespace.items():
                if attribute not in ("__module__", "__qualname__", "__classcell__"):
                    setattr(made, attribute, value)
            made.__qualname__ = namespace["__qualname__"]
            return made

    class NamedTuple(metaclass=_NamedTupleType):
        pass

    class Generic(_Subscribable):
        pass

    class Protocol(_Subscribable):
        pass

    def cast(_, value):
        return value

    Literal = _LiteralMaker()
    Any = AnyStr = Callable = ClassVar = NoReturn = Optional = TextIO = TypeVar = Union = _Accepted()


def as_in_typing(thing: object) -> object:
    """`thing` for users of the package: a `Literal` of this module as the one of `typing`, anything else unchanged."""
    values = getattr(thing, "values", None)
    if not isinstance(values, tuple) or TYPE_CHECKING:
        return thing
    from typing import Literal

    return Literal[values]
