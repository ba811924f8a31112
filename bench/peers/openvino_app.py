"""OpenVINO behind the seed's API.

Environment: MODEL (the folder, for its tokenizer), OPENVINO_IR (the model.xml), OPENVINO_PRECISION: f32, or "default" for
what OpenVINO takes by itself, which is bf16 arithmetic on processors that have it.
"""

import os

import openvino

from embedding_app import make_app

_settings = {"PERFORMANCE_HINT": "LATENCY"}
if os.environ["OPENVINO_PRECISION"] != "default":
    _settings["INFERENCE_PRECISION_HINT"] = os.environ["OPENVINO_PRECISION"]
_compiled = openvino.Core().compile_model(os.environ["OPENVINO_IR"], "CPU", _settings)
_request = _compiled.create_infer_request()


def _engine(ids, mask, types):
    result = _request.infer({"input_ids": ids, "attention_mask": mask, "token_type_ids": types}, share_outputs=True)
    return result["last_hidden_state"]


app = make_app(_engine)
