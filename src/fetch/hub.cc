#include "fetch/hub.h"

#include <algorithm>
#include <utility>

#include "aws/canonical.h"
#include "base/mutex.h"
#include "fetch/answer_check.h"
#include "fetch/ask.h"
#include "fetch/names.h"
#include "fetch/redirect.h"

namespace hearth::fetch {
namespace {

constexpr size_t kFilesMax = 100'000;

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

http::Outgoing WithToken(const HubSettings& settings, const http::Url& url, const char* method) {
  http::Outgoing out;
  out.method = method;
  out.headers.emplace_back("User-Agent", "hearth");
  if (!settings.token.empty() && SameServer(url, settings.endpoint)) {
    out.headers.emplace_back("Authorization", "Bearer " + settings.token);
  }
  return out;
}

// The file's address at the hub, or where the hub said that it lies until that expires.
class HubOrigin final : public Origin {
 public:
  HubOrigin(const HubSettings& settings, std::string repository, http::Url url,
            std::optional<http::Url> storage)
      : settings_(settings),
        repository_(std::move(repository)),
        url_(std::move(url)),
        storage_(std::move(storage)) {}

  Result<OriginRequest> Ask() override {
    const MutexLock lock(mutex_);
    return At(storage_ ? *storage_ : url_);
  }

  Result<OriginRequest> Follow(const OriginRequest& /*from*/, const http::Url& to) override {
    return At(to);
  }

  void Moved(const OriginRequest& request) override {
    const MutexLock lock(mutex_);
    storage_ = request.url;
  }

  bool Renew(const OriginRequest& request) override {
    const MutexLock lock(mutex_);
    // Another thread may have renewed it meanwhile: then its address is tried next.
    if (storage_ && storage_->target == request.url.target) storage_.reset();
    return true;
  }

  Error Explain(const OriginRequest& request, const http::AnswerHead& head,
                std::string_view /*body*/) override {
    if (SameServer(request.url, settings_.endpoint)) {
      return ExplainHub(settings_, repository_, head);
    }
    Error error = StatusError(head);
    error.message += fmt::format(" (the hub's storage, {})", request.url.Authority());
    return error;
  }

 private:
  OriginRequest At(const http::Url& url) {
    return {url, WithToken(settings_, url, "GET"),
            url.target != url_.target || !SameServer(url, url_)};
  }

