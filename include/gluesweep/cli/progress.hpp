#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "gluesweep/cli/options.hpp"
#include "gluesweep/sweep/driver.hpp"

namespace gluesweep::cli {

/// How far a sweep has come, all ranks together.
struct ProgressState {
  std::int64_t done = 0;    ///< failed ones included
  std::int64_t before = 0;  ///< of them, done by earlier runs
  std::int64_t failed = 0;
  std::int64_t total = 0;
  double worst_error = 0.0;  ///< 0: none yet
  double seconds = 0.0;      ///< since the start
};

/// "1,280 of 4,096 points (31%), 2 failed, 512 points/s, 5.5 s left, worst error 3.1e-07".
std::string progress_line(const ProgressState& state);

/// The same after a bar, shortened from the right until it fits into `width` columns.
std::string progress_bar(const ProgressState& state, int width);

/// Columns of the terminal that a user watches: standard error's, or that of the MPI launcher which forwards
/// it. 0 where it is no terminal.
int terminal_width();

/// Speaks about the sweep on rank 0: a bar redrawn in place at most five times a second, or a line at the
/// start, after the first block, every 30 s and at the end. Other ranks only report what they did.
class Progress final : public sweep::ProgressListener {
 public:
  struct Totals {
    std::function<void(const sweep::Tally&)> add;  ///< one block's outcome into the totals of all ranks
    std::function<sweep::Tally()> read;            ///< asked on rank 0 only, when something is due
  };
  using Clock = std::function<double()>;  ///< seconds

  /// `before`: what earlier runs did of the `total` points. `out` is null on the ranks that do not speak.
  /// `width`: the terminal's columns, 0 if there is none.
  Progress(Totals totals, sweep::Tally before, std::int64_t total, ProgressStyle style, std::ostream* out,
           int width, Clock clock);

  void block_done(const sweep::Block& block, const sweep::Tally& tally) override;

  /// Speaks if something is due; for a rank that waits for others.
  void refresh();

  /// The last word; leaves the cursor on a line of its own.
  void finish();

 private:
  void speak();
  ProgressState state() const;

  Totals totals_;
  sweep::Tally before_;
  std::int64_t total_;
  ProgressStyle style_;
  std::ostream* out_;
  int width_;
  Clock clock_;
  double start_;
  double due_;  ///< when to speak next
  bool first_block_seen_ = false;
  std::int64_t last_done_ = -1;  ///< what was said last
  std::size_t drawn_ = 0;        ///< characters of the bar on the screen
};

}  // namespace gluesweep::cli
