"""Wrong calls of the library are refused by name, wherever the mistake would show; unusual right ones work."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import nnspec
from nnspec.annotations import kind_of
from nnspec.plugin import Activation, Data
from nnspec.record import Record

FLOWERS = """
model Flowers(width = 8) {
  input features: float[N, 4]
  hidden: Linear(width) -> act: Tanh
  output logits = head: Linear(3)
}
train {
  data   = iris
  epochs = 1
}
"""
OTHER = "model Other { input features: float[N, 5]; output y = Linear(3) }"
WORDS = "model Words { input tokens: int[N, T]; Embedding(9, 8) -> GRU(8); output logits = Linear(9) }"
HUGE, NAN = 10**30, float("nan")
FEATURES, LABELS = np.zeros((20, 4), np.float32), np.arange(20) % 3


class Scene:
    """What the calls are made with: models, a run and a file, in a folder of their own."""

    def __init__(self) -> None:
        Path("flowers.nn").write_text(FLOWERS)
        Path("text.txt").write_text("hello")
        self.model: Any = nnspec.loads(FLOWERS)
        self.other: Any = nnspec.loads(OTHER)
        self.words: Any = nnspec.loads(WORDS)
        self.run: Any = self.model.train((FEATURES, LABELS), runs="runs", name="one", quiet=True)
        self.state: dict[str, torch.Tensor] = self.model.to_torch(self.run).state_dict()
        self.model.export_onnx("flowers.onnx", self.run, verify=False)
        self.session: Any = nnspec.Session("flowers.onnx")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("calls"))
        yield Scene()


n: Any = nnspec  # whose calls type checkers would refuse, too
Call = Callable[[Scene], object]
WRONG: dict[str, list[Call]] = {
    "path must be a path, and is": [
        lambda it: n.load(None),
        lambda it: n.load(3),
        lambda it: n.load(""),
        lambda it: n.load("a\0b.nn"),
        lambda it: n.load("x" * 5000),
        lambda it: n.load(it.model),
        lambda it: n.check(None),
        lambda it: n.from_onnx(b"flowers.onnx"),
        lambda it: it.model.draw(3),
        lambda it: it.model.draw().save(None),
        lambda it: it.model.export_onnx(None),
        lambda it: it.model.verify(None),
    ],
    "must be a path, and is": [
        lambda it: it.model.train(runs=None),
        lambda it: it.model.page(None),
        lambda it: it.model.page("page", run=3),
        lambda it: it.model.export_triton(""),
        lambda it: it.model.evaluate(it.run, onnx=it.session),
        lambda it: n.Run.open(None),
        lambda it: n.resume(None),
        lambda it: n.load_plugin(3),
    ],
    "model must be a path or": [
        lambda it: n.Session(None),
        lambda it: n.Session(it.model),
        lambda it: n.evaluate(it.session),
        lambda it: n.predict(None),
    ],
    "must be a string": [
        lambda it: n.load("flowers.nn", 3),
        lambda it: n.loads(None),
        lambda it: n.loads(Path("flowers.nn")),
        lambda it: n.format(b"model"),
        lambda it: n.from_json({}),
        lambda it: n.from_config({"model_type": "bert"}, head=3),
        lambda it: it.model.why(None),
        lambda it: it.model.train(name=3),
        lambda it: it.model.train(memory=3),
        lambda it: it.model.train(optimizer=torch.optim.Adam),
        lambda it: it.model.train(loss=torch.nn.CrossEntropyLoss()),
        lambda it: it.model.check(metrics=[len]),
        lambda it: it.model.benchmark(provider=None),
        lambda it: it.session.vocabulary(3),
        lambda it: it.words.sample({}, 3),
        lambda it: n.register_callback(nnspec.Callback),
        lambda it: n.register_no_onnx_row(Activation),
        lambda it: n.zoo.find(None),
    ],
    "must be a dict": [
        lambda it: n.load("flowers.nn", settings="width=3"),
        lambda it: n.load("flowers.nn", settings={1: 3}),
        lambda it: n.load("flowers.nn", inputs={"features": 3}),
        lambda it: n.load("flowers.nn", inputs={"features": (2.0, 4)}),
        lambda it: n.load("flowers.nn", inputs={"features": (None, 4)}),
        lambda it: n.from_torch(torch.nn.Linear(2, 2), torch.zeros(1, 2), dynamic="N 2"),
        lambda it: n.from_onnx("flowers.onnx", values={"features": "three"}),
        lambda it: it.session.run(FEATURES),
        lambda it: it.session.run(None),
        lambda it: it.session.bind([FEATURES]),
        lambda it: it.words.benchmark(sizes="T=3"),
    ],
    "must be a list": [
        lambda it: it.model.draw(open="hidden"),
        lambda it: it.model.train(callbacks="tensorboard"),
        lambda it: it.model.train(callbacks=nnspec.Callback()),
        lambda it: it.model.train(rates={"hidden": 0.1}),
        lambda it: it.model.benchmark(batches=4),
        lambda it: it.model.benchmark(batches=["4"]),
        lambda it: it.model.summary().table(columns=None),
        lambda it: it.words.sample({}, messages=["hi"]),
        lambda it: n.predict("flowers.onnx", texts="a"),
        lambda it: n.from_config({"model_type": "bert"}, ignore="zzz"),
    ],
    "must be a whole number": [
        lambda it: it.model.summary(depth="2"),
        lambda it: it.model.summary(depth=True),
        lambda it: it.model.summary(batch=2.5),
        lambda it: it.model.summary(batch=HUGE),
        lambda it: it.model.summary().table(width="80"),
        lambda it: it.model.draw(depth=NAN),
        lambda it: it.model.to_onnx(opset="18"),
        lambda it: it.model.train(workers=HUGE),
        lambda it: it.model.evaluate(it.run, top=0),
        lambda it: it.model.evaluate(it.run, worst=-1),
        lambda it: it.model.verify("flowers.onnx", trials=0),
        lambda it: it.model.export_triton("models", max_batch=HUGE),
        lambda it: it.model.find_learning_rate(steps=HUGE),
        lambda it: it.words.sample({}, seed=-1),
        lambda it: it.session.run({"features": FEATURES}, batch=0),
        lambda it: n.predict("flowers.onnx", FEATURES, top="1"),
        lambda it: n.Session("flowers.onnx", threads=HUGE),
        lambda it: n.Limits(memory="3"),
    ],
    "must be a list of whole numbers, at least 1": [lambda it: it.model.benchmark(batches=[0])],
    "must be a dict of whole numbers by name, at least 1": [lambda it: it.words.benchmark(sizes={"T": 0})],
    "must be a number": [
        lambda it: it.model.verify("flowers.onnx", tolerance=NAN),
        lambda it: it.model.benchmark(seconds="1"),
        lambda it: it.model.benchmark(seconds=float("inf")),
        lambda it: it.model.find_learning_rate("x"),
        lambda it: it.model.find_learning_rate(0),
        lambda it: it.model.draw().png(0),
        lambda it: it.words.sample({}, top_p=2),
    ],
    "must be True or False": [
        lambda it: it.model.to_torch(it.run, normalize="no"),
        lambda it: it.model.train(quiet="yes"),
        lambda it: it.model.export_onnx("a.onnx", verify=None),
        lambda it: n.WeightChoice(it.run, partial="yes"),
    ],
    "must be 'float32' or 'float16'": [lambda it: it.model.to_onnx(precision="float8")],
    "must be 'cpu' or 'cuda' or 'standard'": [lambda it: it.model.to_onnx(target="gpu")],
    "did you mean 'test'": [lambda it: it.model.evaluate(it.run, part="tst")],
    "must be a device": [lambda it: it.model.train(device=3)],
    "must be a Limits": [lambda it: n.load("flowers.nn", limits=None), lambda it: it.model.train(limits=3)],
    "must be a Model": [lambda it: it.model.diff("flowers.nn"), lambda it: it.model.diff(it.model.to_torch())],
    "must be a Program": [lambda it: n.Model("lenet5")],
    "must be a Family": [lambda it: n.zoo.entries("resnet")],
    "must be a module of PyTorch": [
        lambda it: n.from_torch(None, torch.zeros(1)),
        lambda it: n.from_torch(torch.nn.Linear, torch.zeros(1)),
        lambda it: it.model.load_weights(it.run, it.model.to_torch()),
    ],
    "must be a path or a state_dict": [
        lambda it: it.model.to_torch([1]),
        lambda it: it.model.compare_weights(3),
        lambda it: it.model.evaluate(it.model),
        lambda it: n.WeightChoice(None),
        lambda it: it.model.load_weights(it.model.to_torch(), None),
        lambda it: n.WeightChoice(nnspec.WeightChoice(it.run)),
    ],
    "give its state_dict()": [lambda it: it.model.train(weights=it.model.to_torch())],
    "a dict or a configuration of transformers": [lambda it: n.from_config(None)],
    "or an array, and is None": [lambda it: it.model.predict(it.run, None)],
    "has no weights of its own": [
        lambda it: it.model.evaluate(),
        lambda it: it.model.predict(inputs=FEATURES),
        lambda it: it.model.session(),
        lambda it: it.words.sample(),
        lambda it: n.evaluate("flowers.nn"),
    ],
    "module has no hidden.weight": [lambda it: it.model.load_weights(torch.nn.Sequential(), it.run)],
    "name must be one that a spec may have": [
        lambda it: n.from_torch(torch.nn.Linear(2, 2), torch.zeros(1, 2), name="a b"),
        lambda it: n.from_config({"model_type": "bert"}, name=""),
    ],
    "not below highest": [lambda it: it.model.find_learning_rate(1.0, 0.1)],
    "an .onnx file has": [
        lambda it: n.evaluate("flowers.onnx", weights=it.run),
        lambda it: n.predict(it.session, FEATURES, weights=it.run),
    ],
    "calibrate belongs to": [lambda it: it.model.export_onnx("a.onnx", calibrate={"features": FEATURES})],
    "there is no column 'kernl'": [lambda it: it.model.summary().table(columns=["kernl"])],
    # Mistakes that have codes of their own, where a traceback came from deep inside.
    "E0219": [
        lambda it: n.load("flowers.nn", settings={"width": object()}),
        lambda it: it.model.train(epocs=3),
        lambda it: it.model.benchmark(sizes={"M": 3}, compiled=False),
    ],
    "E0595": [lambda it: n.load("flowers.onnx", settings={"width": 3})],
    "a conversation takes the place": [
        lambda it: it.words.sample({}, "a", messages=[{"role": "user", "content": "b"}])
    ],
    "E0571": [lambda it: n.from_config({"model_type": "bert"}, head="nope")],
    "E0530": [lambda it: n.from_torch(torch.nn.Linear(2, 2), torch.zeros(0, 2))],
    "E0615": [lambda it: it.model.train(name="a" * 300, runs="runs")],
    "E0707": [
        lambda it: it.model.to_torch({1: np.zeros(2)}),
        lambda it: it.model.to_torch({key: each.to_sparse() for key, each in it.state.items()}),
        lambda it: it.model.to_torch({key: each.to("meta") for key, each in it.state.items()}),
    ],
    "E0712": [
        lambda it: it.model.export_onnx("q.onnx", precision="int8-static", calibrate={"features": FEATURES * NAN}),
        lambda it: it.model.export_onnx("q.onnx", precision="int8-static", calibrate={"features": FEATURES[:, :2]}),
    ],
    "E0822": [
        lambda it: it.session.bind({"features": torch.zeros(2, 4, requires_grad=True)}),
        lambda it: it.session.bind({"features": torch.zeros(2, 4, dtype=torch.bfloat16)}),
        lambda it: it.session.bind({"features": [[1], [2, 3]]}),
        lambda it: it.session.run({"features": torch.zeros(2, 4, requires_grad=True)}),
    ],
    "E0452": [
        lambda it: n.register_layer(3),
        lambda it: n.register_layer(torch.nn.Linear),
        lambda it: n.register_callback("a b")(nnspec.Callback),
        lambda it: n.register_callback("mine")(3),
        lambda it: n.register_data(),
        lambda it: n.register_data(Data)(3),
        lambda it: n.register_torch_row(int),
        lambda it: n.register_torch_row(Activation)(None),
        lambda it: n.register_onnx_row(Activation()),
        lambda it: n.register_no_onnx_row("why"),
        lambda it: n.register_schedule("x"),
    ],
}


@pytest.mark.parametrize(("told", "call"), [(told, call) for told, calls in WRONG.items() for call in calls])
def test_a_wrong_call_is_refused_by_name(scene: Scene, told: str, call: Call) -> None:
    with pytest.raises(nnspec.SpecError) as refused:
        call(scene)
    assert told in str(refused.value)
    assert refused.value.diagnostics[0].help


@pytest.mark.parametrize(
    "call",
    [
        lambda it: n.load("flowers.nn", dept=3),
        lambda it: it.model.summary(dept=2),
        lambda it: it.model.summary(2),
        lambda it: it.session.run(features=FEATURES),
        lambda it: n.Limits(memroy=3),
        lambda it: n.WeightChoice(),
    ],
)
def test_a_name_or_place_that_there_is_not_is_pythons_own_mistake(scene: Scene, call: Call) -> None:
    with pytest.raises(TypeError):
        call(scene)


RIGHT: list[Call] = [
    lambda it: n.load(Path("flowers.nn"), settings={"width": np.int64(3)}, inputs={"features": np.array([2, 4])}),
    lambda it: n.load(it.run),
    lambda it: n.load("flowers.nn", inputs={"features": torch.zeros(2, 4).shape}),
    lambda it: n.load("flowers.onnx", inputs={"features": (size for size in (2, 4))}),
    lambda it: n.from_json(it.model.to_json().encode()),
    lambda it: n.from_config({"model_type": "gpt2", "n_layer": np.int64(1), "zzz": 3}, ignore={"zzz"}),
    lambda it: it.model.summary(depth=np.int8(1), batch=torch.tensor(3)).table(columns=iter(["kernel"])),
    lambda it: it.model.draw(open=iter(())),
    lambda it: it.model.to_torch(it.run, normalize=np.bool_(True)),
    lambda it: it.model.to_torch({key: each.numpy() for key, each in it.state.items()}),
    lambda it: it.model.compare_weights(it.run),
    lambda it: it.model.load_weights(it.model.to_torch(), it.run),
    lambda it: it.model.check(epochs=np.int64(2), batch=torch.tensor(8), weights=it.run),
    lambda it: nnspec.check(it.run),
    lambda it: it.model.evaluate(it.run, data=(FEATURES, LABELS), device=torch.device("cpu")),
    lambda it: n.evaluate("flowers.nn", weights=it.run, data={"features": FEATURES, "label": LABELS}),
    lambda it: n.predict("flowers.nn", FEATURES, weights=it.run),
    lambda it: n.predict(it.model, torch.zeros(2, 4), weights=it.state),
    lambda it: n.predict(it.session, FEATURES, batch=np.int64(3)),
    lambda it: n.predict(it.run, {"features": FEATURES.tolist()}),
    lambda it: n.Session(Path("flowers.onnx").read_bytes(), threads=np.array(1)).run({"features": FEATURES}),
    lambda it: it.model.verify("flowers.onnx", it.run, trials=np.int64(1)),
]


@pytest.mark.parametrize("call", RIGHT)
def test_an_unusual_right_call_works(scene: Scene, call: Call) -> None:
    call(scene)


def test_an_array_is_the_only_input_and_a_run_its_best_weights(scene: Scene) -> None:
    by_name = scene.model.predict(scene.state, {"features": FEATURES})
    assert (
        n.predict("flowers.nn", FEATURES, weights=scene.run)[0].label
        == scene.model.predict(scene.run, FEATURES)[0].label
    )
    assert len(scene.model.predict(scene.state, FEATURES)) == len(by_name) == 20
    arrays = {"features": torch.zeros(9, 4)}
    scene.model.export_onnx("static.onnx", scene.run, precision="int8-static", calibrate=arrays, verify=False)


def test_frames_of_pandas_are_arrays(scene: Scene) -> None:
    frames = pytest.importorskip("pandas", exc_type=ImportError)
    features, labels = frames.DataFrame(FEATURES, columns=list("abcd")), frames.Series(LABELS)
    run = scene.model.train((features, labels), runs="runs", quiet=True)
    assert len(scene.model.predict(run, features)) == 20
    assert scene.model.evaluate(run, data={"features": features, "label": labels}).samples == 20


def public() -> Iterator[tuple[str, Any]]:
    """The public functions, and those of public classes."""
    for name in nnspec.__all__:
        member = getattr(nnspec, name)
        if inspect.isclass(member) and not issubclass(member, (Record, Exception, nnspec.Callback)):
            yield from ((f"{name}.{key}", each) for key, each in inspect.getmembers(member, inspect.isfunction))
        elif inspect.isfunction(member):
            yield name, member


@pytest.mark.parametrize(("name", "function"), list(public()))
def test_every_annotation_of_an_argument_is_one_that_calls_are_held_to(name: str, function: Any) -> None:
    own = name.rpartition(".")[2]
    arguments: Mapping[str, inspect.Parameter] = inspect.signature(function).parameters
    plain = [
        each
        for each in arguments.values()
        if each.name != "self" and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if (own.startswith("_") and own != "__init__") or not plain or name == "register_layer":
        return
    assert hasattr(function, "__wrapped__"), f"{name} is not held to its annotations"
    for each in plain:
        assert kind_of(each.annotation).one, each
