"""ONNX Runtime behind the seed's API. Environment: MODEL (the folder, for its tokenizer), ONNX (the model file)."""

import os

import onnxruntime

from embedding_app import make_app

_session = onnxruntime.InferenceSession(os.environ["ONNX"], providers=["CPUExecutionProvider"])


def _engine(ids, mask, types):
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
    return _session.run(["last_hidden_state"], inputs)[0]


app = make_app(_engine)
