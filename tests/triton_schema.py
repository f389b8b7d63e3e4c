"""The messages of Triton's model_config.proto that nnspec writes, and `parsed`, which reads a configuration strictly.

Of triton-inference-server/common, protobuf/model_config.proto. Where the package `tritonclient` is installed, all is
read by its whole schema, too; it is loaded from its file, since its own import needs gRPC.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

INT, BOOL, STRING, MESSAGE, ENUM = 3, 8, 9, 11, 14  # types in descriptor.proto; whole numbers of any width are INT

# Field, number, type, whether it is repeated; a message that is declared in another one has its name before its own.
MESSAGES: dict[str, list[tuple[str, int, int | str, bool]]] = {
    "ModelTensorReshape": [("shape", 1, INT, True)],
    "ModelInput": [
        ("name", 1, STRING, False), ("data_type", 2, "DataType", False), ("dims", 4, INT, True),
        ("reshape", 5, "ModelTensorReshape", False),
    ],
    "ModelOutput": [
        ("name", 1, STRING, False), ("data_type", 2, "DataType", False), ("dims", 3, INT, True),
        ("label_filename", 4, STRING, False), ("reshape", 5, "ModelTensorReshape", False),
    ],
    "ModelVersionPolicy.Latest": [("num_versions", 1, INT, False)],
    "ModelVersionPolicy": [("latest", 1, "ModelVersionPolicy.Latest", False)],
    "ModelDynamicBatching": [("max_queue_delay_microseconds", 2, INT, False)],
    "ModelInstanceGroup": [("count", 2, INT, False), ("kind", 4, "ModelInstanceGroup.Kind", False)],
    "ModelSequenceBatching.Control": [
        ("kind", 1, "ModelSequenceBatching.Control.Kind", False), ("int32_false_true", 2, INT, True),
    ],
    "ModelSequenceBatching.ControlInput": [
        ("name", 1, STRING, False), ("control", 2, "ModelSequenceBatching.Control", True),
    ],
    "ModelSequenceBatching.InitialState": [
        ("data_type", 1, "DataType", False), ("dims", 2, INT, True), ("zero_data", 3, BOOL, False),
        ("name", 5, STRING, False),
    ],
    "ModelSequenceBatching.State": [
        ("input_name", 1, STRING, False), ("output_name", 2, STRING, False), ("data_type", 3, "DataType", False),
        ("dims", 4, INT, True), ("initial_state", 5, "ModelSequenceBatching.InitialState", True),
    ],
    "ModelSequenceBatching.StrategyOldest": [("max_candidate_sequences", 1, INT, False)],
    "ModelSequenceBatching": [
        ("max_sequence_idle_microseconds", 1, INT, False), ("control_input", 2, "ModelSequenceBatching.ControlInput", True),
        ("oldest", 4, "ModelSequenceBatching.StrategyOldest", False), ("state", 5, "ModelSequenceBatching.State", True),
    ],
    "ModelEnsembling.Step.InputMapEntry": [("key", 1, STRING, False), ("value", 2, STRING, False)],
    "ModelEnsembling.Step.OutputMapEntry": [("key", 1, STRING, False), ("value", 2, STRING, False)],
    "ModelEnsembling.Step": [
        ("model_name", 1, STRING, False), ("model_version", 2, INT, False),
        ("input_map", 3, "ModelEnsembling.Step.InputMapEntry", True),
        ("output_map", 4, "ModelEnsembling.Step.OutputMapEntry", True),
    ],
    "ModelEnsembling": [("step", 1, "ModelEnsembling.Step", True)],
    "ModelConfig": [
        ("name", 1, STRING, False), ("platform", 2, STRING, False), ("version_policy", 3, "ModelVersionPolicy", False),
        ("max_batch_size", 4, INT, False), ("input", 5, "ModelInput", True), ("output", 6, "ModelOutput", True),
        ("instance_group", 7, "ModelInstanceGroup", True), ("dynamic_batching", 11, "ModelDynamicBatching", False),
        ("sequence_batching", 13, "ModelSequenceBatching", False), ("ensemble_scheduling", 15, "ModelEnsembling", False),
    ],
}  # fmt: skip
ENUMS = {
    "DataType": {
        "TYPE_INVALID": 0, "TYPE_BOOL": 1, "TYPE_UINT8": 2, "TYPE_INT8": 6, "TYPE_INT32": 8, "TYPE_INT64": 9,
        "TYPE_FP16": 10, "TYPE_FP32": 11, "TYPE_FP64": 12, "TYPE_BF16": 14,
    },
    "ModelInstanceGroup.Kind": {"KIND_AUTO": 0, "KIND_GPU": 1, "KIND_CPU": 2, "KIND_MODEL": 3},
    "ModelSequenceBatching.Control.Kind": {
        "CONTROL_SEQUENCE_START": 0, "CONTROL_SEQUENCE_READY": 1, "CONTROL_SEQUENCE_END": 2,
        "CONTROL_SEQUENCE_CORRID": 3,
    },
}  # fmt: skip


def restated() -> Any:
    """The class of ModelConfig, of the fields above; names of messages and values have no dots in it."""
    file = descriptor_pb2.FileDescriptorProto(name="written_config.proto", package="written", syntax="proto3")
    for name, values in ENUMS.items():
        flat = name.replace(".", "")
        enum = file.enum_type.add(name=flat)
        for label, number in values.items():
            enum.value.add(name=label, number=number)
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name.replace(".", ""))
        for label, number, kind, repeated in fields:
            field = message.field.add(name=label, number=number, label=3 if repeated else 1)
            field.type = kind if isinstance(kind, int) else ENUM if kind in ENUMS else MESSAGE
            if isinstance(kind, str):
                field.type_name = f".written.{kind.replace('.', '')}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("written.ModelConfig"))


def tritons_own() -> Any:
    """The module of Triton's whole schema; None where `tritonclient` is not installed."""
    package = importlib.util.find_spec("tritonclient")
    if package is None:
        return None
    (folder,) = package.submodule_search_locations or [""]
    spec = importlib.util.spec_from_file_location("model_config_pb2", Path(folder, "grpc", "model_config_pb2.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RESTATED, WHOLE = restated(), tritons_own()


def parsed(file: Path) -> Any:
    """The configuration in a file; an unknown field, name or type is an error."""
    text = file.read_text(encoding="utf-8")
    if WHOLE is not None:
        text_format.Parse(text, WHOLE.ModelConfig())
    return text_format.Parse(text, RESTATED())
