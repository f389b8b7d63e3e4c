"""Records whose fields are checked against their types: layers, which a spec fills, and programs, which are read back.

What plainly is of its field's type, as a whole number is where one belongs, is taken as it is. All else is shown to
pydantic, which converts it or says what is wrong with it. Pydantic is imported only then: that, and making its
checks, takes longer than everything else that `nnspec summary` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform, get_type_hints

from nnspec.cached import cached_property
from nnspec.plain import UNCLEAR, plain
from nnspec.record import Record

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ValidationError

_REQUIRED = object()
_FORMS: dict[type, TypeAdapter[Any]] = {}


class CheckedField(Record):
    """A field: its type, and its default, unless it is required."""

    annotation: Any
    default: Any = _REQUIRED

    @cached_property
    def real(self) -> bool:
        """Whether it may be a number with a fraction; the integers of others are sizes and counts."""
        return "float" in str(self.annotation)

    def is_required(self) -> bool:
        """Whether it has no default."""
        return self.default is _REQUIRED


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Checked(Record):
    """A record that is made of named values which have the types of its fields. Defaults are not checked."""

    model_fields: ClassVar[dict[str, CheckedField]] = {}
    strict: ClassVar[bool] = False  # nothing is converted, but for integers where floats belong
    others: ClassVar[Any] = None  # the type of values by any other name, where such are taken

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        known = {
            name: field for base in reversed(cls.__mro__) for name, field in getattr(base, "model_fields", {}).items()
        }
        own = cls.__annotations__
        if any(isinstance(kind, str) for kind in own.values()):
            own = get_type_hints(cls, include_extras=True)
        for name in cls.record_fields:
            if type(getattr(cls, name, None)).__module__.startswith("pydantic"):
                raise TypeError(f"{cls.__name__}.{name}: rules stand in the type, Annotated[float, Within(gt=0)] = 0.5")
        cls.model_fields = {
            name: CheckedField(own.get(name) or known[name].annotation, getattr(cls, name, _REQUIRED))
            for name in cls.record_fields
        }

    def __init__(self, **values: Any) -> None:
        fields = self.model_fields
        taken = {
            name: plain(value, fields[name].annotation if name in fields else self.others)
            for name, value in values.items()
        }
        if not self.record_required <= taken.keys() or any(value is UNCLEAR for value in taken.values()):
            taken = _form(type(self)).validate_python(values).given()
        self._hold(taken)

    @classmethod
    def model_construct(cls, **values: Any) -> Self:
        """The record of values that are known to be right."""
        made = cls.__new__(cls)
        made._hold(values)
        return made

    def _hold(self, values: dict[str, Any]) -> None:
        if self.others is None:
            self.__dict__.update(values)
        else:  # apart: a value may be called as a method is
            self.__dict__.update({name: value for name, value in values.items() if name in self.model_fields})
            self.__dict__["_further"] = {name: value for name, value in values.items() if name not in self.model_fields}

    @property
    def further(self) -> dict[str, Any]:
        """The values that are no fields."""
        found: dict[str, Any] = self.__dict__.get("_further", {})
        return found

    def given(self) -> dict[str, Any]:
        """The values that were given, by name."""
        state = self.__dict__
        return {name: state[name] for name in self.record_fields if name in state} | self.further

    def settings(self) -> dict[str, Any]:
        """All values by name, those by default, too."""
        return {name: getattr(self, name) for name in self.record_fields} | self.further

    def model_copy(self, *, update: dict[str, Any]) -> Self:
        """The same with other values in some fields, which are known to be right."""
        return self.model_construct(**{**self.given(), **update})

    def form(self) -> dict[str, Any]:
        """The JSON form, without what is as by default."""
        form: dict[str, Any] = _form(type(self)).dump_python(self, mode="json", exclude_defaults=True)
        return form

    def to_json(self) -> str:
        """The text of the JSON form."""
        return _form(type(self)).dump_json(self, exclude_defaults=True).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The record that `to_json` wrote.

        Raises:
            ValidationError: the text is not such a form.
        """
        mark = "\ufeff" if isinstance(text, str) else b"\xef\xbb\xbf"
        made: Self = _form(cls).validate_json(text.removeprefix(mark))  # type: ignore[arg-type]
        return made

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of the JSON form."""
        return _form(cls).json_schema()

    def _values(self) -> tuple[Any, ...]:
        return (*super()._values(), *sorted(self.further.items()))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        def made(values: dict[str, Any]) -> Checked:
            return cls.model_construct(**values)

        def read(value: Any, check: Any) -> Any:
            return value if isinstance(value, cls) else check(value)

        def write(record: Checked, to_form: Any) -> Any:
            return to_form(record.given())

        checks, forms = {}, {}
        for name, field in cls.model_fields.items():
            each = handler.generate_schema(field.annotation)
            checks[name] = core_schema.typed_dict_field(each, required=field.is_required())
            known = each if field.is_required() else core_schema.with_default_schema(each, default=field.default)
            forms[name] = core_schema.typed_dict_field(known, required=False)
        rest = None if cls.others is None else handler.generate_schema(cls.others)
        options: Any = {"extra_behavior": "forbid" if rest is None else "allow", "extras_schema": rest}
        values = core_schema.typed_dict_schema(checks, config=core_schema.CoreConfig(strict=cls.strict), **options)
        record = core_schema.no_info_after_validator_function(made, values)
        return core_schema.json_or_python_schema(
            json_schema=record,
            python_schema=core_schema.no_info_wrap_validator_function(read, record),
            serialization=core_schema.wrap_serializer_function_ser_schema(
                write, schema=core_schema.typed_dict_schema(forms, **options)
            ),
        )


def _form(cls: type[Checked]) -> TypeAdapter[Any]:
    """Pydantic's checks of a class, and its JSON form."""
    if cls not in _FORMS:
        from pydantic import TypeAdapter

        _FORMS[cls] = TypeAdapter(cls)
    return _FORMS[cls]


def validation_error() -> type[ValidationError]:
    """What pydantic raises; written behind `except`, it is imported only where something has been raised."""
    from pydantic_core import ValidationError

    return ValidationError
