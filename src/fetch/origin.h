// Origin: where the bytes of one file come from, as requests that can be sent at any time.
//
// Any thread; implementations lock what they change.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "fetch/range_set.h"
#include "http/client.h"

namespace hearth::fetch {

struct OriginRequest {
  http::Url url;
  http::Outgoing outgoing;
  bool temporary = false;  // an address that was given out for a while, and may have expired
};

class Origin {
 public:
  Origin() = default;
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;
  virtual ~Origin() = default;

  // A GET of the file. The downloader adds the Range header (a signature need not cover it).
  virtual Result<OriginRequest> Ask() = 0;
  // The same request at the place that a redirect named. Credentials go there only when it is the
  // same server.
  virtual Result<OriginRequest> Follow(const OriginRequest& from, const http::Url& to) = 0;
  // What a redirect led to answered well: later requests may go there at once.
  virtual void Moved(const OriginRequest& /*request*/) {}
  // A temporary address was refused: the next Ask starts at the source again. False when it just
  // did.
  virtual bool Renew(const OriginRequest& /*request*/) { return false; }
  // The failure of a refusal in the source's own words; `body`: the beginning of the answer's.
  virtual Error Explain(const OriginRequest& request, const http::AnswerHead& head,
                        std::string_view body) = 0;
};

}  // namespace hearth::fetch
