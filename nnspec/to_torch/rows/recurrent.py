"""PyTorch rows of the recurrent layers."""

from __future__ import annotations

from nnspec.layers.families.recurrent import GRU, LSTM, RNN
from nnspec.to_torch.row import Call, Submodule, changed, row

OPTIONS = ("nonlinearity", "bias", "batch_first", "dropout", "bidirectional", "proj_size")

ONE_BIAS = '''\
class {kind}WithOneBias(nn.{kind}):
    """A {kind} without the second bias vector, as Keras has it: `bias_hh` is zero and no parameter."""

    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        for name, bias in list(self.named_parameters()):
            if name.startswith("bias_hh"):
                delattr(self, name)
                self.register_buffer(name, torch.zeros_like(bias), persistent=False)
        self._init_flat_weights()
'''


@row(RNN, GRU, LSTM)
def _(layer: RNN | GRU | LSTM, call: Call) -> Submodule:
    sizes = (call.type_of().shape[2], layer.hidden_size, *changed(layer, "num_layers").values())
    options = changed(layer, *(name for name in OPTIONS if name in type(layer).model_fields))
    if layer.num_layers == 1:
        options.pop("dropout", None)  # it is between layers
    given = call.types[1] is not None
    paired = isinstance(layer, LSTM)  # torch holds state and cell in a tuple
    use = "{module}({0}, ({1}, {2}))" if paired and given else None
    results = "{0}, ({1}, {2})" if paired else None
    if layer.recurrent_bias:
        return Submodule(f"nn.{layer.kind}", sizes, options, call=use, results=results)
    source = ONE_BIAS.format(kind=layer.kind)
    return Submodule(f"{layer.kind}WithOneBias", sizes, options, source=source, call=use, results=results)
