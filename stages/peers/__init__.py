"""Measure OpenVINO and ONNX Runtime on the same model and cores, in turns with ours."""
