"""Conversion between a model's attrs classes and JSON with cattrs, which is imported on first use.

Rules:

- Writing sends what the user set. A field that is UNSET is left out, and so is a field that is None
  if the schema has no null. A file stays a file, and is read later. A field's ``metadata["wire"]``
  is its name in JSON, if that differs; with ``metadata["nullable"]``, None is sent as null.
- Reading never raises. An unknown field is ignored, a value of the wrong type becomes None, and an
  item of the wrong type is left out of its list. The raw answer still holds everything.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Union, cast, get_args, get_origin
from urllib.parse import urlsplit

import attrs

from runcomfy_core.interrupts import pass_on
from runcomfy_core.unset import UNSET

if TYPE_CHECKING:
    from collections.abc import Callable

    from cattrs import Converter

T = TypeVar("T")

#: The kinds of output files by their extensions (docs/contract.md, "Outputs").
_KINDS = {
    **dict.fromkeys(("avif", "bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"), "image"),
    **dict.fromkeys(("avi", "m4v", "mkv", "mov", "mp4", "webm"), "video"),
    **dict.fromkeys(("aac", "flac", "m4a", "mp3", "oga", "ogg", "opus", "wav"), "audio"),
}


def to_wire(value: attrs.AttrsInstance) -> dict[str, object]:
    """Return an input as the dict that is sent."""
    return cast("dict[str, object]", _converter().unstructure(value))


def read_output(output_type: type[T], raw: object, kind: str) -> T:
    """Return an output as an instance of its model's class, as far as it can be read.

    Args:
        output_type: An attrs class, each field of which may be None.
        raw: The answer's ``output``.
        kind: The kind of a bare URL whose extension doesn't tell it: image, video or audio.
    """
    try:
        if not isinstance(raw, Mapping):
            raw = _by_kind(output_type, raw, kind)
        return _converter().structure(raw, output_type)
    except Exception as error:  # noqa: BLE001 - a paid answer must never be lost
        pass_on(error)
        return output_type()


def _by_kind(output_type: type, raw: object, kind: str) -> dict[str, object]:
    """Return a bare URL, or a list of URLs, under the names of the fields where they belong."""
    names = set(_wire_names(output_type))
    shaped: dict[str, object] = {}
    if isinstance(raw, str):
        one = _kind_of(raw, kind)
        if one in names:
            shaped[one] = raw
        elif one + "s" in names:
            shaped[one + "s"] = [raw]
    elif isinstance(raw, list):
        for url in cast("list[object]", raw):
            many = (_kind_of(url, kind) if isinstance(url, str) else kind) + "s"
            if many in names:
                cast("list[object]", shaped.setdefault(many, [])).append(url)
            elif many[:-1] in names:
                shaped.setdefault(many[:-1], url)
    return shaped


def _kind_of(url: str, otherwise: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError as error:
        pass_on(error)
        return otherwise
    return _KINDS.get(path.rpartition(".")[2].lower(), otherwise)


@functools.cache
def _wire_names(cls: type) -> Mapping[str, attrs.Attribute[Any]]:
    """Return a class's fields by their names in JSON, with their types resolved."""
    attrs.resolve_types(cls)
    return {field.metadata.get("wire", field.name): field for field in attrs.fields(cls)}


@functools.cache
def _converter() -> Converter:
    """Return the one converter, which caches a function for each class."""
    from cattrs import Converter  # noqa: PLC0415 - importing a model must not load cattrs

    converter = Converter(detailed_validation=False)
    converter.register_unstructure_hook_factory(attrs.has, functools.partial(_writer, converter))
    converter.register_unstructure_hook_func(_is_sequence, functools.partial(_listed, converter))
    # A path is a file to be sent. cattrs would turn it into a string.
    converter.register_unstructure_hook(Path, _itself)
    converter.register_structure_hook_factory(attrs.has, functools.partial(_reader, converter))
    converter.register_structure_hook_factory(_is_list, functools.partial(_list_reader, converter))
    converter.register_structure_hook_factory(
        _is_union, functools.partial(_union_reader, converter)
    )
    for plain in (str, bool, int, float):
        converter.register_structure_hook(plain, _strictly)
    # The hook matches `object` by identity. Registered for the class, it would match its subclasses
    # too, and that means every class.
    converter.register_structure_hook_func(lambda kind: kind is object, _as_it_is)
    return converter


