"""Makes a model folder with random weights, as large as asked, to measure how large models load.

    .venv/bin/python tools/make_random_bert.py --gigabytes 3 build/bench-models/random-3g

A BERT as sentence-transformers keeps it: f32 safetensors, mean pooling. The tokenizer is copied from a folder that is there
(models/all-MiniLM-L6-v2). Deterministic: the same arguments give the same bytes. One tensor is in memory at a time. The folder
appears whole, under its final name, or not at all.
"""
import argparse
import json
import pathlib
import shutil
import struct
import sys

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json")
MAX_POSITIONS = 512
SLICE_ROWS = 4096  # of a tensor, made and written at a time


def tensors(hidden, layers, vocabulary):
    """(name, shape, kind) in the order of the file; kind says what the values are like."""
    inner = 4 * hidden
    yield "embeddings.word_embeddings.weight", (vocabulary, hidden), "matrix"
    yield "embeddings.position_embeddings.weight", (MAX_POSITIONS, hidden), "matrix"
    yield "embeddings.token_type_embeddings.weight", (2, hidden), "matrix"
    yield "embeddings.LayerNorm.weight", (hidden,), "one"
    yield "embeddings.LayerNorm.bias", (hidden,), "zero"
    for i in range(layers):
        at = f"encoder.layer.{i}."
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            yield f"{at}{part}.weight", (hidden, hidden), "matrix"
            yield f"{at}{part}.bias", (hidden,), "zero"
        yield f"{at}attention.output.LayerNorm.weight", (hidden,), "one"
        yield f"{at}attention.output.LayerNorm.bias", (hidden,), "zero"
        yield f"{at}intermediate.dense.weight", (inner, hidden), "matrix"
        yield f"{at}intermediate.dense.bias", (inner,), "zero"
        yield f"{at}output.dense.weight", (hidden, inner), "matrix"
        yield f"{at}output.dense.bias", (hidden,), "zero"
        yield f"{at}output.LayerNorm.weight", (hidden,), "one"
        yield f"{at}output.LayerNorm.bias", (hidden,), "zero"


def size_of(plan):
    return sum(4 * int(numpy.prod(shape)) for _, shape, _ in plan)


def write_weights(path, plan, seed):
    header, offset = {}, 0
    for name, shape, _ in plan:
        size = 4 * int(numpy.prod(shape))
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    random = numpy.random.Generator(numpy.random.PCG64(seed))
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, shape, kind in plan:
            if kind != "matrix":
                file.write(numpy.full(shape, kind == "one", "<f4").tobytes())
                continue
            for begin in range(0, shape[0], SLICE_ROWS):
                rows = min(SLICE_ROWS, shape[0] - begin)
                part = random.standard_normal((rows, *shape[1:]), "f4")
                part *= numpy.float32(0.02)
                file.write(part.astype("<f4", copy=False).data)


def write_configuration(folder, hidden, layers, vocabulary):
    values = {
        "config.json": {
            "architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "hidden_size": hidden,
            "intermediate_size": 4 * hidden, "num_hidden_layers": layers, "num_attention_heads": hidden // 64,
            "vocab_size": vocabulary, "max_position_embeddings": MAX_POSITIONS, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
            "position_embedding_type": "absolute", "pad_token_id": 0, "torch_dtype": "float32",
            "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "initializer_range": 0.02},
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}],
        "sentence_bert_config.json": {"max_seq_length": 256, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": hidden, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False}}
    for name, value in values.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(value, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--gigabytes", type=float, default=3.0, help="of weights, at least (10^9 bytes)")
    parser.add_argument("--hidden", type=int, default=1024, help="a multiple of 64")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tokenizer", type=pathlib.Path, default=ROOT / "models/all-MiniLM-L6-v2")
    arguments = parser.parse_args()
    if arguments.hidden < 64 or arguments.hidden % 64 or arguments.gigabytes <= 0:
        parser.error("--hidden must be a multiple of 64, --gigabytes above 0")
    if arguments.folder.exists():
        parser.error(f"{arguments.folder} exists already")
    vocabulary = sum(1 for _ in (arguments.tokenizer / "vocab.txt").open("rb"))
    layers = 1
    while size_of(list(tensors(arguments.hidden, layers, vocabulary))) < arguments.gigabytes * 1e9:
        layers += 1
    plan = list(tensors(arguments.hidden, layers, vocabulary))
    partial = arguments.folder.with_name(arguments.folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for name in TOKENIZER_FILES:
            shutil.copyfile(arguments.tokenizer / name, partial / name)
        write_configuration(partial, arguments.hidden, layers, vocabulary)
        write_weights(partial / "model.safetensors", plan, arguments.seed)
        partial.rename(arguments.folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    print(f"{arguments.folder}: {layers} layers of {arguments.hidden}, {size_of(plan):,} bytes of weights")
    return 0


if __name__ == "__main__":
    sys.exit(main())
