"""Peers: OpenVINO and ONNX Runtime on the same model and cores, interleaved with ours."""
