"""`nnspec explain` and `nnspec show`."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from nnspec.cli.main import main
from nnspec.explain import contents, mistakes
from nnspec.layers import registry


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_every_code_belongs_to_one_mistake_and_has_a_page():
    found = subprocess.run(
        [sys.executable, "-c", """
import importlib, pkgutil, nnspec
from nnspec.diagnostics import Diagnostic
for module in pkgutil.walk_packages(nnspec.__path__, "nnspec."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
def below(cls):
    for sub in cls.__subclasses__():
        yield sub
        yield from below(sub)
for cls in below(Diagnostic):
    if cls.code:
        print(cls.code, cls.__name__)
"""],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    codes, names = found[::2], found[1::2]
    assert sorted(codes) == sorted(set(codes))
    assert {page.code: page.name for page in mistakes().values()} == dict(zip(codes, names, strict=True))
    assert all(len(page.text) > 30 for page in mistakes().values())


def test_the_page_of_a_code():
    code, out, _ = run("explain", "e0203")
    assert code == 0
    assert out.startswith("error E0203: MergeMismatch\n\nThe branches that are added, multiplied or concatenated")


def test_the_page_of_a_layer_has_its_signature_its_words_and_examples():
    code, out, _ = run("explain", "LeakyReLU")
    assert code == 0
    assert (
        out
        == """\
LeakyReLU(negative_slope = 0.01)

The rectifier with a slope below zero: x where x > 0, else negative_slope * x.

Shapes: any. Source: torch.nn.LeakyReLU.

Also written: leaky_relu(...)

Examples:
  LeakyReLU    # on float[N, 3, H, W]
  LeakyReLU(0.2)    # on float[N, 3, H, W]
  leaky_relu(a, 0.3)    # on float[N, 3, H, W]
"""
    )


@pytest.mark.parametrize(("word", "layer"), [("softmax", "Softmax"), ("@", "MatMul"), ("Concat", "Concat")])
def test_functions_operators_and_merges_lead_to_their_layer(word, layer):
    assert run("explain", word)[1].startswith(f"{layer}(")


def test_an_unknown_word_suggests_the_nearest():
    code, _, err = run("explain", "Conv2D")
    assert code == 1
    assert err == (
        "error[E0503]: there is no code, word, layer or function called Conv2D\n  = help: did you mean Conv2d?\n"
    )


def test_an_unknown_word_leads_to_the_pages_that_speak_of_it():
    code, _, err = run("explain", "class_weight")
    assert code == 1
    assert err.endswith("  = help: pages that speak of it: balanced, CrossEntropyLoss\n")
    assert run("explain", "multiply-accumulates")[2].endswith(
        "did you mean accumulate?; pages that speak of it: Einsum\n"
    )


def test_without_a_word_everything_is_listed():
    text = contents()
    assert run("explain") == (0, text + "\n", "")
    assert all(f"  {code}  " in text for code in mistakes())
    assert all(name in text for name in registry.names())


def test_show_prints_a_spec_as_it_is(tmp_path):
    path = tmp_path / "a.nn"
    path.write_text("# one\nmodel A {\n  input x: float[N, 4]\n  Linear(3)  # two\n}\n")
    assert run("show", str(path)) == (0, path.read_text(), "")


def test_show_knows_the_zoo_and_what_is_not_there(tmp_path):
    code, out, _ = run("show", "zoo/lenet5.nn")
    assert code == 0
    assert "model LeNet5(" in out
    code, _, err = run("show", str(tmp_path))
    assert code == 1
    assert "it is a folder" in err


def test_show_keeps_what_would_act_on_a_terminal_from_it(tmp_path):
    path = tmp_path / "a.nn"
    path.write_text("# \x1b[31mred\nmodel A { input x: float[N]\n ReLU }\n")
    assert "\x1b" not in run("show", str(path))[1]
