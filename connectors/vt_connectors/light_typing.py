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
    import sys
    from operator import itemgetter

    try:
        from _collections import _tuplegetter as field_at
    except ImportError:  # as `collections` does it

        def field_at(place, _):
            return property(itemgetter(place))

    # As the named tuples of the same Python.
    _UnknownField = TypeError if sys.version_info >= (3, 13) else ValueError

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

    # From this instance on, a class has compiled code, which is faster if there are many of them.
    _MADE_SLOWLY = 200

    class _NamedTupleType(type):
        """Makes a subclass of `tuple` with named fields. Faster than `collections.namedtuple`, which compiles code."""

        def __new__(mcs, name, bases, namespace):
            if "_fields" not in namespace and not bases[0]._fields:
                fields = tuple(namespace.get("__annotations__", ()))
                namespace["_field_defaults"] = {field: namespace.pop(field) for field in fields if field in namespace}
                namespace.update({field: field_at(place, field) for place, field in enumerate(fields)})
                namespace["_defaults"] = tuple(namespace["_field_defaults"].values())
                namespace["_fields"] = namespace["__match_args__"] = fields
                namespace["_slowly_left"] = [_MADE_SLOWLY]
                namespace["__slots__"] = ()
            return super().__new__(mcs, name, bases, namespace)

    class NamedTuple(tuple, metaclass=_NamedTupleType):
        __slots__ = ()
        _fields = ()
        _slowly_left = [0]  # noqa: RUF012  # each class has its own

        def __new__(cls, *values, **named):
            left = cls._slowly_left
            left[0] -= 1
            if not left[0]:
                _compile(cls)
            missing = len(cls._fields) - len(values)
            if named:
                values = _with_named(cls, values, named)
            elif missing:
                values += _last_values(cls, missing)
            return tuple.__new__(cls, values)

        @classmethod
        def _make(cls, values):
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"{cls.__name__} has {len(cls._fields)} fields, not {len(made)}")
            return made

        def _replace(self, **changed):
            made = self._make(map(changed.pop, self._fields, self))
            if changed:
                raise _UnknownField(f"{type(self).__name__} has no fields {sorted(changed)}")
            return made

        def _asdict(self):
            return dict(zip(self._fields, self))

        def __repr__(self):
            shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self))
            return f"{type(self).__name__}({shown})"

        def __getnewargs__(self):
            return tuple(self)

    def _compile(cls):
        """Give the class with the fields a `__new__` like that of `collections.namedtuple`."""
        owner = next(each for each in cls.__mro__ if "_slowly_left" in each.__dict__)
        names = ", ".join(owner._fields)
        if names:
            # The names are those of attributes in our code.
            made = eval(f"lambda _cls, {names}: _new(_cls, ({names},))", {"_new": tuple.__new__})  # noqa: S307
            made.__defaults__ = owner._defaults
            made.__name__ = "__new__"
            owner.__new__ = staticmethod(made)

    def _last_values(cls, missing):
        """The defaults of the last `missing` fields. Raises `TypeError`."""
        if not 0 < missing <= len(cls._defaults):
            raise TypeError(f"{cls.__name__} has {len(cls._fields)} fields, {len(cls._defaults)} with a default")
        return cls._defaults[-missing:]

    def _with_named(cls, values, named):
        """The values of all fields, in order. Raises `TypeError`."""
        found, defaults = list(values), cls._field_defaults
        for field in cls._fields[len(values) :]:
            if field in named:
                found.append(named.pop(field))
            elif field in defaults:
                found.append(defaults[field])
            else:
                raise TypeError(f"{cls.__name__}: {field} is missing")
        if named:
            raise TypeError(f"{cls.__name__}: {sorted(named)} are unknown, or given twice")
        return found

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
