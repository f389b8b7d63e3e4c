"""Operators that no layer says, with the reason for each."""

from nnspec.importing.from_onnx.operators.row import COMPUTED, refuse

refuse("it holds integers in place of floats: export the model without quantising it",
       ["com.microsoft.GatherBlockQuantized"])  # fmt: skip
refuse("how large its result is depends on the data",
       ["NonZero", "Compress", "Unique", "NonMaxSuppression"])  # fmt: skip
refuse("its value is a text, or is stored as few numbers among zeros", ["Constant"])
refuse("it works on texts, and a spec computes with numbers",
       ["StringConcat", "StringNormalizer", "StringSplit", "RegexFullMatch", "TfIdfVectorizer"])  # fmt: skip
refuse("which of its graphs runs depends on the data: export the model with the condition as a constant", ["If"])
refuse("it works on the bits of numbers",
       ["BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "BitCast"])  # fmt: skip
refuse("no layer samples a picture so",
       ["RoiAlign", "MaxRoiPool", "DeformConv", "MaxUnpool", "ImageDecoder"])  # fmt: skip
COMPUTED |= {"BlackmanWindow", "HammingWindow", "HannWindow", "MelWeightMatrix"}
refuse("its numbers are computed from data", COMPUTED)
refuse("no layer has it",
       ["Det", "Multinomial", "ai.onnx.preview.FlexAttention"])  # fmt: skip
refuse(
    "it belongs to training",
    ["ai.onnx.preview.training." + each for each in ("Adagrad", "Adam", "Gradient", "Momentum")],
)
refuse("it is classical machine learning, and no neural network",
       ["ai.onnx.ml." + each for each in (
           "CastMap CategoryMapper DictVectorizer LabelEncoder LinearClassifier OneHotEncoder SVMClassifier "
           "SVMRegressor TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor ZipMap").split()])  # fmt: skip
