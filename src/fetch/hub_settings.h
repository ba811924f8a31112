// What the environment says about the Hugging Face hub, by the names and rules of huggingface_hub
// (its constants.py; docs/pull.md has the table). Pure but for reading the token's file.
#pragma once

#include <string>

#include "base/env.h"
#include "base/result.h"
#include "http/url.h"

namespace hearth::fetch {

struct HubSettings {
  http::Url endpoint;      // HF_ENDPOINT; its target is a prefix without a "/" at the end, or empty
  std::string cache;       // HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, $HF_HOME/hub
  std::string token;       // HF_TOKEN, HUGGING_FACE_HUB_TOKEN, the file; empty: none
  std::string token_from;  // where it comes from, for messages
  bool offline = false;    // HF_HUB_OFFLINE, else TRANSFORMERS_OFFLINE
};

// kUsage for an endpoint that is no URL, a home that is not known, or a token with a line break in
// it.
Result<HubSettings> ReadHubSettings(const Env& env);

// 1, on, yes, true in any case.
bool IsTrue(std::string_view text);

// "~" and $NAME, ${NAME} at the beginning of or in a path, as Python's expanduser and expandvars.
std::string ExpandPath(std::string_view path, const Env& env);

}  // namespace hearth::fetch
