// MappedFile::Populate: from a mapped range to resident pages.
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <vector>

#include "base/mapped_file.h"

namespace hearth {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kSlice = size_t{4} << 20;
// A shorter range is populated by the caller alone: starting threads would cost a small model more
// than they save.
constexpr size_t kAloneMax = size_t{64} << 20;
// Slices in flight, as threads that mostly wait for the storage.
constexpr int kReaders = 16;

int TouchPages(const std::byte* begin, size_t length) {
  for (size_t at = 0; at < length; at += kPage) {
    static_cast<void>(*static_cast<const volatile std::byte*>(begin + at));
  }
  return 0;
}

// 0, or errno.
int PopulateSlice(const std::byte* begin, size_t length) {
  void* start = const_cast<std::byte*>(begin);
  int rc = 0;
  do {
    rc = ::madvise(start, length, MADV_POPULATE_READ);
  } while (rc != 0 && errno == EINTR);
  if (rc == 0) return 0;
  return errno == EINVAL ? TouchPages(begin, length) : errno;
}

// Takes slices off one range until none is left or one has failed. Shared by the readers.
struct SlicedRange {
  const std::byte* begin;
  size_t length;
  // With this advice the kernel fills the page cache 2 MiB at a time, in folios that it maps whole
  // afterwards. Measured for 3 GB: cold 1.3 s instead of 1.7 to 1.9 with MADV_WILLNEED, which makes
  // small folios, and then warm 4 ms instead of 400 to 1000.
  bool huge = ::madvise(const_cast<std::byte*>(begin), length, MADV_HUGEPAGE) == 0;
  std::atomic<size_t> next{0};
  std::atomic<size_t> done{0};
  std::atomic<int> error{0};

  bool PopulateNext() {
    const size_t at = next.fetch_add(kSlice, std::memory_order_relaxed);
    if (at >= length || error.load(std::memory_order_relaxed) != 0) return false;
    const size_t size = std::min(kSlice, length - at);
    // Asks for the whole slice at once: populating alone goes by the kernel's small read-ahead.
    if (!huge) ::madvise(const_cast<std::byte*>(begin + at), size, MADV_WILLNEED);
    if (const int failed = PopulateSlice(begin + at, size); failed != 0) {
      error.store(failed, std::memory_order_relaxed);
      return false;
    }
    done.fetch_add(size, std::memory_order_relaxed);
    return true;
  }
};

int PopulateByMany(SlicedRange& range, const std::function<void(size_t)>& on_progress) {
  std::vector<std::thread> readers;
  for (int i = 1; i < kReaders; ++i) {
    try {
      readers.emplace_back([&range] {
        while (range.PopulateNext()) {
        }
      });
    } catch (const std::system_error&) {  // a limit on threads: fewer do it too
      break;
    }
  }
  while (range.PopulateNext()) {
    if (on_progress) on_progress(range.done.load(std::memory_order_relaxed));
  }
  for (std::thread& reader : readers) reader.join();
  return range.error.load(std::memory_order_relaxed);
}

}  // namespace

Status MappedFile::Populate(size_t offset, size_t length,
                            const std::function<void(size_t bytes)>& on_progress) const {
  if (offset >= size_ || length == 0) return {};
  const size_t begin = offset / kPage * kPage;
  const size_t end = std::min(size_, offset + length);
  int error = 0;
  if (end - begin <= kAloneMax) {
    error = PopulateSlice(data_ + begin, end - begin);
  } else {
    SlicedRange range{.begin = data_ + begin, .length = end - begin};
    error = PopulateByMany(range, on_progress);
  }
  if (error == EFAULT) {
    return Fail(Code::kIo,
                "cannot read the model file into memory: it became shorter meanwhile, or its "
                "storage failed; replace packed files by rename, never in place");
  }
  if (error != 0) {
    return Fail(Code::kIo, "cannot read the model file into memory: {}", std::strerror(error));
  }
  if (on_progress) on_progress(end - begin);
  return {};
}

}  // namespace hearth
