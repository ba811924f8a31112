#!/usr/bin/env python3
"""Converts the ONNX file to OpenVINO's own form, in f32 (nothing is compressed to f16).

    build/bench-venvs/openvino/bin/python bench/peers/convert_openvino.py build/bench-models/model.onnx build/bench-models/model.xml
"""

import sys

import openvino

if __name__ == "__main__":
    source, target = sys.argv[1:]
    openvino.save_model(openvino.convert_model(source), target, compress_to_fp16=False)
