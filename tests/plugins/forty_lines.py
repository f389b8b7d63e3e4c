"""A layer, a metric, a data set and a callback of one's own."""
from nnspec import plugin as nn


@nn.register_layer
class Swish(nn.Activation):
    """x * sigmoid(beta * x)."""
    by_position, function = ("beta",), "swish"
    examples = (nn.Example("Swish"), nn.Example("swish(a, beta = 2.0)"))
    beta: float = 1.0
@nn.register_torch_row(Swish)
def _(layer, use):
    return f"{use.inputs[0]} * torch.sigmoid({layer.beta} * {use.inputs[0]})"
@nn.register_onnx_row(Swish)
def _(layer, use, graph):
    x = use.inputs[0]
    return graph.node("Mul", [x, graph.node("Sigmoid", [graph.node("Mul", [x, graph.constant(layer.beta)])])])
@nn.register_layer
class Worst(nn.Layer):
    """The largest error of all."""
    inputs, function, better = ("input", "target"), "worst", "lower"
    examples = (nn.Example("worst(a, b)", ("float[N]", "float[N]")),)
    def infer(self, input, target):
        return nn.TensorType("float", ())
@nn.register_torch_row(Worst)
def _(layer, use):
    return f"({use.inputs[0]} - {use.inputs[1]}).abs().max()"
nn.register_no_onnx_row("it judges a model, and is none", Worst)
class Waves(nn.Data, word="waves"):
    """Points of a sine with noise: fields `x` and `y`, both [N, 1]."""
    noise: float = 0.1
@nn.register_data(Waves)
def _(choice, place):
    import torch
    x = torch.linspace(-3, 3, 200)[:, None]
    return {"x": x, "y": x.sin() + choice.noise * torch.randn(200, 1, generator=torch.Generator().manual_seed(0))}
@nn.register_callback("diary")
class Diary(nn.Callback):
    def epoch(self, run, row):
        (run.folder / "diary.txt").open("a").write(f"epoch {row['epoch']}: worst {row['worst']:.3f}\n")
