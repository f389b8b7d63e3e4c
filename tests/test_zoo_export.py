"""Every spec of the zoo as ONNX at a small size: onnx's strict checks, and float64 PyTorch at three sizes of its symbols.

In float16, in int8 and with functions the lighter ones are compared with float32, at the first of them.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from reference.proof import SINGLE, load
from reference.records import SPECS

from nnspec.ir import Program
from nnspec.ir.state import state_dict
from nnspec.to_onnx.choices import Choices
from nnspec.to_onnx.export import export_model
from nnspec.to_onnx.reference import Reference, Trial
from nnspec.to_onnx.runtime import fed
from nnspec.weights.arrays import Array
from nnspec.weights.load import initial_weights
from tests.reference.zoo import ZOO

RANDOM = {"vae.nn": {"recon"}, "vae_conv.nn": {"recon"}}  # outputs that are drawn
HEAVY = {"fcn.nn", "alexnet.nn", "alexnet_2012.nn", "vgg.nn", "inception_resnet_v2.nn"}  # 50 to 130 million parameters
# Language models whose layers others have, too; test_goldens_sequences.py has them in float32.
ALIKE = {"albert.nn", "distilbert.nn", "electra.nn", "falcon.nn", "gemma.nn", "gemma3.nn", "gptj.nn", "olmo2.nn", "opt.nn",
         "phi3.nn", "qwen.nn", "stablelm.nn"}  # fmt: skip
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in HEAVY | ALIKE else name for name in sorted(ZOO)]
TRIALS = 3
LIGHT = 8 << 20  # bytes of weights of the specs that are made in other forms too
# Forms of a model beside float32, and how far their results may be from it, relative to the largest magnitude.
FORMS = {
    Choices(precision="float16"): 5e-3,
    Choices(precision="bfloat16", functions=True): 3e-2,
    Choices(precision="int8"): 5e-2,
    Choices(target="cuda", functions=True): 1e-5,
}


def weights(program: Program) -> dict[str, Array]:
    """Untrained weights, but no norm without effect and no bias of zero."""
    start, random = initial_weights(program), np.random.default_rng(0)
    owned = [entry for entry in state_dict(program) if entry.tied_to is None]
    arrays = {entry.key: start.arrays(entry.key) for entry in owned}
    for array in arrays.values():
        if array.dtype.kind == "f" and array.ndim == 1:
            array += random.uniform(0.1, 0.3, array.shape)
    return arrays


def assert_equal(found: list[Array], wanted: list[Array], trials: list[Trial]) -> None:
    """Float32 ONNX against float64 PyTorch, relative to the standard deviation of the output over all trials."""
    every = np.concatenate([array.ravel() for array in wanted])
    resolved = np.finfo(np.float32).eps * np.abs(every).max()  # for outputs that hardly vary
    within = SINGLE * every.std() + resolved if every.dtype.kind == "f" else 0
    for ours, theirs, trial in zip(found, wanted, trials, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=within, err_msg=str(trial.sizes))


def run(model: onnx.ModelProto, trial: Trial) -> dict[str, Array]:
    """The outputs by name."""
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    results = session.run(None, fed(session, trial.inputs))
    return dict(zip((port.name for port in session.get_outputs()), results, strict=True))


def assert_forms_agree(
    program: Program, arrays: dict[str, Array], trial: Trial, single: dict[str, Array], random: set[str]
) -> None:
    """Other forms compute what float32 does, as far as their numbers go."""
    for choices, within in FORMS.items():
        found = run(export_model(program, arrays, choices=choices), trial)
        for output in single.keys() - random:
            scale = np.abs(single[output]).max()
            if choices.precision == "int8" and any(
                call.routed for key in program.order for call in program.modules[key].calls
            ):
                far = np.abs(found[output] - single[output]).max(-1) > within * scale
                assert far.mean() <= 0.25, choices  # tokens that other experts are chosen for, by a hair
                continue
            np.testing.assert_allclose(found[output], single[output], rtol=0, atol=within * scale, err_msg=str(choices))


def test_no_spec_of_the_zoo_is_forgotten() -> None:
    assert set(ZOO) == {path.name for path in SPECS.glob("*.nn")}


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_of_the_zoo_is_a_valid_onnx_model_that_computes_what_pytorch_does(name: str) -> None:
    program = load(ZOO[name]).program
    arrays = weights(program)
    made = export_model(program, arrays)
    onnx.checker.check_model(made, full_check=True)
    onnx.shape_inference.infer_shapes(made, check_type=True, strict_mode=True, data_prop=True)
    trials = [trial for trial in Reference(program, arrays.__getitem__).trials(TRIALS) if not trial.edge]
    results = [run(made, trial) for trial in trials]
    for output in results[0].keys() - RANDOM.get(name, set()):
        assert_equal([each[output] for each in results], [trial.double[output] for trial in trials], trials)
    if sum(array.nbytes for array in arrays.values()) < LIGHT:
        assert_forms_agree(program, arrays, trials[0], results[0], RANDOM.get(name, set()))
