"""The type of a tensor, the errors of the rules that types must meet, and the checks that many rules share."""

# Without `from __future__ import annotations`: see families/__init__.py.
from typing import Any, Literal, get_args

from nnspec.dims import Expression, Size, equal, from_json, product, to_json
from nnspec.record import Record

DType = Literal["float", "int", "bool"]
ELEMENT_BYTES: dict[DType, int] = {"float": 4, "int": 8, "bool": 1}


class TensorType(Record):
    """The type of a tensor: `float` (float32), `int` (int64) or `bool`, and the size of every dimension."""

    dtype: DType
    shape: tuple[Size, ...]

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def bytes(self) -> Size:
        """The memory that it takes, in bytes."""
        return product(self.shape) * ELEMENT_BYTES[self.dtype]

    def equals(self, other: "TensorType") -> bool:
        """Whether it is another type, in whatever form their sizes are written."""
        alike = self.dtype == other.dtype and self.rank == other.rank
        return alike and all(equal(a, b) is True for a, b in zip(self.shape, other.shape, strict=True))

    def with_shape(self, *shape: Size) -> "TensorType":
        """The same element type with another shape."""
        return TensorType(self.dtype, shape)

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.shape))}]"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        def read(value: Any) -> TensorType:
            if isinstance(value, TensorType):
                return value
            if not isinstance(value, dict) or value.get("dtype") not in get_args(DType):
                raise ValueError("a type has a dtype, which is float, int or bool, and a shape")
            if not isinstance(value.get("shape"), (list, tuple)):
                raise ValueError("the shape of a type is a list of sizes")
            return TensorType(value["dtype"], tuple(map(from_json, value["shape"])))

        def write(value: TensorType) -> Any:
            return {"dtype": value.dtype, "shape": [to_json(size) for size in value.shape]}

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(write)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        size = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "object", "required": ["terms"]}]}
        return {
            "type": "object",
            "properties": {
                "dtype": {"enum": ["float", "int", "bool"]},
                "shape": {"type": "array", "items": size},
            },
            "required": ["dtype", "shape"],
        }


class LayerError(Exception):
    """A rule of a layer that the spec does not meet; `help` says what to write instead."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class ArgumentError(LayerError):
    """The argument `argument` has a value that the layer cannot take here."""

    def __init__(self, argument: str, message: str, help: str | None = None) -> None:
        super().__init__(message, help)
        self.argument = argument


class InputError(LayerError):
    """Input number `index` has a type that the layer cannot take."""

    def __init__(self, message: str, help: str | None = None, index: int = 0) -> None:
        super().__init__(message, help)
        self.index = index


def number(size: Size, what: str, index: int = 0) -> int:
    """`size` as the number that the layer needs for `what`.

    Raises:
        InputError: the size is symbolic.
    """
    if isinstance(size, Expression):
        raise InputError(
            f"{what} must be a number, and here it is the symbol {size}",
            help=f"give this dimension a fixed size in the input's shape instead of {size}",
            index=index,
        )
    return size


def need_rank(given: TensorType, *ranks: int, index: int = 0) -> None:
    """Check the number of dimensions.

    Raises:
        InputError: it is none of `ranks`.
    """
    if given.rank not in ranks:
        wanted = " or ".join(map(str, ranks))
        raise InputError(f"needs {wanted} dimensions, and gets {given.rank}: {given}", index=index)


def need_dtype(given: TensorType, *dtypes: DType, index: int = 0) -> None:
    """Check the element type.

    Raises:
        InputError: it is none of `dtypes`.
    """
    if given.dtype not in dtypes:
        raise InputError(f"needs {' or '.join(dtypes)} elements, and gets {given.dtype}", index=index)


def axis(dim: int, rank: int, argument: str = "dim") -> int:
    """`dim` as an index from the front, negative ones counted from the end.

    Raises:
        ArgumentError: there is no such dimension.
    """
    if not -rank <= dim < rank:
        raise ArgumentError(argument, f"there is no dimension {dim} in a tensor of {rank} dimensions")
    return dim % rank
