#pragma once

#include <c10/util/Exception.h>

#include <algorithm>
#include <cstdint>
#include <functional>

namespace gluesweep::training {

/// How many points fit in a device's memory at a time, as far as it was found out: halved when they did not,
/// and remembered.
class Batches {
 public:
  /// Calls `train(first, count)` for batches of at most `size` points that make up `points`, in order. A
  /// batch that runs out of device memory is tried again at half its size, as are those after it; if even one
  /// point does not fit, the error passes through. `train` must leave nothing behind when it throws.
  void run(std::int64_t points, std::int64_t size,
           const std::function<void(std::int64_t first, std::int64_t count)>& train) {
    for (std::int64_t first = 0; first < points;) {
      const std::int64_t count = std::min({size, points - first, limit_ > 0 ? limit_ : size});
      try {
        train(first, count);
        first += count;
      } catch (const c10::OutOfMemoryError&) {
        if (count == 1) throw;
        limit_ = count / 2;
      }
    }
  }

  std::int64_t limit() const { return limit_; }  ///< 0: everything fitted so far

 private:
  std::int64_t limit_ = 0;
};

}  // namespace gluesweep::training
