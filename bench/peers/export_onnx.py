#!/usr/bin/env python3
"""Writes the model folder's encoder as an ONNX file (f32, opset 17, free batch and length), from the same weights.

    build/bench-venvs/seed/bin/python bench/peers/export_onnx.py models/all-MiniLM-L6-v2 build/bench-models/model.onnx
"""

import os
import sys

import torch
import transformers


class LastHiddenState(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        output = self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return output.last_hidden_state


def main():
    folder, target = sys.argv[1:]
    model = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    ids = torch.ones((2, 7), dtype=torch.int64)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    free = {0: "batch", 1: "length"}
    temporary = target + ".tmp"
    with torch.no_grad():
        torch.onnx.export(
            LastHiddenState(model), (ids, torch.ones_like(ids), torch.zeros_like(ids)), temporary,
            input_names=names, output_names=["last_hidden_state"], opset_version=17, dynamo=False,
            dynamic_axes={name: free for name in [*names, "last_hidden_state"]},
        )
    os.replace(temporary, target)


if __name__ == "__main__":
    main()
