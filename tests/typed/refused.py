"""Refused by type checkers: keys of a recipe that there are not, values of other types, names not offered."""

import nnspec

model = nnspec.load("lenet5")
model.train(epocs=3)
model.train(epochs="three")
model.train(precision="float8")
nnspec.lod("lenet5")
