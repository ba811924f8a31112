// Where Hugging Face libraries look for models: huggingface_hub's environment variables. Pure.
#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <string_view>

namespace hearth::doctor {

// The first that is set wins; HF_HOME and XDG_CACHE_HOME name the folder above.
inline constexpr std::array<std::string_view, 6> kCacheVariables = {
    "HF_HUB_CACHE",       "HUGGINGFACE_HUB_CACHE",      "HF_HOME",
    "TRANSFORMERS_CACHE", "SENTENCE_TRANSFORMERS_HOME", "XDG_CACHE_HOME"};

bool NamesCache(std::string_view variable);

// Of an image's Config, as Docker has it: one of Env is such a variable.
bool ImageNamesCache(const boost::json::object& config);

// "", "0", "root", "0:0", "root:root".
bool IsRoot(std::string_view user);

}  // namespace hearth::doctor
