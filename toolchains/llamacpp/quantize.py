"""Makes a GGUF smaller.

stdin: a line {"source": path, "target": path, "format": "q8_0" | "q4_k_m", "threads": n}. stdout: {"code": 0} if done.
"""

import ctypes
import json
import sys

import llama_cpp

FORMATS = {"q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0, "q4_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M}


def main() -> None:
    order = json.loads(sys.stdin.readline())
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = FORMATS[order["format"]]
    parameters.nthread = order["threads"]
    code = llama_cpp.llama_model_quantize(order["source"].encode(), order["target"].encode(), ctypes.byref(parameters))
    print(json.dumps({"code": int(code)}), flush=True)


if __name__ == "__main__":
    main()
