"""PyTorch rows of the recurrent layers."""

from __future__ import annotations

from nnspec.layers.families.recurrent import GRU, LSTM, RNN
from nnspec.to_torch.row import LayerUse, Submodule, changed, row

OPTIONS = ("nonlinearity", "bias", "batch_first", "dropout", "bidirectional", "proj_size")

BASE = '''\
class {name}(nn.{kind}):
    """{words}"""
'''
ONE_BIAS = """
    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        for name, bias in list(self.named_parameters()):
            if name.startswith("bias_hh"):
                delattr(self, name)
                self.register_buffer(name, torch.zeros_like(bias), persistent=False)
        self._init_flat_weights()
"""
PADDED = """
    def forward(self, x, lengths, state=None):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), self.batch_first, enforce_sorted=False)
        output, state = super().forward(packed, state)
        time = x.shape[1 if self.batch_first else 0]
        return nn.utils.rnn.pad_packed_sequence(output, self.batch_first, total_length=time)[0], state
"""


@row(RNN, GRU, LSTM)
def _(layer: RNN | GRU | LSTM, use: LayerUse) -> Submodule:
    sizes = (use.type_of().shape[2], layer.hidden_size, *changed(layer, "num_layers").values())
    options = changed(layer, *(name for name in OPTIONS if name in type(layer).model_fields))
    if layer.num_layers == 1:
        options.pop("dropout", None)  # it is between layers
    *states, lengths = (given is not None for given in use.types[1:])
    paired = isinstance(layer, LSTM)  # torch holds state and cell in a tuple
    given = ["({1}, {2})" if paired else "{1}"] if states[0] else []
    arguments = ", ".join(["{0}", *([f"{{{len(use.types) - 1}}}"] if lengths else []), *given])
    template = f"{{module}}({arguments})"
    results = "{0}, ({1}, {2})" if paired else None
    if layer.recurrent_bias and not lengths:
        return Submodule(f"nn.{layer.kind}", sizes, options, call=template, results=results)
    name, source = _class(layer.kind, layer.recurrent_bias, lengths)
    return Submodule(name, sizes, options, source=source, call=template, results=results)


def _class(kind: str, both_biases: bool, lengths: bool) -> tuple[str, str]:
    """The name and the source of a module that torch lacks."""
    name = "Padded" * lengths + kind + "WithOneBias" * (not both_biases)
    about = [
        "For sequences padded to one length: behind its own, each gives zeros." if lengths else "",
        "As in Keras there is one bias: `bias_hh` is zero and no parameter." if not both_biases else "",
    ]
    source = BASE.format(name=name, kind=kind, words="\n    ".join(filter(None, about)))
    return name, source + ONE_BIAS * (not both_biases) + PADDED * lengths