  const HubSettings& settings_;
  const std::string repository_;
  const http::Url url_;
  Mutex mutex_;
  std::optional<http::Url> storage_ HEARTH_GUARDED_BY(mutex_);
};

}  // namespace

Error ExplainHub(const HubSettings& settings, const std::string& repository,
                 const http::AnswerHead& head) {
  Error error = StatusError(head);
  const std::string_view code = head.Header("X-Error-Code");
  const std::string_view said = head.Header("X-Error-Message");
  const std::string where = settings.endpoint.Authority();
  const std::string token =
      settings.token.empty()
          ? "set HF_TOKEN (or run `hf auth login`)"
          : fmt::format("check that the token in {} may read it", settings.token_from);
  if (code == "RevisionNotFound") {
    error.message = fmt::format("{} has no such revision of {}", where, repository);
  } else if (code == "EntryNotFound") {
    error.message = fmt::format("{} has no such file in {}", where, repository);
  } else if (code == "GatedRepo") {
    error.message = fmt::format("{} is gated: ask for access on its page at {}, then {}",
                                repository, where, token);
  } else if (head.status == 401 && said == "Invalid credentials in Authorization header") {
    error.message = fmt::format("{} does not accept the token in {}", where, settings.token_from);
  } else if (code == "RepoNotFound" || head.status == 401 || head.status == 404) {
    error.message = fmt::format("{} has no model {}, or it is private: check the name, or {}",
                                where, repository, token);
  } else if (head.status == 403) {
    error.message = fmt::format("{} refuses {}: {}", where, repository, token);
  } else {
    error.message = fmt::format("{} answers {}", where, head.status);
  }
  if (!said.empty() && code != "RepoNotFound") {
    std::string clean;
    for (const char c : said.substr(0, 200)) clean += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    error.message += fmt::format(" (\"{}\")", clean);
  }
  return error;
}

http::Url Hub::At(const std::string& path) const {
  http::Url url = settings_.endpoint;
  url.target += path;
  return url;
}

// Redirects are followed here, but for those of HEAD that already say what is asked.
Result<http::Answer> Hub::Ask(Web* web, const http::Url& url, const char* method) const {
  http::Url at = url;
  for (int hop = 0; hop <= kRedirectsMax; ++hop) {
    http::Outgoing request = WithToken(settings_, at, method);
    request.headers.emplace_back("Accept-Encoding", "identity");
    auto answer = AskUntilAnswered(web, at.Authority(), [&] { return web->Ask(at, request); });
    if (!answer) return answer;
    const bool enough = !answer->Header("X-Linked-Etag").empty();
    if (!IsRedirect(answer->status) || enough) return answer;
    auto next = NextHop(at, answer->Header("Location"));
    if (!next) return Forward(next);
    at = *std::move(next);
  }
  return Fail(Code::kIo, "{} redirects more than {} times", url.Authority(), kRedirectsMax);
}

Result<std::string> Hub::Commit(Web* web, const std::string& revision) const {
  auto answer = Ask(
      web, At(fmt::format("/api/models/{}/revision/{}", repository_, aws::PercentEncode(revision))),
      "GET");
  if (!answer) return Forward(answer);
  if (answer->status != 200) {
    return tl::unexpected<Error>(
        ExplainHub(settings_, repository_, {answer->status, answer->headers, std::nullopt}));
  }
  return ReadCommit(answer->body);
}

Result<std::vector<HubFile>> Hub::Files(Web* web, const std::string& commit) const {
  std::vector<HubFile> out;
  http::Url at = At(fmt::format("/api/models/{}/tree/{}?recursive=true", repository_, commit));
  while (true) {
    auto answer = Ask(web, at, "GET");
    if (!answer) return Forward(answer);
    if (answer->status != 200) {
      return tl::unexpected<Error>(
          ExplainHub(settings_, repository_, {answer->status, answer->headers, std::nullopt}));
    }
    auto page = ReadTree(answer->body);
    if (!page) return Forward(page);
    std::ranges::move(*page, std::back_inserter(out));
    const auto link = NextPage(answer->Header("Link"));
    if (!link) return out;
    if (page->empty() || out.size() > kFilesMax) {
      return Fail(Code::kCorrupt, "the hub's listing of {} does not end", repository_);
    }
    auto next = NextHop(at, *link);
    if (!next) return Forward(next);
    if (!SameServer(*next, settings_.endpoint)) {
      return Fail(Code::kCorrupt, "the hub's listing of {} goes on at another server, {}",
                  repository_, next->Authority());
    }
    at = *std::move(next);
  }
}

Result<Hub::Place> Hub::Locate(Web* web, const std::string& commit, const std::string& name) const {
  const http::Url url =
      At(fmt::format("/{}/resolve/{}/{}", repository_, commit, aws::PercentEncode(name, "/")));
  auto answer = Ask(web, url, "HEAD");
  if (!answer) return Forward(answer);
  if (answer->status >= 400) {
    Error error = ExplainHub(settings_, repository_, {answer->status, answer->headers, {}});
    error.message = fmt::format("cannot bring \"{}\": {}", name, error.message);
    return tl::unexpected<Error>(std::move(error));
  }
  const std::string_view at_commit = answer->Header("X-Repo-Commit");
  if (!at_commit.empty() && at_commit != commit) {
    return Fail(Code::kCorrupt,
                "the hub answers with commit {:.40} of \"{}\" where {} was asked for", at_commit,
                name, commit);
  }
  Place place;
  const std::string_view linked = answer->Header("X-Linked-Etag");
  place.etag = NormalizeEtag(linked.empty() ? answer->Header("ETag") : linked);
  if (IsRedirect(answer->status)) {
    auto storage = NextHop(url, answer->Header("Location"));
    if (!storage) return Forward(storage);
    place.storage = *std::move(storage);
  }
  return place;
}

std::unique_ptr<Origin> Hub::OriginOf(const std::string& commit, const std::string& name,
                                      std::optional<http::Url> storage) const {
  return std::make_unique<HubOrigin>(
      settings_, repository_,
      At(fmt::format("/{}/resolve/{}/{}", repository_, commit, aws::PercentEncode(name, "/"))),
      std::move(storage));
}

}  // namespace hearth::fetch
