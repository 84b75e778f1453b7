"""Documents whose text may stand for any bytes, as paths do; pydantic takes only Unicode. Pure.

Bytes that are not UTF-8 are surrogate escapes in Python. While a document is validated, private
characters that nobody uses stand in for them.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from pydantic import BaseModel

_AnyModel = TypeVar("_AnyModel", bound=BaseModel)

_STAND_IN: Final = {0xDC00 + byte: 0x10FF00 + byte for byte in range(0x80, 0x100)}
_ESCAPE: Final = {stand_in: escape for escape, stand_in in _STAND_IN.items()}


def validated(model: type[_AnyModel], raw: dict[str, Any]) -> _AnyModel:
    """Return *raw* as *model*. Raises ``pydantic.ValidationError``."""
    document: _AnyModel = _restored(model.model_validate(_replaced(raw)))
    return document


def _replaced(value: Any) -> Any:
    match value:
        case str():
            return value.translate(_STAND_IN)
        case list():
            return [_replaced(item) for item in value]
        case dict():
            return {key: _replaced(item) for key, item in value.items()}
    return value


def _restored(value: Any) -> Any:
    """Return *value* with the escapes that it had; fields that were unset stay unset."""
    match value:
        case str():
            return value.translate(_ESCAPE)
        case list():
            return [_restored(item) for item in value]
        case BaseModel():
            now = {name: getattr(value, name) for name in value.model_fields_set}
            return value.model_copy(update={name: _restored(each) for name, each in now.items()})
    return value