def _writer(converter: Converter, cls: type) -> Callable[[object], dict[str, object]]:
    """Return a function that converts a class's instances to dicts."""
    plan = [
        (field.name, wire, bool(field.metadata.get("nullable")))
        for wire, field in _wire_names(cls).items()
    ]

    def write(value: object) -> dict[str, object]:
        written: dict[str, object] = {}
        for name, wire, nullable in plan:
            item: object = getattr(value, name)
            if item is UNSET or (item is None and not nullable):
                continue
            written[wire] = converter.unstructure(item)
        return written

    return write


def _reader(converter: Converter, cls: type) -> Callable[[object, object], object]:
    """Return a function that reads a class's instances, each field on its own."""
    plan = [
        (field.alias or field.name, wire, converter.get_structure_hook(field.type), field.type)
        for wire, field in _wire_names(cls).items()
    ]

    def read(value: object, _: object) -> object:
        if not isinstance(value, Mapping):
            raise TypeError("not an object")
        fields = cast("Mapping[str, object]", value)
        known: dict[str, object] = {}
        for name, wire, hook, kind in plan:
            if wire in fields:
                try:
                    known[name] = hook(fields[wire], kind)
                except Exception as error:  # noqa: BLE001 - it is of the wrong type
                    pass_on(error)
                    known[name] = None
        return cls(**known)

    return read


def _is_sequence(kind: type) -> bool:
    """Return whether a class is a sequence that cattrs does not know."""
    return issubclass(kind, Sequence) and not issubclass(
        kind, (list, tuple, str, bytes, bytearray, memoryview)
    )


def _listed(converter: Converter, value: Sequence[object]) -> list[object]:
    return [converter.unstructure(item) for item in value]


def _itself(value: object) -> object:
    return value


def _is_list(kind: object) -> bool:
    return get_origin(kind) is list


def _list_reader(converter: Converter, kind: object) -> Callable[[object, object], list[object]]:
    """Return a function that reads a list's items, and leaves out items of the wrong type."""
    (item_kind,) = get_args(kind)
    hook = converter.get_structure_hook(item_kind)

    def read(value: object, _: object) -> list[object]:
        if not isinstance(value, list):
            raise TypeError("not a list")
        items: list[object] = []
        for item in cast("list[object]", value):
            try:
                items.append(hook(item, item_kind))
            except Exception as error:  # noqa: BLE001 - the item is of the wrong type
                pass_on(error)
        return items

    return read


def _is_union(kind: object) -> bool:
    return isinstance(kind, types.UnionType) or get_origin(kind) is Union


def _union_reader(converter: Converter, kind: object) -> Callable[[object, object], object]:
    """Return a function that reads a value as the first of several types that fits."""
    members = [member for member in get_args(kind) if member is not types.NoneType]
    hooks = [(converter.get_structure_hook(member), member) for member in members]

    def read(value: object, _: object) -> object:
        if value is None:
            return None
        for hook, member in hooks:
            try:
                return hook(value, member)
            except Exception as error:  # noqa: BLE001 - perhaps the next type fits
                pass_on(error)
        raise TypeError("none of the types")

    return read


def _strictly(value: object, kind: type) -> object:
    """Return a value if it is of a type in JSON's sense: true is no number, 1.0 is an integer.

    Raises:
        TypeError: It is of another type.
    """
    if isinstance(value, bool) or kind is bool:
        fits = isinstance(value, bool) and kind is bool
    elif kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    elif kind is float and isinstance(value, int):
        return float(value)
    else:
        fits = isinstance(value, kind)
    if not fits:
        raise TypeError("of another type")
    return value


def _as_it_is(value: object, _: object) -> object:
    return value
