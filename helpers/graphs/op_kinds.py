"""Kinds of ops that several modules look for, by the names of their ops."""

VARIABLE_OPS = ("Variable", "VariableV2", "VarHandleOp")
BATCH_NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
SELECTS = ("Select", "SelectV2")
DIFFERENCES = ("Sub", "SquaredDifference")
DECISIONS = (  # ops that turn probabilities into decisions
    *("ArgMax", "ArgMin", "TopK", "TopKV2", "Round", "Rint", "Greater", "GreaterEqual"),
    *("CTCGreedyDecoder", "CTCBeamSearchDecoder", "Multinomial", "InTopK", "InTopKV2"),
    *("Less", "LessEqual", "Equal", "NotEqual", "Sign", "IsFinite", "IsNan", "IsInf"),
)
