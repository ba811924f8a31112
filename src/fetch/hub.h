// The Hugging Face hub: which commit a revision is, what is in it, and the addresses of its files.
//
// What is asked (huggingface_hub's hf_api.py and file_download.py):
//   GET  /api/models/{repository}/revision/{revision}          the commit
//   GET  /api/models/{repository}/tree/{commit}?recursive=true the files, page by page
//   HEAD /{repository}/resolve/{commit}/{name}                 ETag, size, where it lies
// The token goes to the endpoint's server only, not to where it redirects.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "fetch/hub_json.h"
#include "fetch/hub_settings.h"
#include "fetch/origin.h"
#include "fetch/web.h"

namespace hearth::fetch {

class Hub {
 public:
  // Both outlive it. Stateless: any thread, each with its own Web.
  Hub(const HubSettings& settings, std::string repository)
      : settings_(settings), repository_(std::move(repository)) {}

  // Failures: kUnauthorized, kNotFound with the hub's own reason in one sentence, kCorrupt, and
  // those of web.h.
  Result<std::string> Commit(Web* web, const std::string& revision) const;
  Result<std::vector<HubFile>> Files(Web* web, const std::string& commit) const;

  struct Place {
    std::string etag;                  // normalised
    std::optional<http::Url> storage;  // where the bytes lie, for a while
  };
  Result<Place> Locate(Web* web, const std::string& commit, const std::string& name) const;

  std::unique_ptr<Origin> OriginOf(const std::string& commit, const std::string& name,
                                   std::optional<http::Url> storage) const;

 private:
  Result<http::Answer> Ask(Web* web, const http::Url& url, const char* method) const;
  http::Url At(const std::string& path) const;

  const HubSettings& settings_;
  const std::string repository_;
};

// The sentence for a refusal: gated, private, absent, a wrong token.
Error ExplainHub(const HubSettings& settings, const std::string& repository,
                 const http::AnswerHead& head);

}  // namespace hearth::fetch
