// Objects in S3: one into a file, or all below a prefix into a folder.
#include <algorithm>

#include "fetch/ask.h"
#include "fetch/files.h"
#include "fetch/names.h"
#include "fetch/pull_parts.h"
#include "fetch/s3.h"
#include "fetch/s3_settings.h"

namespace hearth::fetch {
namespace {

struct Listing {
  std::vector<SourceFile> files;
  bool one_object = false;  // the key is that of an object, not of a folder
};

SourceFile AsSourceFile(S3* s3, std::string name, const std::string& key, S3Head head) {
  SourceFile out{.wanted = {std::move(name), head.size, std::move(head.checksums), head.modified},
                 .version = head.etag,
                 .etag = head.etag,
                 .origin = s3->OriginOf(key, head.etag)};
  return out;
}

std::string LastPart(const std::string& key) { return key.substr(key.rfind('/') + 1); }

class S3Pull {
 public:
  S3Pull(const S3Source& source, const PullOptions& options, S3* s3)
      : source_(source),
        options_(options),
        s3_(s3),
        web_options_(WebOptionsFor(options, CaFile(options.env, CaFor::kS3))) {}

  const WebOptions& web_options() const { return web_options_; }

  Result<Listing> List() {
    Web web(web_options_);
    const bool folder = source_.key.empty() || source_.key.ends_with('/');
    if (!folder) {
      auto head = s3_->Head(&web, source_.key, &forbidden_);
      if (!head) return Forward(head);
      if (*head) return One(**std::move(head));
    }
    return Below(&web, folder ? source_.key : source_.key + "/");
  }

 private:
  Result<Listing> One(S3Head head) {
    Listing out;
    const std::string name = LastPart(source_.key);
    if (Status sound = CheckName(name); !sound) return Forward(sound);
    out.one_object = true;
    out.files.push_back(AsSourceFile(s3_, name, source_.key, std::move(head)));
    return AddGivenSums(std::move(out));
  }

  Result<Listing> Below(Web* web, const std::string& prefix) {
    auto objects = s3_->List(web, prefix);
    if (!objects) return Forward(objects);
    std::vector<std::string> names;
    for (const S3Object& object : *objects) {
      if (!object.key.starts_with(prefix)) {
        return Fail(Code::kCorrupt, "S3 lists \"{:.200}\", which is not below \"{}\"", object.key,
                    prefix);
      }
      std::string name = object.key.substr(prefix.size());
      if (name.empty() || name.ends_with('/')) continue;  // how consoles mark folders
      names.push_back(std::move(name));
    }
    if (names.empty()) {
      return Fail(Code::kNotFound, "there is neither an object nor anything below s3://{}/{}{}",
                  source_.bucket, source_.key,
                  forbidden_ ? ", or it may not be read (S3 answers 403)" : "");
    }
    auto selected = SelectNames(options_, names);
    if (!selected) return Forward(selected);
    return Heads(prefix, *selected);
  }

  // What the listing does not say: checksums.
  Result<Listing> Heads(const std::string& prefix, const std::vector<std::string>& names) {
    Listing out;
    out.files.resize(names.size());
    Status all = ForEach(names.size(), options_.connections, web_options_,
                         [&](Web* one_web, size_t i) -> Status {
                           const std::string key = prefix + names[i];
                           bool forbidden = false;
                           auto head = s3_->Head(one_web, key, &forbidden);
                           if (!head) return Forward(head);
                           if (!*head) {
                             return Fail(Code::kUnauthorized,
                                         "S3 lists s3://{}/{} but refuses to say more of it: check "
                                         "the right s3:GetObject",
                                         source_.bucket, key);
                           }
                           out.files[i] = AsSourceFile(s3_, names[i], key, **std::move(head));
                           return {};
                         });
    if (!all) return Forward(all);
    return AddGivenSums(std::move(out));
  }

  Result<Listing> AddGivenSums(Listing listing) {
    std::vector<WantedFile*> wanted;
    wanted.reserve(listing.files.size());
    for (SourceFile& file : listing.files) wanted.push_back(&file.wanted);
    if (Status added = AddSha256(options_, wanted); !added) return Forward(added);
    return listing;
  }

  const S3Source& source_;
  const PullOptions& options_;
  S3* s3_;
  const WebOptions web_options_;
  bool forbidden_ = false;  // the object itself, if there is one
};

}  // namespace

Result<std::string> S3Revision(const S3Source& source, const PullOptions& options) {
  auto settings = ReadS3Settings(source.bucket, options);
  if (!settings) return Forward(settings);
  S3 s3(*std::move(settings));
  auto listing = S3Pull(source, options, &s3).List();
  if (!listing) return Forward(listing);
  return RevisionOf(listing->files);
}

Result<Pulled> PullS3(const S3Source& source, const PullOptions& options) {
  auto settings = ReadS3Settings(source.bucket, options);
  if (!settings) return Forward(settings);
  S3 s3(*std::move(settings));
  S3Pull pull(source, options, &s3);
  auto listing = pull.List();
  if (!listing) return Forward(listing);
  if (listing->one_object && !options.output.ends_with('/') && !IsFolder(options.output)) {
    return BringToFile(options, pull.web_options(), std::move(listing->files.front()),
                       options.output);
  }
  return BringToFolder(options, pull.web_options(), std::move(listing->files), options.output);
}

}  // namespace hearth::fetch
