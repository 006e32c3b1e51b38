"""Kinds of ops that several modules look for, by the names of their ops."""

VARIABLE_OPS = ("Variable", "VariableV2", "VarHandleOp")
BATCH_NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
SELECTS = ("Select", "SelectV2")
