// Which files of a listing are brought, and whether their names may be written to a disk. Pure.
//
// A listing comes from a server and is hostile: a name must not lead out of the folder that it is
// written to, nor be in another's way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::fetch {

// kCorrupt, quoting `name` (escaped), for what cannot be a file inside a folder: empty, absolute,
// with a part that is empty, "." or "..", a backslash, a control character or NUL, a part over 200
// bytes or more than 1024 in all, and for the names that pulling itself uses.
Status CheckName(std::string_view name);

// CheckName of all, and none twice, and none a folder that another file is in.
Status CheckNames(const std::vector<std::string>& names);

// The files that `hearth pack` and `hearth serve` read: config.json, the tokenizer's, modules.json
// and what it names, *.safetensors, *.hearth, at the top or in one module's folder (1_Pooling/).
// Not the same weights in other formats (pytorch_model.bin, onnx/, openvino/).
bool IsModelFile(std::string_view name);

// Whether `name` is wanted: IsModelFile when there are no globs, else whether one of them matches
// (`*` also matches "/", a glob that ends in "/" means all below it).
bool Selected(std::string_view name, const std::vector<std::string>& globs);

}  // namespace hearth::fetch
