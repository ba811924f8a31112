// Any bytes as a safetensors file: refused, or every tensor can be read to its end.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto tensors = hearth::model::ParseSafeTensors(std::as_bytes(std::span(data, size)));
  if (!tensors) return 0;
  std::vector<float> values;
  for (const auto& [name, tensor] : *tensors) {
    if (tensor.type == hearth::model::StoredType::kOther) continue;
    const size_t element = tensor.type == hearth::model::StoredType::kF32 ? 4 : 2;
    values.resize(tensor.bytes.size() / element);
    tensor.Read(0, values);
  }
  return 0;
}
