"""The Open Inference Protocol: its requests, tensors and metadata, as JSON and binary.

Sources: https://github.com/kserve/open-inference-protocol, and for the extensions
https://github.com/triton-inference-server/server/tree/main/docs/protocol
"""
